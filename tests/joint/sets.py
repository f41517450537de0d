"""Two data sets of other shape, q and frame time with one diffusion, and white noise."""

import jax.numpy as jnp
import numpy as np

import homodyne_eqx as hx

RATE, SIGMA = 4e3, 0.02
FIRST = {"q": np.array([0.01, 0.02]), "t": 0.1 * np.arange(24), "contrast": 0.3, "seed": 1}
SECOND = {"q": np.array([0.015]), "t": 0.05 * np.arange(36), "contrast": 0.25, "seed": 2}


def data_set(q, t, contrast, seed, rate=RATE):
    tau = np.abs(t[:, None] - t[None])
    c2 = np.stack([1 + contrast * np.exp(-(k**2) * rate * tau) for k in q])
    noise = np.tril(np.random.default_rng(seed).normal(size=c2.shape) * SIGMA, -1)
    return hx.TwoTimeData(c2 + noise + noise.transpose(0, 2, 1), hx.Geometry(q=q, t=t), sigma=SIGMA)


def model(rate=3e3, n_sector=2):
    scaling = hx.ContrastOffset(jnp.full(n_sector, 0.2), jnp.full(n_sector, 1.1))
    return hx.TwoTimeModel(hx.Diffusion(rate), scaling)


def dense_residual(sets, x, rows=()):
    """(g2 − data)/σ over all pairs i > j of both sets, of x = (rate, contrasts and offsets set by set)."""
    found, at = [], 1
    for data in sets:
        t, q = np.asarray(data.geometry.t, float), np.asarray(data.geometry.q, float)
        i, j = np.tril_indices(len(t), -1)
        contrast, offset = x[at : at + len(q)], x[at + len(q) : at + 2 * len(q)]
        at += 2 * len(q)
        for k, one in enumerate(q):
            g2 = offset[k] + contrast[k] * np.exp(-(one**2) * x[0] * (t[i] - t[j]))
            found.append((g2 - np.asarray(data.c2[k], float)[i, j]) / SIGMA)
    return np.concatenate([*found, [row(x) for row in rows]])
