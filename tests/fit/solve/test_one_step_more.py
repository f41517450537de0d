"""The step after the one that reached the minimum: it may improve the result, and never loses it."""

from collections.abc import Callable
from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optimistix as optx
import pytest
from jaxtyping import Array, Float
from root_rate import RootRate

import homodyne_eqx as hx
from homodyne_eqx.physics.parameters import parameter

pytestmark = pytest.mark.x64

Q, N_T, SIGMA, TOLERANCE = 0.0054, 15, 0.005, 1e-6
T = 0.05 * np.arange(1, N_T + 1)


@final
class Jumps(optx.AbstractLeastSquaresSolver):
    """Newton steps of which none is rejected; from where χ² should fall by no more than `within` it jumps to `target`.

    Each step returns χ² at the point that it leads to. `target` is the value of the one parameter, without bounds.
    """

    target: Float[Array, ""]
    within: float = TOLERANCE
    rtol: float = 0.0
    atol: float = 0.0
    norm: Callable[[Any], Any] = optx.max_norm

    def init(self, fn, y, args, options, f_struct, aux_struct, tags):
        return jnp.asarray(False)

    def step(self, fn, y, args, options, state, tags):
        only = lambda y: fn(y, args)[0]  # noqa: E731
        r, slope = only(y), jax.jacfwd(only)(y)
        newton = -(slope.T @ r) / jnp.sum(slope**2)
        near = jnp.sum((slope @ newton) ** 2) <= self.within
        jump = (self.target - args.unknowns.start) / args.unknowns.scale
        following = jnp.where(state, jnp.where(near, jump, y + newton), y)
        return following, jnp.asarray(True), fn(following, args)[1]

    def terminate(self, fn, y, args, options, state, tags):
        return jnp.asarray(False), optx.RESULTS.successful

    def postprocess(self, fn, y, aux, args, options, state, tags, result):
        return y, aux, {}


@final
class Swinging(hx.AbstractRate):
    """J = 3·10⁴ (1 + 0.9 sin ωt) Å²/s: χ² has several minima in ω."""

    omega: Float[Array, ""] = parameter("rad/s")

    def __call__(self, t: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return 3e4 * (1 + 0.9 * jnp.sin(self.omega * t))


def model(rate):
    return hx.TwoTimeModel(hx.Diffusion(rate), hx.ContrastOffset(0.3, 1.0))


def measured(rate):
    geometry = hx.Geometry(q=Q, t=T)
    noise = np.tril(SIGMA * np.random.default_rng(0).standard_normal((N_T, N_T)), -1)
    g2 = np.asarray(eqx.filter_jit(model(rate))(geometry))
    return hx.TwoTimeData(g2 + noise + noise.T, geometry, sigma=SIGMA)


def fit(start, data, target, **options):
    free = ["g1.rate.x" if isinstance(start, RootRate) else "g1.rate.omega"]
    return hx.fit(model(start), data, free=free, solver=Jumps(jnp.asarray(target)), tolerance=TOLERANCE, **options)


@pytest.mark.parametrize("target", [-1.0, pytest.param(20.0, marks=pytest.mark.slow)])
def test_the_state_at_the_minimum_is_kept(target):
    """The step after it leads to a χ² that is not a number (x < 0), or higher (x = 20)."""
    data, seen = measured(RootRate(9.0)), []
    minimum = hx.fit(model(RootRate(8.0)), data, free=["g1.rate.x"])
    x = minimum.parameters["g1.rate.x"]
    result = fit(RootRate(8.0), data, target, callback=seen.append)
    assert result.ended is hx.Ended.CONVERGED
    assert result.chi2 == pytest.approx(minimum.chi2, abs=TOLERANCE)
    assert result.parameters["g1.rate.x"].value == pytest.approx(x.value, abs=x.uncertainty * TOLERANCE**0.5)
    assert result.parameters["g1.rate.x"].uncertainty == pytest.approx(x.uncertainty, rel=1e-3)
    assert tuple(seen) == result.history
    assert result.history[-1].chi2 == result.chi2
    assert result.history[-1].expected_decrease <= TOLERANCE
    assert f"after {len(seen) - 1} steps" in result.message


def test_the_step_is_taken_where_it_improves_the_result():
    data = measured(RootRate(9.0))
    minimum = hx.fit(model(RootRate(8.0)), data, free=["g1.rate.x"], tolerance=1e-14).parameters["g1.rate.x"].value
    result = fit(RootRate(8.0), data, minimum)
    within = [step.expected_decrease <= TOLERANCE for step in result.history]
    assert within == [False] * (len(within) - 2) + [True, True]
    assert result.history[-1].chi2 < result.history[-2].chi2
    assert result.parameters["g1.rate.x"].value == pytest.approx(minimum, rel=1e-12)


@pytest.mark.parametrize("late", [False, True])
def test_ctrl_c_at_the_minimum_is_convergence(late):
    """In the first step that reaches it, and in the one after that."""
    data, reached = measured(RootRate(9.0)), []

    def stop(step):
        reached.append(step.expected_decrease <= TOLERANCE)
        if sum(reached) == 1 + late:
            raise KeyboardInterrupt

    result = hx.fit(model(RootRate(8.0)), data, free=["g1.rate.x"], tolerance=TOLERANCE, callback=stop)
    assert sum(reached) == 1 + late
    assert result.ended is hx.Ended.CONVERGED
    assert result.history[-1].chi2 == result.chi2
    assert result.history[-1].expected_decrease <= TOLERANCE


def test_ctrl_c_at_the_minimum_of_a_stage_ends_the_fit():
    """It is not lost, although that stage has converged."""
    data, reached = measured(RootRate(9.0)), []

    def stop(step):
        reached.append(step.expected_decrease <= TOLERANCE)
        if reached[-1] and sum(reached) == 1:
            raise KeyboardInterrupt

    result = hx.fit(
        model(RootRate(8.0)), data, free=["g1.rate.x"], tolerance=TOLERANCE, callback=stop, coarse=2, scan=False
    )
    assert result.ended is hx.Ended.INTERRUPTED
    assert len(result.history) == 1


def test_of_two_minima_the_lower_one_is_kept():
    """The fit goes on where the step leads to a lower χ², from which it should still fall."""
    truth, data = 40.0, measured(Swinging(40.0))
    beside = hx.fit(model(Swinging(27.0)), data, free=["g1.rate.omega"])
    lowest = hx.fit(model(Swinging(truth)), data, free=["g1.rate.omega"])
    assert beside.converged
    assert beside.chi2 > 2 * lowest.chi2
    start = beside.parameters["g1.rate.omega"].value + 0.05
    result = fit(Swinging(start), data, truth + 0.3)
    assert result.converged
    assert result.chi2 == pytest.approx(lowest.chi2, abs=TOLERANCE)
    assert any(step.chi2 == pytest.approx(beside.chi2, abs=TOLERANCE) for step in result.history)
    # The other way: the step leads to a minimum too, but to a higher one.
    kept = fit(Swinging(truth + 0.3), data, beside.parameters["g1.rate.omega"].value)
    assert kept.converged
    assert kept.chi2 == pytest.approx(lowest.chi2, abs=TOLERANCE)


@pytest.mark.slow
def test_a_fit_that_takes_no_step_has_the_chi_squared_of_its_parameters():
    """Contrast and offset are then those of the start; so after Ctrl-C in a stage, of which `stop` is called once."""
    data, numbers = measured(RootRate(9.0)), []

    def stop(step):
        numbers.append(step.number)
        if len(numbers) == 1:
            raise KeyboardInterrupt

    start = hx.TwoTimeModel(hx.Diffusion(RootRate(8.0)), hx.ContrastOffset(0.2, 1.1))
    interrupted = hx.fit(start, data, coarse=2, scan=False, callback=stop)
    assert (interrupted.ended, numbers) == ("interrupted", [0, 0])
    for result in (interrupted, hx.fit(start, data, max_steps=0)):
        assert result.chi2 == pytest.approx(float(hx.chi_squared(result.model, hx.pack(data))), rel=1e-10)
