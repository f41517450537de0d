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
from homodyne_eqx.fit.problem import Problem, Unknowns, residual

pytestmark = pytest.mark.x64


def small_problem():
    model, data = two_time_problem()
    moving, rest = eqx.partition(model, eqx.is_inexact_array)
    start = ravel_pytree(moving)[0] * 1.02
    low = jnp.full(start.shape, -jnp.inf).at[0].set(0.0).at[1].set(-2.0)
    high = jnp.full(start.shape, jnp.inf).at[1].set(2.0)
    unknowns = Unknowns(low, high, start, jnp.maximum(jnp.abs(start), 1e-3) / 50)
    return Problem(moving, rest, unknowns, hx.pack(data, size=3), hx.Squares()), data


def test_the_products_are_kept_even_when_the_matrix_is_singular():
    rng = np.random.default_rng(0)
    jacobian = rng.normal(size=(30, 4)) * np.array([1e6, 1.0, 1e-5, 0.0])
    r = jacobian @ np.array([1e-6, 2.0, 0.0, 0.0])
    small, small_r = compressed(
        NormalEquations(jnp.asarray(jacobian.T @ jacobian), jnp.asarray(jacobian.T @ r), jnp.asarray(r @ r))
    )
    length = np.array([1e6, 1, 1e-5, 1])
    np.testing.assert_allclose(
        (small.T @ small) / np.outer(length, length), (jacobian / length).T @ (jacobian / length), atol=1e-11
    )
    np.testing.assert_allclose((small.T @ small_r) / length, (jacobian / length).T @ r, rtol=1e-10, atol=1e-9)
    np.testing.assert_allclose(small_r @ small_r, r @ r, rtol=1e-10)


def test_its_cost_has_the_gradient_and_hessian_of_half_chi_squared():
    small, _ = small_problem()
    y = jnp.asarray(np.random.default_rng(1).normal(size=small.unknowns.start.size)) * 0.1
    cost = lambda y: jnp.sum(residual(y, small)[0] ** 2) / 2  # noqa: E731
    chi2 = lambda y: hx.chi_squared(small.model(y), small.packed) / 2  # noqa: E731
    for derivative in (jax.grad, jax.hessian):
        found, expected = jax.jit(derivative(cost))(y), jax.jit(derivative(chi2))(y)
        np.testing.assert_allclose(found, expected, atol=1e-10 * np.max(np.abs(expected)))


@pytest.mark.parametrize("solver", [optx.LevenbergMarquardt, optx.Dogleg, optx.GaussNewton])
def test_optimistix_solvers_reach_the_minimum_of_the_dense_problem(solver):
    small, data = small_problem()
    solution = optx.least_squares(
        residual,
        solver(rtol=1e-10, atol=1e-10),
        jnp.zeros_like(small.unknowns.start),
        small,
        has_aux=True,
        max_steps=300,
    )
    dense, _ = dense_residual(small.model(jnp.zeros_like(small.unknowns.start)), data)
    found = small.unknowns.parameters(solution.value)
    gradient, matrix = jax.grad(lambda v: jnp.sum(dense(v) ** 2) / 2)(found), jax.jacfwd(dense)(found)
    d = np.linalg.norm(matrix, axis=0)
    left = np.linalg.lstsq(matrix / d, np.asarray(dense(found)), rcond=1e-10)[0] / d
    assert float(-gradient @ left) ** 2 < 1e-6 or abs(float(gradient @ left)) < 1e-4


def test_the_solution_can_be_differentiated_through():
    """How the fitted parameters follow the data: the implicit adjoint against finite differences of whole fits."""
    small, _ = small_problem()
    direction = jnp.asarray(np.random.default_rng(3).normal(size=small.packed.values.shape)) * 1e-2

    def fitted(s):
        moved = eqx.tree_at(lambda p: p.packed.values, small, small.packed.values + s * direction)
        solution = optx.least_squares(
            residual, optx.LevenbergMarquardt(rtol=1e-13, atol=1e-13), jnp.zeros_like(small.unknowns.start), moved,
            has_aux=True, max_steps=300, adjoint=optx.ImplicitAdjoint(),
        )  # fmt: skip
        return small.unknowns.parameters(solution.value)

    fit = jax.jit(fitted)
    slope = jax.jit(jax.jacfwd(fitted))(0.0)
    numeric = (fit(1e-3) - fit(-1e-3)) / 2e-3
    np.testing.assert_allclose(slope, numeric, rtol=2e-3, atol=2e-3 * np.max(np.abs(numeric)))
