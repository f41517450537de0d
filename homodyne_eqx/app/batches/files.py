"""The files of a batch: named ones, in folders and by patterns; or those that appear there while it runs."""

import abc
import glob
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple, final

from ...data.formats import READERS
from .names import path_of

_SUFFIXES = frozenset({".h5", ".hdf", ".hdf5", ".nxs", ".npz", ".npy", ".mat"})
"""Suffixes of the files that a folder stands for. A file that is named, or fits a pattern, may have any suffix."""
POLL = 0.5
_SETTLED = 2.0
_PATIENCE = 60.0


def files_of(sources: Sequence[str | Path]) -> list[Path]:
    """The files that names, patterns (`scans/*.hdf`) and folders stand for now, each once, in this order.

    **Raises:** `FileNotFoundError` for a name that nothing has, and a pattern or folder without files.
    """
    files: dict[Path, None] = {}
    for source in sources:
        found = _found(source)
        if not found:
            path = Path(source)
            what = "holds no two-time files" if path.is_dir() else "does not exist"
            wanted = f" In a folder these end in {', '.join(sorted(_SUFFIXES))}." if path.is_dir() else ""
            raise FileNotFoundError(f"{source} {what} (looked in {path.parent.absolute()}).{wanted}")
        files |= dict.fromkeys(found)
    return list(files)


def _found(source: str | Path) -> list[Path]:
    path = Path(source)
    if path.is_dir():
        return [path_of(each) for each in sorted(path.iterdir()) if _taken_from_a_folder(each)]
    if path.exists():
        return [path_of(path)]
    return [path_of(each) for each in sorted(glob.glob(str(source), recursive=True)) if Path(each).is_file()]


def _taken_from_a_folder(path: Path) -> bool:
    return path.suffix.lower() in _SUFFIXES and not path.name.startswith(".") and path.is_file()


class AbstractFiles(abc.ABC):
    """The files of a batch, as they become known. `endless`: whether Ctrl-C is the usual end of waiting for them."""

    endless: ClassVar[bool]

    @abc.abstractmethod
    def new(self) -> list[Path]:
        """Files that may be read and were not given yet, or have changed since."""

    @abc.abstractmethod
    def ended(self, working: bool) -> bool:
        """Whether there will be no more. `working`: whether files that were given are not done yet."""


@final
class Given(AbstractFiles):
    """Files that are all there."""

    endless = False

    def __init__(self, files: Sequence[Path]):
        self._files = list(files)

    def new(self) -> list[Path]:
        given, self._files = self._files, []
        return given

    def ended(self, working: bool) -> bool:
        return not self._files


@final
class State(NamedTuple):
    """The properties of a file that change when it is written."""

    size: int
    modified: int


@final
class Watched(AbstractFiles):
    """Files that appear in folders and by patterns, each when it is complete: its size and time of change have stayed
    the same for two seconds, and a reader knows it. What no reader knows after a minute without change is given as it
    is, so that its fault is told.

    **Arguments:** `idle`: end after so many seconds in which nothing appeared, changed or was worked on;
    `clock`: seconds.
    """

    endless = True

    def __init__(self, sources: Sequence[str | Path], idle: float | None, clock: Callable[[], float] = time.monotonic):
        self._sources, self._idle, self._clock = list(sources), idle, clock
        self._seen: dict[Path, tuple[State, float]] = {}
        self._given: dict[Path, State] = {}
        self._moved = clock()
        self._looked = self._moved - POLL

    def new(self) -> list[Path]:
        now = self._clock()
        if now - self._looked < POLL:
            return []
        self._looked = now
        return [path for path in self._there() if self._complete(path, now)]

    def ended(self, working: bool) -> bool:
        now = self._clock()
        if working:
            self._moved = now
        return self._idle is not None and now - self._moved >= self._idle

    @property
    def incomplete(self) -> int:
        """The number of files that are there and were not given yet."""
        return sum(self._given.get(path) != state for path, (state, _) in self._seen.items())

    def _there(self) -> Iterator[Path]:
        yield from dict.fromkeys(path for source in self._sources for path in _found(source))

    def _complete(self, path: Path, now: float) -> bool:
        """Whether a file is to be given now, and note that it is."""
        try:
            status = path.stat()
        except OSError:
            return False
        state = State(status.st_size, status.st_mtime_ns)
        before, since = self._seen.get(path, (None, now))
        if state != before:
            self._seen[path] = (state, now)
            self._moved = now
            return False
        if self._given.get(path) == state or now - since < _SETTLED:
            return False
        if now - since < _PATIENCE and not is_known(path):
            self._moved = now
            return False
        self._given[path] = state
        return True


def is_known(path: Path) -> bool:
    """Whether a reader knows the file as it is now; one that is being written is locked, cut off or lacks a part."""
    for reader in READERS:
        try:
            if not reader.missing(path):
                return True
        except Exception:  # a damaged file fails in as many ways as there are libraries
            continue
    return False
