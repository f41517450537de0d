"""Pictures of data before a fit: small maps, row means and cuts of each sector, read one map at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from ...data import TwoTimeData
from ...data.selection import sector_arrays
from .age_cuts import AgeCut, age_cuts
from .block_average import beside_diagonal, block_edges, block_mean
from .style import azimuth

_MOST_BLOCKS = 150
_NEAR = 1 / 20


@final
@dataclass(frozen=True)
class SectorLook:
    """One sector, ready to draw.

    - `number`; `name`: its number, azimuth and q; `small`: the map averaged over blocks, NaN where nothing counts;
    - `row_mean`: mean of c2 over the pairs of a frame that count, short lags left out, `(n_t,)`, NaN without any;
    - `cuts`: g2 over the lag at a few ages, and `mean_cut`: lag (s) and g2 averaged over all ages.
    """

    number: int
    name: str
    small: np.ndarray
    row_mean: np.ndarray
    cuts: list[AgeCut]
    mean_cut: tuple[np.ndarray, np.ndarray]


def look_at(data: TwoTimeData, sectors: Sequence[int]) -> list[SectorLook]:
    """The sectors of these numbers."""
    t = np.asarray(data.geometry.t, float)
    return [_look(data, k, t) for k in sectors]


def edges_of(data: TwoTimeData) -> np.ndarray:
    """Times between which the blocks of the small maps lie, s."""
    return block_edges(np.asarray(data.geometry.t, float), _MOST_BLOCKS)


def _look(data: TwoTimeData, k: int, t: np.ndarray) -> SectorLook:
    c2, excluded = data.map_and_excluded(k)
    n = data.n_t
    values = np.where(excluded, np.nan, c2).astype(float)
    lag = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    far = ~excluded & (lag > min(max(3, int(np.ceil(_NEAR * n))), n // 3))
    count = np.count_nonzero(far, axis=1)
    rows = np.sum(np.where(far, values, 0), axis=1) / np.where(count, count, 1)
    return SectorLook(
        number=k,
        name=_name(data, k),
        small=block_mean(values, _MOST_BLOCKS, None, beside_diagonal(values)),
        row_mean=np.where(count, rows, np.nan),
        cuts=age_cuts(values, np.full(values.shape, np.nan), ~excluded, t),
        mean_cut=_mean_cut(values, t),
    )


def _mean_cut(values: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean g2 over all ages at lags that grow by about a tenth, of pairs that count."""
    n = len(t)
    lags = np.unique(np.geomspace(1, max(n - max(n // 20, 1), 1), 60).round().astype(int))
    found = [np.diagonal(values, lag) for lag in lags]
    found = [x[np.isfinite(x)] for x in found]
    kept = [place for place, x in enumerate(found) if x.size]
    tau = np.array([np.mean(t[lag:] - t[: n - lag]) for lag in lags])
    return tau[kept], np.array([np.mean(found[place]) for place in kept])


def _name(data: TwoTimeData, k: int) -> str:
    q, phi = sector_arrays(data.geometry)
    parts = [] if phi is None else [azimuth(float(phi[k]))]
    parts += [f"{q[k]:.3g} Å$^{{-1}}$"] if phi is None or np.ptp(q) > 0 else []
    return f"{k}:  {',  '.join(parts)}"
