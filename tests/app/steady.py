"""Maps of a sample in steady motion, by numpy alone, and what went into them."""

import numpy as np

TRUTH = {"D0": 2.0e4, "gamma_dot_t0": 2.0e-4, "phi0": 20.0, "contrast": 0.3, "offset": 1.0}
Q, GAP, DT, FRAMES = 0.005, 2.0e6, 0.1, 40
PHI = np.array([10.0, 70.0, 110.0])
SIGMA = 0.005


def steady_maps(seed=3):
    """Maps of steady motion with white noise, by the equations and numpy alone: `(n_sector, n_t, n_t)`."""
    t = DT * np.arange(FRAMES)
    lag = np.abs(np.subtract.outer(t, t))
    y = Q * GAP / 2 * np.cos(np.radians(TRUTH["phi0"] - PHI))[:, None, None] * TRUTH["gamma_dot_t0"] * lag
    g1_squared = np.exp(-(Q**2) * TRUTH["D0"] * lag) * np.sinc(y / np.pi) ** 2
    noise = np.triu(SIGMA * np.random.default_rng(seed).standard_normal(g1_squared.shape), 1)
    return TRUTH["offset"] + TRUTH["contrast"] * g1_squared + noise + noise.swapaxes(1, 2)
