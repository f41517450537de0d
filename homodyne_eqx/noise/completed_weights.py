"""Weights for the correlated noise of a map of which pixels are missing, its diagonal always among them."""

from typing import NamedTuple, final

import numpy as np

_MOST_ITERATIONS = 40
_CLOSE = 1e-4


@final
class CompletedWeights(NamedTuple):
    """W X′ W of maps X: what is missing in X is completed such that W X′ W is 0 there.

    - `W`: the inverse of K, (n, n); `completion`: the inverse of W ∘ W;
    - `missing`: which pixels are, the diagonal included, (n, n), or `None` where it is the diagonal alone.
    """

    W: np.ndarray
    completion: np.ndarray
    missing: np.ndarray | None

    def of(self, X: np.ndarray) -> np.ndarray:
        """W X′ W, (n, n), symmetric but for rounding, 0 where pixels are missing.

        **Arguments:** `X`: (n, n), symmetric, 0 where pixels are missing.
        """
        left = self.W @ X
        completed = -self.completion @ np.einsum("ij,ij->i", left, self.W)
        left += self.W * completed
        out = left @ self.W
        if self.missing is None:
            np.fill_diagonal(out, 0)
            return out
        return np.where(self.missing, 0, self._without(out))

    def _without(self, out: np.ndarray) -> np.ndarray:
        """W (X′ + D) W from W X′ W, D of the missing pixels alone, by conjugate gradients, until what is left there is
        a ten-thousandth."""
        rest = np.where(self.missing, -out, 0)
        first = np.linalg.norm(rest)
        along = scaled = self._scaled(rest)
        size = np.sum(rest * scaled, dtype=float)
        for _ in range(_MOST_ITERATIONS):
            if size <= 0 or np.linalg.norm(rest) <= _CLOSE * first:
                break
            whole = self.W @ along @ self.W
            share = out.dtype.type(size / np.sum(along * whole, dtype=float))
            out = out + share * whole
            rest = rest - share * np.where(self.missing, whole, 0)
            scaled = self._scaled(rest)
            size, before = np.sum(rest * scaled, dtype=float), size
            along = scaled + out.dtype.type(size / before) * along
        return (out + out.T) / 2

    def _scaled(self, rest: np.ndarray) -> np.ndarray:
        """The values that would complete the diagonal alone, or one other pixel alone."""
        w = np.diagonal(self.W)
        scaled = rest / (np.outer(w, w) + self.W**2)
        np.fill_diagonal(scaled, self.completion @ np.diagonal(rest))
        return scaled


def completed_weights(M: np.ndarray, photons: np.ndarray, present: np.ndarray, dtype: type) -> CompletedWeights:
    """Weights for K = M + photons, inverted in double precision.

    **Arguments:** `M`: the squared correlation of the field, (n, n); what of it no field can have (negative
    eigenvalues) is left out; `photons`: the variance of the noise of each frame in units of the contrast, (n,), > 0;
    `present`: which pairs carry data, (n, n); `dtype`: of the products.
    """
    W = _inverse(M + np.diag(photons), float(np.min(photons)))
    missing = ~present | np.eye(len(M), dtype=bool)
    only_diagonal = np.count_nonzero(missing) == len(M)
    completion = np.linalg.inv(W * W)
    return CompletedWeights(W.astype(dtype), completion.astype(dtype), None if only_diagonal else missing)


def _inverse(K: np.ndarray, least: float) -> np.ndarray:
    try:
        np.linalg.cholesky(K - 0.5 * least * np.eye(len(K)))
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(K)
        return (vectors / np.maximum(values, least)) @ vectors.T
    inverse = np.linalg.inv(K)
    return (inverse + inverse.T) / 2
