"""Two-time data averaged over blocks of frames, for a first, cheap look."""

from dataclasses import replace

import numpy as np

from .two_time import TwoTimeData


def block_averaged(data: TwoTimeData, factor: int) -> TwoTimeData:
    """Maps of n_t // factor frames: the weighted mean over blocks of factor × factor pairs, at the mean times.

    Frames after the last whole block are left out. So is the diagonal of the result, since its blocks contain
    correlations of a frame with itself. A fit of the result gives a start for a fit of the data: where the model decays
    within a block, its mean over the block is not its value at the mean time.

    **Raises:** `ValueError` if fewer than three blocks result.
    """
    n = data.n_t // factor
    if factor < 2 or n < 3:
        raise ValueError(
            f"Blocks of {factor} frames leave {n} of {data.n_t} frames; expected at least 3 blocks of 2 or more."
        )
    c2 = np.empty((data.n_sector, n, n), data.c2.dtype)
    sigma = np.empty((data.n_sector, n, n))
    blocks = lambda x: x[: n * factor, : n * factor].reshape(n, factor, n, factor)  # noqa: E731
    for k in range(data.n_sector):
        value, weight = data.weighted_map(k)
        weight = blocks(weight.astype(float))
        total = np.sum(weight, (1, 3))
        present = total > 0
        c2[k] = np.where(present, np.sum(weight * blocks(value), (1, 3)) / np.where(present, total, 1), np.nan)
        sigma[k] = np.where(present, 1 / np.sqrt(np.where(present, total, 1)), 1)
    times = np.asarray(data.geometry.t)[: n * factor].reshape(n, factor).mean(axis=1)
    geometry = data.geometry.with_times(times)
    source = f"{data.sigma_source}, averaged over {factor} × {factor} frames"
    return replace(
        data, c2=c2, geometry=geometry, sigma=sigma, mask=None, bad_frames=None, outliers=None, sigma_source=source
    )
