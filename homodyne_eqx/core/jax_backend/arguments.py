"""Arguments of the documented functions, looked at before anything is computed.

What is concrete is checked here, with NumPy, at the price of microseconds; what is traced passes with its shape
checked. Numbers leave as 0-d arrays, so that a change of value recompiles nothing.
"""

import math
import operator
import sys
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import ArrayLike

from ..documented import LAMINAR_NAMES, STATIC_NAMES
from ..geometry import is_concrete

_DT_TOLERANCE = 0.05
_SAME_TIME = 1e-3
_MOST_REMEMBERED = 256


class Frames(NamedTuple):
    """Frame times, 1-D, and the shortest and longest step between them, s (`None` for one frame, or under tracing)."""

    t: Any
    steps: tuple[float, float] | None


def parameters(params: ArrayLike, ndim: int = 1) -> Any:
    """A vector of 3 or 7 parameters, or with `ndim` 2 a batch of them.

    **Raises:** `ValueError` for another rank or length, or values that are not finite.
    """
    name = "params" if ndim == 1 else "params_batch"
    array = _numbers(name, params)
    if array.ndim != ndim or array.shape[-1] not in (3, 7):
        expected = "3 values" if ndim == 1 else "(n_batch, 3)"
        raise ValueError(
            f"{name} has shape {array.shape}; expected {expected} [{', '.join(STATIC_NAMES)}] "
            f"or {expected.replace('3', '7')} [{', '.join(LAMINAR_NAMES)}]."
        )
    _check_finite(name, array)
    return array


def angles(phi: ArrayLike) -> Any:
    """Azimuths in degrees, a scalar or an array of any shape.

    **Raises:** `ValueError` if there are none, or values that are not finite.
    """
    array = _numbers("phi", phi)
    if array.size == 0:
        raise ValueError(f"phi has shape {array.shape}; expected at least one azimuth, degrees.")
    _check_finite("phi", array)
    return array


def number(name: str, x: ArrayLike, minimum: float = -math.inf) -> Any:
    """One finite number ≥ `minimum`.

    **Raises:** `ValueError` if it is not.
    """
    if type(x) is float and minimum <= x < math.inf:  # the usual case, at a tenth of the price
        return np.array(x)
    array = _numbers(name, x)
    if array.size != 1:
        raise ValueError(f"{name} has shape {array.shape}; expected one number.")
    if not is_concrete(array):
        return array
    value = np.asarray(array, np.float64).reshape(())
    if not (math.isfinite(value) and value >= minimum):
        raise ValueError(f"{name} is {value}; expected a finite number" + (" ≥ 0." if minimum == 0.0 else "."))
    return value


def frames(t1: Any, t2: Any) -> Frames:
    """The frame times of two equal time axes: 1-D, or 2-D as a meshgrid, or a number for a single frame.

    Also taken is what the published packages' own tests pass, the matrix of lags |t_i − t_j| as both arguments: its
    first column holds the times. Traced 2-D arrays are taken for "ij" meshgrids.

    **Raises:** `ValueError` if the two disagree, are not square, have more than two axes, or do not increase from ≥ 0.
    """
    t1, t2 = _numbers("t1", t1), _numbers("t2", t2)
    shape = t1.shape
    if shape != t2.shape or len(shape) > 2 or 0 in shape or (len(shape) == 2 and shape[0] != shape[1]):
        raise ValueError(
            f"t1 has shape {t1.shape} and t2 {t2.shape}; expected the same frame times in both: "
            "(n_t,), or (n_t, n_t) from meshgrid(t, t, indexing='ij')."
        )
    if not (is_concrete(t1) and is_concrete(t2)):
        return Frames(t1[:, 0] if t1.ndim == 2 else t1.reshape(-1), None)
    return _remembered("t", (t1, t2), _concrete_frames)


def frame_period(dt: ArrayLike | None, times: Frames) -> Any:
    """The frame period, s; a value that disagrees with the spacing of the frames by over 5 % warns, once.

    **Raises:** `TypeError` for `None`, `ValueError` unless finite and > 0.
    """
    if dt is None:
        raise TypeError("dt must be provided: the frame period in seconds, as set at the measurement. Pass dt=….")
    value = number("dt", dt)
    if not is_concrete(value):
        return value
    if value <= 0:
        raise ValueError(f"dt is {value}; expected the frame period in seconds, > 0.")
    if times.steps is not None:
        shortest, longest = times.steps
        if shortest < (1 - _DT_TOLERANCE) * value or longest > (1 + _DT_TOLERANCE) * value:
            _warn_once(float(value), times.steps)
    return value


def maps(name: str, x: ArrayLike, n_phi: int, n_t: int) -> Any:
    """Data, or with the name "sigma" their uncertainties: (n_phi, n_t, n_t); also (n_t, n_t) for one azimuth, and
    one number as sigma.

    **Raises:** `ValueError` for another shape, data that are not finite, or an uncertainty that is not > 0.
    """
    array, is_sigma = _numbers(name, x), name == "sigma"
    one_azimuth = n_phi == 1 and array.shape == (n_t, n_t)
    if not (array.shape == (n_phi, n_t, n_t) or one_azimuth or (is_sigma and array.ndim == 0)):
        raise ValueError(f"{name} has shape {array.shape}; expected (n_phi, n_t, n_t) = {(n_phi, n_t, n_t)}.")
    if is_concrete(array):
        _remembered(name, (array,), _check_sigma if is_sigma else _check_data)
    return array


def _numbers(name: str, x: ArrayLike) -> Any:
    """`x` as an array: of JAX where it is one, else of NumPy.

    **Raises:** `TypeError` for what does not hold real numbers.
    """
    array = x if isinstance(x, jax.Array) else np.asarray(x)
    if array.dtype.kind not in "fiu" and not jax.numpy.issubdtype(array.dtype, jax.numpy.floating):
        found = f"dtype {array.dtype}" if array.dtype.kind in "bc" else f"{x!r}, a {type(x).__name__}"
        raise TypeError(f"{name} is {found}; expected real numbers.")
    return array


def _check_finite(name: str, array: Any) -> None:
    if is_concrete(array) and not np.isfinite(np.asarray(array)).all():
        raise ValueError(f"{name} holds values that are not finite: {np.asarray(array)}.")


def _check_data(data: Any) -> None:
    values = np.asarray(data)
    if not np.isfinite(values.sum()) and (bad := int(np.count_nonzero(~np.isfinite(values)))):
        raise ValueError(
            f"data holds {bad} values that are not finite. "
            "To leave pixels out, set them to any number and their sigma to inf."
        )


def _check_sigma(sigma: Any) -> None:
    values = np.asarray(sigma)
    if not values.min(initial=math.inf) > 0:
        bad = int(np.count_nonzero(~(values > 0)))
        raise ValueError(
            f"sigma holds {bad} of {values.size} values that are not > 0, the least {values.min()}. "
            "To leave pixels out, set their sigma to inf."
        )


def _concrete_frames(t1: Any, t2: Any) -> Frames:
    times = _axis(np.asarray(t1), np.asarray(t2))
    t = times.astype(np.float64)
    if not np.isfinite(t).all():
        raise ValueError(f"t1 holds frame times that are not finite: {t}.")
    if t[0] < 0:
        raise ValueError(f"t1 starts at {t[0]} s; expected times ≥ 0, counted from the start of the flow.")
    steps = np.diff(t)
    if steps.size and steps.min() <= 0:
        k = int(np.argmax(steps <= 0))
        raise ValueError(f"t1 does not increase from frame {k} ({t[k]} s) to {k + 1} ({t[k + 1]} s). Sort the frames.")
    return Frames(times, (float(steps.min()), float(steps.max())) if steps.size else None)


def _axis(t1: np.ndarray, t2: np.ndarray) -> np.ndarray:
    """The frame times that both arrays state, 1-D.

    **Raises:** `ValueError` if they do not.
    """
    if t1.ndim < 2:
        t = t1.reshape(-1)
        agree = _same(t2.reshape(-1), t, t)
    else:
        down, across = (t1, t2) if t1[0, 0] != t1[-1, 0] else (t2, t1)
        t = np.ascontiguousarray(down[:, 0])
        agree = _same(down, t[:, None], t) and _same(across, t[None, :], t)
        if not agree:
            lag = np.abs(t[:, None] - t[None, :])
            agree = _same(t1, lag, t) and _same(t2, lag, t)
    if not agree:
        raise ValueError(
            "t1 and t2 hold different frame times; expected the same in both: t1 = t2 = t, or the two results of "
            "meshgrid(t, t, indexing='ij')."
        )
    return t


def _same(x: np.ndarray, y: np.ndarray, t: np.ndarray) -> bool:
    """Whether the two agree to a small part of a frame; times that are not finite are refused elsewhere."""
    tolerance = _SAME_TIME * abs(float(t[-1]) - float(t[0])) / max(t.size - 1, 1)
    return not np.isfinite(t).all() or bool(np.abs(x - y).max() <= tolerance)


_results: dict[tuple, tuple[tuple[weakref.ref, ...], Any]] = {}
_warned: set[tuple[float, ...]] = set()


def _remembered(name: str, arrays: tuple, look: Callable) -> Any:
    """`look(*arrays)`; for arrays of JAX, whose values never change, once for as long as they live."""
    for x in arrays:
        if not isinstance(x, jax.Array):
            return look(*arrays)
    key = (name, *map(id, arrays))
    references, result = _results.get(key, ((), None))
    if references and all(map(operator.is_, (reference() for reference in references), arrays)):
        return result
    result = look(*arrays)
    while len(_results) >= _MOST_REMEMBERED:
        _results.pop(next(iter(_results)), None)
    _results[key] = (tuple(weakref.ref(x) for x in arrays), result)
    return result


def _warn_once(dt: float, steps: tuple[float, float]) -> None:
    if (dt, *steps) in _warned:
        return
    _warned.add((dt, *steps))
    found = f"{steps[0]:g} s" if steps[1] - steps[0] < 1e-6 * steps[1] else f"{steps[0]:g} to {steps[1]:g} s"
    warnings.warn(
        f"dt is {dt:g} s, but the frames are {found} apart. The documented model counts every step as dt; "
        "hx.Geometry without dt integrates over the real spacing.",
        stacklevel=_levels_to_the_caller(),
    )


def _levels_to_the_caller() -> int:
    """How many calls above the one that asks lies the first outside this folder: the line that a warning is about."""
    level, frame = 0, sys._getframe(1)
    while frame.f_back and Path(frame.f_code.co_filename).parent == Path(__file__).parent:
        level, frame = level + 1, frame.f_back
    return level + 1
