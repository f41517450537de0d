"""The weights that make the correlated noise of speckles independent, and the quadratic form that they give.

To leading order two pixels (i, j) and (k, l) of a map have noise of the covariance K_ik K_jl + K_il K_jk, with
K = M + ρ the correlation of intensities: M is the squared correlation of the field, ρ the noise of photons. The
diagonal of a map, where a frame is correlated with itself, is missing, which is not the same as zero: it is completed
such that it adds nothing.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, final

import numpy as np


@final
class Whitening(NamedTuple):
    """`W`: the inverse of K, (n, n); `root`: its symmetric root; `completion`: the inverse of W ∘ W."""

    W: np.ndarray
    root: np.ndarray
    completion: np.ndarray

    def weighted(self, values: np.ndarray) -> np.ndarray:
        """W X′ W of maps X (…, n, n), symmetric with diagonal 0; X′ is X with the diagonal for which that of the result
        is 0."""
        out = self.W @ values @ self.W
        missing = -np.diagonal(out, axis1=-2, axis2=-1) @ self.completion
        return out + (self.W * missing[..., None, :]) @ self.W

    def whitened(self, values: np.ndarray) -> np.ndarray:
        """√W X′ √W of a map X (n, n): noise of variance 1 on the pairs, 2 on the diagonal; half the sum of its squares
        is Σ X · W X′ W over the pairs."""
        missing = -np.diagonal(self.W @ values @ self.W) @ self.completion
        return self.root @ (values + np.diag(missing)) @ self.root


def whitening(K: np.ndarray) -> Whitening:
    """**Arguments:** `K`: (n, n), symmetric and positive definite."""
    values, vectors = np.linalg.eigh(K)
    values = np.maximum(values, 1e-12 * max(float(values[-1]), 1e-300))
    W = (vectors / values) @ vectors.T
    return Whitening(W, (vectors / np.sqrt(values)) @ vectors.T, np.linalg.inv(W * W))


def photon_noise_of(maps: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], lowest: float, highest: float) -> float:
    """ρ, the variance of photon noise in a frame in units of the contrast, of largest likelihood.

    The number of speckles is profiled, of each map. −2 log L = (n + 1) log det K + log det(W ∘ W) + m log Q, over the m
    pairs.

    **Arguments:** `maps`: of each `residual`, data − model, (n, n), symmetric, diagonal 0; `M`, (n, n); and `share`, by
    what ρ is multiplied in each frame, (n,), for frames that are averages of several; `lowest`, `highest`: the range of
    ρ.
    """
    likelihoods = [_likelihood(*each) for each in maps]

    def minus_twice_log(log_noise: float) -> float:
        return sum(likelihood(log_noise) for likelihood in likelihoods)

    grid = np.linspace(np.log(lowest), np.log(highest), 12)
    found = np.array([minus_twice_log(x) for x in grid])
    k = int(np.argmin(found))
    low, high = grid[max(k - 1, 0)], grid[min(k + 1, len(grid) - 1)]
    return float(np.exp(_smallest(minus_twice_log, low, high)))


def _likelihood(residual: np.ndarray, M: np.ndarray, share: np.ndarray) -> Callable[[float], float]:
    """−2 log L of log ρ but for a constant."""
    n = len(M)
    m = n * (n - 1) / 2
    scaled_M = M / np.sqrt(np.outer(share, share))
    scaled_residual = residual / np.sqrt(np.outer(share, share))
    values, vectors = np.linalg.eigh(scaled_M)
    values = np.maximum(values, 0)
    turned = vectors.T @ scaled_residual @ vectors
    log_scale = float(np.log(np.mean(turned**2) or 1.0))
    bordered = np.empty((n + 1, n + 1))

    def minus_twice_log(log_noise: float) -> float:
        inverse = 1 / (values + np.exp(log_noise))
        weighted = turned * np.outer(inverse, inverse)
        diagonal = np.sum((vectors @ weighted) * vectors, axis=1)
        W = (vectors * inverse) @ vectors.T
        bordered[:n, :n], bordered[n, :n], bordered[n, n] = W * W, diagonal, np.sum(turned * weighted)
        try:
            factor = np.linalg.cholesky(bordered)
        except np.linalg.LinAlgError:
            return np.inf
        log_pivots = 2 * np.log(np.diagonal(factor))  # the last one is that of Q
        log_det, log_form = float(np.sum(log_pivots[:n])), float(log_pivots[n])
        return -(n + 1) * float(np.sum(np.log(inverse))) + log_det + m * (log_form - log_scale)

    return minus_twice_log


def _smallest(function: Callable[[float], float], low: float, high: float, steps: int = 9) -> float:
    """Where a function of one minimum is smallest, by golden sections."""
    golden = (5**0.5 - 1) / 2
    a, b = high - golden * (high - low), low + golden * (high - low)
    at_a, at_b = function(a), function(b)
    for _ in range(steps):
        if at_a < at_b:
            high, b, at_b = b, a, at_a
            a = high - golden * (high - low)
            at_a = function(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + golden * (high - low)
            at_b = function(b)
    return (low + high) / 2
