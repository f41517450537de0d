"""Residuals that lie elsewhere in the map than the noise does."""

from collections.abc import Iterator

import numpy as np

from ...noise.lag_scores import LagScores
from ..result.summary_row import Remedy
from .finding import Finding, Kind

_NEAR, _NEAR_BY = 5.0, 1.5
_ADDITIVE = 5.0
_SMOOTH, _SMOOTH_IN_SECTOR = 6.0, 9.0


def lag_findings(scores: LagScores) -> Iterator[Finding]:
    """Residuals that are smoother than noise, alike over a frame, or elsewhere than the noise."""
    near, smooth, additive = (_together(of) for of in (scores.near, scores.smooth, scores.additive))
    uneven = max(smooth / _SMOOTH, float(np.max(scores.smooth)) / _SMOOTH_IN_SECTOR)
    if additive > _ADDITIVE and uneven > 1:
        text = (
            "the residual is a sum of one number for each of the two frames, as hot pixels or other static intensity "
            "cause it: mask such pixels before c2 is computed."
        )
        yield Finding(Kind.STATIC, text, additive / _ADDITIVE, sector=int(np.argmax(scores.additive)))
    if abs(near) > _NEAR and not 1 / _NEAR_BY < scores.near_ratio < _NEAR_BY:
        text = (
            f"near the diagonal the residuals are {scores.near_ratio:.2g} times as large as expected there: "
            "the model does not describe the decay."
        )
        k = int(np.argmax(np.abs(scores.near)))
        yield Finding(Kind.UNSPECIFIC, text, abs(near) / _NEAR, (Remedy("other_model"),), k)
    if uneven > 1:
        k = int(np.argmax(scores.smooth))
        text = (
            f"the residuals are smoother than noise, in sector {k} by {float(scores.smooth[k]):.3g} standard "
            "deviations: the model does not describe the data."
        )
        yield Finding(Kind.UNSPECIFIC, text, uneven, (Remedy("other_starts"), Remedy("other_model")), k)


def worst_in_sector(scores: LagScores) -> np.ndarray:
    """The largest deviation of each sector, in units of its limit, (n_sector,)."""
    of_each = np.abs(scores.near) / _NEAR, scores.smooth / _SMOOTH_IN_SECTOR, scores.additive / _ADDITIVE
    return np.max(of_each, axis=0)


def _together(deviations: np.ndarray) -> float:
    """The deviation of all sectors together, in standard deviations."""
    return float(np.sum(deviations) / np.sqrt(len(deviations)))
