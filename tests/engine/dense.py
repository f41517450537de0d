"""The same quantities from a dense map and a dense Jacobian: brute force to hold the engine against."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from homodyne_eqx import TwoTimeData


def folded_pairs(data: TwoTimeData):
    """For each sector: the pairs i > j with weight, their value and weight, one by one as the definition says."""
    everything = []
    for k in range(data.n_sector):
        value, weight = (x.astype(float) for x in data.weighted_map(k))
        i, j = np.tril_indices(data.n_t, -1)
        w1, w2 = weight[i, j], weight[j, i]
        total = w1 + w2
        keep = total > 0
        mean = (w1 * value[i, j] + w2 * value[j, i])[keep] / total[keep]
        times = (w1 > 0).astype(int) + (w2 > 0)
        everything.append((i[keep], j[keep], mean, (total / np.maximum(times, 1))[keep]))
    return everything


def dense_residual(model, data: TwoTimeData, free=eqx.is_inexact_array):
    """The residual of every pair as a function of the free parameters, and their values."""
    moving, rest = eqx.partition(model, free)
    vector, unravel = ravel_pytree(moving)
    pairs = folded_pairs(data)

    def residual(v):
        g2 = eqx.combine(unravel(v), rest)(data.geometry)
        return jnp.concatenate([(g2[k, i, j] - d) * np.sqrt(w) for k, (i, j, d, w) in enumerate(pairs)])

    return residual, vector


def dense_normal_equations(model, data: TwoTimeData, free=eqx.is_inexact_array):
    residual, vector = dense_residual(model, data, free)
    r, jacobian = jax.jit(lambda v: (residual(v), jax.jacfwd(residual)(v)))(vector)
    # A parameter that moves nothing (a phase that the intensity does not see) leaves rounding in its column: that is 0.
    effect = np.linalg.norm(jacobian, axis=0) * np.abs(vector)
    jacobian = jnp.where((effect > 1e-10 * effect.max())[None, :], jacobian, 0)
    return jacobian.T @ jacobian, jacobian.T @ r, r @ r


def assert_normal_equations_agree(found, expected, rtol):
    """Relative to the scale of each parameter: |N_pq| to √(N_pp N_qq), |g_p| to √(N_pp χ²)."""
    matrix, vector, chi2 = (np.asarray(x) for x in expected)
    length = np.sqrt(np.where(np.diagonal(matrix) > 0, np.diagonal(matrix), 1))
    np.testing.assert_allclose(
        np.asarray(found.matrix) / np.outer(length, length), matrix / np.outer(length, length), atol=rtol
    )
    scale = length * max(np.sqrt(chi2), 1)
    np.testing.assert_allclose(np.asarray(found.vector) / scale, vector / scale, atol=rtol)
    np.testing.assert_allclose(found.chi2, chi2, rtol=rtol)
