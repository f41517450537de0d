"""Losses by their defining formulas."""

import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx


def by_formula(loss, z, s):
    """The cost of a squared residual z in units of σ², from the residual itself."""
    r = np.sqrt(z)
    if isinstance(loss, hx.Huber):
        return np.where(r <= s, r**2, 2 * s * r - s**2)
    if isinstance(loss, hx.SoftL1):
        return 2 * s**2 * (np.sqrt(1 + (r / s) ** 2) - 1)
    return s**2 * np.log(1 + (r / s) ** 2)


@pytest.mark.x64
@pytest.mark.parametrize("kind", [hx.SoftL1, hx.Huber, hx.Cauchy])
@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_costs_and_slopes_are_those_of_the_formula(kind, scale):
    z, step = np.array([0.01, 0.2, 3.0, 8.0, 100.0]), 1e-6
    loss = kind(scale)
    np.testing.assert_allclose(loss.cost(jnp.asarray(z)), by_formula(loss, z, scale), rtol=1e-9)
    slopes = (by_formula(loss, z + step, scale) - by_formula(loss, z - step, scale)) / (2 * step)
    np.testing.assert_allclose(loss.slope(jnp.asarray(z)), slopes, rtol=1e-6)


@pytest.mark.parametrize(("kind", "scale"), [(hx.SoftL1, 1.0), (hx.Huber, 1.345), (hx.Cauchy, 2.385)])
def test_the_scale_unless_given(kind, scale):
    assert float(kind().scale) == pytest.approx(scale)
