"""The frame times and the frame period of the documented functions, checked before anything is computed."""

import math
import sys
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..physics.geometry import is_concrete
from .arguments import number
from .arrays import Numbers, real_array, remembered

_DT_TOLERANCE = 0.05
_SAME_TIME = 1e-3
_MOST_WARNED = 256

_warned: dict[str, None] = {}


class Frames(NamedTuple):
    """Frame times, s, and what is known of their spacing.

    - `t`: 1-D;
    - `steps`: the shortest and the longest step between frames;
    - `periods`: the shortest and the longest frame period that agrees with the steps. With one frame, and with traced
      times, every period does.
    """

    t: Any
    steps: tuple[float, float] = (0.0, math.inf)
    periods: tuple[float, float] = (0.0, math.inf)


def frames(t1: Any, t2: Any) -> Frames:
    """The frame times of two equal time axes: 1-D, or 2-D as a meshgrid or as a column and a row, or a number for a
    single frame.

    The matrix of lags |t_i − t_j| as both arguments, which the tests of the published packages pass, is accepted too:
    its first column holds the times.

    **Raises:** `ValueError` if the two disagree, are not square, have more than two axes, or do not increase from ≥ 0.
    """
    return remembered("t", _frames, t1, t2)


def _frames(t1: Any, t2: Any) -> Frames:
    t1, t2 = real_array("t1", t1), real_array("t2", t2)
    if t1.ndim == t2.ndim == 2 and t1.shape == t2.shape[::-1] and 1 in t1.shape:  # a column and a row
        t1, t2 = t1.reshape(-1), t2.reshape(-1)
    shape = t1.shape
    if shape != t2.shape or len(shape) > 2 or 0 in shape or (len(shape) == 2 and shape[0] != shape[1]):
        raise ValueError(
            f"t1 has shape {t1.shape} and t2 {t2.shape}; expected the same frame times in both: "
            "(n_t,), or (n_t, n_t) from meshgrid(t, t, indexing='ij'), or t[:, None] and t[None, :]."
        )
    if not (is_concrete(t1) and is_concrete(t2)):
        return Frames(_traced_axis(t1, t2))
    return _concrete_frames(t1, t2)


def check_time_grid(time_grid: Any, times: Frames) -> None:
    """The frames must be neighbours in `time_grid`: then the integral along it from one frame to another is that over
    the frames themselves. A traced grid is not looked at.

    **Raises:** `ValueError` if they are not.
    """
    grid = real_array("time_grid", time_grid)
    if not (is_concrete(grid) and is_concrete(times.t)):
        return
    grid, t = np.asarray(grid, np.float64).reshape(-1), np.asarray(times.t, np.float64)
    first = int(np.argmin(np.abs(grid - t[0]))) if grid.size else 0
    part = grid[first : first + t.size]
    if part.size != t.size or not _same(part, t, t):
        raise ValueError(
            f"time_grid has {grid.size} times, and the {t.size} frames of t1 are not consecutive among them. The "
            "integrals run over the frames of t1: pass all frames there, and leave out time_grid."
        )


def frame_period(dt: Numbers | None, times: Frames) -> Any:
    """The frame period, s. One that disagrees with the spacing of the frames by over 5 % warns, once for each spacing.

    **Raises:** `TypeError` for `None`, `ValueError` unless finite and > 0.
    """
    if dt is None:
        raise TypeError("dt must be provided: the frame period in seconds, as set at the measurement. Pass dt=….")
    period, (least, most) = number("dt", dt), times.periods
    if type(period) is float and not least <= period <= most:
        _warn_of_spacing(period, times.steps)
    return period


def first_step(times: Frames) -> Any:
    """The first step of the frames, s, in place of a frame period that was not given, with a warning.

    **Raises:** `ValueError` for one frame.
    """
    if times.t.size < 2:
        raise ValueError("dt was not given, and one frame has no spacing to take it from. Pass dt in seconds.")
    warnings.warn(
        "dt was not given; the first step of t is taken for it. Pass dt in seconds.",
        stacklevel=_levels_to_the_caller(),
    )
    step = times.t[1] - times.t[0]
    return float(step) if is_concrete(step) else step


def _traced_axis(t1: Any, t2: Any) -> Any:
    """The frame times of traced arrays, in whichever order they were meshed.

    The first column of one array holds the times; that of the other holds the first time only, or the times too. The
    larger of the two is therefore right.
    """
    if t1.ndim < 2:
        return t1.reshape(-1)
    with jax.numpy_dtype_promotion("standard"):  # integers may be meshed with floats
        return jnp.maximum(t1[:, 0], t2[:, 0])


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
    on_device = jnp.asarray(times) if isinstance(t1, jax.Array) else times
    kept = on_device if is_concrete(on_device) else times  # an array that is traced must not be remembered
    if not steps.size:
        return Frames(kept)
    shortest, longest = float(steps.min()), float(steps.max())
    return Frames(kept, (shortest, longest), (longest / (1 + _DT_TOLERANCE), shortest / (1 - _DT_TOLERANCE)))


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
    """Whether the two agree to a small part of a frame period; times that are not finite are refused elsewhere."""
    tolerance = _SAME_TIME * abs(float(t[-1]) - float(t[0])) / max(t.size - 1, 1)
    return not np.isfinite(t).all() or bool(np.abs(x - y).max() <= tolerance)


def _warn_of_spacing(dt: float, steps: tuple[float, float]) -> None:
    """Warn once for each spacing of the frames, for any dt: a scan over dt must not warn a thousand times."""
    found = f"{steps[0]:g} s" if steps[1] - steps[0] < 1e-6 * steps[1] else f"{steps[0]:g} to {steps[1]:g} s"
    if found in _warned:
        return
    if len(_warned) >= _MOST_WARNED:
        _warned.clear()
    _warned[found] = None
    warnings.warn(
        f"dt is {dt:g} s, but the frames are {found} apart. The documented model counts every step as dt; "
        "hx.Geometry without dt integrates over the real spacing.",
        stacklevel=_levels_to_the_caller(),
    )


def _levels_to_the_caller() -> int:
    """The `stacklevel` of a warning that is to name the line outside this folder that called it."""
    level, frame = 0, sys._getframe(1)
    while frame.f_back and Path(frame.f_code.co_filename).parent == Path(__file__).parent:
        level, frame = level + 1, frame.f_back
    return level + 1
