"""The times of the frames of a map, from the period of the detector."""

from pathlib import Path

import numpy as np

from ..errors import MissingFrameTime, WrongFirstFrame, WrongFrameTime
from ..hdf5_file import Hdf5File

NO_FIRST_FRAME = "the file does not state the detector frame at which its maps start: times start at 0"
"""A note of layouts that have no place for it; the option `first_frame` states it."""


def frame_times(path: Path, n_t: int, frame_time: float, per_map_frame: float, first_frame: float | int) -> np.ndarray:
    """Time of each map frame, s: `t = first_frame · frame_time + k · frame_time · per_map_frame`, `(n_t,)`.

    **Raises:** `WrongFrameTime`, `WrongFirstFrame`.
    """
    if not (np.isfinite(frame_time) and frame_time > 0):
        raise WrongFrameTime(str(path), float(frame_time))
    if not first_frame >= 0 or not np.isfinite(first_frame):
        raise WrongFirstFrame(str(path), float(first_frame))
    return first_frame * frame_time + frame_time * per_map_frame * np.arange(n_t)


def stated_frame_time(
    file: Hdf5File, name: str, given: float | None, missing: str | None = None
) -> tuple[float, tuple[str, ...]]:
    """The period of the detector, s, as given or from a data set, and a note where its unit was converted.

    **Arguments:** `missing`: where the message says that it should be, if not at `name`.

    **Raises:** `MissingFrameTime`.
    """
    if given is not None:
        return given, ()
    value = file.number(name)
    if value is None:
        raise MissingFrameTime(file.path, missing or name)
    factor, note = file.factor(name, "time")
    return value * factor, note


def frame_count(file: Hdf5File, name: str) -> float:
    """A number of detector frames, a whole number ≥ 1, without which the frame period does not follow.

    **Raises:** `InvalidFile` where there is none, and for another number.
    """
    count = file.number(name)
    if count is None:
        file.refuse(f"it has no /{name}. The frame period dt cannot be computed without it; add it to the file.")
    if not count >= 1:
        file.refuse(f"/{name} is {count:g}; expected ≥ 1. Correct it in the file.")
    if count > 1e12 or count != round(count):
        file.refuse(f"/{name} is {count:g}; expected a whole number of frames. Correct it in the file.")
    return float(count)
