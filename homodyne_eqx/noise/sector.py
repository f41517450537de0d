"""One sector of two-time data and the model fitted to it, some rows at a time."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, final

import numpy as np

from ..engine.normal_equations.sector_slopes import SectorSlopes, SlopesOfBand

_KEPT_UP_TO = 2000


@final
class Band(NamedTuple):
    """The rows of the frames from `first` to `end`, each with the frames from 0 to `end`.

    - `model`: M, the correlation of the field, and the slopes;
    - `residual`: data − g2; `weights`: both (end − first, end), 0 where there is no pair, on the diagonal and above it.
    """

    model: SlopesOfBand
    residual: np.ndarray
    weights: np.ndarray

    @property
    def rows(self) -> slice:
        return slice(self.model.first, self.model.end)

    @property
    def columns(self) -> slice:
        return slice(0, self.model.end)


@final
class Sector:
    """A sector, of which a whole map need not be in memory.

    **Arguments:** `slopes`: of the model; `frames`: the numbers of those that carry data; `data`: gives the residual
    and the weights of a band of the model, as those of `Band`.
    """

    def __init__(
        self,
        slopes: SectorSlopes,
        frames: np.ndarray,
        data: Callable[[SlopesOfBand], tuple[np.ndarray, np.ndarray]],
    ):
        self.slopes, self.frames, self._data = slopes, frames, data
        self._kept: tuple[Band, ...] = ()

    def bands(self) -> Iterable[Band]:
        """The bands from above to below; worked out anew in each call, unless the sector has at most 2000 frames."""
        if self.slopes.n_t > _KEPT_UP_TO:
            return self._worked_out()
        self._kept = self._kept or tuple(self._worked_out())
        return self._kept

    def _worked_out(self) -> Iterator[Band]:
        for model in self.slopes.bands():
            yield Band(model, *self._data(model))
