"""Weights for correlated noise: the completed diagonal, the quadratic form, the photon noise that they find."""

import numpy as np
import pytest

from homodyne_eqx.noise.photon_noise import Residuals, photon_noise_of
from homodyne_eqx.noise.whitening import whitening

N = 8
LAG = np.abs(np.subtract.outer(np.arange(N), np.arange(N)))


def noise_of_map(generator, K, n=1):
    """Symmetric maps with the covariance K_ik K_jl + K_il K_jk, diagonal 0."""
    root = np.linalg.cholesky(K)
    white = generator.standard_normal((n, len(K), len(K)))
    symmetric = (white + np.swapaxes(white, 1, 2)) / np.sqrt(2)
    return (root @ symmetric @ root.T) * (1 - np.eye(len(K)))


def test_the_form_is_the_least_over_all_values_of_the_diagonal():
    white = whitening(np.exp(-0.3 * LAG) + 0.1 * np.eye(N))
    X = noise_of_map(np.random.default_rng(0), np.exp(-0.3 * LAG) + 0.1 * np.eye(N))[0]
    weighted = white.weighted(X)
    np.testing.assert_allclose(np.diagonal(weighted), 0, atol=1e-9 * np.max(np.abs(weighted)))
    form = np.sum(X * weighted) / 2
    np.testing.assert_allclose(np.sum(white.whitened(X) ** 2) / 2, form, rtol=1e-9)

    def full(diagonal):
        whole = X + np.diag(diagonal)
        return np.trace(white.W @ whole @ white.W @ whole) / 2

    # A least-squares problem in the diagonal: its minimum by solving for a zero gradient from differences.
    basis, zero = np.eye(N), full(np.zeros(N))
    linear = np.array([(full(e) - full(-e)) / 2 for e in basis])
    quadratic = np.array([[full(a + b) - full(a) - full(b) + zero for b in basis] for a in basis])
    best = -np.linalg.solve(quadratic, linear)
    np.testing.assert_allclose(form, full(best), rtol=1e-9)
    assert form < zero


def test_each_pair_counts_one_on_average():
    """Over noise of the covariance that the weights are made for, the form is the number of pairs."""
    K = np.exp(-0.2 * LAG) + 0.05 * np.eye(N)
    white, X = whitening(K), noise_of_map(np.random.default_rng(2), K, 4000)
    forms = np.sum(X * white.weighted(X), axis=(-2, -1)) / 2
    np.testing.assert_allclose(np.mean(forms), N * (N - 1) / 2, rtol=0.02)


@pytest.mark.parametrize("rho", [0.05, 0.5, 5.0, 50.0])
def test_photon_noise_is_found(rho):
    n = 60
    M = np.exp(-np.abs(np.subtract.outer(np.arange(n), np.arange(n))) / 8)
    maps = noise_of_map(np.random.default_rng(4), M + rho * np.eye(n), 5) * 0.03
    found = [photon_noise_of([Residuals(X, M, np.ones(n), ~np.eye(n, dtype=bool))]) for X in maps]
    assert abs(np.median(np.log(np.array(found) / rho))) < 0.3
