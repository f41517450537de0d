"""What the maps of a result look like in small: averaged over blocks, with colour scales that all sectors share."""

from dataclasses import dataclass
from typing import final

import numpy as np

from ...data.result_file import ResultFile
from .age_cuts import AgeCut, age_cuts
from .block_average import block_edges, block_mean, block_size, without_diagonal


@final
@dataclass(frozen=True)
class SectorPanels:
    """One sector, ready to draw: block-averaged data, model and residual (σ), and cuts at constant age."""

    data: np.ndarray
    model: np.ndarray
    residual: np.ndarray
    cuts: list[AgeCut]


@final
@dataclass(frozen=True)
class Scales:
    """Limits of the colour scales: g2 `low` to `high`, residual ± `residual`; `block`: frames a block side."""

    low: float
    high: float
    residual: float
    block: int


def sector_panels(file: ResultFile, k: int, most: int) -> SectorPanels:
    """The panels of sector `k` with at most `most` blocks a side."""
    c2, model, residual = file.maps(k)
    counts = np.isfinite(residual)
    np.fill_diagonal(model, np.nan)
    data = without_diagonal(np.where(counts, c2, np.nan))
    return SectorPanels(
        data=block_mean(data, most),
        model=block_mean(without_diagonal(model), most),
        residual=block_mean(without_diagonal(residual), most),
        cuts=age_cuts(c2, model, counts, file.arrays.t),
    )


def common_scales(panels: list[SectorPanels], n_t: int, most: int) -> Scales:
    """Limits that hold the model of every sector, and the residuals, outliers aside."""
    models = np.concatenate([p.model[np.isfinite(p.model)] for p in panels])
    residuals = np.concatenate([np.abs(p.residual[np.isfinite(p.residual)]) for p in panels])
    low, high = models.min(), models.max()
    margin = 0.03 * (high - low) or 1e-3
    limit = float(np.percentile(residuals, 99.5)) if residuals.size else 1.0
    return Scales(float(low - margin), float(high + margin), _rounded_up(limit), block_size(n_t, most))


def edges(file: ResultFile, most: int) -> np.ndarray:
    """Edges of the blocks, s."""
    return block_edges(file.arrays.t, most)


def _rounded_up(limit: float) -> float:
    for nice in (0.05, 0.1, 0.2, 0.3, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100):
        if limit <= nice:
            return float(nice)
    return limit
