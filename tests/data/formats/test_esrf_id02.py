"""Result files of ESRF ID02: maps over age and lag."""

import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.data import errors, load
from tests.data.layouts import write

DT, N, J = 0.02, 60, 2.5e4
Q = np.array([0.004, 0.006])
GIVEN = {"frame_time": DT, "sector_q": Q, "sigma": 0.01}


def over_two_times(noise=0.0):
    """Maps of a sample that diffuses, (2, N, N), symmetric, their diagonal higher."""
    t = DT * np.arange(N)
    c2 = 1 + 0.2 * np.exp(-(Q[:, None, None] ** 2) * J * np.abs(np.subtract.outer(t, t)))
    extra = noise * np.random.default_rng(4).standard_normal(c2.shape)
    return c2 + np.triu(extra, 1) + np.triu(extra, 1).swapaxes(1, 2) + 0.1 * np.eye(N)


def over_age_and_lag(c2, empty=np.nan):
    """Row i, column k: frames i and i + k."""
    stored = np.full(c2.shape, empty)
    for i in range(N):
        stored[:, i, : N - i] = c2[:, i, i:]
    return stored


def stored(path, values, unit=DT, first=0, names=("0",), **replaced):
    contents = {}
    for name in names:
        place = f"entry_0000/correlations/{name}/twotime"
        own = {"ttcf": values, "age": unit * (first + np.arange(N)), "lag": unit * np.arange(N)} | replaced
        contents |= {f"{place}/{key}": value for key, value in own.items()}
    return write(path, contents, [("", "MagicString", "XPCSResultFile_v2.0")])


@pytest.mark.parametrize(("unit", "words"), [(DT, "seconds"), (1.0, "frames")])
@pytest.mark.parametrize("empty", [np.nan, 0.0])
def test_values_come_to_their_two_frames(tmp_path, unit, words, empty):
    c2 = over_two_times()
    data = load(stored(tmp_path / "a.h5", over_age_and_lag(c2, empty), unit, first=5), sector_phi=30.0, **GIVEN)
    np.testing.assert_allclose(data.c2, c2)
    np.testing.assert_allclose(data.geometry.t, DT * (5 + np.arange(N)), rtol=1e-6)
    np.testing.assert_allclose(data.geometry.q, Q, rtol=1e-6)
    np.testing.assert_allclose(data.geometry.phi, 30.0)
    assert data.provenance.format == "esrf-id02"
    assert any(f"taken in {words}" in note for note in data.notes)
    assert any("earlier of its two frames" in note for note in data.notes)


def test_pairs_without_a_value_do_not_count(tmp_path):
    """Every third age, and lags up to 20 frames."""
    c2 = over_two_times()
    few = over_age_and_lag(c2)[:, ::3, :20]
    path = stored(tmp_path / "a.h5", few, age=DT * np.arange(0, N, 3), lag=DT * np.arange(20))
    data = load(path, **GIVEN)
    map_of_sector, excluded = data.map_and_excluded(0)
    i, j = np.nonzero(~excluded)
    np.testing.assert_allclose(map_of_sector[~excluded], c2[0][~excluded])
    earlier, lag = np.minimum(i, j), np.abs(i - j)
    assert set(earlier) <= {*range(0, N, 3)}
    assert set(lag) == {*range(1, 20)}
    assert i.size == 2 * sum(min(19, N - 1 - k) for k in range(0, N, 3))


@pytest.mark.x64
def test_the_rate_is_that_of_the_sample(tmp_path):
    path = stored(tmp_path / "a.h5", over_age_and_lag(over_two_times(0.005)).astype(np.float32))
    data = load(path, frame_time=DT, sector_q=Q, sigma=0.005)
    model = hx.TwoTimeModel(hx.Diffusion(hx.Constant(1e4)), hx.ContrastOffset(contrast=0.1, offset=1.0))
    result = hx.fit(model, data)
    assert result.converged
    assert result.parameters["diffusion.rate"].value == pytest.approx(J, rel=0.02)


def test_of_several_correlations_one_is_chosen(tmp_path):
    path = stored(tmp_path / "a.h5", over_age_and_lag(over_two_times()), names=("0", "second"))
    with pytest.raises(errors.InvalidFile, match="several correlations, 0, second"):
        load(path, **GIVEN)
    assert load(path, correlation="second", **GIVEN).n_sector == 2
    with pytest.raises(errors.InvalidFile, match="no correlation third"):
        load(path, correlation="third", **GIVEN)


def centred():
    """Ages half-way between the two frames: the first ones have no long lags."""
    ttcf = over_age_and_lag(over_two_times())
    age, lag = np.meshgrid(np.arange(N), np.arange(N), indexing="ij")
    return np.where((lag / 2 <= age) & (age + lag / 2 <= N - 1), 1.1, np.nan) + 0 * ttcf[:, :1, :1]


@pytest.mark.parametrize(
    ("replaced", "given", "message"),
    [
        ({}, {"frame_time": None}, "frame_time"),
        ({}, {"sector_q": None}, "no place for the q of its regions"),
        ({}, {"frame_time": 0.03}, "smallest step .* is 0.02: neither the frame time, 0.03 s, nor 1 frame"),
        ({}, {"frame_time": -1.0}, "frame_time"),
        ({"lag": DT * np.arange(N - 1)}, {}, r"expected real values of the shape \(n_roi, 60, 59\)"),
        ({"lag": DT * np.sort(np.random.default_rng(0).uniform(0, 60, N))}, {}, "smallest step|multiples"),
        ({"age": DT * np.arange(N)[::-1]}, {}, "no ascending lists"),
        ({"age": DT * np.where(np.arange(N) > 5, 0.3 + np.arange(N), np.arange(N))}, {}, "multiples of one frame"),
        ({"ttcf": np.full((2, N, N), np.nan)}, {}, "hold no value"),
        ({"ttcf": centred()}, {}, "ages are not those of the earlier frame"),
        ({"ttcf": np.ones((2, N, N), int)}, {}, "is int64"),
    ],
)
def test_what_is_missing_or_contradicts_is_refused(tmp_path, replaced, given, message):
    path = stored(tmp_path / "a.h5", over_age_and_lag(over_two_times()), **replaced)
    with pytest.raises(ValueError, match=message):
        load(path, **(GIVEN | given))
