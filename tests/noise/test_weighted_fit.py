"""The weighted fit against brute force over all pairs, and its tests over repeated noise."""

import numpy as np
import pytest

import homodyne_eqx as hx

pytestmark = pytest.mark.x64

N_T, N_SECTOR, SPECKLES = 40, 4, 800
GEOMETRY = hx.Geometry(q=np.full(N_SECTOR, 0.01), t=np.arange(N_T) * 0.1, phi=np.arange(N_SECTOR) * 45.0)
MODEL = hx.TwoTimeModel(hx.Diffusion(1.0 / (10 * 0.1 * 0.01**2)), hx.ContrastOffset(1.0, 1.0))
FIELD = np.sqrt(np.asarray(MODEL(GEOMETRY))[0] - 1)


def weighted_fit(seed):
    maps = hx.testing.speckle_maps([FIELD] * N_SECTOR, SPECKLES, seed)
    result = hx.fit(MODEL, hx.TwoTimeData(maps, GEOMETRY, sigma=0.03))
    return result.judgement.args[0].weighted_fit, result


@pytest.mark.slow
def test_its_tests_have_the_distribution_that_they_claim():
    guards, departures, common = [], [], []
    for seed in range(40):
        weighted, _ = weighted_fit(seed)
        distance, degrees = weighted.guard()
        guards.append(distance / degrees)
        departures.append(weighted.departures)
        common.append(weighted.common_departures)
    assert 0.6 < np.mean(guards) < 1.5  # 40 replicates of some 3 degrees know it to 13 %
    assert np.nanstd(departures) == pytest.approx(1, abs=0.2)
    assert np.all(np.isnan(np.array(common)[:, :3]))  # contrast, offset and rate are parameters
    assert np.std(np.array(common)[:, 3:]) == pytest.approx(1, abs=0.3)


def test_the_step_leads_to_the_weighted_minimum_by_brute_force():
    """All pairs of all sectors as one vector, with the covariance K ⊗ K of their noise, to leading order."""
    weighted, result = weighted_fit(3)
    contrast, rate = (result.parameters[name].value for name in ("contrast", "diffusion.rate"))
    pairs = np.tril_indices(N_T, -1)
    values = [contrast, result.parameters["offset"].value, rate]
    at = lambda v: hx.TwoTimeModel(hx.Diffusion(v[2]), hx.ContrastOffset(v[0], v[1]))(GEOMETRY)  # noqa: E731
    steps = np.diag([1e-5, 1e-5, 1e-4 * rate])
    slopes = [(np.asarray(at(values + s)) - np.asarray(at(values - s)))[0][pairs] / (2 * s.sum()) for s in steps]
    M = (np.asarray(at(values))[0] - values[1]) / contrast
    i, j = pairs
    normal, vector = np.zeros((3, 3)), np.zeros(3)
    for k, sector in enumerate(weighted.sectors):
        K = M + max(sector.photon_noise, 0.01) * np.eye(N_T)
        covariance = K[np.ix_(i, i)] * K[np.ix_(j, j)] + K[np.ix_(i, j)] * K[np.ix_(j, i)]
        weights = np.linalg.solve(covariance, np.stack(slopes).T)
        residual = (result.data.c2[k] - np.asarray(at(values))[k])[pairs]
        normal += weighted.shares[k] * np.stack(slopes) @ weights
        vector += weighted.shares[k] * residual @ weights
    order = [["contrast", "offset", "diffusion.rate"].index(name) for name in result.free_names]
    expected = np.linalg.solve(normal, vector)[order]
    np.testing.assert_allclose(weighted.step / weighted.sigma, expected / weighted.sigma, atol=2e-2)
