"""Cuts of maps: their means by hand, and their errors against the scatter of simulated speckle fields."""

from itertools import pairwise

import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.data.correlated_noise import noise_of_map
from homodyne_eqx.testing.speckle_fields import speckle_maps

N_T = 60
T = 0.5 * np.arange(N_T)


def geometry(n_sector=1):
    return hx.Geometry(q=0.003 * np.arange(1, n_sector + 1), t=T)


def field(tau=6.0):
    lag = np.abs(np.subtract.outer(np.arange(N_T), np.arange(N_T)))
    return np.exp(-lag / tau)


def smooth(tau=6.0, drift=0.0):
    age = np.add.outer(T, T) / 2
    return 1 + 0.3 * field(tau) ** 2 + drift * age


def test_a_cut_is_the_mean_over_its_pairs():
    c2 = smooth() + 0.01 * np.random.default_rng(0).standard_normal((N_T, N_T))
    c2 = (c2 + c2.T) / 2
    cut = hx.TwoTimeData(c2[None], geometry(), sigma=0.01).cuts(lags=12)
    edges = np.unique(np.geomspace(1, N_T, 13).round().astype(int))
    steps = np.subtract.outer(np.arange(N_T), np.arange(N_T))
    means = [c2[(steps >= low) & (steps < high)].mean() for low, high in pairwise(edges)]
    np.testing.assert_allclose(cut.value, means[: cut.n_values], rtol=1e-12)
    # The pairs that stand for each mean have its lag, and a model's mean over them is that over all.
    lags = [0.5 * steps[(steps >= low) & (steps < high)].mean() for low, high in pairwise(edges)]
    np.testing.assert_allclose(cut.lag, lags[: cut.n_values], rtol=0.02)
    model = smooth(drift=0.01)
    of_members = np.array([model[i, j].mean() for i, j in zip(cut.i, cut.j, strict=True)])
    of_all = [model[(steps >= low) & (steps < high)].mean() for low, high in pairwise(edges)]
    np.testing.assert_allclose(of_members, of_all[: cut.n_values], atol=1.5e-3)


def test_windows_of_age_and_pixels_that_are_excluded():
    maps = np.stack([smooth(drift=0.01), smooth(drift=0.02)])
    maps[0, 20, 10] = maps[0, 10, 20] = 50.0
    mask = np.zeros((2, N_T, N_T), bool)
    mask[0, 20, 10] = mask[0, 10, 20] = True
    data = hx.TwoTimeData(maps, geometry(2), sigma=0.01, mask=mask)
    cut = data.cuts(3, lags=10)
    assert cut.value.max() < 2.5
    assert sorted({*cut.sector}) == [0, 1]
    thirds = np.floor(cut.age / (T[-1] / 3 * (1 + 1e-6))).astype(int)
    assert sorted({*thirds}) == [0, 1, 2]
    same = data.cuts([(0.0, T[-1] / 3)], lags=10)
    np.testing.assert_array_equal(same.value[same.sector == 0], cut.value[(cut.sector == 0) & (thirds == 0)])
    for wrong in (0, [(3.0, 1.0)], "all"):
        with pytest.raises(hx.errors.NotASelection, match="a number of windows"):
            data.cuts(wrong)
    with pytest.raises(hx.errors.NotASelection, match="at least 1"):
        data.cuts(lags=0)


def test_the_correlation_of_the_noise_is_that_of_the_speckles():
    """κ of the light is |g1|², and the variance of a pixel contrast²/P where nothing correlates."""
    maps = [speckle_maps([field()], 400, seed, n_modes=2)[0] for seed in range(6)]
    found = [noise_of_map(c2, ~np.eye(N_T, dtype=bool)) for c2 in maps]
    kappa = np.mean([each.correlation[30] for each in found], axis=0)
    np.testing.assert_allclose(kappa[[30, 31, 33, 36]], (field() ** 2)[30, [30, 31, 33, 36]], atol=0.08)
    assert np.mean([each.variance for each in found]) == pytest.approx(0.5**2 / 400, rel=0.3)
    assert np.mean([each.contrast for each in found]) == pytest.approx(0.5, rel=0.1)


@pytest.mark.parametrize(
    ("tau", "modes", "photons"),
    [
        pytest.param(6.0, 3, None, id="correlated", marks=pytest.mark.slow),
        pytest.param(4.0, 4, 0.5, id="photons"),
    ],
)
def test_their_errors_cover_the_scatter_of_speckle_fields(tau, modes, photons):
    values, stated, covariances = [], [], []
    for seed in range(60):
        c2 = speckle_maps([field(tau)], 300, seed, n_modes=modes, photons=photons)
        cut = hx.TwoTimeData(c2, geometry(), sigma=0.01).cuts(lags=14)
        values.append(cut.value)
        stated.append(cut.sigma)
        covariances.append(cut.covariances[0])
    ratio = np.std(values, axis=0) / np.mean(stated, axis=0)
    assert 0.8 < np.median(ratio) < 1.25, ratio
    assert np.all((ratio > 0.65) & (ratio < 1.45)), ratio
    # A sum over lags, which neighbouring values share their noise in.
    whole = np.std(np.sum(values, axis=1)) / np.sqrt(np.mean([np.sum(c) for c in covariances]))
    white = np.std(np.sum(values, axis=1)) / np.sqrt(np.mean(np.sum(np.square(stated), axis=1)))
    assert 0.75 < whole < 1.3
    assert white > (1.2 if photons is None else 1.0)


@pytest.mark.x64
@pytest.mark.slow
def test_a_fit_to_cuts_has_error_bars_that_cover():
    found, stated = [], []
    for seed in range(30):
        cut = hx.TwoTimeData(speckle_maps([field()], 300, seed, n_modes=3), geometry(), sigma=0.01).cuts(lags=14)
        model = hx.TwoTimeModel(hx.Relaxation(0.3), hx.ContrastOffset(0.3, 1.0))
        rate = hx.fit(model, cut, stages=()).parameters["relaxation.rate"]
        found.append(rate.value)
        stated.append(rate.uncertainty)
    assert np.mean(found) == pytest.approx(2 / 6, rel=0.1)
    assert 0.7 < np.std(found) / np.mean(stated) < 1.4
