"""From arrays with the usual names to a recording: which is which, and whether they agree."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InvalidFile, MissingValue, WrongOption
from ...maps import MapStack
from ..reader_options import FIRST_FRAME, ReaderOption
from ..recording import Recording
from ..sectors import SECTOR_PHI, SECTOR_Q, of_each_sector
from ..times import NO_FIRST_FRAME, frame_times

NAMES: Mapping[str, tuple[str, ...]] = {
    "c2": ("c2", "C2", "c2_exp", "ttc"),
    "q": ("q", "Q", "q_list", "wavevector_q_list"),
    "phi": ("phi", "phi_list", "phi_angles_list"),
    "dt": ("dt", "frame_time"),
    "t": ("t", "t1", "times"),
    "t2": ("t2",),
}
"""Quantity → the names that its array may have."""

DT = ReaderOption(
    "dt", float, "SECONDS", "Time between two frames of the maps, if a file of plain arrays lacks it.", "time"
)
OPTIONS = (DT, FIRST_FRAME, SECTOR_Q, SECTOR_PHI)
_DT_TOLERANCE = 0.01
_UNIFORM = 1e-4
_NAMED = 8
_UNITS = {"q": "Å⁻¹", "phi": "degrees", "dt": "s", "t": "s"}


def found_names(path: Path, names: set[str]) -> dict[str, str]:
    """Quantity → the name of its array in the file. **Raises:** `InvalidFile` if one quantity has two names."""
    found = {}
    for what, known in NAMES.items():
        there = [name for name in known if name in names]
        if len(there) > 1:
            raise InvalidFile(str(path), f"it has {' and '.join(there)}; expected one of them. Leave one out.")
        if there:
            found[what] = there[0]
    return found


def not_read(names: set[str]) -> tuple[str, ...]:
    """A note on arrays of a file that have none of the names above."""
    others = sorted(name for name in names - {each for known in NAMES.values() for each in known} if name[:1] != "#")
    if not others:
        return ()
    listed = ", ".join(others[:_NAMED]) + (" …" if len(others) > _NAMED else "")
    return (f"not read: {listed}; sigma, mask and gap have to be given",)


def sector_axis(path: Path, name: str, shape: Sequence[int]) -> int | None:
    """Along which axis of an array the sectors are, 0 or −1; `None` for one map.

    **Raises:** `InvalidFile` for what is no stack of square maps, and where both axes may be meant.
    """
    if len(shape) == 2 and shape[0] == shape[1] >= 2:
        return None
    if len(shape) in (2, 3) and shape[-1] == shape[-2] == 1:
        raise InvalidFile(str(path), f"{name} has shape {tuple(shape)}: one frame has no other to be correlated with.")
    ends = [axis for axis, square in ((0, shape[1:]), (-1, shape[:2])) if len(shape) == 3 and square[0] == square[1]]
    if len(ends) == 1 and 0 not in shape and shape[1] >= 2:
        return ends[0]
    said = "the axis of the sectors is ambiguous" if len(ends) == 2 else "expected square maps"
    raise InvalidFile(
        str(path),
        f"{name} has shape {tuple(shape)}: {said}. Write it as (n_sector, n_t, n_t), with a number of sectors that is "
        "not that of the frames.",
    )


def sectors_first(path: Path, name: str, c2: np.ndarray) -> np.ndarray:
    """Maps as `(n_sector, n_t, n_t)`. **Raises:** as `sector_axis`; `InvalidFile` for what are no fractions."""
    if c2.dtype.kind != "f":
        what = "a correlation is no whole number" if c2.dtype.kind in "iub" else "a correlation is a real number"
        raise InvalidFile(str(path), f"{name} holds {c2.dtype}: {what}. Save the normalised c2, as float32 or float64.")
    axis = sector_axis(path, name, c2.shape)
    return c2[None] if axis is None else c2 if axis == 0 else np.moveaxis(c2, -1, 0)


def recording_of(
    path: Path,
    maps: MapStack,
    arrays: Mapping[str, np.ndarray],
    dt: float | None,
    first_frame: int | None,
    sector_q: np.ndarray | None,
    sector_phi: np.ndarray | None,
    notes: tuple[str, ...] = (),
) -> Recording:
    """The recording of these maps; what is given counts, and else what is in the file: `q`, `phi`, `dt`, `t`, `t2`.

    **Raises:** `MissingValue` where neither states q or the frame period; `WrongFrameTime`, `WrongFirstFrame`,
    `WrongShape`; `InvalidFile` for arrays that contradict each other.
    """
    n_sector, n_t = int(maps.shape[0]), int(maps.shape[1])
    read = {name: _numbers(path, name, values) for name, values in arrays.items() if values.size}
    q, phi = (
        sector_q if sector_q is not None else read.get("q"),
        sector_phi if sector_phi is not None else read.get("phi"),
    )
    if q is None:
        raise MissingValue(str(path), "the q of its sectors", SECTOR_Q.name, SECTOR_Q.placeholder)
    for what, given in (("q", sector_q), ("phi", sector_phi)):
        if given is None and what in read and read[what].size not in (1, n_sector):
            raise InvalidFile(
                str(path),
                f"{what} has {read[what].size} values; expected one, or one for each of its {n_sector} maps. "
                "Correct it in the file.",
            )
    for what, given in (("q", sector_q), ("phi", sector_phi), ("dt", dt), ("t", None)):
        if what in read:
            said = f"taken in {_UNITS[what]}, since it states no unit" if given is None else None
            notes += (f"{what} of the file {said}" if said else f"{what} as given, not that of the file",)
    t, step = _times(path, read, n_t, dt)
    if t is None or first_frame is not None:
        if step is None:
            raise MissingValue(str(path), "the time between its frames", DT.name, DT.placeholder)
        from_zero = np.arange(n_t) * step if t is None else t - t[0]
        t = frame_times(path, n_t, step, 1.0, first_frame or 0)[0] + from_zero
        notes += (NO_FIRST_FRAME,) if first_frame is None else ()
    return Recording(
        maps=maps,
        q=of_each_sector("q", q, n_sector),
        phi=None if phi is None or np.all(np.isnan(phi)) else of_each_sector("phi", phi, n_sector),
        t=t,
        dt=step,
        notes=notes,
    )


def _times(
    path: Path, read: Mapping[str, np.ndarray], n_t: int, dt: float | None
) -> tuple[np.ndarray | None, float | None]:
    """Frame times where the file has them, and the frame period where it is known and the times are uniform."""
    if dt is None and "dt" in read:
        if read["dt"].size != 1:
            raise InvalidFile(
                str(path), f"dt has {read['dt'].size} values; expected one, in s. Correct it in the file."
            )
        if not read["dt"][0] > 0:
            raise InvalidFile(str(path), f"dt is {read['dt'][0]:g} s; expected > 0. Correct it in the file.")
        dt = float(read["dt"][0])
    if dt is not None and not (np.isfinite(dt) and dt > 0):
        raise WrongOption(DT.name, dt, "a finite number of seconds > 0")
    t = read.get("t")
    if t is None:
        return None, dt
    if t.size != n_t or ("t2" in read and not np.array_equal(t, read["t2"])):
        raise InvalidFile(
            str(path),
            f"its times have {t.size} values{', and t2 differs from them' if 't2' in read else ''}; expected {n_t}, "
            "the time of each frame, s. Write them as one list.",
        )
    if not np.all(np.isfinite(t)) or np.any(np.diff(t) <= 0) or t[0] < 0:
        raise InvalidFile(str(path), "its times do not increase from 0 or later; expected s. Correct them in the file.")
    spacing = np.diff(t)
    median = float(np.median(spacing))
    if dt is not None and abs(median - dt) > _DT_TOLERANCE * dt:
        raise InvalidFile(
            str(path), f"dt is {dt:g} s, and its times are {median:g} s apart. Correct one of them, or leave dt out."
        )
    uniform = np.ptp(spacing) <= _UNIFORM * median
    return t, float((t[-1] - t[0]) / spacing.size) if uniform else None


def _numbers(path: Path, name: str, values: Any) -> np.ndarray:
    if values.dtype.kind not in "fiu":
        raise InvalidFile(str(path), f"{name} holds {values.dtype}; expected real numbers. Correct it in the file.")
    numbers = np.ravel(values).astype(np.float64)
    if name != "phi" and not np.all(np.isfinite(numbers)):
        raise InvalidFile(str(path), f"{name} holds values that are not finite. Correct it in the file.")
    return numbers
