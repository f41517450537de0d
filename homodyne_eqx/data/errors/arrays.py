"""Errors of maps, masks, noise and selections."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from ...physics.errors import AbstractInputError, AbstractSpelling, Remedy

_SIGMA = Remedy("sigma", "VALUE")
_ESTIMATE = Remedy("sigma", "estimate", "to take it from the scatter of the far-lag plateau of each map")


@final
@dataclass(eq=False)
class MissingSigma(AbstractInputError):
    """No standard deviation of the data. `path`: the file that holds none, or `None` for arrays; `estimable`: whether
    it can be estimated from the data, as from maps."""

    path: str | None = None
    estimable: bool = True

    def __post_init__(self):
        self.remedies = (_SIGMA, _ESTIMATE) if self.estimable else (_SIGMA,)

    def problem(self, spelling: AbstractSpelling) -> str:
        what = f"sigma, the standard deviation of a {'pixel of c2' if self.estimable else 'value'},"
        if self.path is None:
            return f"{what} is missing, and there is no default."
        return f"{self.path} holds no {what} and there is no default."


@final
@dataclass(eq=False)
class WrongSigma(AbstractInputError):
    """A sigma that is not finite and > 0, or an unknown word. `value`: the given value; `expected`: in words."""

    value: Any
    expected: str

    remedies = (_SIGMA, _ESTIMATE)

    def problem(self, spelling: AbstractSpelling) -> str:
        value = repr(self.value) if isinstance(self.value, str) else str(self.value)
        return f"sigma is {value}; expected {self.expected}."


@final
@dataclass(eq=False)
class WrongSigmaPixel(AbstractInputError):
    """A map of sigma that is not finite and > 0 where a pixel counts. `index`: (sector, frame, frame) of the first
    such pixel, `value`: its sigma; `count`: of such pixels in the sector."""

    index: tuple[int, int, int]
    value: float
    count: int

    def problem(self, spelling: AbstractSpelling) -> str:
        k, i, j = self.index
        return (
            f"sigma[{k}, {i}, {j}] is {self.value} ({self.count} such pixels in sector {k}); expected finite numbers "
            "> 0 wherever a pixel is not masked. Mask those pixels, or correct sigma."
        )


@final
@dataclass(eq=False)
class WrongSigmaOfValue(AbstractInputError):
    """A sigma of pairs or of one-time data that is not finite and > 0 where a value counts. `index`: of the first such
    value, all values in one axis; `sector`: of it; `value`: its sigma; `count`: of such values."""

    index: int
    sector: int
    value: float
    count: int

    def problem(self, spelling: AbstractSpelling) -> str:
        return (
            f"sigma of value {self.index}, in sector {self.sector}, is {self.value} ({self.count} such values); "
            "expected finite numbers > 0, from 1e-15 to 1e15. Mask those values, or correct sigma."
        )


@final
@dataclass(eq=False)
class NoValueLeft(AbstractInputError):
    """A sector of which no value counts. `total`: how many it has, excluded ones."""

    sector: int
    total: int

    remedies = (Remedy("sectors", "INDICES", "without it"),)

    def problem(self, spelling: AbstractSpelling) -> str:
        return (
            f"No value of sector {self.sector} is left: its {self.total} values are masked, not finite, or of a frame "
            "with itself. Correct the mask, or leave the sector out."
        )


@final
@dataclass(eq=False)
class SigmaNotEstimated(AbstractInputError):
    """A map from whose far-lag plateau no noise can be estimated. `reason`: a whole sentence."""

    sector: int
    reason: str

    remedies = (_SIGMA,)

    def problem(self, spelling: AbstractSpelling) -> str:
        return self.reason


@final
@dataclass(eq=False)
class NoiseOfBinsUnknown(AbstractInputError):
    """The noise of bins cannot be estimated. `bin_frames`: frames of a bin; `reason`: a whole sentence."""

    bin_frames: int
    reason: str

    remedies = (Remedy("bin_frames", "FEWER"),)

    def problem(self, spelling: AbstractSpelling) -> str:
        what = f"The effect of bins of {self.bin_frames} frames on the noise cannot be estimated."
        return f"{what} {self.reason} Bin fewer frames, or in Python give sigma of the bins."


@final
@dataclass(eq=False)
class NoPixelLeft(AbstractInputError):
    """A sector of which no pixel counts: `not_finite` are NaN or infinite, `masked` are masked, `bad_frames` and
    `outliers` were excluded as such, the others lie on the `diagonal`."""

    sector: int
    diagonal: int
    not_finite: int
    masked: int
    bad_frames: int = 0
    outliers: int = 0

    remedies = (Remedy("sectors", "INDICES", "without it"),)

    def problem(self, spelling: AbstractSpelling) -> str:
        found = f", {self.bad_frames} lie in bad frames and {self.outliers} are outliers"
        return (
            f"No pixel of sector {self.sector} is left: {self.not_finite} are not finite and {self.masked} are "
            f"masked{found if self.bad_frames or self.outliers else ''}, besides the diagonal ({self.diagonal}). "
            "Correct the mask, or leave the sector out."
        )


@final
@dataclass(eq=False)
class AsymmetricMap(AbstractInputError):
    """A map that differs from its transpose by more than noise. `row`: a frame of which c2[row, j] and c2[j, row]
    differ; `difference`: the median of their differences; `noise`: how much these scatter; `reversed_rows`: whether
    its first row looks like the last frame."""

    sector: int
    row: int
    difference: float
    noise: float
    reversed_rows: bool = False

    def problem(self, spelling: AbstractSpelling) -> str:
        remedy = (
            "Its rows seem to be in reverse order: pass c2[:, ::-1]."
            if self.reversed_rows
            else "If one half was not measured, set it to NaN. If the axes are age i and lag k, "
            "put the value to c2[i, i + k] and NaN to all other pixels, or use hx.PairData.over_age_and_lag."
        )
        return (
            f"The map of sector {self.sector} is not symmetric: c2[{self.row}, j] − c2[j, {self.row}] is "
            f"{self.difference:.3g} in the median, with a scatter of {self.noise:.2g}; expected c2[i, j] = c2[j, i], "
            f"the correlation of frames i and j. {remedy}"
        )


@final
@dataclass(eq=False)
class HalfOfALazyMap(AbstractInputError):
    """A lazy stack that gives a map of which one half is empty. `half`: `"lower"` or `"upper"`."""

    sector: int
    half: str

    remedies = (Remedy("lazy", False),)

    def problem(self, spelling: AbstractSpelling) -> str:
        return (
            f"The {self.half} half of the map of sector {self.sector} is 0 or NaN, and a lazy stack has to give whole "
            "maps. Take them into memory with data.in_memory(), which fills it, or fill it in the stack."
        )


@final
@dataclass(eq=False)
class WrongShape(AbstractInputError):
    """An array whose shape does not fit. `expected`: the shapes that do, in words, and what to do."""

    name: str
    shape: tuple[int, ...]
    expected: str

    def problem(self, spelling: AbstractSpelling) -> str:
        return f"{self.name} has shape {self.shape}; expected {self.expected}."


@final
@dataclass(eq=False)
class NotASelection(AbstractInputError):
    """`q`, `phi`, `sectors` or `frames` with a value that does not select. `expected`: in words."""

    option: str
    value: Any
    expected: str

    def problem(self, spelling: AbstractSpelling) -> str:
        return f"{spelling.name(self.option)} is {self.value}; expected {self.expected}."


@final
@dataclass(eq=False)
class NoSuchSector(AbstractInputError, IndexError):
    """A sector that the data do not have. `n_sector`: how many there are."""

    sectors: tuple[int, ...]
    n_sector: int

    def problem(self, spelling: AbstractSpelling) -> str:
        listed = ", ".join(map(str, self.sectors))
        return f"There is no sector {listed}; expected numbers from 0 to {self.n_sector - 1}."


@final
@dataclass(eq=False)
class NothingSelected(AbstractInputError):
    """No sector fulfils every condition. `wanted`: name of each condition → its value; `present`: the q and phi that
    there are, in words."""

    wanted: Mapping[str, Any]
    present: str

    def problem(self, spelling: AbstractSpelling) -> str:
        wanted = " and ".join(f"{spelling.name(name)} {value}" for name, value in self.wanted.items())
        return f"No sector is left with {wanted}. There are {self.present}. Widen the selection."


@final
@dataclass(eq=False)
class RepeatsDiffer(AbstractInputError):
    """Repeats that are not of the same sectors and frames. `repeat`: which, from 0; `path`: its file, or `None`; `what`
    differs from that of the first one; `value` and `expected`, in words; `advice`: what to do."""

    repeat: int
    path: str | None
    what: str
    value: str
    expected: str
    advice: str

    def problem(self, spelling: AbstractSpelling) -> str:
        where = f"repeat {self.repeat}" + (f" ({self.path})" if self.path else "")
        return f"Of {where} {self.what} is {self.value}; expected {self.expected}, as of repeat 0. {self.advice}."
