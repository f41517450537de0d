"""The origin of two-time data, and the conversions when they were read."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from os import PathLike
from types import MappingProxyType
from typing import Any, final


@final
@dataclass(frozen=True)
class Provenance:
    """Origin of a `TwoTimeData`.

    - `path`: the file, or `None` for arrays;
    - `format`: name of its layout, e.g. `"aps-u"`, or `None`;
    - `sha256`: checksum of the file in hexadecimal, or `None` for arrays and for lazy reading;
    - `frames`: `(first, stop)`, the frames of the maps in the file that are used, or `None` for arrays;
    - `notes`: sentences on values that were converted or left out;
    - `metadata`: further values in the file, such as the true parameters of a simulation;
    - `steps`: steps after the data were read, in order: selected, excluded, averaged, binned;
    - `frames_each`: the number of frames of the file in each frame of the data, 1 unless they were binned.

    Of an average of several files `path` lists them, and `steps` has their checksums.
    """

    path: str | None = None
    format: str | None = None
    sha256: str | None = None
    frames: tuple[int, int] | None = None
    notes: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[str, ...] = ()
    frames_each: int = 1

    @property
    def first_frame(self) -> int:
        """Number of the first frame in the file, from 0; 0 for arrays."""
        return 0 if self.frames is None else self.frames[0]

    def frames_within(self, start: int, stop: int) -> tuple[int, int] | None:
        """`frames` of the frames `start` to `stop` − 1 of the data."""
        each, first = self.frames_each, self.first_frame
        return None if self.frames is None else (first + each * start, first + each * stop)

    def __post_init__(self):
        object.__setattr__(self, "metadata", MappingProxyType(dict(self.metadata)))

    def __reduce__(self):
        """Copied and pickled through the constructor: the read-only view of `metadata` cannot be."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return Provenance, tuple((values | {"metadata": dict(self.metadata)}).values())


def file_sha256(path: str | PathLike[str]) -> str:
    """SHA-256 checksum of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
