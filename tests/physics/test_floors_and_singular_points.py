"""Gradients that must be finite, and gradients that must not vanish."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.physics.dense_map import two_time_map
from homodyne_eqx.physics.floors import floored, floored_curve
from homodyne_eqx.physics.kernels import GapAverage, SincSquared


def test_a_floor_holds_the_value_and_not_the_derivative():
    x = jnp.array([-3.0, 0.5, 1.0, 2.0])
    np.testing.assert_array_equal(floored(x, 1.0), [1.0, 1.0, 1.0, 2.0])
    for derivative in (jax.jacfwd, jax.jacrev):
        np.testing.assert_array_equal(derivative(lambda v: floored(v, 1.0))(x), np.eye(4))
    assert floored(x, 1.0).dtype == x.dtype


def test_a_rate_under_its_floor_can_climb_out():
    """Diffusion fitted from a rate that is negative everywhere: a descent must be able to bring it back."""
    geometry = hx.Geometry(q=0.01, t=np.linspace(0, 1, 5))

    @jax.jit
    @jax.value_and_grad
    def misfit(offset):
        term = hx.Diffusion(hx.PowerLaw(1e3, -0.3, offset))
        return jnp.sum((two_time_map(term, geometry) - 0.5) ** 2)

    under = jnp.asarray(-1e5)
    value, slope = misfit(under)
    assert np.asarray(hx.PowerLaw(1e3, -0.3, under)(geometry.t[1:])).max() == pytest.approx(1e-10)
    assert slope < 0
    assert value > misfit(jnp.asarray(1e4))[0]


@pytest.mark.parametrize("exponent", [-1.9, -0.5, 0.0, 0.7])
def test_a_power_law_is_finite_and_differentiable_at_time_zero(exponent):
    """t = 0 counts as 1e-8 s, where t^exponent is 10^(−8 exponent), and its slope in the exponent that times ln t."""
    rate = lambda p, t: hx.PowerLaw(p[0], p[1], p[2])(t)  # noqa: E731
    p = jnp.asarray([1.5, exponent, 0.1])
    power = 10.0 ** (-8 * exponent)
    value, slopes = jax.value_and_grad(rate)(p, jnp.zeros(()))
    np.testing.assert_allclose(value, 1.5 * power + 0.1, rtol=1e-4)
    np.testing.assert_allclose(slopes, [power, 1.5 * power * np.log(1e-8), 1.0], rtol=1e-4)
    np.testing.assert_array_equal(rate(p, jnp.asarray(1e-8)), value)


@pytest.mark.x64
def test_a_stretched_kernel_counts_amounts_down_to_1e_minus_20():
    x = np.array([0.0, 1e-21, 2e-20, 1e-12, 1e-3])
    decayed = 1 - np.asarray(hx.Stretched(0.25)(jnp.asarray(x)))
    np.testing.assert_array_equal(decayed[:2], 0.0)
    np.testing.assert_allclose(decayed[2:], -np.expm1(-(x[2:] ** 0.25)), rtol=1e-9)


@pytest.mark.parametrize("kernel", [SincSquared(), GapAverage()])
@pytest.mark.parametrize(
    ("gamma_dot", "phi"),
    [(0.0, 30.0), (0.01, 100.0), (1e-12, 30.0), (-0.01, 30.0)],
    ids=["no shear", "across the flow", "hardly any shear", "rate under its floor"],
)
def test_derivatives_at_the_singular_points_of_the_documented_model(kernel, gamma_dot, phi):
    """At t = 0 with negative exponents, and at lag 0, in every case."""
    geometry = hx.Geometry(q=0.005, t=np.array([0.0, 0.1, 0.2, 0.3]), phi=phi, gap=2e6)
    params = jnp.array([1e4, -0.7, 0.0, gamma_dot, -0.9, 0.0, 10.0])

    @jax.jit
    def derivatives(p):
        total = lambda p: jnp.sum(hx.from_parameter_vector(p, 0.3, 1.0, kernel)(geometry) ** 2)  # noqa: E731
        return jax.grad(total)(p), jax.hessian(total)(p)

    gradient, hessian = derivatives(params)
    assert np.isfinite(gradient).all()
    assert np.isfinite(hessian).all()
    assert gradient[0] != 0
    if phi == 30.0 and gamma_dot < 0:
        assert gradient[3] != 0, "the derivative of a rate under its floor vanishes"


@pytest.mark.x64
@pytest.mark.parametrize("gamma_dot", [1e-7, 1e-5])
def test_slow_shear_is_not_biased(gamma_dot):
    """A smoothed |ΔS| would be off by 5e-3 at a lag of one frame."""
    geometry = hx.Geometry(q=0.005, t=np.arange(3) * 0.1, phi=0.0, gap=2e6)
    g1 = two_time_map(hx.Shear(gamma_dot, 0.0, GapAverage()), geometry)
    y = 0.005 * 2e6 / 2 * gamma_dot * 0.1
    assert float(1 - g1[0, 1, 0]) == pytest.approx(y**2 / 6, rel=1e-4)


@pytest.mark.parametrize("limit", ["D", "gamma_dot"])
def test_without_motion_nothing_decorrelates(limit):
    geometry = hx.Geometry(q=0.005, t=np.linspace(0, 1, 4), phi=np.array([0.0, 40.0]), gap=2e6)
    for tiny in (0.0, 1e-9):
        term = hx.Diffusion(tiny) if limit == "D" else hx.Shear(tiny, 10.0)
        np.testing.assert_allclose(two_time_map(term, geometry), 1.0, atol=1e-6)


def test_the_same_flow_backwards():
    geometry = hx.Geometry(q=0.005, t=np.linspace(0, 1, 4), phi=np.array([0.0, 40.0]), gap=2e6)
    maps = [np.asarray(two_time_map(hx.Shear(1e-3, phi0), geometry)) for phi0 in (10.0, 190.0, -350.0)]
    np.testing.assert_allclose(maps[1], maps[0], atol=1e-5)
    np.testing.assert_allclose(maps[2], maps[0], atol=1e-5)


def test_the_default_precision_is_kept():
    """Numbers take JAX's default; nothing of the model widens or narrows it."""
    geometry = hx.Geometry(q=0.005, t=np.linspace(0, 1, 4), phi=0.0, gap=2e6)
    model = hx.from_parameter_vector(np.array([1e4, -0.7, 0.0, 1e-3, -0.9, 0.0, 10.0]), 0.3, 1.0)
    assert model(geometry).dtype == jnp.result_type(float)
    single = jax.tree.map(lambda x: x.astype(jnp.float32) if eqx.is_inexact_array(x) else x, (model, geometry))
    assert single[0](single[1]).dtype == jnp.float32


def test_a_curve_that_is_partly_below_its_floor_has_the_true_derivative():
    """Below as a whole it has one that leads back."""
    x = jnp.array([-3.0, 0.5, 1.0, 2.0])
    for derivative in (jax.jacfwd, jax.jacrev):
        np.testing.assert_array_equal(derivative(lambda v: floored_curve(v, 1.0))(x), np.diag([0, 0, 0, 1.0]))
        np.testing.assert_array_equal(derivative(lambda v: floored_curve(v, 2.5))(x), np.eye(4))
    np.testing.assert_array_equal(floored_curve(x, 1.0), [1.0, 1.0, 1.0, 2.0])
    assert floored_curve(x, 1.0).dtype == x.dtype
