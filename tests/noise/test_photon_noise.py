"""The photon noise of maps with missing pixels."""

import numpy as np
import pytest

from homodyne_eqx.noise.photon_noise import Residuals, photon_noise_of

N = 60
M = np.exp(-np.abs(np.subtract.outer(np.arange(N), np.arange(N))) / 10)


@pytest.mark.parametrize("rho", [0.05, 1.0])
def test_missing_pixels_are_not_taken_for_photons(rho):
    """Nor for the lack of them; zeros in their place look like some 0.15 of photon noise."""
    generator, found = np.random.default_rng(5), []
    root = np.linalg.cholesky(M + rho * np.eye(N))
    for _ in range(4):
        white = generator.standard_normal((N, N))
        there = np.tril(generator.random((N, N)) > 0.03, -1)
        there = there | there.T
        values = np.where(there, root @ (white + white.T) @ root.T, 0)
        found.append(photon_noise_of([Residuals(values, M, np.ones(N), there)]))
    assert np.mean(found) == pytest.approx(rho, rel=0.15)
