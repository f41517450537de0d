"""Bad frames and outliers: those in the data, and those that the options exclude.

Frames are counted from 0 as in the maps of the file, also where `--frames` selects some of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, final

from ..data import BadFrame, TwoTimeData, outlier_pixels, suspicious_frames
from ..data.bad_frames import describe_frames

FOUND = "found"


@final
@dataclass(frozen=True)
class Found:
    """The suspicious frames and the number of outlying pixels of data, beside the excluded ones; `file` if there are
    several files."""

    frames: tuple[BadFrame, ...]
    outliers: int
    file: str | None = None

    def __str__(self) -> str:
        said = [describe_frames(self.frames)] if self.frames else []
        said += [f"{self.outliers} outlying pixels"] if self.outliers else []
        return (f"{self.file}: " if self.file and said else "") + "; ".join(said)

    @property
    def remedy(self) -> str:
        """The options that exclude it."""
        options = ["--exclude-frames found"] if self.frames else []
        return " ".join([*options, *(["--exclude-outliers"] if self.outliers else [])])


def document_of(found: Sequence[Found]) -> dict[str, Any]:
    """The findings in all files, as plain numbers and strings for JSON; of several files, frames have their file."""
    frames = [
        {**vars(frame), **({} if each.file is None else {"file": each.file})} for each in found for frame in each.frames
    ]
    return {"frames": frames, "outliers": sum(each.outliers for each in found)}


def without(data: TwoTimeData, frames: str | None, outliers: bool) -> tuple[TwoTimeData, Found, Found]:
    """The data without the frames of `--exclude-frames` and, if asked for, without outliers.

    **Returns:** the data; what was found and is excluded now; what else was found.

    **Raises:** `ValueError` for a text that lists no frames, or frames that are not selected.
    """
    first = data.provenance.first_frame
    listed = [] if frames in (None, FOUND) else frame_numbers(frames)
    outside = [frame for frame in listed if not first <= frame < first + data.n_t]
    if outside:
        raise ValueError(
            f"--exclude-frames names frame {outside[0]}; the data hold frames {first} to {first + data.n_t - 1}, "
            "counted from 0. Leave it out, or correct the number."
        )
    data = data.excluding(frames=[frame - first for frame in listed]) if listed else data
    found = suspicious_frames(data)
    in_file = tuple(replace(each, frame=each.frame + first) for each in found)
    clean = data.excluding(frames=found) if found else data
    pixels = outlier_pixels(clean)
    data = clean if frames == FOUND else data
    data = data.excluding(outliers=pixels) if outliers and pixels.count else data
    of = {True: Found(in_file, pixels.count), False: Found((), 0)}
    excluded = Found(of[frames == FOUND].frames, of[outliers].outliers)
    return data, excluded, Found(of[frames != FOUND].frames, of[not outliers].outliers)


def frame_numbers(text: Any, option: str = "--exclude-frames") -> list[int]:
    """`61,70-75` as the numbers 61, 70, 71, …, 75; `option`: what the message names.

    **Raises:** `ValueError` for another text.
    """
    numbers: list[int] = []
    for part in str(text).split(","):
        ends = part.strip().split("-")
        if len(ends) > 2 or not all(end.strip().isdecimal() for end in ends) or int(ends[0]) > int(ends[-1]):
            what = "frame numbers" if option == "--exclude-frames" else "numbers"
            more = ", or the word found" if option == "--exclude-frames" else ""
            raise ValueError(
                f"{option} is {text!r}; expected {what} and ranges such as 61,70-75, counted from 0{more}."
            )
        numbers += range(int(ends[0]), int(ends[-1]) + 1)
    return numbers
