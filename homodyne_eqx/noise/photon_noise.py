"""The noise of photons beside that of speckles, from the residuals of a map."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, final

import numpy as np

from .completed_weights import completed_weights
from .directions import without_diagonal

PHOTON_NOISE = (1e-4, 1e5)
"""The range of ρ."""
LEAST_IN_WEIGHTS = 0.01
_FIRST_GUESS = 0.05
_TIMES = 4


@final
class Residuals(NamedTuple):
    """The residuals of a map.

    - `residual`: data − model, (n, n), symmetric, 0 on the diagonal and where data are missing; `M`: (n, n);
    - `share`: the factor of ρ in each frame, (n,), for frames that are averages of several;
    - `there`: where there are data, (n, n), False on the diagonal.
    """

    residual: np.ndarray
    M: np.ndarray
    share: np.ndarray
    there: np.ndarray

    @property
    def is_whole(self) -> bool:
        """Whether nothing but the diagonal is missing."""
        return bool(np.count_nonzero(self.there) == len(self.M) * (len(self.M) - 1))

    def window(self, frames: slice) -> "Residuals":
        """The values of some frames."""
        return Residuals(
            self.residual[frames, frames], self.M[frames, frames], self.share[frames], self.there[frames, frames]
        )


def photon_noise_of(maps: Sequence[Residuals]) -> float:
    """ρ, the variance of photon noise in a frame in units of the contrast, of largest likelihood.

    The number of speckles is profiled, of each map. −2 log L = (n + 1) log det K + log det(W ∘ W) + m log Q, over the m
    pairs. Where pixels are missing, the logarithm of what each adds to W ⊗ W stands beside these, and Q is that of the
    residuals with their expectation there. As that depends on ρ, the search is made four times.
    """
    found = _FIRST_GUESS
    for _ in range(1 if all(each.is_whole for each in maps) else _TIMES):
        found = _of_largest_likelihood([_likelihood(each, found) for each in maps])
    return found


def _of_largest_likelihood(likelihoods: list[Callable[[float], float]]) -> float:
    """ρ where the sum of −2 log L is smallest."""

    def minus_twice_log(log_noise: float) -> float:
        return sum(likelihood(log_noise) for likelihood in likelihoods)

    grid = np.linspace(*np.log(PHOTON_NOISE), 12)
    found = np.array([minus_twice_log(x) for x in grid])
    k = int(np.argmin(found))
    low, high = grid[max(k - 1, 0)], grid[min(k + 1, len(grid) - 1)]
    return float(np.exp(_smallest(minus_twice_log, low, high)))


def _likelihood(seen: Residuals, guess: float) -> Callable[[float], float]:
    """−2 log L of log ρ but for a constant. **Arguments:** `guess`: of ρ, for what is missing."""
    n, M, share = len(seen.M), seen.M, seen.share
    residual = seen.residual if seen.is_whole else _filled(seen, guess)
    rows, columns = np.nonzero(np.tril(~seen.there, -1))
    m = n * (n - 1) / 2 - rows.size
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
        w = np.diagonal(W)
        log_det += float(np.sum(np.log(w[rows] * w[columns] + W[rows, columns] ** 2)))
        return -(n + 1) * float(np.sum(np.log(inverse))) + log_det + m * (log_form - log_scale)

    return minus_twice_log


def _smallest(function: Callable[[float], float], low: float, high: float, steps: int = 9) -> float:
    """The place of the minimum of a function with one minimum, by golden sections."""
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


def _filled(seen: Residuals, photon_noise: float) -> np.ndarray:
    """The residuals with the expectation of what is missing, given what is there; the diagonal stays 0."""
    photons = max(photon_noise, LEAST_IN_WEIGHTS) * seen.share
    K = seen.M + np.diag(photons)
    completed = K @ completed_weights(seen.M, photons, seen.there, np.float64).of(seen.residual) @ K
    return without_diagonal(np.where(seen.there, seen.residual, completed))
