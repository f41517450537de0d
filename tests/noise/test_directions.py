"""Directions of a sector against differences of its map, and its departures against the maps that they stand for."""

import equinox as eqx
import jax
import jax.flatten_util
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.engine import Squares
from homodyne_eqx.fit.uncertainty.sector_of_fit import sector_of_fit
from homodyne_eqx.noise.binned_sector import binned_sector
from homodyne_eqx.noise.binning import FrameBins
from homodyne_eqx.noise.directions import DEPARTURES, directions_of

pytestmark = pytest.mark.x64

N_T = 12
GEOMETRY = hx.Geometry(q=[0.01, 0.012], t=np.arange(N_T) * 0.1 + 0.05, phi=[10.0, 55.0], gap=2e6)
MODEL = hx.TwoTimeModel(
    hx.Diffusion(hx.PowerLaw(3000.0, -0.3, 20.0)) * hx.Shear(2e-3, phi0=12.0, kernel=hx.SincSquared()),
    hx.ContrastOffset([0.3, 0.4], [1.02, 0.99]),
)


def of_sector(k):
    free = jax.tree.map(eqx.is_inexact_array, MODEL)
    c2 = np.asarray(MODEL(GEOMETRY)) + 0.01
    packed = hx.pack(hx.TwoTimeData(c2, GEOMETRY, sigma=0.01), size=4)
    sector = sector_of_fit(MODEL, packed, free, Squares(), k)
    slopes = binned_sector(sector, FrameBins(sector.frames, N_T, N_T)).slopes
    contrast = sector.slopes.contrast
    return directions_of(slopes, contrast), slopes.M, contrast, free


def test_parameters_that_move_a_sector_are_followed_by_their_slopes():
    for k in (0, 1):
        found, _, _, free = of_sector(k)
        moving, rest = eqx.partition(MODEL, free)
        vector, unravel = jax.flatten_util.ravel_pytree(moving)
        slopes = np.asarray(jax.jacfwd(lambda v: eqx.combine(unravel(v), rest)(GEOMETRY)[k])(vector))  # noqa: B023
        moved = np.flatnonzero(np.any(slopes != 0, axis=(0, 1)))
        np.testing.assert_array_equal(found.active, moved)
        for position, parameter in enumerate(moved):
            expected = slopes[..., parameter] * (1 - np.eye(N_T))
            scale = np.max(np.abs(expected))
            np.testing.assert_allclose(found.maps[position] / scale, expected / scale, atol=1e-6)


def test_departures_are_those_of_their_words():
    found, M, contrast, _ = of_sector(1)
    step = 1e-6
    decay = -np.log(np.clip(M, 1e-12, 1 - 1e-9))
    age = np.add.outer(np.arange(N_T), np.arange(N_T)) / (N_T - 1) - 1
    by_name = {
        "contrast": M,
        "offset": np.ones_like(M),
        "rate": contrast * (np.exp(-decay * (1 + step)) - M) / step,
        "stretching": contrast * (np.exp(-(decay ** (1 + step))) - M) / step,
        "ageing": contrast * (np.exp(-decay * (1 + step * age)) - M) / step,
        "fading": M * age,
    }
    off_diagonal = ~np.eye(N_T, dtype=bool)
    for position, name in enumerate(DEPARTURES):
        departure = found.maps[found.active.size + position]
        np.testing.assert_allclose(departure[off_diagonal], by_name[name][off_diagonal], atol=2e-5, err_msg=name)
        assert np.all(np.diagonal(departure) == 0)
