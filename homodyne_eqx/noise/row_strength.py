"""The strength of the residuals of single frames, beside that of drawn speckles."""

from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np

from .sector_noise import SectorNoise

_NEIGHBOURS = 4


@final
class RowStrength(NamedTuple):
    """The strength of the residuals of runs of frames, in units of the expected one, (n,), 1 for a good run; and its
    excess over 1 in standard deviations."""

    strength: np.ndarray
    deviations: np.ndarray

    def beyond(self, limit: float) -> list[int]:
        """Those of more than so many standard deviations that stand out from those beside them, too: a model that
        fails at some age makes neighbours strong as well."""
        return [k for k in np.flatnonzero(self.deviations > limit).tolist() if self._is_isolated(k)]

    def _is_isolated(self, k: int) -> bool:
        around = [j for j in range(max(k - _NEIGHBOURS, 0), min(k + _NEIGHBOURS + 1, len(self.strength))) if j != k]
        beside = np.median(self.strength[around]) if around else 1.0
        return bool(beside - 1 < 0.3 * (self.strength[k] - 1))


def row_strength(sectors: Sequence[SectorNoise], of: str) -> RowStrength:
    """The strength of the `runs`, or of single `frames`, averaged over sectors whose frames with data are the same."""
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
