"""Values, frames, sectors and noise of scattered pairs, checked as they are given."""

from typing import Any

import numpy as np

from .errors import MissingSigma, WrongShape


def numbers_of(name: str, given: Any) -> np.ndarray:
    array = np.ma.filled(np.ma.asarray(given, dtype=float), np.nan) if np.ma.isMaskedArray(given) else np.asarray(given)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name} has dtype {array.dtype}; expected real numbers.")
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)


def indices_of(name: str, given: Any, shape: tuple[int, ...], stop: int, of: str) -> np.ndarray:
    """Whole numbers from 0 to stop − 1, of a shape."""
    array = np.asarray(given)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} has dtype {array.dtype}; expected whole numbers, those of {of} from 0.")
    try:
        array = np.broadcast_to(array, shape)
    except ValueError as error:
        raise WrongShape(name, array.shape, f"{shape}, one for each value, or a shape that broadcasts to it") from error
    wrong = array[(array < 0) | (array >= stop)]
    if wrong.size:
        raise ValueError(
            f"{name} holds {wrong.flat[0]}; expected numbers of {of} of the geometry, from 0 to {stop - 1}. Correct "
            f"{name}, or pass the geometry of all {of}."
        )
    return array.astype(np.int32)


def members_of(i: Any, j: Any, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The frames of each value, of the shape of the values, with one axis more where a value is a mean over pairs."""
    i, j = np.asarray(i), np.asarray(j)
    ndim = max(i.ndim, j.ndim)
    try:
        members = np.broadcast_shapes(i.shape, j.shape)[-1:] if ndim == len(shape) + 1 else ()
        return np.broadcast_to(i, shape + members), np.broadcast_to(j, shape + members)
    except ValueError as error:
        expected = f"{shape} each; with one axis more, (…, m), for means over m pairs; or a shape that broadcasts to it"
        raise WrongShape(f"i (beside j of shape {j.shape})", i.shape, expected) from error


def mask_of(mask: Any, shape: tuple[int, ...]) -> np.ndarray:
    if mask is None:
        return np.zeros(shape, bool)
    mask = np.asarray(mask)
    if mask.dtype != bool:
        raise TypeError(f"mask has dtype {mask.dtype}; expected booleans, True where a value is excluded.")
    if mask.shape != shape:
        raise WrongShape("mask", mask.shape, f"{shape}, that of the values")
    return mask


def sigma_of_values(sigma: Any, shape: tuple[int, ...], sector: np.ndarray, n_sector: int) -> np.ndarray:
    """The standard deviation of each value, `(n,)`."""
    if sigma is None:
        raise MissingSigma(estimable=False)
    array = numbers_of("sigma", sigma)
    if array.shape == shape:
        return array.reshape(-1)
    if array.shape in ((), (1,)):
        return np.broadcast_to(array.reshape(()), sector.shape)
    if array.shape == (n_sector,):
        return array[sector]
    raise WrongShape("sigma", array.shape, f"(), {(n_sector,)} (one for each sector) or {shape} (one for each value)")


def covariances_of(given: Any, counts: np.ndarray) -> list[np.ndarray]:
    """One matrix for each sector, of as many rows as it has values."""
    matrices = [np.asarray(each, float) for each in given]
    if len(matrices) != len(counts):
        raise WrongShape("covariances", (len(matrices),), f"one matrix for each of {len(counts)} sectors")
    for k, (matrix, n) in enumerate(zip(matrices, counts.tolist(), strict=True)):
        if matrix.shape != (n, n):
            raise WrongShape(f"covariances[{k}]", matrix.shape, f"{(n, n)}, as sector {k} has {n} values")
    return matrices


def sigma_of_covariances(covariances: list[np.ndarray], sector: np.ndarray) -> np.ndarray:
    """The standard deviation of each value from the diagonals; NaN for a variance below 0."""
    sigma = np.empty(sector.size)
    for k, matrix in enumerate(covariances):
        variance = np.diagonal(matrix)
        sigma[sector == k] = np.sqrt(np.where(variance >= 0, variance, np.nan))
    return sigma


def read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view
