"""Where two-time data came from, and what was converted when they were read."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
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
    - `notes`: sentences on what was found, converted or left out;
    - `metadata`: further values in the file, such as the true parameters of a simulation.
    """

    path: str | None = None
    format: str | None = None
    sha256: str | None = None
    frames: tuple[int, int] | None = None
    notes: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        object.__setattr__(self, "metadata", MappingProxyType(dict(self.metadata)))

    def __reduce__(self):
        """Copied and pickled through the constructor: the read-only view of `metadata` cannot be."""
        return Provenance, (self.path, self.format, self.sha256, self.frames, self.notes, dict(self.metadata))


def file_sha256(path: str | PathLike[str]) -> str:
    """SHA-256 checksum of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
