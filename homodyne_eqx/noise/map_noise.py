"""Noise of whole two-time maps, drawn at random as that of finitely many speckles."""

import math
from typing import NamedTuple, final

import numpy as np

from .speckle_draws import SpeckleLaw

FEWEST_DRAWN, MOST_DRAWN = 64, 20_000
_AT_ONCE = 2048


@final
class MapNoise(NamedTuple):
    """The noise of the map of one sector.

    - `law`: how the intensity of a single speckle varies; `offset`: of g2;
    - `speckles`: how many independent ones make the map, > 0;
    - `expected`: c2/offset of infinitely many, (n_t, n_t).
    """

    law: SpeckleLaw
    offset: float
    speckles: float | int
    expected: np.ndarray

    def draw(self, generator: np.random.Generator) -> np.ndarray:
        """c2 − its expectation, (n_t, n_t), symmetric: c2 = offset · ⟨I_i I_j⟩/(⟨I_i⟩⟨I_j⟩) of simulated speckles.

        Between 64 and 20 000 speckles, to the next whole number, are simulated. Where the map has another number P of
        them, noise of n is multiplied by √(n/P). Of noise that does not follow the intensity, pairs are independent.
        The diagonal is that of a frame with itself, and no measured one.

        **Raises:** `ValueError` where a frame has no light on average, since its photons are too few.
        """
        if not self.law.follows_intensity:
            return self._independent(generator)
        n = int(min(max(round(self.speckles), FEWEST_DRAWN), MOST_DRAWN))
        n_t = len(self.law.factors)
        product, mean = np.zeros((n_t, n_t)), np.zeros(n_t)
        for first in range(0, n, _AT_ONCE):
            intensity = 1 + self.law.draw(generator, min(_AT_ONCE, n - first))
            product += intensity @ intensity.T
            mean += np.sum(intensity, axis=1, dtype=float)
        if np.any(mean <= 0):
            raise ValueError(
                f"{n} speckles with photon noise of {self.law.photon_noise:.3g} times their own leave a frame without "
                "light. Pass more speckles, or average frames of the data."
            )
        c2 = product * n / np.outer(mean, mean)
        return self.offset * math.sqrt(n / self.speckles) * (c2 - self.expected)

    def _independent(self, generator: np.random.Generator) -> np.ndarray:
        n_t = len(self.law.factors)
        spread = abs(self.offset) * self.law.contrast * self.law.photon_noise / math.sqrt(self.speckles)
        lower = np.tril(spread * generator.standard_normal((n_t, n_t)), -1)
        return lower + lower.T


def map_noise(law: SpeckleLaw, offset: float, speckles: float | int) -> MapNoise:
    """**Arguments:** as the fields of `MapNoise`."""
    product = np.abs(law.factors @ np.conj(law.factors).T).astype(np.float32)
    share = float(np.sum(law.shares**2))
    return MapNoise(law, offset, speckles, 1 + (share * product**2 if law.shares.size else law.factors @ law.factors.T))
