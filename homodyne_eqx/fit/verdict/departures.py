"""Ways in which sectors differ from the model, which a weighted fit brings to light."""

from collections.abc import Iterator

import numpy as np

from ...noise.directions import DEPARTURES
from ...noise.weighted_fit import WeightedFit
from ..result.summary_row import Remedy
from .finding import Finding, Kind

LIMIT_IN_SECTOR = 6.0
_LIMIT_OF_ALL = 5.0
_GUARD = 4.0
_LEAST_DIRECTIONS = 5
_LEFT_BY_DIRECTION = 0.15
_WORDS = {
    "contrast": ("contrast is larger", "contrast is smaller"),
    "offset": ("offset is larger", "offset is smaller"),
    "rate": ("decay is faster", "decay is slower"),
    "stretching": ("decay is more compressed", "decay is more stretched"),
    "ageing": ("decay quickens more with the age of the sample", "decay slows more with the age of the sample"),
    "fading": ("contrast grows more with the age of the sample", "contrast falls more with the age of the sample"),
}
_REMEDIES = {
    "contrast": Remedy("scaling_by_sector"),
    "offset": Remedy("scaling_by_sector"),
    "rate": Remedy("other_model"),
    "stretching": Remedy("stretched"),
    "ageing": Remedy("changing_rates"),
    "fading": Remedy("other_model"),
}


def departure_findings(weighted: WeightedFit, directions: np.ndarray | None) -> Iterator[Finding]:
    """Findings on the sector that differs most in its own way, and on a difference that all sectors share.

    **Arguments:** `directions`: azimuths of the sectors, degrees, where the model does not depend on them, else `None`.
    """
    by_sector, common = weighted.departures, weighted.common_departures
    size = np.nan_to_num(np.abs(by_sector))
    k, which = np.unravel_index(np.argmax(size), size.shape)
    if size[k, which] > LIMIT_IN_SECTOR:
        over = float(size[k, which] / LIMIT_IN_SECTOR)
        if directions is not None and _follow_direction(by_sector, directions):
            text = "the residual depends on the direction φ, and the model does not: try laminar flow."
            yield Finding(Kind.DIRECTION, text, over, (Remedy("flow"),), int(k))
        else:
            name = DEPARTURES[which]
            said = _WORDS[name][int(by_sector[k, which] < 0)]
            text = f"in sector {k} the {said} than the model says, by {size[k, which]:.3g} standard deviations."
            yield Finding(Kind.SECTOR, text, over, (_REMEDIES[name],), int(k))
    size = np.nan_to_num(np.abs(common))
    which = int(np.argmax(size))
    if size[which] > _LIMIT_OF_ALL:
        name = DEPARTURES[which]
        said = _WORDS[name][int(common[which] < 0)]
        text = f"the {said} than the model says, by {size[which]:.3g} standard deviations."
        yield Finding(Kind.EVERYWHERE, text, float(size[which] / _LIMIT_OF_ALL), (_REMEDIES[name],))


def guard_findings(weighted: WeightedFit) -> Iterator[Finding]:
    """Whether weights for correlated noise lead to other parameters than equal weights."""
    distance, degrees = weighted.guard()
    limit = chi2_limit(degrees)
    if degrees and distance > limit:
        text = (
            "weights for the near and for the far lags lead to different parameters "
            f"(χ² {distance:.3g} of {degrees} degrees of freedom): the model does not describe the decay."
        )
        yield Finding(Kind.UNSPECIFIC, text, distance / limit, (Remedy("other_model"),))


def _follow_direction(by_sector: np.ndarray, phi: np.ndarray) -> bool:
    """Whether a departure is large and, from sector to sector, a constant with cos 2φ and sin 2φ."""
    if len(np.unique(np.round(np.mod(phi, 180), 3))) < _LEAST_DIRECTIONS:
        return False
    angle = 2 * np.deg2rad(phi)
    basis = np.stack([np.ones_like(angle), np.cos(angle), np.sin(angle)], axis=1)
    for column in by_sector.T:
        if np.any(np.isnan(column)) or np.max(np.abs(column)) < LIMIT_IN_SECTOR:
            continue
        left = column - basis @ np.linalg.lstsq(basis, column, rcond=None)[0]
        if np.sum(left**2) < _LEFT_BY_DIRECTION * np.sum((column - np.mean(column)) ** 2):
            return True
    return False


def chi2_limit(degrees: int) -> float:
    """The value that χ² of so many degrees of freedom exceeds once in 30 000 times (Wilson and Hilferty)."""
    part = 2 / (9 * max(degrees, 1))
    return degrees * (1 - part + _GUARD * np.sqrt(part)) ** 3
