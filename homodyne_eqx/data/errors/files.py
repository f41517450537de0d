"""Errors of a two-time file and of the options of its layout."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from ...physics.errors import AbstractInputError, AbstractSpelling, Remedy

_FRAME_TIME = Remedy("frame_time", "SECONDS", "as the period of the detector")
_FIRST_FRAME = Remedy("first_frame", "N", "as the detector frame, counted from 0, at which the maps start")


@final
@dataclass(eq=False)
class UnknownLayout(AbstractInputError):
    """A file that no reader knows. `missing`: name of each layout → the parts that the file lacks for it; `layouts`:
    name of each layout → its description."""

    path: str
    missing: Mapping[str, tuple[str, ...]]
    layouts: Mapping[str, str]

    def problem(self, spelling: AbstractSpelling) -> str:
        lacking: dict[tuple[str, ...], list[str]] = {}
        for name, names in self.missing.items():
            lacking.setdefault(names, []).append(f"{name} ({self.layouts[name]})")
        known = "\n".join(
            f"  {', '.join(layouts)}: {'it lacks' if len(layouts) == 1 else 'they lack'} {', '.join(names)}"
            for names, layouts in lacking.items()
        )
        return (
            f"{self.path} has no known layout. The known layouts, and the parts that the file lacks for "
            f"each:\n{known}\n"
            "Convert it to one of these, or build a TwoTimeData from its arrays."
        )


@final
@dataclass(eq=False)
class KnownLayout(AbstractInputError):
    """A file of a layout that is known, and that no reader can read. `layout`: what it looks like; `reason`: whole
    sentences on why it is not read, which end with what to do."""

    path: str
    layout: str
    reason: str

    def problem(self, spelling: AbstractSpelling) -> str:
        return f"{self.path} looks like {self.layout}. {self.reason}"


@final
@dataclass(eq=False)
class TooLarge(AbstractInputError, MemoryError):
    """Arrays that do not fit into memory; nothing was read. `what`: in words; `n_bytes`: how many they take;
    `available`: how many there are."""

    path: str
    what: str
    n_bytes: int
    available: int

    remedies = (
        Remedy("lazy", True, "to leave the maps in the file"),
        Remedy("sectors", "INDICES", "for some of them"),
        Remedy("frames", "RANGE", "for a part"),
    )

    def problem(self, spelling: AbstractSpelling) -> str:
        need, have = (f"{x / 1e9:.3g} GB" for x in (self.n_bytes, self.available))
        return f"{self.path}: {self.what} would take {need} of memory, and {have} are available."


@final
@dataclass(eq=False)
class MissingValue(AbstractInputError):
    """Something that a file of this layout does not state and that was not given. `what`: in words; `option`: the
    argument that states it; `placeholder`: its unit, in capitals."""

    path: str
    what: str
    option: str
    placeholder: str

    def __post_init__(self):
        self.remedies = (Remedy(self.option, self.placeholder),)

    def problem(self, spelling: AbstractSpelling) -> str:
        return f"{self.path} does not state {self.what}, and there is no default."


@final
@dataclass(eq=False)
class UnknownSectors(AbstractInputError):
    """A file that does not say at which q and phi its maps are. `reason`: whole sentences."""

    path: str
    reason: str

    conjunction = " and "
    remedies = (Remedy("sector_q", "Q"), Remedy("sector_phi", "DEGREES", "of each map, in their order"))

    def problem(self, spelling: AbstractSpelling) -> str:
        return f"{self.path}: {self.reason}"


@final
@dataclass(eq=False)
class OutsideTheFile(AbstractInputError):
    """A part of an HDF5 file that lies in another file. `name`: its path in the file; `target`: the other file."""

    path: str
    name: str
    target: str

    remedies = (Remedy("external", True, "if you trust that file"),)

    def problem(self, spelling: AbstractSpelling) -> str:
        return f"{self.path}: /{self.name} lies in another file, {self.target!r}, which is read only on request."


@final
@dataclass(eq=False)
class UnknownFormat(AbstractInputError):
    """`format` names no layout. `known`: the names that there are."""

    format: str
    known: tuple[str, ...]

    def problem(self, spelling: AbstractSpelling) -> str:
        return f"{spelling.name('format')} is {self.format!r}; expected one of {', '.join(self.known)}."


@final
@dataclass(eq=False)
class WrongFormat(AbstractInputError):
    """A file that is not of the layout that `format` names. `missing`: the parts that it lacks."""

    path: str
    format: str
    missing: tuple[str, ...]

    def problem(self, spelling: AbstractSpelling) -> str:
        return f"{self.path} is not of the layout {self.format!r}: it lacks {', '.join(self.missing)}."


@final
@dataclass(eq=False)
class InvalidFile(AbstractInputError):
    """A file whose layout is known and whose contents are incomplete or contradict each other. `reason`: whole
    sentences that end with what to do."""

    path: str
    reason: str

    def problem(self, spelling: AbstractSpelling) -> str:
        return f"{self.path}: {self.reason}"


@final
@dataclass(eq=False)
class UnknownOption(AbstractInputError, TypeError):
    """Options that the layout of a file does not take. `names`: of these options; `known`: of those that it takes."""

    path: str
    format: str
    names: tuple[str, ...]
    known: tuple[str, ...]

    def problem(self, spelling: AbstractSpelling) -> str:
        names, known = (", ".join(map(spelling.name, each)) for each in (self.names, self.known))
        takes = f"it takes {known}" if known else "it takes no options"
        return f"{self.path} is of the layout {self.format!r}, which does not take {names}; {takes}. Leave {names} out."


@final
@dataclass(eq=False)
class WrongOption(AbstractInputError, TypeError):
    """An option of a layout with a value of another type. `expected`: the type, in words."""

    option: str
    value: Any
    expected: str

    def problem(self, spelling: AbstractSpelling) -> str:
        return f"{spelling.name(self.option)} is {self.value!r}; expected {self.expected}."


@final
@dataclass(eq=False)
class MissingFrameTime(AbstractInputError):
    """A file that does not hold the period of the detector. `dataset`: where it should be."""

    path: str
    dataset: str

    remedies = (_FRAME_TIME,)

    def problem(self, spelling: AbstractSpelling) -> str:
        return f"{self.path} has no /{self.dataset}."


@final
@dataclass(eq=False)
class WrongFrameTime(AbstractInputError):
    """A period of the detector that is not finite and > 0 s, from the file or from `load`."""

    path: str
    frame_time: float

    remedies = (_FRAME_TIME,)

    def problem(self, spelling: AbstractSpelling) -> str:
        return f"{self.path}: {spelling.name('frame_time')} is {self.frame_time} s; expected > 0."


@final
@dataclass(eq=False)
class MissingFirstFrame(AbstractInputError):
    """A file that does not say at which detector frame its maps start. `dataset`: where it should be."""

    path: str
    dataset: str

    remedies = (_FIRST_FRAME,)

    def problem(self, spelling: AbstractSpelling) -> str:
        return f"{self.path} has no /{self.dataset}."


@final
@dataclass(eq=False)
class WrongFirstFrame(AbstractInputError):
    """A first frame below 0, from the file or from `load`."""

    path: str
    first_frame: float

    remedies = (_FIRST_FRAME,)

    def problem(self, spelling: AbstractSpelling) -> str:
        return f"{self.path}: the first frame is {self.first_frame:g}; expected a detector frame counted from 0."


@final
@dataclass(eq=False)
class LostTimeOrigin(AbstractInputError):
    """A file whose times start at 0, though its maps start at a later frame, and are not uniform."""

    path: str
    first_frame: int

    remedies = (Remedy("first_frame", 0, "if its times nevertheless count from the start of the flow"),)

    def problem(self, spelling: AbstractSpelling) -> str:
        return (
            f"{self.path} starts at frame {self.first_frame}, but its times start at 0 and are not uniform: the time "
            "of its first frame is unknown."
        )


@final
@dataclass(eq=False)
class NotLazy(AbstractInputError):
    """A file of a layout that can only be read as a whole."""

    path: str
    format: str

    remedies = (Remedy("lazy", False),)

    def problem(self, spelling: AbstractSpelling) -> str:
        return f"{self.path} ({self.format}) cannot be read map by map; a file that save_aps_u wrote can."


@final
@dataclass(eq=False)
class NotInLayout(AbstractInputError):
    """Data that the layout of a file to be written cannot hold. `reason`: whole sentences that end with what to do."""

    reason: str

    def problem(self, spelling: AbstractSpelling) -> str:
        return self.reason
