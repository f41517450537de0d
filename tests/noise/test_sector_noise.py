"""The noise of one sector, against the scatter of simulated maps."""

import numpy as np
import pytest

from homodyne_eqx.noise.sector_noise import sector_noise
from homodyne_eqx.testing.speckle_fields import speckle_maps
from tests.noise.made_sector import made_sector

N_T, SPECKLES = 20, 400


def test_speckles_and_the_expected_sum_of_squares_are_those_of_simulated_maps():
    lag = np.abs(np.subtract.outer(np.arange(N_T), np.arange(N_T)))
    field = np.exp(-lag / 8.0)
    weights = np.tril(np.full((N_T, N_T), 25.0), -1)
    residuals = np.tril(speckle_maps([field] * 60, SPECKLES, 0) - 1 - field**2, -1)
    sectors = [made_sector(1.0, 1.0, field, residual, weights) for residual in residuals[:12]]
    found = [sector_noise(sector, 100, 4, np.random.default_rng(k)) for k, sector in enumerate(sectors)]
    speckles = np.array([each.speckles for each in found])
    assert 1 / np.mean(1 / speckles) == pytest.approx(SPECKLES, rel=0.1)
    costs = np.array([each.cost for each in found])
    assert np.mean(costs) / SPECKLES == pytest.approx(np.mean(np.sum(weights * residuals**2, axis=(1, 2))), rel=0.1)
    assert {each.n_pairs for each in found} == {N_T * (N_T - 1) // 2}
    assert {each.mean_weight for each in found} == {25.0}
    assert np.median([each.photon_noise for each in found]) < 0.01
    assert not any(each.white for each in found)


def test_noise_that_is_even_and_of_photons_alone_is_white():
    n = 60
    lag = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    field = np.exp(-lag / 40.0)
    weights = np.tril(np.full((n, n), 1e4), -1)
    even = np.tril(0.01 * np.random.default_rng(1).standard_normal((n, n)), -1)
    for noise, white in ((even, True), (even * (1 + field**2), False)):
        found = sector_noise(made_sector(1.0, 1.0, field, noise, weights), 100, 4, np.random.default_rng(2))
        assert found.photon_noise > 10
        assert found.white == white
        assert found.cost / found.speckles == pytest.approx(np.sum(weights * noise**2), rel=0.15)
