"""The noise of two-time maps: as given, or estimated from the far-lag plateau."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .errors import MissingSigma, SigmaNotEstimated, WrongShape, WrongSigma, WrongSigmaPixel
from .exclusion import excluded_pixels, mask_of_sector
from .maps import MapStack

_PLATEAU = 2 / 3
_FEWEST_PIXELS = 20
_NORMAL_MAD = 1.4826


def sigma_array_or_estimate(sigma: Any, shape: tuple[int, ...]) -> np.ndarray | str:
    """`sigma` as `(n_sector,)` or `(n_sector, n_t, n_t)` floats, or the word `"estimate"`.

    **Raises:** `MissingSigma`; `WrongSigma` for another word and for numbers that are not finite and > 0;
    `WrongShape`; `TypeError` unless it holds real numbers. An array like c2 is checked when each map is read, since
    its excluded pixels may hold anything.
    """
    if sigma is None:
        raise MissingSigma()
    if isinstance(sigma, str):
        if sigma != "estimate":
            raise WrongSigma(sigma, 'a number or the word "estimate"')
        return sigma
    sigma = np.asarray(sigma)
    if sigma.dtype.kind not in "fiu":
        raise TypeError(f'sigma has dtype {sigma.dtype}; expected real numbers, or the word "estimate".')
    if sigma.dtype not in (np.float32, np.float64):
        sigma = sigma.astype(np.float64)
    if sigma.shape == shape:
        return sigma
    if sigma.shape not in ((), (1,), shape[:1]):
        raise WrongShape("sigma", sigma.shape, f"(), {shape[:1]} or {shape}")
    if not np.all(np.isfinite(sigma) & (sigma > 0)):
        raise WrongSigma(sigma, "finite numbers > 0")
    return np.broadcast_to(sigma, shape[:1])


def describe_sigma(sigma: np.ndarray) -> str:
    """The value of sigma, or its smallest and largest, in words."""
    low, high = float(np.min(sigma)), float(np.max(sigma))
    return f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"


def check_sigma_map(sigma_k: np.ndarray, excluded: np.ndarray, k: int) -> None:
    """**Raises:** `WrongSigmaPixel` for a pixel that is not excluded and whose sigma is not finite and > 0."""
    bad = ~(np.isfinite(sigma_k) & (sigma_k > 0)) & ~excluded
    if np.any(bad):
        i, j = np.argwhere(bad)[0]
        raise WrongSigmaPixel((k, int(i), int(j)), float(sigma_k[i, j]), int(np.count_nonzero(bad)))


def estimate_sigma(c2: MapStack, masks: Sequence[np.ndarray | None]) -> tuple[np.ndarray, str]:
    """Noise of each map from the scatter of its far-lag plateau, and a sentence on how it was estimated.

    The pixels are those with a lag of at least two thirds of the longest one. What is left of a decay there is taken
    as a straight line in the lag, through the medians of the pixels at the shorter and at the longer lags. The noise
    is 1.4826 × the median absolute deviation from that line, which a few outliers do not change.

    **Returns:** `(n_sector,)` standard deviations. **Raises:** `SigmaNotEstimated` for a map with too few pixels at
    these lags, or with equal values there.
    """
    n_sector, n_t, _ = c2.shape
    lag = np.abs(np.subtract.outer(np.arange(n_t), np.arange(n_t)))
    shortest = int(np.ceil(_PLATEAU * (n_t - 1)))
    upper = np.triu(lag >= max(shortest, 1), 1)
    sigma = np.empty(n_sector)
    for k in range(n_sector):
        map_k = np.asarray(c2[k])
        used = upper & ~excluded_pixels(map_k, *(mask_of_sector(mask, k) for mask in masks))[0]
        count = np.count_nonzero(used)
        if count < _FEWEST_PIXELS:
            raise SigmaNotEstimated(
                k,
                f"Sector {k} has {count} pixels at lags of {shortest} frames or more; estimating sigma takes at least "
                f"{_FEWEST_PIXELS}.",
            )
        sigma[k] = _plateau_scatter(lag[used], map_k[used].astype(np.float64))
        if not sigma[k] > 0:
            raise SigmaNotEstimated(k, f"The far-lag plateau of sector {k} does not scatter.")
    source = f"estimated: 1.4826 × MAD of each map at lags of {shortest} to {n_t - 1} frames about a line in the lag"
    return sigma, source


def _plateau_scatter(lag: np.ndarray, values: np.ndarray) -> float:
    near = lag <= np.median(lag)
    centre = [np.median(x[part]) for x in (lag, values) for part in (near, ~near) if np.any(part)]
    if len(centre) == 4:
        near_lag, far_lag, near_value, far_value = centre
        values = values - near_value - (far_value - near_value) * (lag - near_lag) / (far_lag - near_lag)
    return _NORMAL_MAD * float(np.median(np.abs(values - np.median(values))))
