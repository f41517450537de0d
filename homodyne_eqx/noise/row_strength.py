"""How strong the residuals of single frames are, beside those of drawn speckles."""

from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np

from .sector_noise import SectorNoise

_NEIGHBOURS = 4


@final
class RowStrength(NamedTuple):
    """How strong the residuals of runs of frames are, in units of what is expected, (n,), 1 for a good one; and in how
    many standard deviations it is above 1."""

    strength: np.ndarray
    deviations: np.ndarray

    @property
    def isolated(self) -> np.ndarray:
        """Which stand out from those beside them, (n,): a model that fails at some age makes neighbours strong, too."""
        n = len(self.strength)
        beside = np.empty(n)
        for k in range(n):
            around = [j for j in range(max(k - _NEIGHBOURS, 0), min(k + _NEIGHBOURS + 1, n)) if j != k]
            beside[k] = np.median(self.strength[around]) if around else 1.0
        return beside - 1 < 0.3 * (self.strength - 1)


def row_strength(sectors: Sequence[SectorNoise], of: str) -> RowStrength:
    """Of the `runs`, or of single `frames`, averaged over the sectors."""
    strengths, drawn = [], []
    for sector in sectors:
        found, blocks = (getattr(signs, of) for signs in (sector.found, sector.drawn))
        if of == "frames":
            found, blocks = found[sector.frames], blocks[:, sector.frames]
        expected = np.maximum(np.mean(blocks, axis=0), 1e-300)
        strengths.append(_over_median(found / expected))
        drawn.append(_over_median(blocks / expected))
    spread = max(float(np.std(np.mean(drawn, axis=0))), 1e-300)
    strength = np.mean(strengths, axis=0)
    return RowStrength(strength, (strength - 1) / spread)


def _over_median(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.median(rows, axis=-1, keepdims=True), 1e-300)
