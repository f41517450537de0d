"""Fits to pairs and one-time data as curves over the lag, one for each sector."""

from dataclasses import dataclass
from typing import final

import numpy as np

from ...data import OneTimeData, PairData
from ...data.stored_pairs import FittedPairs
from ...fit import FitResult
from ...fit.result.sectors import SectorFit
from .lag_means import LagMeans

_MOST_LAGS = 60


@final
@dataclass(frozen=True)
class SectorLags:
    """One sector, ready to draw: g2 and model over the lag, as means over all ages."""

    sector: SectorFit
    lags: LagMeans


def has_pairs(result: FitResult) -> bool:
    """Whether pairs or one-time data were fitted."""
    return isinstance(result.data, PairData | OneTimeData)


def rates_change(result: FitResult) -> bool:
    """Whether rates over time are worth showing: one-time data hold no times."""
    return bool(result.curves()) and not isinstance(result.data, OneTimeData)


def lag_curves(result: FitResult) -> tuple[SectorLags, ...]:
    """The curves of all sectors. **Raises:** `ValueError` where other data were fitted."""
    fitted = result.fitted_pairs
    return tuple(SectorLags(sector, _means(fitted.of_sector(sector.index))) for sector in result.sectors)


def _means(own: FittedPairs) -> LagMeans:
    """Means over values of one lag, weighted by 1/sigma²; of more than sixty lags over bins of equal width in log lag,
    lag 0 in one with the shortest."""
    lags, group = np.unique(own.lag, return_inverse=True)
    if lags.size > _MOST_LAGS:
        positive = lags[lags > 0]
        edges = np.geomspace(positive[0], positive[-1], _MOST_LAGS + 1)[1:-1]
        group = np.searchsorted(edges, own.lag)
    weights = own.sigma**-2.0
    total = np.bincount(group, weights)
    filled = total > 0
    lag, data, model = (np.bincount(group, weights * x)[filled] / total[filled] for x in (own.lag, own.data, own.model))
    return LagMeans(lag, data, model)
