"""One-time correlations: g2 as a function of the lag alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, final

import numpy as np
from jaxtyping import ArrayLike

from ..physics.geometry import Geometry
from .errors import MissingSigma, WrongShape
from .offered import offered
from .pair_data import ExcludedValues, PairData, common_lines
from .provenance import Provenance
from .selection import Range, make_selection, sector_arrays


@final
@dataclass(frozen=True, eq=False, repr=False)
class OneTimeData:
    """g2(τ) of one or more sectors, as from a multi-tau correlator, ready to be fitted. Immutable.

    **Arguments:**

    - `tau`: lags, s, ≥ 0 and increasing, `(n_tau,)`; spaced in any way. Values at lag 0 are excluded, because shot
      noise adds to them.
    - `g2`: intensity correlation, baseline near 1, `(n_sector, n_tau)`; `(n_tau,)` for one sector.
    - `q`: scattering-vector magnitude, Å⁻¹, a number or one for each sector; `phi`: azimuth, degrees, and `gap`:
      distance between the sheared walls, Å, likewise, if terms need them.
    - `sigma`: standard deviation of g2, > 0: a number, one for each sector `(n_sector,)`, or like `g2`. There is no
      default. The noise of different lags is taken as independent.
    - `mask`: True where a value is excluded, like `g2`.
    - `provenance`: where the data came from; `sigma_source`: a sentence on where sigma came from.

    They hold lags, but not the times of the frames. So only models that depend on the lag alone can be fitted; others
    raise `NeedsTimeOrigin`. `geometry` has the sectors, a frame 0 and one frame at each lag. `pairs` are the same data
    as `PairData`.

    **Raises:** as `PairData`; `ValueError` for lags that do not increase or are below 0.
    """

    tau: Any
    g2: Any
    q: ArrayLike | Sequence[float]
    phi: ArrayLike | Sequence[float] | None = None
    gap: ArrayLike | Sequence[float] | None = None
    sigma: Any = None
    mask: Any = None
    provenance: Provenance = field(default_factory=Provenance)
    sigma_source: str = "given"

    def __post_init__(self):
        put = lambda name, x: object.__setattr__(self, name, x)  # noqa: E731
        tau = np.asarray(self.tau, float)
        _check_lags(tau)
        put("tau", tau)
        g2 = np.ma.filled(self.g2, np.nan) if np.ma.isMaskedArray(self.g2) else np.asarray(self.g2)
        if g2.shape == tau.shape:
            g2 = g2[None, :]
        if g2.ndim != 2 or g2.shape[1] != tau.size:
            turned = " Pass its transpose." if g2.ndim == 2 and g2.shape[0] == tau.size else ""
            expected = f"(n_sector, {tau.size}), one row of {tau.size} lags for each sector.{turned}"
            raise WrongShape("g2", g2.shape, expected.rstrip("."))
        put("g2", g2)
        put("mask", None if self.mask is None else _rows("mask", self.mask, g2.shape))
        if self.sigma is None:
            raise MissingSigma(estimable=False)
        sigma = np.asarray(self.sigma)
        put("sigma", sigma[None, :] if g2.shape[0] == 1 and sigma.shape == tau.shape else sigma)
        _ = self.pairs

    def __reduce__(self):
        """Copied and pickled through the constructor."""
        return OneTimeData, tuple(getattr(self, each.name) for each in fields(self))

    @property
    def n_sector(self) -> int:
        return self.g2.shape[0]

    @property
    def n_tau(self) -> int:
        return self.tau.size

    @cached_property
    def geometry(self) -> Geometry:
        """The sectors; its frames are one at time 0 and one at each lag."""
        times = self.tau if self.tau[0] == 0 else np.concatenate([[0.0], self.tau])
        sizes = {np.size(x) for x in (self.q, self.phi, self.gap) if x is not None}
        if max(sizes) not in (1, self.n_sector):
            raise WrongShape("q, phi or gap", (max(sizes),), f"one value, or one for each of {self.n_sector} sectors")
        return Geometry(q=np.broadcast_to(self.q, self.n_sector), t=times, phi=self.phi, gap=self.gap)

    @cached_property
    def pairs(self) -> PairData:
        """The same data as correlations of the frame at each lag with the one at time 0."""
        later = np.arange(self.n_tau) + (0 if self.tau[0] == 0 else 1)
        return PairData(
            self.g2,
            self.geometry,
            later,
            np.zeros_like(later),
            np.arange(self.n_sector)[:, None],
            sigma=self.sigma,
            mask=self.mask,
            provenance=self.provenance,
            sigma_source=self.sigma_source,
            lags_only=True,
        )

    @property
    def excluded(self) -> ExcludedValues:
        """The numbers of excluded values, by cause."""
        return self.pairs.excluded

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on conversions and exclusions when the data were read."""
        return self.pairs.notes

    def select(
        self, *, q: Range | None = None, phi: Range | None = None, sectors: Iterable[int] | None = None
    ) -> "OneTimeData":
        """The sectors that fulfil every condition given; arguments and errors as of `TwoTimeData.select`."""
        geometry = self.geometry
        chosen = list(make_selection(*sector_arrays(geometry), geometry.n_t, q, phi, sectors).sectors)
        of = {name: getattr(geometry, name) for name in ("q", "phi", "gap")}
        sigma = self.sigma if self.sigma.size == 1 else self.sigma[chosen]
        return replace(
            self,
            g2=self.g2[chosen],
            sigma=sigma,
            mask=None if self.mask is None else self.mask[chosen],
            **{name: None if x is None else np.asarray(x)[chosen] for name, x in of.items()},
        )

    def plot(self, sectors: Iterable[int] | None = None) -> Any:
        """A figure of Matplotlib, which the extra `figures` installs: g2 over the lag with its errors, a panel for each
        sector. `figure.savefig("g2.png")` writes it.

        **Arguments:** `sectors`: their numbers, 24 at most; the first ones unless given.
        """
        return offered("pairs.plot")(self, sectors)

    def __repr__(self) -> str:
        lines = [
            f"OneTimeData: {self.n_sector} sectors × {self.n_tau} lags ({self.g2.dtype})",
            f"  lag      {self.tau[0]:.5g} to {self.tau[-1]:.5g} s",
        ]
        return "\n".join(lines + common_lines(self))


def _check_lags(tau: np.ndarray) -> None:
    if tau.ndim != 1 or tau.size == 0 or (tau.size == 1 and tau[0] == 0):
        raise ValueError(f"tau has shape {tau.shape}; expected a 1-D array of lags, s, at least one of them > 0.")
    wrong = ~np.isfinite(tau) | (tau < 0) | (np.diff(tau, prepend=-1.0) <= 0)
    if np.any(wrong):
        k = int(np.argmax(wrong))
        raise ValueError(
            f"tau[{k}] is {tau[k]} s; expected finite lags ≥ 0 that increase. Sort the lags, and give each once."
        )


def _rows(name: str, given: Any, shape: tuple[int, int]) -> np.ndarray:
    """An array like g2, from one that may be of one sector."""
    array = np.asarray(given)
    array = array[None, :] if shape[0] == 1 and array.shape == shape[1:] else array
    if array.shape != shape:
        raise WrongShape(name, array.shape, f"{shape}, that of g2")
    return array
