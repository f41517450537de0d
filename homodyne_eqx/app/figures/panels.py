"""Small versions of the maps of a result: averaged over blocks, with colour scales that all sectors share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from ...fit import FitResult
from ...fit.result.sectors import SectorFit, SectorMaps
from .age_cuts import AgeCut, age_cuts
from .block_average import beside_diagonal, block_edges, block_mean, block_size
from .lag_means import LagMeans, lag_means

MOST_BLOCKS = 200
WITHOUT_MAPS = "The fit was given packed data; fit the TwoTimeData themselves."
_SHARE = 0.9
_BEYOND = 2.0


@final
@dataclass(frozen=True)
class SectorPanels:
    """One sector, ready to draw: block-averaged data, model and residual (σ), cuts at constant age, and means over all
    ages."""

    sector: SectorFit
    data: np.ndarray
    model: np.ndarray
    residual: np.ndarray
    cuts: list[AgeCut]
    lags: LagMeans


@final
@dataclass(frozen=True)
class Scales:
    """Limits of the colour scales: g2 `low` to `high`, residual ± `residual`; `block`: frames a block side."""

    low: float
    high: float
    residual: float
    block: int


@final
@dataclass(frozen=True)
class Panels:
    """Some sectors of a result, ready to draw, on common scales. `edges`: between the blocks, s."""

    of_sectors: tuple[SectorPanels, ...]
    scales: Scales
    edges: np.ndarray

    def only(self, place: int) -> "Panels":
        """One of the sectors alone, on the same scales."""
        return Panels(self.of_sectors[place : place + 1], self.scales, self.edges)

    def some(self, most: int) -> "Panels":
        """At most so many of the sectors, evenly spread, the first and the last among them."""
        return Panels(tuple(spread_evenly(self.of_sectors, most)), self.scales, self.edges)


def spread_evenly(values: Sequence, most: int) -> list:
    """At most so many of the values, the first and the last among them."""
    places = np.unique(np.linspace(0, len(values) - 1, min(most, len(values))).round().astype(int))
    return [values[k] for k in places]


def panels_of(result: FitResult, sectors: Sequence[int] | None = None, most: int = MOST_BLOCKS) -> Panels:
    """The panels of some sectors with at most `most` blocks a side, of all sectors unless given.

    **Raises:** `ValueError` for sectors that there are not, and where packed data were fitted.
    """
    t, chosen = frame_times(result), chosen_sectors(result, sectors)
    maps = result.each_map() if sectors is None else map(result.maps, chosen)
    reduced = [_reduced(of_sector, t, most) for of_sector in maps]
    made = tuple(SectorPanels(result.sectors[k], *parts) for k, parts in zip(chosen, reduced, strict=True))
    return Panels(made, common_scales(made, block_size(len(t), most)), block_edges(t, most))


def chosen_sectors(result: FitResult, sectors: Sequence[int] | None) -> list[int]:
    """The numbers of the sectors to draw, all unless given. **Raises:** as `panels_of`."""
    if result.data is None:
        raise ValueError(f"There are no maps to draw. {WITHOUT_MAPS}")
    count = result.data.n_sector
    chosen = list(range(count)) if sectors is None else list(dict.fromkeys(sectors))
    absent = [k for k in chosen if not 0 <= k < count]
    if absent or not chosen:
        raise ValueError(f"There is no sector {', '.join(map(str, absent))}; expected numbers from 0 to {count - 1}.")
    return chosen


def frame_times(result: FitResult) -> np.ndarray:
    """Times of the frames, s. **Raises:** `ValueError` where packed data were fitted."""
    if result.data is None:
        raise ValueError(f"There are no maps to draw. {WITHOUT_MAPS}")
    return np.asarray(result.data.geometry.t, float)


def common_scales(panels: Sequence[SectorPanels], block: int) -> Scales:
    """Limits that hold the model of every sector, and nine tenths of the residuals of an ordinary frame.

    The residuals are compared frame by frame, so that a few bad frames change nothing.
    """
    models = [p.model[np.isfinite(p.model)] for p in panels]
    low, high = min(np.min(m, initial=np.inf) for m in models), max(np.max(m, initial=-np.inf) for m in models)
    margin = 0.03 * (high - low) or 1e-3
    of_frames = np.concatenate([_quantiles(np.abs(p.residual)) for p in panels])
    known = of_frames[np.isfinite(of_frames)]
    limit = _BEYOND * float(np.median(known)) if known.size else 1.0
    return Scales(float(low - margin), float(high + margin), _rounded_up(limit), block)


def _reduced(maps: SectorMaps, t: np.ndarray, most: int) -> tuple:
    """Data, model, residual, cuts and means over lags of one sector."""
    counts = np.isfinite(maps.residual)

    def small(values: np.ndarray, counts: np.ndarray | None) -> np.ndarray:
        return block_mean(values, most, counts, beside_diagonal(values, counts)).astype(np.float32)

    return (
        small(maps.data, counts),
        small(maps.model, None),
        small(maps.residual, None),
        age_cuts(maps.data, maps.model, counts, t),
        lag_means(maps.data, maps.model, counts, t),
    )


def _quantiles(size: np.ndarray) -> np.ndarray:
    """The values below which nine tenths of each row stay, `(n,)`; NaN for rows without values."""
    ordered = np.sort(size, axis=1)  # NaN last
    known = np.count_nonzero(np.isfinite(size), axis=1)
    places = np.maximum(np.ceil(_SHARE * known).astype(int) - 1, 0)
    return np.where(known > 0, ordered[np.arange(len(ordered)), places], np.nan)


def _rounded_up(limit: float) -> float:
    for nice in (0.05, 0.1, 0.2, 0.3, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100):
        if limit <= nice:
            return float(nice)
    return limit
