"""Data of scattered pairs of frames: any selection of pairs, or means over several pairs."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, final

import numpy as np

from ..physics.geometry import Geometry
from ..physics.minus_sign import with_minus
from .errors import MissingSigma, NoValueLeft, WrongShape, WrongSigmaOfValue
from .exclusion import LARGEST
from .noise import describe_sigma, usable
from .plausible import doubts_on_geometry
from .provenance import Provenance
from .selection import Range, describe_sectors, make_selection, sector_arrays


@final
@dataclass(frozen=True)
class ExcludedValues:
    """Numbers of values of weight 0; each counts once, by the first cause that applies.

    - `same_frame`: correlations of a frame with itself, to whose value shot noise adds;
    - `not_finite`: NaN, infinite or beyond 1e15; `masked`: excluded by the mask; `total`: all values.
    """

    same_frame: int
    not_finite: int
    masked: int
    total: int

    @property
    def used(self) -> int:
        """Values that are not excluded."""
        return self.total - self.same_frame - self.not_finite - self.masked

    def __str__(self) -> str:
        return (
            f"{self.same_frame} of a frame with itself, {self.not_finite} not finite, {self.masked} masked of "
            f"{self.total} values"
        )


@final
@dataclass(frozen=True, eq=False, repr=False)
class PairData:
    """Intensity correlations of scattered pairs of frames, ready to be fitted. Immutable; the arrays stay on the host.

    For what is no square map: (age, lag) maps, maps with lags that grow logarithmically, cuts of a map, some pairs.

    **Arguments:**

    - `value`: normalised intensity correlations, baseline near 1, of any shape; kept as one axis, `(n,)`.
    - `geometry`: the `Geometry` of the sectors, and of all frames that occur.
    - `i`, `j`: numbers of the two frames of each value, from 0, in either order; they broadcast to the shape of
      `value`. With one axis more at the end, `value.shape + (m,)`, each value is the mean over m pairs of frames.
    - `sector`: which sector of the geometry each value is of, from 0; broadcasts to the shape of `value`.
    - `sigma`: standard deviation of each value, > 0: a number, one for each sector `(n_sector,)`, or like `value`.
      There is no default.
    - `mask`: True where a value is excluded, like `value`.
    - `provenance`: where the data came from; `sigma_source`: a sentence on where sigma came from.
    - `lags_only`: whether the frame times of the geometry are lags, counted from a frame 0 of no known age. Only models
      that depend on the lag alone can be fitted then.

    Values that are NaN, infinite or beyond 1e15 are excluded and counted. So are those of a frame with itself, to which
    shot noise adds. The noise of different values is taken as independent.

    **Raises:** `WrongShape`; `MissingSigma`, `WrongSigmaOfValue`; `NoValueLeft` for a sector without any value that
    counts (all of `homodyne_eqx.errors`); `ValueError` for frames or sectors that the geometry does not have;
    `TypeError` for what does not hold numbers.
    """

    value: Any
    geometry: Geometry
    i: Any
    j: Any
    sector: Any
    sigma: Any = None
    mask: Any = None
    provenance: Provenance = field(default_factory=Provenance)
    sigma_source: str = "given"
    lags_only: bool = False

    def __post_init__(self):
        if not isinstance(self.geometry, Geometry):
            raise TypeError(f"geometry is a {type(self.geometry).__name__}; expected Geometry(q=..., t=..., phi=...).")
        value = _numbers("value", self.value)
        shape = value.shape
        sector = _indices("sector", self.sector, shape, self.geometry.n_sector, "sectors")
        put = lambda name, x: object.__setattr__(self, name, _read_only(x))  # noqa: E731
        put("value", value.reshape(-1))
        put("sector", sector.reshape(-1))
        for name, frames in zip(("i", "j"), _members(self.i, self.j, shape), strict=True):
            found = _indices(name, frames, frames.shape, self.geometry.n_t, "frames")
            put(name, found.reshape(value.size, -1))
        put("mask", _mask(self.mask, shape).reshape(-1))
        put("sigma", _sigma(self.sigma, shape, self.sector, self.geometry.n_sector))
        bad = ~usable(self.sigma) & ~self.left_out
        if np.any(bad):
            k = int(np.argmax(bad))
            raise WrongSigmaOfValue(k, int(self.sector[k]), float(self.sigma[k]), int(np.count_nonzero(bad)))
        counts = np.bincount(self.sector[~self.left_out], minlength=self.geometry.n_sector)
        if np.any(counts == 0):
            k = int(np.argmin(counts))
            raise NoValueLeft(k, int(np.count_nonzero(self.sector == k)))

    def __reduce__(self):
        """Copied and pickled through the constructor, which leaves the arrays read-only again."""
        return PairData, tuple(getattr(self, each.name) for each in fields(self))

    @property
    def pairs(self) -> "PairData":
        """These data: what `OneTimeData.pairs` is of one-time data."""
        return self

    @property
    def n_sector(self) -> int:
        return self.geometry.n_sector

    @property
    def n_values(self) -> int:
        """How many values there are, excluded ones too."""
        return self.value.size

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found, converted or left out when the data were read, and what looks wrong with them."""
        return (*self.provenance.notes, *(() if self.lags_only else doubts_on_geometry(self.geometry)))

    @cached_property
    def left_out(self) -> np.ndarray:
        """True where a value is excluded, for any cause, `(n,)`."""
        return self._same_frame | ~self._finite | self.mask

    @property
    def _finite(self) -> np.ndarray:
        return np.abs(self.value) <= LARGEST

    @property
    def _same_frame(self) -> np.ndarray:
        return np.any(self.i == self.j, axis=1)

    @cached_property
    def excluded(self) -> ExcludedValues:
        """How many values are excluded, by cause."""
        same, infinite = self._same_frame, ~self._finite & ~self._same_frame
        masked = self.mask & ~same & ~infinite
        return ExcludedValues(*(int(np.count_nonzero(x)) for x in (same, infinite, masked)), self.n_values)

    @cached_property
    def lag(self) -> np.ndarray:
        """Time between the two frames of each value, s, `(n,)`; of a mean over pairs that of their mean."""
        t = np.asarray(self.geometry.t, float)
        return np.mean(np.abs(t[self.i] - t[self.j]), axis=1)

    @cached_property
    def age(self) -> np.ndarray | None:
        """Time half-way between the two frames of each value, s, `(n,)`; of a mean over pairs that of their mean.
        `None` where the data hold lags alone."""
        t = np.asarray(self.geometry.t, float)
        return None if self.lags_only else np.mean((t[self.i] + t[self.j]) / 2, axis=1)

    def select(
        self, *, q: Range | None = None, phi: Range | None = None, sectors: Iterable[int] | None = None
    ) -> "PairData":
        """The sectors that fulfil every condition given; arguments and errors as of `TwoTimeData.select`."""
        selection = make_selection(*sector_arrays(self.geometry), self.geometry.n_t, q, phi, sectors)
        number = np.full(self.n_sector, -1)
        number[list(selection.sectors)] = np.arange(len(selection.sectors))
        kept = number[self.sector] >= 0
        return replace(
            self,
            geometry=selection.cut_geometry(self.geometry),
            sector=number[self.sector[kept]],
            **{name: getattr(self, name)[kept] for name in ("value", "i", "j", "sigma", "mask")},
        )

    def __repr__(self) -> str:
        geometry, t = self.geometry, np.asarray(self.geometry.t)
        lags = self.lag[~self.left_out]
        means = "" if self.i.shape[1] == 1 else f", each the mean over {self.i.shape[1]} pairs of frames"
        lines = [
            f"PairData: {self.n_values} values of {self.n_sector} sectors ({self.value.dtype}){means}",
            f"  lag      {lags.min():.5g} to {lags.max():.5g} s",
        ]
        if not self.lags_only:
            lines.append(f"  time     {with_minus(f'{t[0]:.5g}')} to {t[-1]:.5g} s, {geometry.n_t} frames")
        return "\n".join(lines + common_lines(self))


def common_lines(data: Any) -> list[str]:
    """What `print` says of any data of pairs: sectors, gap, sigma, what is excluded, origin and notes."""
    geometry = data.geometry
    lines = [f"  sectors  {describe_sectors(*sector_arrays(geometry))}"]
    if geometry.gap is not None:
        lines.append(f"  gap      {', '.join(f'{x:.5g}' for x in np.unique(np.asarray(geometry.gap)))} Å")
    sigma = data.pairs.sigma[~data.pairs.left_out]
    lines += [f"  sigma    {describe_sigma(sigma)} ({data.sigma_source})", f"  excluded {data.excluded}"]
    if data.provenance.path is not None:
        lines.append(f"  from     {data.provenance.path} ({data.provenance.format})")
    return lines + [f"  note     {note}" for note in data.notes]


def _numbers(name: str, given: Any) -> np.ndarray:
    array = np.ma.filled(np.ma.asarray(given, dtype=float), np.nan) if np.ma.isMaskedArray(given) else np.asarray(given)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name} has dtype {array.dtype}; expected real numbers.")
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)


def _indices(name: str, given: Any, shape: tuple[int, ...], stop: int, of: str) -> np.ndarray:
    """Whole numbers from 0 to stop − 1, of a shape."""
    array = np.asarray(given)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} has dtype {array.dtype}; expected whole numbers, those of {of} from 0.")
    try:
        array = np.broadcast_to(array, shape)
    except ValueError as error:
        raise WrongShape(name, array.shape, f"{shape}, one for each value, or a shape that broadcasts to it") from error
    wrong = array[(array < 0) | (array >= stop)]
    if wrong.size:
        raise ValueError(
            f"{name} holds {wrong.flat[0]}; expected numbers of {of} of the geometry, from 0 to {stop - 1}. Correct "
            f"{name}, or pass the geometry of all {of}."
        )
    return array.astype(np.int32)


def _members(i: Any, j: Any, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The frames of each value, of the shape of the values, with one axis more where a value is a mean over pairs."""
    i, j = np.asarray(i), np.asarray(j)
    ndim = max(i.ndim, j.ndim)
    try:
        members = np.broadcast_shapes(i.shape, j.shape)[-1:] if ndim == len(shape) + 1 else ()
        return np.broadcast_to(i, shape + members), np.broadcast_to(j, shape + members)
    except ValueError as error:
        expected = f"{shape} each; with one axis more, (…, m), for means over m pairs; or what broadcasts to that"
        raise WrongShape("i, j", (i.shape, j.shape), expected) from error


def _mask(mask: Any, shape: tuple[int, ...]) -> np.ndarray:
    if mask is None:
        return np.zeros(shape, bool)
    mask = np.asarray(mask)
    if mask.dtype != bool:
        raise TypeError(f"mask has dtype {mask.dtype}; expected booleans, True where a value is excluded.")
    if mask.shape != shape:
        raise WrongShape("mask", mask.shape, f"{shape}, that of the values")
    return mask


def _sigma(sigma: Any, shape: tuple[int, ...], sector: np.ndarray, n_sector: int) -> np.ndarray:
    """The standard deviation of each value, `(n,)`."""
    if sigma is None:
        raise MissingSigma(estimable=False)
    array = _numbers("sigma", sigma)
    if array.shape == shape:
        return array.reshape(-1)
    if array.shape in ((), (1,)):
        return np.broadcast_to(array.reshape(()), sector.shape)
    if array.shape == (n_sector,):
        return array[sector]
    raise WrongShape("sigma", array.shape, f"(), {(n_sector,)} (one for each sector) or {shape} (one for each value)")


def _read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view
