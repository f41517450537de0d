"""The slopes of the map of one sector, over runs of frames."""

from typing import NamedTuple, final

import numpy as np


@final
class BinnedChannel(NamedTuple):
    """A channel over n runs of frames, as `ChannelOfSector` and its slopes: `columns`; `tangents` (n_columns, n);
    `later` and `earlier` (n, n), strictly lower triangular but for the runs themselves; `earlier` is −`later` for
    "difference"."""

    columns: np.ndarray
    tangents: np.ndarray
    later: np.ndarray
    earlier: np.ndarray | None


@final
class BinnedSlopes(NamedTuple):
    """∂g2/∂θ_k over runs of frames, of any parameter k.

    - `M`: (g2 − offset)/contrast, (n, n); `scaling`: ∂(contrast, offset)/∂θ, (2, n_params); `channels`.
    """

    M: np.ndarray
    scaling: np.ndarray
    channels: tuple[BinnedChannel, ...]

    @property
    def active(self) -> np.ndarray:
        """The parameters that move this sector, (n_active,)."""
        moved = {int(k) for channel in self.channels for k in channel.columns}
        return np.array(sorted(moved | set(np.flatnonzero(np.any(self.scaling != 0, axis=0)).tolist())), int)

    def of(self, k: int) -> np.ndarray:
        """The slope by parameter k, (n, n), symmetric; its diagonal means nothing."""
        out = float(self.scaling[0, k]) * self.M + float(self.scaling[1, k])
        for channel in self.channels:
            for T in channel.tangents[channel.columns == k]:
                slope = channel.later * T[:, None]
                if channel.earlier is not None:
                    slope += channel.earlier * T
                out += slope + slope.T
        return out

    def sums(self, factor: np.ndarray) -> np.ndarray:
        """Σ factor · ∂g2/∂θ over the pairs, for every parameter, (n_params,).

        **Arguments:** `factor`: (n, n), symmetric with diagonal 0.
        """
        of_scaling = np.sum(factor * self.M, dtype=float), np.sum(factor, dtype=float)
        total = (of_scaling[0] * self.scaling[0] + of_scaling[1] * self.scaling[1]) / 2
        for channel in self.channels:
            by_frame = np.sum(channel.later * factor, axis=1, dtype=float)
            if channel.earlier is not None:
                by_frame += np.sum(channel.earlier * factor, axis=0, dtype=float)
            np.add.at(total, channel.columns, channel.tangents @ by_frame)
        return total

    def astype(self, dtype: type) -> "BinnedSlopes":
        """The same in another precision, but for the scaling."""
        channels = tuple(
            BinnedChannel(columns, *(None if x is None else x.astype(dtype, copy=False) for x in numbers))
            for columns, *numbers in self.channels
        )
        return BinnedSlopes(self.M.astype(dtype, copy=False), self.scaling, channels)
