"""Weights of maps with missing pixels against the inverse of the covariance of the pixels that are there."""

import numpy as np
import pytest

from homodyne_eqx.noise.completed_weights import completed_weights

N = 12
LAG = np.abs(np.subtract.outer(np.arange(N), np.arange(N)))
M = np.exp(-0.25 * LAG)


def present(n_missing):
    """All pairs but the diagonal and so many others."""
    there = LAG > 0
    pairs = np.column_stack(np.tril_indices(N, -1))
    for i, j in np.random.default_rng(0).permutation(pairs)[:n_missing]:
        there[i, j] = there[j, i] = False
    return there


def by_brute_force(X, K, there):
    i, j = np.nonzero(np.tril(there, -1))
    covariance = K[np.ix_(i, i)] * K[np.ix_(j, j)] + K[np.ix_(i, j)] * K[np.ix_(j, i)]
    out = np.zeros_like(K)
    out[i, j] = np.linalg.solve(covariance, X[i, j])
    return out + out.T


@pytest.mark.parametrize(("n_missing", "tolerance"), [(0, 1e-9), (7, 2e-3), (30, 2e-3)])
def test_missing_pixels_are_those_of_a_marginal_covariance(n_missing, tolerance):
    there, photons = present(n_missing), np.linspace(0.05, 0.4, N)
    X = np.random.default_rng(1).standard_normal((N, N))
    X = np.where(there, X + X.T, 0)
    found = completed_weights(M, photons, there, np.float64).of(X)
    expected = by_brute_force(X, M + np.diag(photons), there)
    np.testing.assert_allclose(found, expected, atol=tolerance * np.max(np.abs(expected)))
    assert np.all(found[~there] == 0)


def test_single_precision_is_close():
    there, photons = present(5), np.full(N, 0.02)
    X = np.where(there, np.cos(0.3 * LAG), 0)
    double, single = (completed_weights(M, photons, there, kind).of(X.astype(kind)) for kind in (float, np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, double, atol=3e-3 * np.max(np.abs(double)))


def test_what_no_field_can_have_is_left_out():
    """A negative eigenvalue of M does not make a weight negative, or huge."""
    odd = M.copy()
    odd[0, 1] = odd[1, 0] = 1.6
    W = completed_weights(odd, np.full(N, 0.05), LAG > 0, np.float64).W
    values = np.linalg.eigvalsh(W)
    assert values[0] > 0
    assert values[-1] < 1.01 / 0.05
