"""The weights that make the correlated noise of speckles independent, and the quadratic form that they give.

To leading order two pixels (i, j) and (k, l) of a map have noise of the covariance K_ik K_jl + K_il K_jk, with
K = M + ρ the correlation of intensities: M is the squared correlation of the field, ρ the noise of photons. The
diagonal of a map, where a frame is correlated with itself, is missing, which is not the same as zero: it is completed
such that it adds nothing.
"""

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
