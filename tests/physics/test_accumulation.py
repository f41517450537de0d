"""Accumulation rules and closed-form integrals against quadrature and high-precision arithmetic."""

import itertools
from decimal import Decimal, localcontext

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.integrate import quad

import homodyne_eqx as hx
from homodyne_eqx.physics.accumulation import GaussLegendre
from homodyne_eqx.physics.rates import Oscillating, Spline

UNEVEN = np.array([0.0, 0.1, 0.15, 0.4, 0.5, 1.1, 1.9, 2.0])


def growth(rule, rate, t):
    """The amount that accumulates over each interval."""
    return np.diff(np.asarray(rule(rate, hx.Geometry(q=0.01, t=t))))


def by_quadrature(f, t):
    return np.array([quad(f, a, b, limit=200, epsabs=0, epsrel=1e-12)[0] for a, b in itertools.pairwise(t)])


def power_integral(early, late, exponent):
    """∫ t^exponent dt to 40 digits, through exponent = −1."""
    with localcontext() as context:
        context.prec = 60
        a, b, p = Decimal(early), Decimal(late), Decimal(exponent) + 1
        if p == 0:
            return float(b.ln() - a.ln())
        return float(((p * b.ln()).exp() - (p * a.ln()).exp()) / p)


def test_the_trapezoid_uses_the_real_spacing():
    rate = hx.PowerLaw(2.0, 0.5, 0.3)
    f = 2.0 * np.maximum(UNEVEN, 0.05) ** 0.5 + 0.3
    expected = (f[1:] + f[:-1]) / 2 * np.diff(UNEVEN)
    np.testing.assert_allclose(growth(hx.Trapezoid(), rate, UNEVEN), expected, rtol=2e-5)


def test_a_given_frame_period_counts_in_every_step():
    t = np.arange(6) * 0.1
    geometry = hx.Geometry(q=0.01, t=t, dt=0.102)
    steps = np.diff(hx.Trapezoid()(hx.Constant(5.0), geometry))
    np.testing.assert_allclose(steps, 5.0 * 0.102, rtol=1e-5)


@pytest.mark.x64
@pytest.mark.parametrize(("exponent", "share"), [(-0.3, 0.99), (-2 / 3, 0.88), (-0.9, 0.46)])
def test_how_far_the_trapezoid_falls_short_from_time_zero(exponent, share):
    t = np.linspace(0, 10, 101)
    exact = 10 ** (1 + exponent) / (1 + exponent)
    found = growth(hx.Trapezoid(), hx.PowerLaw(1.0, exponent), t).sum()
    assert found / exact == pytest.approx(share, abs=0.005)


@pytest.mark.x64
@pytest.mark.parametrize("exponent", [-1.8, -1.0 - 1e-9, -1.0, -1.0 + 1e-7, -0.5, 0.0, 0.7, 1.9])
def test_the_exact_rule_on_uneven_frames(exponent):
    t = UNEVEN[1:]
    rate = hx.PowerLaw(2.0, exponent, 0.3)
    expected = by_quadrature(lambda s: 2.0 * s**exponent + 0.3, t)
    np.testing.assert_allclose(growth(hx.Exact(), rate, t), expected, rtol=1e-12)


@pytest.mark.parametrize("exponent", [-0.9, -0.3, 0.0, 1.2])
def test_the_exact_rule_from_time_zero(exponent):
    expected = np.diff(UNEVEN ** (1 + exponent)) / (1 + exponent)
    np.testing.assert_allclose(growth(hx.Exact(), hx.PowerLaw(1.0, exponent), UNEVEN), expected, rtol=2e-4)


@pytest.mark.x64
@given(
    st.floats(-1e-6, 1e-6) | st.floats(-0.9, 2.5),
    st.floats(1e-4, 10),
    st.floats(1.001, 1e4),
)
def test_no_digits_are_lost_through_minus_one(p, early, ratio):
    rate = hx.PowerLaw(1.0, p - 1)
    found = float(rate.integral(jnp.asarray(early), jnp.asarray(early * ratio)))
    assert found == pytest.approx(power_integral(early, early * ratio, float(rate.exponent)), rel=2e-12)


@pytest.mark.parametrize("exponent", [-1.5, -1.0, -0.5, 0.3])
def test_near_frames_keep_their_digits_in_single_precision(exponent):
    early, late = np.float32(1.0), np.float32(1.0001)
    rate = jax.tree.map(lambda x: x.astype(jnp.float32), hx.PowerLaw(1.0, exponent))
    found = float(rate.integral(jnp.asarray(early), jnp.asarray(late)))
    expected = power_integral(float(early), float(late), float(np.float32(exponent)))
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.x64
@pytest.mark.parametrize("exponent", [-1.0, -1.0 + 1e-9, -0.4])
def test_the_derivative_in_the_exponent(exponent):
    """d/dα ∫ t^α dt = ∫ t^α ln t dt."""
    integral = lambda a: hx.PowerLaw(1.0, a).integral(jnp.asarray(0.2), jnp.asarray(3.0))  # noqa: E731
    expected = quad(lambda s: s**exponent * np.log(s), 0.2, 3.0, epsrel=1e-12)[0]
    assert float(jax.grad(integral)(jnp.asarray(exponent))) == pytest.approx(expected, rel=1e-9)


def test_a_divergent_integral_is_very_large_and_finite():
    gained = growth(hx.Exact(), hx.PowerLaw(1.0, -1.5), UNEVEN)
    assert np.isfinite(gained).all()
    assert gained[0] > 1e10


@pytest.mark.x64
def test_gauss_legendre_is_exact_for_polynomials_and_near_for_the_rest():
    cubic = hx.PowerLaw(2.0, 3.0)
    np.testing.assert_allclose(growth(GaussLegendre(2), cubic, UNEVEN), np.diff(UNEVEN**4) / 2, rtol=1e-12)
    wave = Oscillating(1.0, 5.0)
    np.testing.assert_allclose(growth(GaussLegendre(6), wave, UNEVEN), np.diff(np.sin(5 * UNEVEN)), atol=1e-7)


@pytest.mark.x64
def test_the_trapezoid_of_an_oscillation_loses_the_stated_factor():
    t, omega = np.arange(50) * 0.1, 5.0
    lost = omega * 0.1 / 2 / np.tan(omega * 0.1 / 2)
    rate = Oscillating(1.0, omega)
    np.testing.assert_allclose(growth(hx.Trapezoid(), rate, t)[1:], lost * growth(hx.Exact(), rate, t)[1:], rtol=1e-9)


@pytest.mark.parametrize("rule", [hx.Trapezoid(), hx.Exact(), GaussLegendre(3)])
def test_an_event_counts_in_full_under_every_rule(rule):
    """One event falls between frames, one on a frame, which sees half of it from each side."""
    events = hx.Events([0.3, 2.0], [0.25, 1.1])
    amounts = growth(rule, events, UNEVEN)
    np.testing.assert_allclose(amounts, [0, 0, 0.3, 0, 1.0, 1.0, 0], atol=1e-5)
    beside = growth(rule, hx.PowerLaw(3.0, 0.5) + 2.0 * events, UNEVEN)
    np.testing.assert_allclose(beside - growth(rule, hx.PowerLaw(3.0, 0.5), UNEVEN), 2 * amounts, atol=1e-5)


def test_what_has_no_closed_form_says_so():
    geometry = hx.Geometry(q=0.01, t=UNEVEN)
    spline = Spline((0.1, 1.0), np.array([1.0, 2.0]))
    for rate in (spline, hx.Constant(1.0) + spline):
        with pytest.raises(TypeError, match=r"Spline has no closed-form integral.*GaussLegendre"):
            hx.Exact()(rate, geometry)


def test_gauss_legendre_needs_a_point():
    with pytest.raises(ValueError, match="order = 0"):
        GaussLegendre(0)


@pytest.mark.parametrize("rule", [hx.Trapezoid(), hx.Exact(), GaussLegendre(3)])
def test_the_amount_keeps_its_precision(rule):
    for dtype in (jnp.float32, jnp.float64) if jax.config.jax_enable_x64 else (jnp.float32,):
        rate = jax.tree.map(lambda x: x.astype(dtype), hx.PowerLaw(2.0, -0.3, 0.1))  # noqa: B023
        assert rule(rate, hx.Geometry(q=jnp.asarray(0.01, dtype), t=jnp.asarray(UNEVEN, dtype))).dtype == dtype
