"""Steady diffusion and shear, four sectors, noisy maps simulated from the model itself."""

import equinox as eqx
import numpy as np

import homodyne_eqx as hx

SIGMA = 0.005
START = {"D0": 4e4, "gamma_dot_t0": 1.5e-3, "phi0": 14.0}
HELD = ["alpha", "D_offset", "beta", "gamma_dot_t_offset"]
CONTRAST = np.array([0.28, 0.3, 0.31, 0.27])


def model(**changed):
    values = {"D0": 3e4, "gamma_dot_t0": 2e-3, "phi0": 10.0, **dict.fromkeys(HELD, 0.0), **changed}
    return hx.laminar_flow(**values, contrast=CONTRAST, offset=np.ones(4), kernel=hx.GapAverage())


def simulated(n_t):
    where = hx.Geometry(q=0.0054, t=0.05 * np.arange(n_t), phi=np.array([95.0, 20.0, 150.0, 60.0]), gap=2e6)
    g2 = np.array(eqx.filter_jit(model())(where), dtype=float)
    noise = np.tril(np.random.default_rng(3).normal(size=g2.shape) * SIGMA, -1)
    return hx.TwoTimeData(g2 + noise + noise.transpose(0, 2, 1), where, sigma=SIGMA)
