"""Pulls of single speckles against the sum over pairs that defines them, with slopes of the dense map."""

import equinox as eqx
import jax
import jax.flatten_util
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.engine import Squares
from homodyne_eqx.engine.normal_equations import sector_slopes as slopes_module
from homodyne_eqx.engine.unfolding import folded_map, sector_places
from homodyne_eqx.fit.uncertainty.sector_of_fit import sector_of_fit
from homodyne_eqx.noise.pulls import Pulls

N_T = 9
GEOMETRY = hx.Geometry(q=[0.01, 0.012], t=np.arange(N_T) * 0.1 + 0.05, phi=[10.0, 55.0], gap=2e6)
FLOWING = hx.TwoTimeModel(
    hx.Diffusion(hx.PowerLaw(3000.0, -0.3, 20.0)) * hx.Shear(2e-3, phi0=12.0, kernel=hx.SincSquared()),
    hx.ContrastOffset([0.3, 0.4], [1.02, 0.99]),
)
WITH_REFERENCE = hx.TwoTimeModel(
    hx.Diffusion(4000.0) * hx.Drift(300.0, phi0=20.0), hx.ContrastOffset(0.5, 1.0), hx.PartialHeterodyne(0.2)
)
pytestmark = pytest.mark.x64  # the sum over pairs takes M from g2, which loses its digits in float32
TOLERANCE = 1e-3  # pulls are kept in float32


@pytest.mark.parametrize("model", [FLOWING, WITH_REFERENCE], ids=["flow", "reference"])
@pytest.mark.parametrize(("tile", "ends"), [(128, [9]), (4, [4, 8, 9])], ids=["one band", "three bands"])
def test_pulls_are_the_sums_over_pairs(model, tile, ends, monkeypatch):
    monkeypatch.setattr(slopes_module, "_TILE", tile)
    monkeypatch.setattr(slopes_module, "_TILES_AT_ONCE", 2)
    generator = np.random.default_rng(5)
    c2 = np.asarray(model(GEOMETRY)) + 0.01 * generator.standard_normal((2, N_T, N_T))
    mask = np.zeros((N_T, N_T), bool)
    mask[4, 2] = mask[2, 4] = True
    sigma = 0.01 * (1 + generator.random((2, N_T, N_T)))
    packed = hx.pack(hx.TwoTimeData(c2, GEOMETRY, sigma=sigma, mask=mask), size=4)
    free = jax.tree.map(eqx.is_inexact_array, model)
    moving, rest = eqx.partition(model, free)
    vector, unravel = jax.flatten_util.ravel_pytree(moving)
    slopes_of_map = np.asarray(jax.jacfwd(lambda v: eqx.combine(unravel(v), rest)(GEOMETRY))(vector))
    contrast, offset = (np.asarray(x) for x in model.scaling(GEOMETRY))
    for k, (group, member) in sector_places(packed).items():
        sector, folded = sector_of_fit(model, packed, free, Squares(), k), folded_map(packed, group, member)
        slopes, bands = sector.slopes, list(sector.bands())
        assert [band.model.end for band in bands] == ends
        g2 = np.asarray(model(GEOMETRY))[k]
        M = (g2 - offset[k]) / contrast[k]
        np.testing.assert_allclose(slopes.whole(lambda band: band.M), M, rtol=1e-5, atol=1e-6)
        field = slopes.whole(lambda band: band.field)
        np.testing.assert_allclose(np.abs(field) ** 2, M, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(field, field.conj().T)
        residual = np.where(folded.weights > 0, folded.values - g2, 0)
        for band in bands:
            np.testing.assert_allclose(band.residual, residual[band.rows, band.columns], atol=1e-12)
            np.testing.assert_array_equal(band.weights, folded.weights[band.rows, band.columns])
        x = generator.standard_normal((N_T, 3)).astype(np.float32)
        pulls = Pulls(slopes, x)
        for band in bands:
            pulls.add(band.model, band.weights)
        found = pulls.total()
        maps = np.moveaxis(slopes_of_map[k], -1, 0)
        expected = _by_pairs(maps, folded.weights, x, g2, offset[k])
        scale = np.max(np.abs(expected), axis=1, keepdims=True) + 1e-30
        np.testing.assert_allclose(found / scale, expected / scale, atol=TOLERANCE)


def _by_pairs(maps, weights, x, g2, offset):
    """Σ_{i>j} w A ψ, pair by pair."""
    totals = np.zeros((len(maps), x.shape[1]))
    for i in range(N_T):
        for j in range(i):
            noise = offset * x[i] * x[j] - (g2[i, j] - offset) * (1 + x[i] + x[j])
            totals += np.outer([A[i, j] * weights[i, j] for A in maps], noise)
    return totals
