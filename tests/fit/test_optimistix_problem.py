"""A fit handed out: solved by the solvers of Optimistix as by `fit`, and differentiated through."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optimistix as optx
import pytest
from steady import CONTRAST, HELD, model, simulated

import homodyne_eqx as hx

START = {"D0": 3.3e4, "gamma_dot_t0": 1.8e-3, "phi0": 12.0}


@pytest.fixture(scope="module")
def packed():
    return hx.pack(simulated(30))


def solved(problem, solver):
    return optx.least_squares(hx.residual, solver, problem.start, problem, has_aux=True, max_steps=200).value


@pytest.mark.x64
@pytest.mark.parametrize("solver", [optx.LevenbergMarquardt, optx.Dogleg, optx.GaussNewton])
@pytest.mark.parametrize("bounds", [{}, {"phi0": (8.0, 14.0)}])
@pytest.mark.slow
def test_the_solvers_of_optimistix_find_what_fit_finds(packed, solver, bounds):
    expected = hx.fit(model(**START), packed, fixed=HELD, bounds=bounds)
    problem = hx.least_squares_problem(model(**START), packed, fixed=HELD, bounds=bounds)
    found = solved(problem, solver(rtol=1e-8, atol=1e-8))
    assert problem.names == expected.free_names
    for name, value in zip(problem.names, problem.parameters(found), strict=True):
        p = expected.parameters[name]
        assert abs(value - p.value) < 1e-3 * p.uncertainty, name
    fitted = problem.model(found)
    assert hx.chi_squared(fitted, packed) == pytest.approx(expected.chi2, rel=1e-9)
    np.testing.assert_array_equal(fitted.g1.terms[0].rate.exponent, 0.0)


def test_it_starts_at_the_model_in_units_of_what_a_single_parameter_may_move(packed):
    problem = hx.least_squares_problem(model(**START), packed, fixed=HELD)
    at_start = [*START.values(), *CONTRAST, 1, 1, 1, 1]
    np.testing.assert_allclose(problem.parameters(problem.start), at_start, rtol=1e-5)
    jacobian = jax.jacfwd(lambda y: hx.residual(y, problem)[0])(problem.start)
    np.testing.assert_allclose(np.linalg.norm(np.asarray(jacobian), axis=0), 1, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.x64
def test_half_its_square_follows_data_and_geometry_as_half_chi_squared_does(packed):
    """Away from the minimum, where the slope in y does not vanish."""
    problem = hx.least_squares_problem(model(**START), packed, fixed=HELD)
    y = 0.3 * jnp.asarray(np.random.default_rng(2).normal(size=problem.start.size))
    pattern = jnp.asarray(np.random.default_rng(5).normal(size=packed.values.shape))

    def changed(s):
        where = lambda p: (p.packed.values, p.packed.geometry.q)  # noqa: E731
        to = packed.values + s[0] * pattern, packed.geometry.q * jnp.exp(s[1])
        return eqx.tree_at(where, problem, to)

    def half_chi2(s):
        return hx.chi_squared(changed(s).model(y), changed(s).packed) / 2

    found = jax.jit(jax.grad(lambda s: jnp.sum(hx.residual(y, changed(s))[0] ** 2) / 2))(jnp.zeros(2))
    numeric = [(half_chi2(e) - half_chi2(-e)) / 2e-5 for e in 1e-5 * jnp.eye(2)]
    np.testing.assert_allclose(found, numeric, rtol=1e-5)


@pytest.mark.x64
@pytest.mark.slow
def test_the_solution_follows_the_calibration_by_the_law_of_the_model(packed):
    """J q² and γ̇ q L are all that the data can tell."""
    problem = hx.least_squares_problem(model(**START), packed, fixed=HELD)

    @jax.jit
    def rates(calibration):
        geometry = problem.packed.geometry
        corrected = geometry.q * jnp.exp(calibration[0]), geometry.gap * jnp.exp(calibration[1])
        moved = eqx.tree_at(lambda p: (p.packed.geometry.q, p.packed.geometry.gap), problem, corrected)
        return jnp.log(moved.parameters(solved(moved, optx.LevenbergMarquardt(rtol=1e-10, atol=1e-10)))[:2])

    np.testing.assert_allclose(jax.jacrev(rates)(jnp.zeros(2)), [[-2, 0], [-1, -1]], atol=1e-5)


def test_names_bounds_and_a_start_without_a_finite_misfit_are_refused(packed):
    with pytest.raises(ValueError, match="free names nothing"):
        hx.least_squares_problem(model(), packed, free=["nothing"])
    with pytest.raises(ValueError, match="outside its bounds"):
        hx.least_squares_problem(model(), packed, bounds={"D0": (0.0, 1.0)})
    with pytest.raises(ValueError, match="not finite at the start"):
        hx.least_squares_problem(model(alpha=-300.0), packed, free=["D0"])
    with pytest.raises(ValueError, match="cannot determine"):
        hx.least_squares_problem(model(), hx.pack(simulated(2)))
