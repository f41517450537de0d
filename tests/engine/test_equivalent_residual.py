"""The small problem takes the steps of the full one, and its cost has the derivatives of χ²/2 to second order."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optimistix as optx
import pytest
from dense import dense_residual
from jax.flatten_util import ravel_pytree
from test_reductions import problem as two_time_problem

import homodyne_eqx as hx
from homodyne_eqx.engine import NormalEquations, compressed
from homodyne_eqx.fit.abstract_problem import residual
from homodyne_eqx.fit.problem import Problem
from homodyne_eqx.fit.solve.unknowns import IntervalUnknowns

pytestmark = pytest.mark.x64


def well_determined(model):
    """Both amplitudes, the flow direction, contrast and offset: what eight frames determine well."""
    none = jax.tree.map(lambda _: False, model)
    where = lambda m: (m.g1.terms[0].rate.amplitude, m.g1.terms[1].rate.amplitude, m.g1.terms[1].phi0, m.scaling)  # noqa: E731
    return eqx.tree_at(where, none, (True, True, True, jax.tree.map(lambda _: True, model.scaling)))


def small_problem():
    model, data = two_time_problem()
    model = eqx.tree_at(lambda m: m.g1.terms[1].phi0, model, jnp.asarray(10.5))
    moving, rest = eqx.partition(model, well_determined(model))
    start = ravel_pytree(moving)[0] * 1.01
    low = jnp.full(start.shape, -jnp.inf).at[0].set(0.0).at[2].set(-90.0)
    high = jnp.full(start.shape, jnp.inf).at[2].set(90.0)
    unknowns = IntervalUnknowns(low, high, start, jnp.maximum(jnp.abs(start), 1e-3) / 50)
    return Problem(moving, rest, unknowns, hx.pack(data, size=3), hx.Squares()), data


def solved(small, solver, **options):
    start = jnp.zeros_like(small.unknowns.start)
    return optx.least_squares(residual, solver, start, small, has_aux=True, max_steps=500, **options).value


def test_the_products_are_kept_even_when_the_matrix_is_singular():
    rng = np.random.default_rng(0)
    length = np.array([1e6, 1, 1e-5, 1])
    unit = rng.normal(size=(30, 4)) * np.array([1.0, 1.0, 1.0, 0.0])
    jacobian = unit * length
    r = jacobian @ np.array([1e-6, 2.0, 0.0, 0.0])
    normal = NormalEquations(*(jnp.asarray(x) for x in (jacobian.T @ jacobian, jacobian.T @ r, r @ r)))
    small, small_r = (np.asarray(x) for x in compressed(normal))
    small = small / length
    np.testing.assert_allclose(small.T @ small, unit.T @ unit, atol=1e-11)
    np.testing.assert_allclose(small.T @ small_r, unit.T @ r, atol=1e-9)
    np.testing.assert_allclose(small_r @ small_r, r @ r, rtol=1e-10)


@pytest.mark.slow
def test_its_cost_has_the_gradient_and_hessian_of_half_chi_squared():
    small, _ = small_problem()
    y = jnp.asarray(np.random.default_rng(1).normal(size=small.unknowns.start.size)) * 0.1
    cost = lambda y: jnp.sum(residual(y, small)[0] ** 2) / 2  # noqa: E731
    chi2 = lambda y: hx.chi_squared(small.model(y), small.packed) / 2  # noqa: E731
    for derivative in (jax.grad, jax.hessian):
        found, expected = jax.jit(derivative(cost))(y), jax.jit(derivative(chi2))(y)
        np.testing.assert_allclose(found, expected, atol=1e-10 * np.max(np.abs(expected)))


@pytest.mark.parametrize("solver", [optx.LevenbergMarquardt, optx.Dogleg, optx.GaussNewton])
@pytest.mark.slow
def test_each_step_is_that_of_the_dense_problem(solver):
    small, data = small_problem()
    start = jnp.zeros_like(small.unknowns.start)
    dense, _ = dense_residual(small.model(start), data, well_determined(small.model(start)))
    steps = {"max_steps": 4, "throw": False}
    found = optx.least_squares(residual, solver(1e-12, 1e-12), start, small, has_aux=True, **steps).value
    full = lambda y, _: dense(small.unknowns.parameters(y))  # noqa: E731
    expected = optx.least_squares(full, solver(1e-12, 1e-12), start, **steps).value
    assert np.max(np.abs(expected)) > 0.1
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.max(np.abs(expected)))


@pytest.mark.parametrize("solver", [optx.LevenbergMarquardt, optx.Dogleg, optx.GaussNewton])
@pytest.mark.slow
def test_optimistix_solvers_reach_the_minimum_of_the_dense_problem(solver):
    small, data = small_problem()
    fitted = small.model(solved(small, solver(rtol=1e-8, atol=1e-8)))
    dense, vector = dense_residual(fitted, data, well_determined(fitted))
    r, jacobian = np.asarray(dense(vector)), np.asarray(jax.jacfwd(dense)(vector))
    step, *_ = np.linalg.lstsq(jacobian, r, rcond=None)
    uncertainty = np.sqrt(np.diagonal(np.linalg.inv(jacobian.T @ jacobian)))
    assert np.max(np.abs(step / uncertainty)) < 1e-3


@pytest.mark.slow
def test_the_solution_can_be_differentiated_through():
    """Derivatives of fitted parameters in the data: the implicit adjoint against finite differences of whole fits."""
    small, _ = small_problem()
    direction = jnp.asarray(np.random.default_rng(3).normal(size=small.packed.values.shape)) * 1e-2

    @jax.jit
    def fitted(s):
        moved = eqx.tree_at(lambda p: p.packed.values, small, small.packed.values + s * direction)
        solver = optx.LevenbergMarquardt(rtol=1e-9, atol=1e-9)
        return small.unknowns.parameters(solved(moved, solver, adjoint=optx.ImplicitAdjoint()))

    slope = jax.jit(jax.jacrev(fitted))(0.0)
    numeric = (fitted(1e-2) - fitted(-1e-2)) / 2e-2
    np.testing.assert_allclose(slope, numeric, rtol=1e-3, atol=1e-4 * np.max(np.abs(numeric)))
