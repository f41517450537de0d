"""Maps of simulated speckles that age, flash, or are normalised by the mean of all frames."""

import numpy as np

from homodyne_eqx.testing import speckle_intensities


def intensities(rng, n_t, decay, speckles, modes=1, photons=None, age=0.0):
    """`(n_t, speckles)` of mean 1. The field correlation falls by a factor e in `decay` frames at the middle of the run
    and at a rate ∝ age^`age` elsewhere; `photons`: mean number of photons a speckle, or `None` for no shot noise."""
    rate = ((np.arange(n_t - 1) + 0.5) / (n_t / 2)) ** age / decay
    decayed = np.concatenate([[0.0], np.cumsum(rate)])
    field = np.exp(-np.abs(np.subtract.outer(decayed, decayed)))
    return speckle_intensities(field, speckles, rng, n_modes=modes, photons=photons)


def correlated(intensity, by_frame=True):
    """⟨I_i I_j⟩ over the speckles, divided by ⟨I_i⟩⟨I_j⟩, or by the square of the mean over all frames."""
    mean = intensity.mean(1)
    product = intensity @ intensity.T / intensity.shape[1]
    return product / (np.outer(mean, mean) if by_frame else mean.mean() ** 2)


def speckle_maps(seed, n_sector=1, n_t=90, decay=10.0, speckles=1000, by_frame=True, brightness=1.0, **of):
    """Maps of `n_sector` independent sectors, `(n_sector, n_t, n_t)`; `brightness` of each frame."""
    rng = np.random.default_rng(seed)
    bright = np.broadcast_to(brightness, n_t)[:, None]
    return np.stack(
        [correlated(bright * intensities(rng, n_t, decay, speckles, **of), by_frame) for _ in range(n_sector)]
    )
