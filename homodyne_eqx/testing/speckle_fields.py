"""Two-time maps from simulated speckle fields: no model of noise, no model of the map."""

import math
from collections.abc import Sequence

import numpy as np


def speckle_maps(
    fields: Sequence[np.ndarray],
    n_speckles: int,
    seed: int,
    *,
    n_modes: int = 1,
    photons: float | None = None,
) -> np.ndarray:
    """c2 = ⟨I_i I_j⟩/(⟨I_i⟩⟨I_j⟩) over the speckles of each sector, (n_sector, n_t, n_t).

    The field of a speckle is a complex Gaussian process in the frames; its intensity is averaged over modes.

    **Arguments:**

    - `fields`: the correlation of the field of each sector, (n_t, n_t), Hermitian, 1 on its diagonal;
    - `n_speckles`: of each sector; `n_modes`: the contrast is 1/n_modes;
    - `photons`: detected by a speckle in a frame, on average; `None` for so many that they add no noise.

    **Raises:** `ValueError` for a matrix that is no correlation of a field.
    """
    generator, maps = np.random.default_rng(seed), []
    for field in fields:
        intensity = speckle_intensities(field, n_speckles, generator, n_modes=n_modes, photons=photons)
        mean = np.mean(intensity, axis=1)
        maps.append(intensity @ intensity.T / n_speckles / np.outer(mean, mean))
    return np.stack(maps)


def speckle_intensities(
    field: np.ndarray,
    n_speckles: int,
    generator: np.random.Generator,
    *,
    n_modes: int = 1,
    photons: float | None = None,
) -> np.ndarray:
    """The intensities of speckles over the frames, of mean 1, (n_t, n_speckles); arguments as of `speckle_maps`."""
    values, vectors = np.linalg.eigh(np.asarray(field))
    if values[0] < -1e-6 * max(values[-1], 1e-300):
        raise ValueError(f"The correlation of a field has the eigenvalue {values[0]:.3g}; expected none below 0.")
    root = vectors * np.sqrt(np.maximum(values, 0))
    intensity = np.zeros((len(root), n_speckles))
    for _ in range(n_modes):
        real, imaginary = generator.standard_normal((2, len(root), n_speckles)) / math.sqrt(2)
        intensity += np.abs(root @ (real + 1j * imaginary)) ** 2 / n_modes
    return intensity if photons is None else generator.poisson(intensity * photons) / photons
