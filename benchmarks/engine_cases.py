"""The simulated data of the benchmarks: sheared, with contrast and offset of their own in every sector."""

import numpy as np

TRUTH = {
    "D0": 1000.0,
    "alpha": -0.5,
    "D_offset": 10.0,
    "gamma_dot_t0": 0.01,
    "beta": 0.2,
    "gamma_dot_t_offset": 0.001,
    "phi0": 5.0,
}
START = {
    "D0": 1300.0,
    "alpha": -0.35,
    "D_offset": 13.0,
    "gamma_dot_t0": 0.007,
    "beta": 0.26,
    "gamma_dot_t_offset": 0.0007,
    "phi0": 6.5,
}
Q, GAP, DT, SIGMA = 0.0054, 2.0e6, 0.1, 0.01


def sectors(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Azimuths, contrasts and offsets of n sectors; one is nearly perpendicular to the flow."""
    k = np.arange(n)
    phi = np.sort((94 + 180 * k / n) % 180)
    return phi, 0.30 * (1 + 0.04 * np.cos(2 * np.pi * k / n + 0.3)), 1 + 0.02 * np.sin(2 * np.pi * k / n + 0.7)


def with_noise(c2: np.ndarray, seed: int = 0) -> np.ndarray:
    """Symmetric Gaussian noise of SIGMA, added in place."""
    rng = np.random.default_rng(seed)
    for k in range(len(c2)):
        noise = np.tril(SIGMA * rng.standard_normal(c2[k].shape), -1)
        c2[k] += (noise + noise.T).astype(c2.dtype)
    return c2
