"""The documented model against reference values: g1 of each factor, g2, χ² and the Jacobian of g2, eight cases."""

from pathlib import Path

import equinox as eqx
import jax
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.physics.dense_map import two_time_map

pytestmark = pytest.mark.x64

REFERENCE = np.load(Path(__file__).parent / "data" / "golden.npz")
CASES = sorted({key.split("/")[0] for key in REFERENCE})
every_case = pytest.mark.parametrize("case", CASES)


class Case:
    def __init__(self, name):
        self.name = name

    def __getattr__(self, key):
        return REFERENCE[f"{self.name}/{key}"]

    @property
    def geometry(self):
        return hx.Geometry(q=self.q, t=self.t, phi=self.phi, gap=self.L, dt=self.dt)

    def model(self, params):
        return hx.from_parameter_vector(params, self.contrast, self.offset, hx.SincSquared())


@eqx.filter_jit
def dense(function, geometry):
    return two_time_map(function, geometry)


@eqx.filter_jit
def dense_g2(model, geometry):
    return model(geometry)


def test_there_are_eight_cases():
    assert len(CASES) == 8


@every_case
def test_factors_of_g1(case):
    case = Case(case)
    g1 = case.model(case.params).g1
    factors = g1.terms if isinstance(g1, hx.Product) else (g1,)
    diffusion = dense(factors[0], case.geometry)
    np.testing.assert_allclose(diffusion, np.broadcast_to(case.g1_diffusion, diffusion.shape), rtol=0, atol=1e-7)
    if len(factors) == 2:
        np.testing.assert_allclose(dense(factors[1], case.geometry), case.g1_shear, rtol=0, atol=1e-7)
    np.testing.assert_allclose(dense(g1, case.geometry), case.g1_total, rtol=0, atol=1e-7)


@every_case
def test_g2_and_chi_squared(case):
    case = Case(case)
    g2 = np.asarray(dense_g2(case.model(case.params), case.geometry))
    np.testing.assert_allclose(g2, case.g2, rtol=0, atol=1e-7)
    np.testing.assert_allclose(np.sum(((case.data - g2) / case.sigma) ** 2), case.chi2, rtol=1e-6)


@every_case
def test_jacobian_of_g2(case):
    """Compared per unit of relative change of a parameter, which is what a difference of 5e-8 in g2 leaves alone."""
    case = Case(case)
    jacobian = np.asarray(jax.jit(jax.jacfwd(lambda p: case.model(p)(case.geometry)))(case.params))
    scale = np.abs(case.jacobian_g2).max(axis=(0, 1, 2))
    np.testing.assert_allclose(jacobian / (scale + (scale == 0)), case.jacobian_g2 / (scale + (scale == 0)), atol=1e-5)
