"""The prediction of a fitted model for a measurement, with bands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np

from ...fit.result.derived import Curve
from ...physics.geometry import Geometry


@final
class Band(NamedTuple):
    """A predicted curve: `x`, frame times or lags, s; `value` of g2, and the band around it, `low` and `high`, (n,)."""

    x: np.ndarray
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray


@final
@dataclass(frozen=True, repr=False)
class Prediction:
    """The prediction of a fitted model for a measurement. Made by `predict`.

    - `geometry`: of the measurement; `level`: the probability of the bands, which are those of g2 itself: the noise of
      the measurement comes in addition;
    - `maps`, `low`, `high`: g2 of each sector and its band, (n_sector, n_t, n_t);
    - `g2`: the mean over all ages at each lag, with its band: (3, n_sector, n_t) of value, low and high;
    - `rates`: name → curve of each rate over time, with its band;
    - `notes`: the values used for sectors that were not measured.
    """

    geometry: Geometry
    level: float
    maps: np.ndarray
    low: np.ndarray
    high: np.ndarray
    g2: np.ndarray
    rates: Mapping[str, Curve]
    notes: tuple[str, ...] = ()

    def cut(self, sector: int, frame: int) -> Band:
        """g2 of one frame with that one and all later ones, over the lag, s.

        **Raises:** `IndexError` for a sector or frame that does not exist.
        """
        t = np.asarray(self.geometry.t, float)
        rows = (x[sector, frame, frame:] for x in (self.maps, self.low, self.high))
        return Band(t[frame:] - t[frame], *rows)

    def curve(self, sector: int) -> Band:
        """g2 over the lag, s, the mean over all ages. Of frames that are not evenly spaced it is over the mean lag."""
        t = np.asarray(self.geometry.t, float)
        lags = np.array([np.mean(t[k:] - t[: len(t) - k]) for k in range(len(t))])
        return Band(lags, *self.g2[:, sector])

    def __repr__(self) -> str:
        n_sector, n_t, _ = self.maps.shape
        return f"Prediction of {n_sector} maps of {n_t} frames, with bands of {100 * self.level:.3g} %"
