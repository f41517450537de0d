"""Whether repeated measurements are of the same sectors and frames."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..data import TwoTimeData
from ..data.errors import RepeatsDiffer

_RELATIVE = 1e-4
_DEGREES = 0.01
_FRAMES = 0.01


def check_comparable(repeats: Sequence[Any]) -> None:
    """**Raises:** `ValueError` for fewer than two; `TypeError` for other things than `TwoTimeData`; `RepeatsDiffer` for
    another number of sectors or frames, another dt, other times, q, phi or gap than those of the first."""
    if len(repeats) < 2:
        raise ValueError(f"The number of repeats is {len(repeats)}; expected at least 2 TwoTimeData to average.")
    for each in repeats:
        if not isinstance(each, TwoTimeData):
            raise TypeError(f"A repeat is a {type(each).__name__}; expected TwoTimeData, such as hx.load returns.")
    for place, other in enumerate(repeats[1:], start=1):
        _check(repeats[0], other, place)


def _check(first: TwoTimeData, other: TwoTimeData, place: int) -> None:
    path = other.provenance.path

    def refuse(what: str, value: object, expected: object, remedy: str) -> None:
        raise RepeatsDiffer(place, path, what, str(value), str(expected), remedy)

    if other.n_t != first.n_t:
        refuse("the number of frames", other.n_t, first.n_t, "Select the same frames of each (frames)")
    if other.n_sector != first.n_sector:
        refuse("the number of sectors", other.n_sector, first.n_sector, "Select the same sectors of each (sectors)")
    a, b = first.geometry, other.geometry
    dt, dt_other = float(a.dt), float(b.dt)
    if abs(dt_other - dt) > _RELATIVE * dt:
        refuse("dt", f"{dt_other:.6g} s", f"{dt:.6g} s", "Measurements at other frame periods are fitted one by one")
    late = np.abs(np.asarray(b.t, float) - np.asarray(a.t, float))
    if np.max(late) > _FRAMES * dt:
        k = int(np.argmax(late))
        times = (f"{float(x.t[k]):.6g} s" for x in (b, a))
        refuse(f"the time of frame {k}", *times, "Select the same frames of each (frames), or state first_frame")
    for name, unit, allowed in (("q", "Å⁻¹", 0.0), ("phi", "°", _DEGREES), ("gap", "Å", 0.0)):
        mine, theirs = getattr(a, name), getattr(b, name)
        if (mine is None) != (theirs is None):
            there = [f"{name} given" if x is not None else f"no {name}" for x in (theirs, mine)]
            refuse(name, *there, f"Give {name} to both or to none")
        if mine is None:
            continue
        off = np.abs(np.asarray(theirs, float) - np.asarray(mine, float))
        if name == "phi":
            off = np.abs(np.mod(off + 180, 360) - 180)
        wrong = off > (allowed or _RELATIVE * np.abs(np.asarray(mine, float)))
        if np.any(wrong):
            k = int(np.argmax(wrong))
            values = (f"{float(x[k]):.6g} {unit}" for x in (theirs, mine))
            refuse(f"{name} of sector {k}", *values, "Select the same sectors of each, in the same order (sectors)")
