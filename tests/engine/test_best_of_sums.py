"""The best contrast and offset from sums over pairs, within bounds, against bounded linear least squares."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import lsq_linear

from homodyne_eqx.engine.best_scaling import ScalingSums, best_of_sums


def pairs(seed=0, n=200):
    rng = np.random.default_rng(seed)
    M = rng.random((2, n))
    values = np.array([[1.1], [0.9]]) + np.array([[0.3], [0.2]]) * M + 0.01 * rng.standard_normal((2, n))
    return M, values, rng.random((2, n)) + 0.5


def sums(M, values, weights):
    over = lambda x: jnp.asarray(np.sum(weights * x, axis=1))  # noqa: E731
    return ScalingSums(over(np.ones_like(M)), over(M), over(M * M), over(values), over(M * values))


def found(limits, shape):
    M, values, weights = pairs()
    low, high = (jnp.asarray(x) for x in np.array(limits, float).T)
    return best_of_sums(sums(M, values, weights), jnp.ones(shape), jnp.ones(shape), low, high)


def expected(limits, of_sector):
    M, values, weights = (np.concatenate([x[k] for k in of_sector]) for x in pairs())
    root = np.sqrt(weights)
    matrix = root[:, None] * np.stack([M, np.ones_like(M)], axis=1)
    return lsq_linear(matrix, root * values, bounds=np.array(limits, float).T, tol=1e-12).x


@pytest.mark.x64
@pytest.mark.parametrize(
    "limits",
    [
        [(-np.inf, np.inf), (-np.inf, np.inf)],
        [(0.0, 0.15), (-np.inf, np.inf)],
        [(0.35, 1.0), (-np.inf, np.inf)],
        [(0.0, np.inf), (1.12, np.inf)],
        [(0.0, np.inf), (-np.inf, 0.85)],
    ],
    ids=["free", "contrast below", "contrast above", "offset above", "offset below"],
)
def test_it_is_that_of_bounded_least_squares(limits):
    for k in range(2):
        np.testing.assert_allclose([x[k] for x in found(limits, 2)], expected(limits, [k]), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found(limits, ()), expected(limits, [0, 1]), rtol=1e-6)


@pytest.mark.x64
def test_data_that_do_not_decay_have_the_least_contrast_allowed():
    M, values, weights = pairs()
    flat = sums(np.full_like(M, 0.5), values, weights)
    mean = np.average(values, axis=1, weights=weights)
    contrast, offset = best_of_sums(flat, jnp.ones(2), jnp.ones(2), jnp.array([0.1, -np.inf]), jnp.array([1.0, np.inf]))
    np.testing.assert_allclose(contrast, 0.1)
    np.testing.assert_allclose(offset, mean - 0.05)
