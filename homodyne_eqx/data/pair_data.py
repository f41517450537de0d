"""Data of scattered pairs of frames: any selection of pairs, or means over several pairs."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, final

import numpy as np

from ..physics.geometry import Geometry
from ..physics.minus_sign import with_minus
from .checked_pairs import (
    covariances_of,
    indices_of,
    mask_of,
    members_of,
    numbers_of,
    read_only,
    sigma_of_covariances,
    sigma_of_values,
)
from .doubtful_maps import doubts_on_mask, doubts_on_size
from .errors import NoValueLeft, WrongShape, WrongSigmaOfValue
from .exclusion import LARGEST
from .noise import describe_sigma, usable
from .offered import offered
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

    For data that are not square maps: (age, lag) maps, maps with logarithmic lags, cuts of a map, single pairs.

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
    - `covariances`: of the noise of the values of each sector, one matrix a sector, in the order of its values; their
      diagonals are then sigma², and sigma is left out. Least squares weighs each value by its own sigma. The
      uncertainties of a fit and its expected χ² follow from the covariances.
    - `lags_only`: whether the frame times of the geometry are lags, counted from a frame 0 of no known age. Only models
      that depend on the lag alone can be fitted then.

    Values that are NaN, infinite or beyond 1e15 are excluded and counted. So are values of a frame with itself, to
    which shot noise adds. The noise of different values is taken as independent unless `covariances` are given.

    **Raises:** `WrongShape`; `MissingSigma`, `WrongSigmaOfValue`; `NoValueLeft` for a sector without any value that
    counts (all of `homodyne_eqx.errors`); `ValueError` for frames or sectors that the geometry does not have;
    `TypeError` for arrays that do not hold numbers.
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
    covariances: Any = None

    def __post_init__(self):
        if not isinstance(self.geometry, Geometry):
            raise TypeError(f"geometry is a {type(self.geometry).__name__}; expected Geometry(q=..., t=..., phi=...).")
        value = numbers_of("value", self.value)
        shape = value.shape
        sector = indices_of("sector", self.sector, shape, self.geometry.n_sector, "sectors")
        put = lambda name, x: object.__setattr__(self, name, read_only(x))  # noqa: E731
        put("value", value.reshape(-1))
        put("sector", sector.reshape(-1))
        for name, frames in zip(("i", "j"), members_of(self.i, self.j, shape), strict=True):
            found = indices_of(name, frames, frames.shape, self.geometry.n_t, "frames")
            put(name, found.reshape(value.size, -1))
        put("mask", mask_of(self.mask, shape).reshape(-1))
        if self.covariances is None:
            put("sigma", sigma_of_values(self.sigma, shape, self.sector, self.geometry.n_sector))
        else:
            found = covariances_of(self.covariances, np.bincount(self.sector, minlength=self.geometry.n_sector))
            object.__setattr__(self, "covariances", tuple(map(read_only, found)))
            put("sigma", sigma_of_covariances(found, self.sector))
        bad = ~usable(self.sigma) & ~self.left_out
        if np.any(bad):
            k = int(np.argmax(bad))
            raise WrongSigmaOfValue(k, int(self.sector[k]), float(self.sigma[k]), int(np.count_nonzero(bad)))
        counts = np.bincount(self.sector[~self.left_out], minlength=self.geometry.n_sector)
        if np.any(counts == 0):
            k = int(np.argmin(counts))
            raise NoValueLeft(k, int(np.count_nonzero(self.sector == k)))

    @classmethod
    def over_age_and_lag(
        cls, value: Any, geometry: Geometry, age: Any, lag: Any, sigma: Any = None, mask: Any = None
    ) -> "PairData":
        """Maps over age and lag, with lags spaced in any way.

        **Arguments:** `value`: `(n_sector, n_age, n_lag)`, NaN where there is none, as for lags beyond the last frame;
        `age`: number of the earlier frame of each row, `(n_age,)`; `lag`: in frames, of each column, `(n_lag,)`;
        `geometry`, `sigma`, `mask`: as of `PairData`.

        **Raises:** as `PairData`.
        """
        age, lag = indices_of("age", age, np.shape(age), geometry.n_t, "frames"), np.asarray(lag)
        shape = (geometry.n_sector, age.size, lag.size)
        if np.shape(value) != shape:
            raise WrongShape("value", np.shape(value), f"{shape}, a sector, an age and a lag along its axes")
        later = age[:, None] + lag
        beyond = (later >= geometry.n_t) & np.all(np.isnan(np.asarray(value, float)), axis=0)
        sector = np.arange(geometry.n_sector)[:, None, None]
        return cls(value, geometry, np.where(beyond, age[:, None], later), age[:, None], sector, sigma=sigma, mask=mask)

    def __reduce__(self):
        """Copied and pickled through the constructor, which leaves the arrays read-only again."""
        return PairData, tuple(getattr(self, each.name) for each in fields(self))

    @property
    def pairs(self) -> "PairData":
        """These data themselves, as `OneTimeData.pairs` for one-time data."""
        return self

    @property
    def n_sector(self) -> int:
        return self.geometry.n_sector

    @property
    def n_values(self) -> int:
        """The number of values, excluded ones included."""
        return self.value.size

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on conversions and exclusions when the data were read, and on values that look wrong."""
        of_values = doubts_on_size(self.value[~self.left_out], "the values are", "g2")
        return (
            *self.provenance.notes,
            *doubts_on_geometry(self.geometry, self.lags_only),
            *of_values,
            *doubts_on_mask(self.mask[:, None]),
        )

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
        """The numbers of excluded values, by cause."""
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
        covariances = None if self.covariances is None else tuple(self.covariances[k] for k in selection.sectors)
        return replace(
            self,
            covariances=covariances,
            geometry=selection.cut_geometry(self.geometry),
            sector=number[self.sector[kept]],
            **{name: getattr(self, name)[kept] for name in ("value", "i", "j", "sigma", "mask")},
        )

    def plot(self, sectors: Iterable[int] | None = None) -> Any:
        """A figure of Matplotlib, which the extra `figures` installs: g2 over the lag with its errors, a panel for each
        sector, and a colour for each of four windows of age. `figure.savefig("g2.png")` writes it.

        **Arguments:** `sectors`: their numbers, 24 at most; the first ones unless given.
        """
        return offered("pairs.plot")(self, sectors)

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
    """The text of `print` for data of pairs: sectors, gap, sigma, exclusions, origin and notes."""
    geometry = data.geometry
    lines = [f"  sectors  {describe_sectors(*sector_arrays(geometry))}"]
    if geometry.gap is not None:
        lines.append(f"  gap      {', '.join(f'{x:.5g}' for x in np.unique(np.asarray(geometry.gap)))} Å")
    sigma = data.pairs.sigma[~data.pairs.left_out]
    lines += [f"  sigma    {describe_sigma(sigma)} ({data.sigma_source})", f"  excluded {data.excluded}"]
    if data.provenance.path is not None:
        lines.append(f"  from     {data.provenance.path} ({data.provenance.format})")
    return lines + [f"  note     {note}" for note in data.notes]
