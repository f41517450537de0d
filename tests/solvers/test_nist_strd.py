"""The solver on nonlinear regression problems whose results are certified to 11 digits, from both certified starts."""

import jax
import jax.numpy as jnp
import numpy as np
import optimistix as optx
import pytest
import scipy.optimize
from nist_strd import PROBLEMS, residual_of

import homodyne_eqx as hx

QUICK = ("BoxBOD", "DanWood", "MGH09", "Rat43", "Eckerle4")
every_problem = pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in PROBLEMS]
)
both_starts = pytest.mark.parametrize("start", [0, 1])
# In single precision: where the residual and the sensitivities are not lost in its rounding.
SINGLE = ("Chwirut1", "Chwirut2", "DanWood", "Gauss1", "Rat42", "Rat43", "Misra1d", "BoxBOD")


def solved(name, start):
    y0 = jnp.asarray(PROBLEMS[name]["starts"][start])
    return optx.least_squares(residual_of(name), hx.BoundedLevenbergMarquardt(), y0, max_steps=3000, throw=False)


def by_scipy(name, start):
    """The sum of squares that another solver reaches; from some starts it is not the certified one either."""
    residual, problem = residual_of(name), PROBLEMS[name]
    value, slope = jax.jit(residual), jax.jit(jax.jacfwd(residual))
    with np.errstate(all="ignore"):
        beside = scipy.optimize.least_squares(
            lambda b: np.asarray(value(jnp.asarray(b))), problem["starts"][start],
            jac=lambda b: np.asarray(slope(jnp.asarray(b))),
            method="trf", x_scale="jac", xtol=1e-14, ftol=1e-14, gtol=1e-14, max_nfev=3000,
        )  # fmt: skip
    return 2 * beside.cost


@pytest.mark.x64
@every_problem
@both_starts
def test_six_digits_of_every_certified_value_and_a_sum_of_squares_no_higher_than_that_of_scipy(name, start):
    problem, found = PROBLEMS[name], solved(name, start)
    assert found.result == optx.RESULTS.successful
    np.testing.assert_allclose(found.value, problem["certified"], rtol=1e-6)
    # The least sum of squares of Lanczos1, 10⁻²⁵, is that of the rounding of its data.
    rss = float(jnp.sum(residual_of(name)(found.value) ** 2))
    assert rss == pytest.approx(problem["residual_sum_of_squares"], rel=1e-6 if name != "Lanczos1" else 0.2)
    assert rss <= by_scipy(name, start) * (1 + 1e-8) + 1e-24


@pytest.mark.skipif(jax.config.jax_enable_x64, reason="of single precision")
@pytest.mark.parametrize("name", SINGLE)
def test_in_single_precision_the_certified_values_within_a_fraction_of_their_uncertainty(name):
    problem, found = PROBLEMS[name], solved(name, 1)
    assert found.result == optx.RESULTS.successful
    error = np.abs(np.asarray(found.value, float) - problem["certified"])
    assert np.all(error < 0.02 * np.asarray(problem["standard_deviations"]))
