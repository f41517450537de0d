"""Sums of slopes over pairs, without the slopes, against the sums over the maps."""

import equinox as eqx
import jax
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.engine import Squares
from homodyne_eqx.fit.uncertainty.sector_of_fit import sector_of_fit
from homodyne_eqx.noise.binned_sector import binned_sector
from homodyne_eqx.noise.binning import FrameBins

N_T = 12
GEOMETRY = hx.Geometry(q=[0.01, 0.012], t=np.arange(N_T) * 0.1 + 0.05, phi=[10.0, 55.0], gap=2e6)
MODEL = hx.TwoTimeModel(
    hx.Diffusion(hx.PowerLaw(3000.0, -0.3, 20.0)) * hx.Shear(2e-3, phi0=12.0),
    hx.ContrastOffset([0.3, 0.4], [1.02, 0.99]),
)


@pytest.mark.x64
@pytest.mark.parametrize("most", [N_T, 6])
def test_sums_are_those_over_the_slopes(most):
    free = jax.tree.map(eqx.is_inexact_array, MODEL)
    data = hx.TwoTimeData(np.asarray(MODEL(GEOMETRY)), GEOMETRY, sigma=0.01)
    sector = sector_of_fit(MODEL, hx.pack(data, size=4), free, Squares(), 1)
    bins = FrameBins(sector.frames, N_T, most)
    along = binned_sector(sector, bins).slopes
    factor = np.random.default_rng(0).standard_normal((bins.n, bins.n))
    factor = (factor + factor.T) * (1 - np.eye(bins.n))
    found = along.sums(factor)
    for k in range(found.size):
        map_of_k = along.of(k)
        np.testing.assert_allclose(found[k], np.sum(factor * map_of_k) / 2, rtol=1e-5, atol=1e-12)
        assert (k in along.active) == bool(np.any(map_of_k != 0))
