"""The noise of two-time maps: given, or estimated from the far-lag plateau on request."""

from typing import Any

import numpy as np

from .exclusion import excluded_pixels, map_mask
from .maps import MapStack

_REMEDY = (
    'Pass sigma as a number, one a sector, or an array like c2; or sigma="estimate" to take it from the scatter of '
    "the far-lag plateau of each map."
)
_PLATEAU = 2 / 3
_FEWEST_PIXELS = 20
_NORMAL_MAD = 1.4826


def checked_sigma(sigma: Any, shape: tuple[int, ...]) -> np.ndarray | str:
    """`sigma` as `(n_sector,)` or `(n_sector, n_t, n_t)` floats, or the word `"estimate"`.

    **Raises:** `ValueError` where it is missing, of another shape, or (one number a sector) not finite and > 0.
    A full array is checked pixel by pixel when it is used, since excluded pixels need no noise.
    """
    if sigma is None:
        raise ValueError(f"sigma, the standard deviation of a pixel of c2, is missing. {_REMEDY}")
    if isinstance(sigma, str):
        if sigma != "estimate":
            raise ValueError(f'sigma is {sigma!r}; the only word it takes is "estimate". {_REMEDY}')
        return sigma
    sigma = np.asarray(sigma)
    if sigma.dtype.kind not in "fiu":
        raise TypeError(f"sigma has dtype {sigma.dtype}; expected real numbers. {_REMEDY}")
    if sigma.dtype not in (np.float32, np.float64):
        sigma = sigma.astype(np.float64)
    if sigma.shape == shape:
        return sigma
    if sigma.shape not in ((), (1,), shape[:1]):
        raise ValueError(f"sigma has shape {sigma.shape}; expected (), {shape[:1]} or {shape}. {_REMEDY}")
    if not np.all(np.isfinite(sigma) & (sigma > 0)):
        raise ValueError(f"sigma is {sigma}; expected finite numbers > 0. {_REMEDY}")
    return np.broadcast_to(sigma, shape[:1])


def check_sigma_map(sigma_k: np.ndarray, excluded: np.ndarray, k: int) -> None:
    """**Raises:** `ValueError` where a pixel that counts has no finite, positive noise."""
    bad = ~(np.isfinite(sigma_k) & (sigma_k > 0)) & ~excluded
    if np.any(bad):
        i, j = np.argwhere(bad)[0]
        raise ValueError(
            f"sigma[{k}, {i}, {j}] is {sigma_k[i, j]} ({np.count_nonzero(bad)} such pixels in sector {k}); expected "
            "finite numbers > 0 wherever a pixel is not masked. Mask those pixels, or correct sigma."
        )


def estimated_sigma(c2: MapStack, mask: np.ndarray | None) -> tuple[np.ndarray, str]:
    """Noise of each map from the scatter of its far-lag plateau, and a sentence that says what was taken.

    The pixels are those with a lag of at least two thirds of the longest one. A line in the lag, through the medians of
    the nearer and the farther half of them, takes up what is left of a decay; the scatter about it is
    1.4826 × the median absolute deviation, which a few outliers do not move.

    **Returns:** `(n_sector,)` standard deviations. **Raises:** `ValueError` where a map leaves too few pixels, or none
    that differ.
    """
    n_sector, n_t, _ = c2.shape
    lag = np.abs(np.subtract.outer(np.arange(n_t), np.arange(n_t)))
    shortest = int(np.ceil(_PLATEAU * (n_t - 1)))
    upper = np.triu(lag >= max(shortest, 1), 1)
    sigma = np.empty(n_sector)
    for k in range(n_sector):
        map_k = np.asarray(c2[k])
        used = upper & ~excluded_pixels(map_k, map_mask(mask, k))[0]
        count = np.count_nonzero(used)
        if count < _FEWEST_PIXELS:
            raise ValueError(
                f"Sector {k} has {count} pixels at lags of {shortest} frames or more; estimating sigma takes at least "
                f"{_FEWEST_PIXELS}. Pass sigma as a number."
            )
        sigma[k] = _plateau_scatter(lag[used], map_k[used].astype(np.float64))
        if not sigma[k] > 0:
            raise ValueError(f"The far-lag plateau of sector {k} does not scatter. Pass sigma as a number.")
    source = f"estimated: 1.4826 × MAD of each map at lags of {shortest} to {n_t - 1} frames about a line in the lag"
    return sigma, source


def _plateau_scatter(lag: np.ndarray, values: np.ndarray) -> float:
    near = lag <= np.median(lag)
    centre = [np.median(x[part]) for x in (lag, values) for part in (near, ~near) if np.any(part)]
    if len(centre) == 4:
        near_lag, far_lag, near_value, far_value = centre
        values = values - near_value - (far_value - near_value) * (lag - near_lag) / (far_lag - near_lag)
    return _NORMAL_MAD * float(np.median(np.abs(values - np.median(values))))
