"""The noise of two-time maps as it is given."""

from typing import Any

import numpy as np

from .errors import MissingSigma, WrongShape, WrongSigma, WrongSigmaPixel


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
    if not np.all(usable(sigma)):
        in_range = np.all(np.isfinite(sigma) & (sigma > 0))
        raise WrongSigma(sigma, "numbers from 1e-15 to 1e15, as c2 is near 1" if in_range else "finite numbers > 0")
    return np.broadcast_to(sigma, shape[:1])


def usable(sigma: np.ndarray) -> np.ndarray:
    """The values of sigma for which 1/sigma² is finite in single precision, too."""
    return np.asarray((sigma >= 1e-15) & (sigma <= 1e15))


def describe_sigma(sigma: np.ndarray) -> str:
    """The value of sigma, or its smallest and largest, in words."""
    low, high = float(np.min(sigma)), float(np.max(sigma))
    return f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"


def check_sigma_map(sigma_k: np.ndarray, excluded: np.ndarray, k: int) -> None:
    """**Raises:** `WrongSigmaPixel` for a pixel that is not excluded and whose sigma is not finite and > 0."""
    bad = ~usable(sigma_k) & ~excluded
    if np.any(bad):
        i, j = np.argwhere(bad)[0]
        raise WrongSigmaPixel((k, int(i), int(j)), float(sigma_k[i, j]), int(np.count_nonzero(bad)))
