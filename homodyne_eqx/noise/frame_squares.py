"""The squares of the residuals of single frames, and of the noise of drawn speckles there."""

from typing import final

import numpy as np

from ..engine.normal_equations.sector_slopes import SectorSlopes
from .sector import Band


@final
class FrameSquares:
    """For each frame the sum over the pairs that it is in; bands of rows are added one by one.

    - `of_residuals`: Σ w r², (n_t,);
    - `of_speckles`: Σ w ψ², with the mean of ψ over each block of drawn speckles, (n_blocks, n_t).

    **Arguments:** `slopes`: of the sector; `x`: of each block, (n_t, block size), single precision.
    """

    def __init__(self, slopes: SectorSlopes, x: list[np.ndarray]):
        self._offset, self._contrast = np.float32(slopes.offset), np.float32(slopes.contrast)
        self._blocks = [(each, np.mean(each, axis=1)) for each in x]
        self.of_residuals, self.of_speckles = np.zeros(slopes.n_t), np.zeros((len(x), slopes.n_t))

    def add(self, band: Band) -> None:
        _add_to(self.of_residuals, band, band.weights * band.residual**2)
        weights, excess = band.weights.astype(np.float32), self._contrast * band.model.M.astype(np.float32)
        for total, (x, mean) in zip(self.of_speckles, self._blocks, strict=True):
            noise = mean_noise(x, mean, self._offset, excess, band.rows, band.columns)
            _add_to(total, band, weights * np.square(noise, out=noise))


def mean_noise(
    x: np.ndarray,
    mean: np.ndarray,
    offset: float | np.floating,
    excess: np.ndarray,
    rows: slice = slice(None),
    columns: slice = slice(None),
) -> np.ndarray:
    """The mean of ψ over speckles of intensities 1 + x at some pairs; see `Pulls`.

    **Arguments:** `mean`: of x over the speckles, (n_t,); `excess`: offset · β M, of the pairs.
    """
    noise = x[rows] @ x[columns].T
    noise *= offset / x.shape[1]
    noise -= excess * (np.add.outer(mean[rows], mean[columns]) + 1)
    return noise


def _add_to(total: np.ndarray, band: Band, squares: np.ndarray) -> None:
    total[band.rows] += np.sum(squares, axis=1, dtype=float)
    total[band.columns] += np.sum(squares, axis=0, dtype=float)
