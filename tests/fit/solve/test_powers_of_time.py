"""Steps that keep the rate at a typical time while an exponent changes."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optimistix as optx
import pytest
from hypothesis import given, settings, strategies as st

import homodyne_eqx as hx
from homodyne_eqx.fit.free_parameters import choose_free
from homodyne_eqx.fit.solve.powers_of_time import powers_of_time

TIMES = np.linspace(100.0, 200.0, 80)
NAMES, EXPONENTS = ["D0", "alpha", "offset"], ["alpha", "", ""]


def curves(t=TIMES):
    return powers_of_time(NAMES, EXPONENTS, jnp.asarray(t))


@settings(max_examples=30, deadline=None)
@given(st.floats(1.0, 1e5), st.floats(-1.9, 1.9), st.floats(-0.9, 0.9))
def test_a_change_of_the_exponent_alone_keeps_the_rate_at_the_typical_time(amplitude, exponent, change):
    """Along ΔA = −A ln τ Δα, to first order the rate at τ stays; here it stays exactly."""
    tau = np.exp(np.mean(np.log(TIMES)))
    step = jnp.asarray([-amplitude * np.log(tau) * change, change, 0.0])
    moved = np.asarray(curves().moved(jnp.asarray([amplitude, exponent, 3.0]), step), float)
    assert moved[0] * tau ** moved[1] == pytest.approx(amplitude * tau**exponent, rel=1e-4)
    assert moved[1:] == pytest.approx([exponent + change, 3.0], rel=1e-5, abs=1e-6)


def test_a_step_is_a_straight_one_to_first_order():
    x = jnp.asarray([7.0, -0.6, 2.0])
    slope = jax.jacfwd(lambda step: curves().moved(x, step))(jnp.zeros(3))
    np.testing.assert_allclose(slope, np.eye(3), atol=1e-5)
    np.testing.assert_array_equal(curves().moved(x, jnp.zeros(3)), x)


def with_plateau(t=TIMES, names=NAMES, plateaus=("offset", "", "")):
    return powers_of_time(names, EXPONENTS, jnp.asarray(t), plateaus)


def rate_and_slope(law):
    """The rate at τ, and its derivative in ln t there."""
    A, alpha, C = (float(x) for x in law)
    R = A * np.exp(alpha * np.mean(np.log(TIMES)))
    return R + C, alpha * R


@settings(max_examples=30, deadline=None)
@given(st.floats(1.0, 1e5), st.floats(0.05, 1.9), st.sampled_from([1, -1]), st.floats(-0.85, 2.0))
def test_with_a_plateau_the_rate_and_its_slope_at_the_typical_time_stay(amplitude, exponent, sign, share):
    """Along R + C and αR held to first order; here they stay exactly, however long the step is."""
    alpha, log_time = sign * exponent, np.mean(np.log(TIMES))
    change = share * alpha
    dR = -amplitude * np.exp(alpha * log_time) * share  # d(αR) = 0
    step = jnp.asarray([dR * np.exp(-alpha * log_time) - amplitude * log_time * change, change, -dR])
    law = jnp.asarray([amplitude, alpha, 0.3 * amplitude])
    moved = with_plateau().moved(law, step)
    scale = abs(dR) + amplitude * np.exp(alpha * log_time) + amplitude
    tight = 1e-9 if jax.config.jax_enable_x64 else 2e-3
    np.testing.assert_allclose(rate_and_slope(moved), rate_and_slope(law), atol=tight * scale * max(1, exponent))
    assert float(moved[1]) == pytest.approx(alpha + change, rel=1e-4)


def test_a_step_with_a_plateau_is_a_straight_one_to_first_order():
    x = jnp.asarray([7.0, -0.6, 2.0])
    h = 1e-6 if jax.config.jax_enable_x64 else 1e-2
    base = jnp.asarray([0.3, 0.2, -0.4])
    by_difference = (with_plateau().moved(x, h * base) - x) / h
    np.testing.assert_allclose(by_difference, base, atol=2e-5 if jax.config.jax_enable_x64 else 0.05)


def test_a_step_towards_alpha_0_leaves_a_tenth_of_it():
    moved = with_plateau().moved(jnp.asarray([7.0, -0.6, 2.0]), jnp.asarray([40.0, 0.7, -1.0]))
    assert float(moved[1]) == pytest.approx(-0.06, rel=1e-5)


@pytest.mark.parametrize(
    ("law", "step"),
    [
        ((7.0, -0.6, 2.0), (-35.0, -0.1, 1.0)),
        ((7.0, 0.0, 2.0), (1.0, 0.1, 1.0)),
        ((7.0, -0.6, 0.0), (1.0, 0.1, 0.0)),
        ((0.0, -0.6, 2.0), (1.0, 0.1, 1.0)),
    ],
    ids=["slope changes sign", "no slope", "plateau on its bound", "amplitude on its bound"],
)
def test_where_the_slope_cannot_stay_steps_are_those_without_a_plateau(law, step):
    law, step = jnp.asarray(law), jnp.asarray(step)
    np.testing.assert_array_equal(with_plateau().moved(law, step), curves().moved(law, step))


def test_amplitudes_that_share_a_plateau_or_an_exponent_move_without_it():
    names, exponents = ["A", "B", "alpha", "C"], ["alpha", "alpha", "", ""]
    shared = powers_of_time(names, exponents, jnp.asarray(TIMES), ["C", "C", "", ""])
    assert shared.plateau_at == ()
    own = powers_of_time([*names, "beta"], ["alpha", "beta", "", "", ""], jnp.asarray(TIMES), ["C", "", "", "", ""])
    assert own.plateau_at == ((0, 2, 3),)


def test_without_an_exponent_among_the_unknowns_steps_are_straight():
    straight = powers_of_time(["D0", "offset"], ["alpha", ""], jnp.asarray(TIMES))
    x, step = jnp.asarray([7.0, 2.0]), jnp.asarray([1e4, -3.0])
    np.testing.assert_array_equal(straight.moved(x, step), x + step)


def test_times_at_0_do_not_count():
    """log 0 is no number, and a first frame at 0 says nothing of what is typical."""
    early = curves(np.concatenate([[0.0], TIMES]))
    np.testing.assert_allclose(early.log_time, curves().log_time, rtol=1e-6)
    assert np.all(np.isfinite(curves(np.zeros(3)).log_time))


def test_each_amplitude_knows_its_exponent():
    rates = {"D0": 1.0, "alpha": 0.1, "D_offset": 0.2, "gamma_dot_t0": 1e-3, "beta": 0.3, "gamma_dot_t_offset": 1e-5}
    model = hx.laminar_flow(**rates, phi0=4.0, contrast=np.full(2, 0.3), offset=np.ones(2), kernel=hx.GapAverage())
    parameters = choose_free(model, None, (), None).parameters
    assert {p.name: p.exponent for p in parameters if p.exponent} == {"D0": "alpha", "gamma_dot_t0": "beta"}
    plateaus = {p.name: p.plateau for p in parameters if p.plateau}
    assert plateaus == {"D0": "D_offset", "gamma_dot_t0": "gamma_dot_t_offset"}


def test_amplitudes_of_all_sectors_share_an_exponent_or_have_their_own():
    def exponents(exponent):
        rate = hx.PowerLaw(hx.PerSector([1.0, 2.0]), exponent, 0.0)
        model = hx.TwoTimeModel(hx.Relaxation(rate), hx.ContrastOffset(contrast=0.3, offset=1.0))
        return [p.exponent for p in choose_free(model, None, (), None).parameters if "amplitude" in p.name]

    assert exponents(0.1) == ["relaxation.rate.exponent"] * 2
    own = exponents(hx.PerSector([0.1, 0.2]))
    assert own == ["relaxation.rate.exponent[0]", "relaxation.rate.exponent[1]"]


class Late(eqx.Module):
    """ln of a power law at late times, as residuals of unknowns A and α."""

    def __call__(self, y, _):
        return jnp.sqrt(jnp.maximum(y[0], 1e-30) * jnp.asarray(TIMES) ** y[1]) - jnp.sqrt(5e4 * TIMES**-1.3)


def test_the_solver_follows_the_valley_of_a_power_law_seen_late():
    """From the right rate at the typical time with a wrong exponent it takes half the steps, or fewer."""
    tau = np.exp(np.mean(np.log(TIMES)))
    start = jnp.asarray([5e4 * tau ** (-1.3 + 0.3), -0.3])
    options = {"lower": jnp.asarray([0.0, -2.0]), "upper": jnp.asarray([jnp.inf, 2.0])}
    powers = powers_of_time(["A", "alpha"], ["alpha", ""], jnp.asarray(TIMES))
    steps = {}
    for name, more in {"straight": {}, "curved": {"moved": powers.moved}}.items():
        solver = hx.BoundedLevenbergMarquardt(rtol=1e-6)
        found = optx.least_squares(Late(), solver, start, options={**options, **more}, max_steps=400, throw=False)
        steps[name] = int(found.stats["num_steps"])
    np.testing.assert_allclose(found.value, [5e4, -1.3], rtol=1e-3)
    assert steps["curved"] <= 12
    assert steps["straight"] >= 2 * steps["curved"]


@pytest.mark.x64
def test_a_fit_of_a_power_law_seen_late_needs_few_steps():
    """Straight steps take 75. In float32 the last steps go within the rounding of data without noise."""
    scaling = {"contrast": 0.3, "offset": 1.0}
    geometry = hx.Geometry(q=0.0054, t=np.linspace(100.0, 200.0, 60), phi=0.0)

    def model(amplitude, exponent):
        return hx.TwoTimeModel(hx.Diffusion(hx.PowerLaw(amplitude, exponent, 0.0)), hx.ContrastOffset(**scaling))

    data = hx.TwoTimeData(np.asarray(model(6e6, -1.6)(geometry)), geometry, sigma=1e-3)
    result = hx.fit(model(3e3, 0.2), data, free=["D0", "alpha"], estimate=False)
    assert result.converged
    assert [result.parameters[name].value for name in ("D0", "alpha")] == pytest.approx([6e6, -1.6], rel=1e-2)
    assert len(result.history) <= 20
