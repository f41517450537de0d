"""Bad frames and outliers: found where they were put, and not in good data."""

import importlib

import numpy as np
import pytest

from homodyne_eqx.data import TwoTimeData, outlier_pixels, suspicious_frames
from homodyne_eqx.data.bad_frames import BadFrame, describe_frames
from homodyne_eqx.physics.geometry import Geometry
from tests.data.speckle import speckle_maps

GOOD = [
    {"decay": decay, "by_frame": by_frame, "age": age, "speckles": speckles, "modes": modes, "photons": photons}
    for decay in (3.0, 30.0)
    for by_frame in (True, False)
    for age in (0.0, -0.9)
    for speckles, modes, photons in ((200, 1, None), (1000, 3, 2.0))
]


def data_of(c2, **fields):
    return TwoTimeData(c2, Geometry(q=np.full(len(c2), 0.01), t=0.1 * np.arange(c2.shape[1])), sigma=0.01, **fields)


def numbers(found):
    return [each.frame for each in found]


def brightness(n_t=90, **at):
    factor = np.ones(n_t)
    for frame, value in at.items():
        factor[int(frame[1:])] = value
    return factor


@pytest.mark.parametrize("case", range(len(GOOD)))
def test_good_data_have_neither(case):
    data = data_of(speckle_maps(case, n_sector=1 + case % 2, **GOOD[case]))
    assert suspicious_frames(data) == ()
    assert outlier_pixels(data).count <= 2


@pytest.mark.parametrize(
    ("at", "kind", "ratio"),
    [
        ({"f61": 1.1}, "brighter", 1.1),
        ({"f61": 10.0}, "brighter", 10.0),
        ({"f61": 0.5}, "darker", 0.5),
        ({"f10": 1.3, "f40": 1.3, "f70": 1.3}, "brighter", 1.3),
        ({"f40": 1.3, "f41": 1.3, "f42": 1.3, "f43": 1.3}, "brighter", 1.3),
        ({"f0": 1.3}, "brighter", 1.3),
        ({"f89": 1.3}, "brighter", 1.3),
        ({"f0": 1.3, "f1": 1.3, "f2": 1.3}, "brighter", 1.3),
    ],
)
@pytest.mark.parametrize("n_sector", [1, 3])
def test_frames_of_another_brightness_are_found_with_their_factor(at, kind, ratio, n_sector):
    c2 = speckle_maps(7, n_sector, speckles=2000, by_frame=False, brightness=brightness(**at))
    found = suspicious_frames(data_of(c2))
    assert numbers(found) == [int(frame[1:]) for frame in at]
    assert {each.kind for each in found} == {kind}
    # A row has a scatter of 1/√2000 in its mean intensity, and the normalisation is by the mean over all frames.
    np.testing.assert_allclose([each.ratio for each in found], ratio, rtol=0.05)
    assert all(each.deviation > 7 for each in found)


def test_noisy_rows_are_found_and_a_row_of_one_value_is_excluded_before():
    c2 = speckle_maps(8, 2)
    noise = 0.3 * np.random.default_rng(1).standard_normal((2, 2, 90))
    for row, frame in enumerate((20, 21)):
        c2[:, frame] += noise[:, row]
        c2[:, :, frame] = c2[:, frame]
    c2[:, 60] = c2[:, :, 60] = 1.9
    data = data_of(c2)
    assert np.flatnonzero(data.bad_frames).tolist() == [60]
    found = suspicious_frames(data)
    assert [(each.frame, each.kind) for each in found] == [(20, "noisier"), (21, "noisier")]
    usual = np.std(np.diff(c2[:, 25:55, 70:], axis=1))
    assert found[0].ratio == pytest.approx(0.3 / usual, rel=0.5)


def test_excluded_pixels_are_not_judged_and_hide_nothing():
    c2 = speckle_maps(9, 2, by_frame=False, brightness=brightness(f30=3.0, f50=1.5))
    c2[0, 50, 10] = np.nan
    c2[:, 70] = c2[:, :, 70] = np.nan
    c2[1, 5:9, 20:60] = c2[1, 20:60, 5:9] = np.nan
    mask = np.zeros(90, bool)
    mask[30] = True
    assert numbers(suspicious_frames(data_of(c2, mask=mask))) == [50]
    assert numbers(suspicious_frames(data_of(c2))) == [30, 50]
    clean = data_of(c2).excluding(frames=suspicious_frames(data_of(c2)))
    assert suspicious_frames(clean) == ()


def test_physics_that_changes_between_two_frames_is_no_bad_frame():
    lag = np.abs(np.subtract.outer(np.arange(80), np.arange(80)))
    apart = np.not_equal.outer(np.arange(80) < 40, np.arange(80) < 40)
    noise = np.random.default_rng(3).standard_normal((80, 80)) * 0.003
    noise = np.triu(noise, 1) + np.triu(noise, 1).T
    rearranged = 1 + 0.3 * np.exp(-lag / 200) * np.where(apart, 0.2, 1) + noise
    oscillating = 1 + 0.3 * np.exp(-(np.subtract.outer(*[3 * np.sin(np.arange(80) / 2)] * 2) ** 2)) + noise
    for c2 in (rearranged, oscillating, 1 + 0.3 * np.exp(-lag / 20)):
        assert suspicious_frames(data_of(c2[None])) == ()


def test_few_frames_give_no_verdict():
    c2 = speckle_maps(1, n_t=12, by_frame=False, brightness=brightness(12, f5=10.0))
    assert suspicious_frames(data_of(c2)) == ()


def test_what_is_said_of_frames():
    assert str(BadFrame(61, "noisier", 40.4, 30.0)) == "frame 61 is 40 times noisier than the others"
    assert str(BadFrame(3, "darker", 0.7, 30.0)) == "frame 3 is 30 % darker than those beside it"
    assert str(BadFrame(3, "brighter", 98.7, 30.0)) == "frame 3 is 99 times as bright as those beside it"
    run = [BadFrame(k, "brighter", 1.3, 20.0 + k) for k in (40, 41, 42)]
    assert describe_frames([BadFrame(7, "noisier", 4.0, 15.0), *run]) == (
        "frames 40 to 42 are 30 % brighter than those beside them, frame 7 is 4 times noisier than the others"
    )
    assert describe_frames([BadFrame(3 * k, "noisier", 5.0, 10.0) for k in range(9)]).endswith("others, and 3 more")


@pytest.mark.parametrize("symmetric", [True, False])
def test_single_pixels_are_found_in_both_triangles(symmetric):
    c2 = speckle_maps(11, 2, decay=5.0)
    scatter = np.std(c2[:, :30, 60:])
    put = [(0, 3, 50), (0, 3, 51), (1, 88, 20), (1, 0, 89), (1, 10, 45)]
    for k, i, j in put:
        c2[k, i, j] += 20 * scatter
        if symmetric:
            c2[k, j, i] = c2[k, i, j]
    found = outlier_pixels(data_of(c2))
    expected = np.zeros(c2.shape, bool)
    for k, i, j in put:
        expected[k, i, j] = expected[k, j, i] = True
    np.testing.assert_array_equal(found.mask, expected)
    assert found.count == 10
    assert str(found) == "10 of 16200 pixels are outliers"
    excluded = data_of(c2).excluding(outliers=found).excluded
    assert (excluded.outliers, excluded.masked) == (10, 0)


@pytest.mark.parametrize("blocks", [1, 2, 7])
def test_a_map_in_parts_gives_the_same_pixels_as_the_whole(monkeypatch, blocks):
    """With a low threshold, so that there are some at the ends of the parts."""
    finding = importlib.import_module("homodyne_eqx.data.outlier_pixels")
    values = 1 + 0.01 * np.random.default_rng(2).standard_normal((90, 90)) * np.geomspace(1, 20, 90)
    values[5, 70:80] = np.nan
    whole = list(finding._far_pairs(values, 1.5))
    assert len(whole) > 200
    monkeypatch.setattr(finding, "_PART", blocks * finding._BLOCK)
    assert list(finding._far_pairs(values, 1.5)) == whole


def test_an_outlier_is_further_off_than_six_deviations():
    n = 40
    noise = np.triu(0.01 * np.random.default_rng(5).standard_normal((n, n)), 1)
    c2 = (1 + noise + noise.T)[None]
    for place, off in (((20, 8), 4.5), ((25, 5), 9.0)):
        c2[0, *place] = c2[0, *place[::-1]] = 1 + 0.01 * off
    found = outlier_pixels(TwoTimeData(c2, Geometry(q=0.01, t=np.arange(n)), sigma=0.01))
    assert found.threshold == 6.0
    assert {tuple(map(int, pixel)) for pixel in np.argwhere(found.mask[0])} == {(25, 5), (5, 25)}
