"""The errors of two-time data and of their files, as `homodyne_eqx.errors`.

Each is a type of its own, a `ValueError` and an `AbstractInputError`, and holds the values that a caller needs as
fields: `except hx.errors.MissingSigma as error: ...; error.path, error.remedies`.
"""

from ...physics.errors import (
    AbstractInputError as AbstractInputError,
    AbstractSpelling as AbstractSpelling,
    InPython as InPython,
    MissingGeometry as MissingGeometry,
    NeedsTimeOrigin as NeedsTimeOrigin,
    Remedy as Remedy,
)
from .arrays import (
    AsymmetricMap as AsymmetricMap,
    HalfOfALazyMap as HalfOfALazyMap,
    MissingSigma as MissingSigma,
    NoiseOfBinsUnknown as NoiseOfBinsUnknown,
    NoPixelLeft as NoPixelLeft,
    NoSuchSector as NoSuchSector,
    NotASelection as NotASelection,
    NothingSelected as NothingSelected,
    NoValueLeft as NoValueLeft,
    RepeatsDiffer as RepeatsDiffer,
    SigmaNotEstimated as SigmaNotEstimated,
    WrongShape as WrongShape,
    WrongSigma as WrongSigma,
    WrongSigmaOfValue as WrongSigmaOfValue,
    WrongSigmaPixel as WrongSigmaPixel,
)
from .files import (
    InvalidFile as InvalidFile,
    KnownLayout as KnownLayout,
    LostTimeOrigin as LostTimeOrigin,
    MissingFirstFrame as MissingFirstFrame,
    MissingFrameTime as MissingFrameTime,
    MissingValue as MissingValue,
    NotInLayout as NotInLayout,
    NotLazy as NotLazy,
    OutsideTheFile as OutsideTheFile,
    TooLarge as TooLarge,
    UnknownFormat as UnknownFormat,
    UnknownLayout as UnknownLayout,
    UnknownOption as UnknownOption,
    UnknownSectors as UnknownSectors,
    WrongFirstFrame as WrongFirstFrame,
    WrongFormat as WrongFormat,
    WrongFrameTime as WrongFrameTime,
    WrongOption as WrongOption,
)
