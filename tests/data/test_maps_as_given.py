"""Faults of given maps: halves, axes, dead frames, masks, doubtful geometry."""

import jax
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.data import TwoTimeData, errors
from homodyne_eqx.data.halves import asymmetry
from tests.data.layouts import decaying_maps


def data_of(c2, q=0.01, **options):
    n_sector, n_t = c2.shape[:2]
    return TwoTimeData(c2, hx.Geometry(q=np.full(n_sector, q), t=0.1 * np.arange(n_t)), **{"sigma": 0.01, **options})


class Lazy:
    def __init__(self, c2):
        self.c2, self.shape, self.dtype = c2, c2.shape, c2.dtype

    def __getitem__(self, k):
        return self.c2[k]


def far_lags_of_one(c2):
    """Maps as written by a program that leaves out lags beyond half of the run."""
    lag = np.abs(np.subtract.outer(np.arange(c2.shape[-1]), np.arange(c2.shape[-1])))
    return np.where(lag > c2.shape[-1] // 2, 1.0, c2)


HALVES = {
    "lower 0": np.triu,
    "upper 0": np.tril,
    "lower NaN": lambda c2: np.where(np.tri(c2.shape[-1], k=-1, dtype=bool), np.nan, c2),
    "upper NaN": lambda c2: np.where(~np.tri(c2.shape[-1], dtype=bool), np.nan, c2),
    "lower 0 without the diagonal": lambda c2: np.triu(c2, 1),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", HALVES)
def test_an_empty_half_is_filled_with_a_note(name, dtype):
    c2 = decaying_maps().astype(dtype)
    data = data_of(HALVES[name](c2))
    off_diagonal = ~np.eye(24, dtype=bool)
    np.testing.assert_array_equal(data.c2[:, off_diagonal], c2[:, off_diagonal])
    assert data.c2.dtype == dtype
    assert data.excluded.used == data_of(c2).excluded.used
    (note,) = data.notes
    assert note == f"the {name.split()[0]} half of every map was 0 or NaN and is filled by the transpose of the other"
    assert data.select(sectors=[1]).notes == data.notes
    with pytest.raises(ValueError, match="read-only"):
        data.c2[0] = 1


def test_halves_may_differ_between_maps():
    c2 = decaying_maps()
    data = data_of(np.stack([np.triu(c2[0]), c2[1], np.tril(c2[2])]))
    np.testing.assert_array_equal(data.c2, c2)
    assert "the lower half of the maps of sectors 0 " in data.notes[0]
    assert "the upper half of the maps of sectors 2 " in data.notes[0]


def test_a_half_of_a_lazy_stack_is_filled_in_memory():
    c2 = decaying_maps()
    lazy = data_of(Lazy(np.triu(c2)))
    with pytest.raises(errors.HalfOfALazyMap, match="lower half of the map of sector 1"):
        lazy.weighted_map(1)
    np.testing.assert_array_equal(lazy.in_memory().c2, c2)


def test_a_few_zeros_are_no_empty_half():
    c2 = decaying_maps()
    c2[:, -1, :] = c2[:, :, -1] = 0.0
    data = data_of(c2)
    assert "half" not in "".join(data.notes)
    assert np.flatnonzero(data.bad_frames).tolist() == [23]


def age_and_lag(rate=0.3, n=40, sigma=0.01, seed=2):
    """Rows by age, columns by lag: decays that slow down with age, with noise."""
    age, lag = np.arange(n)[:, None], np.arange(n)[None, :]
    rng = np.random.default_rng(seed)
    return 1 + 0.3 * np.exp(-rate * lag / (1 + age / n)) + sigma * rng.standard_normal((n, n))


@pytest.mark.parametrize("rate", [3.0, 0.3, 0.03])
@pytest.mark.parametrize("n", [24, 100])
@pytest.mark.parametrize("turned", [False, True])
def test_maps_over_age_and_lag_are_refused(rate, n, turned):
    c2 = age_and_lag(rate, n)
    c2 = c2.T if turned else c2
    for given in (data_of, lambda maps: data_of(Lazy(maps)).weighted_map(0)):
        with pytest.raises(errors.AsymmetricMap) as caught:
            given(c2[None])
        assert "is not symmetric" in str(caught.value)
        assert "c2[i, i + k]" in str(caught.value)


def test_age_and_lag_where_nothing_was_measured_is_refused_all_the_same():
    c2 = age_and_lag()
    for fill in (np.nan, 0.0):
        c2[np.add.outer(np.arange(40), np.arange(40)) >= 40] = fill
        with pytest.raises(errors.AsymmetricMap):
            data_of(c2[None])


@pytest.mark.parametrize("seed", range(20))
def test_noise_that_is_independent_in_both_halves_is_no_asymmetry(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 120))
    lag = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    heavy = rng.standard_t(2, (n, n)) if seed % 2 else rng.standard_normal((n, n))
    assert asymmetry(1 + 0.3 * np.exp(-lag / 5) + 0.02 * heavy) is None


def test_excluded_pixels_do_not_make_a_map_asymmetric():
    c2 = decaying_maps()
    c2[:, 5, :] += 1.0  # a row, and not its column
    with pytest.raises(errors.AsymmetricMap) as caught:
        data_of(c2)
    assert (caught.value.sector, caught.value.row) == (0, 5)
    assert caught.value.difference == pytest.approx(1.0, abs=0.02)
    assert data_of(c2, mask=[5]).n_t == 24


def test_dead_frames_are_excluded_and_listed_by_number():
    c2 = decaying_maps(2, 60)
    for frame, value in ((5, 0.0), (30, 1.0), (31, 1.0), (32, 0.7)):
        c2[:, frame, :] = c2[:, :, frame] = value
    provenance = hx.Provenance(frames=(100, 160))
    data = data_of(c2, provenance=provenance)
    assert np.flatnonzero(data.bad_frames).tolist() == [5, 30, 31, 32]
    assert data.notes == ("4 frames excluded: one value in the whole row (frame 105, 130 to 132)",)
    assert data.excluded.bad_frames == 2 * (2 * 4 * 60 - 16 - 4)
    assert data.select(frames=(0, 20)).notes == data.notes
    lazy = data_of(Lazy(c2))
    assert lazy.excluded == data.excluded
    np.testing.assert_array_equal(lazy.weighted_map(1)[1], data.weighted_map(1)[1])


def test_dead_frames_of_one_sector_are_excluded_there():
    c2 = decaying_maps(2, 60)
    c2[1, 7, :] = c2[1, :, 7] = 0.0
    data = data_of(c2)
    assert data.bad_frames.shape == (2, 60, 60)
    assert not np.any(data.bad_frames[0])
    assert data.notes == ("1 frames of sector 1 excluded: one value in the whole row (frame 7)",)


def test_the_truth_is_found_in_spite_of_dead_frames_and_an_empty_half():
    """The same numbers as from whole maps without these frames."""
    c2 = decaying_maps(2, 60)
    kept = np.setdiff1d(np.arange(60), [9, 10, 40])
    spoilt = c2.copy()
    spoilt[:, [9, 10, 40]] = 0.0
    spoilt[:, :, [9, 10, 40]] = 0.0
    data = data_of(np.triu(spoilt))
    for k in range(2):
        values, weights = data.weighted_map(k)
        expected, of_kept = data_of(c2, mask=[9, 10, 40]).weighted_map(k)
        np.testing.assert_array_equal(weights, of_kept)
        np.testing.assert_array_equal(values, expected)
    assert np.all(weights[np.ix_(kept, kept)][~np.eye(57, dtype=bool)] > 0)


def test_maps_that_are_flat_as_a_whole_have_no_dead_frames():
    assert data_of(np.ones((2, 30, 30))).bad_frames is None
    almost = np.ones((1, 30, 30))
    almost[0, 3, 4] = almost[0, 4, 3] = 1.2
    assert data_of(almost).bad_frames is None


def test_masks_of_numpy_are_honoured():
    c2 = decaying_maps()
    masked = np.ma.array(c2, mask=c2 > 1.2)
    data = data_of(masked)
    for k in range(3):
        weights = data.weighted_map(k)[1]
        np.testing.assert_array_equal(weights == 0, (c2[k] > 1.2) | np.eye(24, dtype=bool))
    both = data_of(masked, mask=[3])
    assert np.all(both.weighted_map(0)[1][3] == 0)
    assert both.excluded.masked > data.excluded.masked
    assert data_of(np.ma.array(c2)).mask is None
    noise = np.ma.array(np.full(c2.shape, 0.01), mask=c2 < 1.1)
    np.testing.assert_array_equal(
        data_of(c2, sigma=noise).weighted_map(2)[1] == 0, (c2[2] < 1.1) | np.eye(24, dtype=bool)
    )
    lazy = data_of(Lazy(masked))
    np.testing.assert_array_equal(lazy.weighted_map(1)[1], data.weighted_map(1)[1])


def test_a_mask_may_list_frames():
    c2 = decaying_maps()
    listed = data_of(c2, mask=[3, 4])
    np.testing.assert_array_equal(np.flatnonzero(listed.mask), [3, 4])
    np.testing.assert_array_equal(data_of(c2, mask=np.array([4, 3])).mask, listed.mask)
    with pytest.raises(errors.NotASelection, match=r"mask\.astype\(bool\)"):
        data_of(c2, mask=np.zeros(24, int))
    with pytest.raises(errors.NotASelection, match="from 0 to 23"):
        data_of(c2, mask=[24])
    with pytest.raises(TypeError, match="or a list of frame numbers"):
        data_of(c2, mask=[1.5])
    with pytest.raises(errors.NotASelection, match="mask is -1, which the data do not have"):
        data_of(c2, mask=[-1])
    with pytest.raises(errors.WrongShape, match=r"left out by a selection of the others: sectors="):
        data_of(c2, mask=[True, False, False])
    with pytest.raises(errors.WrongShape, match=r"mask\[:, :, None\] \| mask\[:, None, :\]"):
        data_of(c2, mask=np.zeros((3, 24), bool))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c2: c2 - 1, ["look like c2 − 1"]),
        (lambda c2: 1e4 * c2, ["near 1; divide them"]),
        (lambda c2: np.round(c2 + 0.35).astype(int), ["all values of the maps are whole numbers"]),
        (lambda c2: 1 + c2, ["normalised ones fall to 1"]),
        (far_lags_of_one, ["% of the pixels hold exactly 1"]),
        (lambda c2: np.ones_like(c2), ["all pixels of the maps hold 1: was nothing measured?"]),
        (lambda c2: -c2, ["the maps are -1.0", "near 1; divide"]),
        (lambda c2: c2 * np.array([1.0, -1.0, 1.0])[:, None, None], ["the map of sector 1 is -1"]),
        (lambda c2: 1.05 * c2, []),
    ],
)
def test_maps_that_are_not_normalised_are_noted(change, words):
    data = data_of(change(decaying_maps(n_t=60)))
    assert len(data.notes) == bool(words)
    for word in words:
        assert word in data.notes[0]


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        ({"q": 5.4}, ["q is 5.4 Å⁻¹, outside 0.0001 to 1 Å⁻¹"]),
        ({"gap": 200.0}, ["gap is 200 Å, outside 10000 to 1e+08 Å", '"200um"']),
        ({"gap": 2e9}, ["gap is 2e+09 Å"]),
        ({"t": 1e-10 * np.arange(24)}, ["dt is 1e-10 s, outside 1e-08 to 10000 s"]),
        ({"phi": [0.1, 1.2, 3.1]}, ["look like radians"]),
        ({"phi": [0.1, 1.2, 400.0]}, ["phi is 400°, beyond a whole turn"]),
        ({"phi": [10.0, 20.0, 10.0]}, ["sectors 0, 2 have the same q and phi"]),
        ({"t": 1.7e9 + 0.1 * np.arange(24)}, ["the first frame is at 1.7e+09 s", "times of a clock"]),
        ({"t": 1e5 + 0.1 * np.arange(24)}, []),
        ({"phi": [0.0, 45.0, 90.0], "gap": 2e6}, []),
        ({"phi": [0.0, 1.0, 2.0]}, []),
        ({"q": [0.001, 0.002, 0.003], "phi": 0.0}, []),
    ],
)
def test_values_that_no_beamline_has_are_noted(geometry, words):
    where = hx.Geometry(**{"q": 0.005, "t": 0.1 * np.arange(24), "phi": [0.0, 40.0, 80.0], **geometry})
    data = TwoTimeData(decaying_maps(), where, sigma=0.01)
    assert len(data.notes) == bool(words), data.notes
    for word in words:
        assert word in data.notes[0]
        assert word in repr(data)


@pytest.mark.parametrize("empty", ["lower", "upper"])
def test_noise_and_masks_of_a_filled_half_are_those_of_the_half_it_is_filled_from(empty):
    """The same fit as of the whole map, with noise and masks that are right in the given half alone."""
    generator = np.random.default_rng(4)
    n, geometry = 12, hx.Geometry(q=0.01, t=0.1 * np.arange(12))
    c2 = 1 + 0.1 * generator.random((n, n))
    c2, sigma = (c2 + c2.T) / 2, 0.01 * (1 + generator.random((n, n)))
    sigma = (sigma + sigma.T) / 2
    mask = np.zeros((n, n), bool)
    mask[(2, 7) if empty == "lower" else (7, 2)] = True
    given = np.triu(np.ones((n, n), bool)) if empty == "lower" else np.tril(np.ones((n, n), bool))
    half = hx.TwoTimeData(np.where(given, c2, 0)[None], geometry, sigma=np.where(given, sigma, 5.0)[None], mask=mask)
    whole = hx.TwoTimeData(c2[None], geometry, sigma=sigma[None], mask=mask | mask.T)
    for found, expected in zip(jax.tree.leaves(hx.pack(half)), jax.tree.leaves(hx.pack(whole)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert half.excluded.masked == 2
