"""χ² of every order and mode of differentiation, and contrast and offset in closed form."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from dense import dense_residual
from jax.flatten_util import ravel_pytree

import homodyne_eqx as hx
from homodyne_eqx.engine import with_best_scaling

pytestmark = pytest.mark.x64


def problem(n_t=8, seed=0):
    t = jnp.asarray(0.05 * np.arange(n_t))
    where = hx.Geometry(q=jnp.array([0.0054, 0.0054, 0.006]), t=t, phi=jnp.array([10.0, 60.0, 95.0]), gap=2e5)
    g1 = hx.Diffusion(hx.PowerLaw(3e4, -0.3, 1e3)) * hx.Shear(hx.PowerLaw(2e-2, 0.2, 1e-3), 10.0, hx.GapAverage())
    model = hx.TwoTimeModel(g1, hx.ContrastOffset(np.full(3, 0.3), np.full(3, 1.0)))
    g2 = np.asarray(model(where)) + 0.01 * np.random.default_rng(seed).normal(size=(3, n_t, n_t))
    start = eqx.tree_at(lambda m: m.g1.terms[1].phi0, model, jnp.asarray(14.0))
    return start, hx.TwoTimeData(g2, where, sigma=0.01)


def functions():
    model, data = problem()
    packed = hx.pack(data, size=3)
    residual, vector = dense_residual(model, data)
    _, unravel = ravel_pytree(eqx.filter(model, eqx.is_inexact_array))
    rest = eqx.filter(model, eqx.is_inexact_array, inverse=True)
    streamed = lambda v: hx.chi_squared(eqx.combine(unravel(v), rest), packed)  # noqa: E731
    return streamed, (lambda v: jnp.sum(residual(v) ** 2)), vector


@pytest.mark.parametrize(
    "derivative",
    [jax.grad, jax.jacfwd, jax.hessian, lambda f: jax.jacrev(jax.grad(f)), lambda f: jax.jacfwd(jax.jacfwd(f))],
    ids=["reverse", "forward", "forward over reverse", "reverse over reverse", "forward over forward"],
)
@pytest.mark.slow
def test_every_order_and_mode_of_derivative(derivative):
    streamed, dense, vector = functions()
    found, expected = jax.jit(derivative(streamed))(vector), jax.jit(derivative(dense))(vector)
    scale = np.sqrt(np.abs(np.diagonal(jax.hessian(dense)(vector))))
    scale = scale if expected.ndim == 1 else np.outer(scale, scale)
    np.testing.assert_allclose(found / scale, expected / scale, atol=1e-9 * np.max(np.abs(expected / scale)))


@pytest.mark.parametrize("derivative", [jax.grad, pytest.param(jax.jacfwd, marks=pytest.mark.slow)])
@pytest.mark.parametrize("sigma", [pytest.param(0.01, marks=pytest.mark.slow), "of each pixel"])
def test_it_is_quadratic_in_the_data_and_linear_in_their_weights(derivative, sigma):
    """For a quadratic, a central difference of any width is the derivative."""
    model, data = problem()
    if sigma == "of each pixel":
        sigma = np.random.default_rng(1).uniform(0.01, 0.02, data.shape)
        sigma = (sigma + sigma.transpose(0, 2, 1)) / 2
    packed = hx.pack(hx.TwoTimeData(data.c2, data.geometry, sigma=sigma), size=3)
    pattern = jnp.asarray(np.random.default_rng(2).normal(size=packed.values.shape))

    def of_data(s):
        return hx.chi_squared(model, eqx.tree_at(lambda p: p.values, packed, packed.values + s * pattern))

    def of_weights(s):
        return hx.chi_squared(model, eqx.tree_at(lambda p: p.weights, packed, packed.weights * s))

    np.testing.assert_allclose(jax.jit(derivative(of_data))(0.0), (of_data(0.5) - of_data(-0.5)), rtol=1e-9)
    np.testing.assert_allclose(jax.jit(derivative(of_weights))(1.0), hx.chi_squared(model, packed), rtol=1e-10)


def test_it_batches_over_models():
    streamed, dense, vector = functions()
    batch = jnp.stack([vector, vector * 1.01, vector * 0.98])
    np.testing.assert_allclose(jax.jit(jax.vmap(streamed))(batch), [dense(v) for v in batch], rtol=1e-10)


@pytest.mark.parametrize("shared", [False, True])
def test_best_scaling_is_the_linear_least_squares_solution(shared):
    model, data = problem()
    if shared:
        model = eqx.tree_at(lambda m: m.scaling, model, hx.ContrastOffset(0.3, 1.0))
    limits = jnp.array([[0.0, jnp.inf], [-jnp.inf, jnp.inf]])
    best = with_best_scaling(model, hx.pack(data), limits[:, 0], limits[:, 1])
    unit = eqx.tree_at(lambda m: m.scaling, model, hx.ContrastOffset(1.0, 0.0))
    M, c2 = np.asarray(unit(data.geometry)), np.asarray(data.c2)
    i, j = np.tril_indices(data.n_t, -1)
    M, d = M[:, i, j], (c2[:, i, j] + c2[:, j, i]) / 2
    if shared:
        M, d = M.reshape(1, -1), d.reshape(1, -1)
    for k, (m, y) in enumerate(zip(M, d, strict=True)):
        expected = np.linalg.lstsq(np.stack([m, np.ones_like(m)], axis=1), y, rcond=None)[0]
        found = [np.atleast_1d(best.scaling.contrast)[k], np.atleast_1d(best.scaling.offset)[k]]
        np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.slow
def test_best_scaling_respects_bounds():
    model, data = problem()
    packed = hx.pack(data)
    best = with_best_scaling(model, packed, jnp.array([0.0, 1.05]), jnp.array([0.2, jnp.inf]))
    assert np.all(np.asarray(best.scaling.contrast) <= 0.2)
    assert np.all(np.asarray(best.scaling.offset) >= 1.05)
    values = {
        (c, o): float(hx.chi_squared(eqx.tree_at(lambda m: m.scaling, model, hx.ContrastOffset(c, o)), packed))
        for c in np.linspace(0, 0.2, 9)
        for o in np.linspace(1.05, 1.2, 7)
    }
    assert float(hx.chi_squared(best, packed)) <= min(values.values()) * (1 + 1e-12)
