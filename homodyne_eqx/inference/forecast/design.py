"""The measurement, of several, that would determine a parameter best."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import equinox as eqx
import numpy as np
from jaxtyping import Array

from ...fit.free_parameters import choose_free
from ...fit.result.numbers import number_texts, uncertainty_text
from ...physics.geometry import Geometry
from ...physics.model import TwoTimeModel
from ..estimate_table import estimate_table
from .expected_uncertainty import DRAWS, expected_covariance, modes_of


@final
@dataclass(frozen=True)
class DesignCandidate:
    """A measurement: its `name` and `geometry`, the `covariance` of the free parameters that its fit would state,
    (n_free, n_free), and the `uncertainty` of the parameter in question, 1σ."""

    name: str
    geometry: Geometry
    covariance: np.ndarray
    uncertainty: float


@final
@dataclass(frozen=True, repr=False)
class Design:
    """Measurements, best first, for one parameter; iterating gives a `DesignCandidate` each. Made by `design`.

    - `parameter`, `unit`, `value`: the parameter in question, and its expected value; `names`: of the free parameters.
    """

    parameter: str
    unit: str
    value: float
    names: tuple[str, ...]
    candidates: tuple[DesignCandidate, ...]

    def __iter__(self) -> Iterator[DesignCandidate]:
        return iter(self.candidates)

    def __len__(self) -> int:
        return len(self.candidates)

    @property
    def best(self) -> DesignCandidate:
        return self.candidates[0]

    def __str__(self) -> str:
        rows = [
            (
                each.name,
                uncertainty_text(each.uncertainty),
                f"{100 * each.uncertainty / abs(self.value):.3g} %" if self.value else "–",
                f"{each.uncertainty / self.best.uncertainty:.3g}",
                self.unit,
            )
            for each in self
        ]
        value, _ = number_texts(self.value, self.best.uncertainty)
        expected = f"Expected 1σ of {self.parameter} = {value} {self.unit}".rstrip()
        first = f"{expected}, with all free parameters fitted together."
        return estimate_table(("measurement", "1σ", "relative", "÷ best", "unit"), rows, (first,))

    __repr__ = __str__


def design(
    model: TwoTimeModel,
    geometries: Mapping[str, Geometry] | Sequence[Geometry],
    parameter: str,
    *,
    speckles: float | int | Mapping[str, float | int],
    photons: float | int | None = None,
    free: Iterable[str] | None = None,
    fixed: Iterable[str] = (),
    draws: int = DRAWS,
    seed: int = 0,
) -> Design:
    """Rank measurements by the uncertainty of a parameter that their fits would state, speckle noise included.

    **Arguments:**

    - `model`: the expected model of the sample, with scalar contrast and offset or one for each sector;
    - `geometries`: of the measurements, by name or in a list;
    - `parameter`: the name of the parameter in question; all other free parameters are fitted too;
    - `speckles`: the number of independent speckles of a sector, one number or one for each name; `photons`: the mean
      number of photons of a speckle in a frame, `None` for no photon noise;
    - `free`, `fixed`: as of `fit`; `draws`, `seed`: as of `expected_covariance`.

    `hx.expected_uncertainty` is the same of one measurement, to be differentiated in angles and times.

    **Returns:** a `Design`, best first. **Raises:** `ValueError` for no geometries, or a parameter that is not free.
    """
    named = geometries if isinstance(geometries, Mapping) else {f"[{k}]": g for k, g in enumerate(geometries)}
    if not named:
        raise ValueError("geometries is empty; expected one measurement or more.")
    parameters = choose_free(model, free, fixed, None).free
    names = [p.name for p in parameters]
    if parameter not in names:
        raise ValueError(f"{parameter} is not free. Free are {', '.join(names)}.")
    free, fixed = (None if free is None else tuple(free)), tuple(fixed)
    at, found = names.index(parameter), []
    for name, geometry in named.items():
        of_each = speckles[name] if isinstance(speckles, Mapping) else speckles
        covariance = np.asarray(_covariance(model, geometry, of_each, photons, free, fixed, draws, seed), float)
        found.append(DesignCandidate(name, geometry, covariance, float(np.sqrt(covariance[at, at]))))
    found.sort(key=lambda each: each.uncertainty)
    return Design(parameter, parameters[at].unit, parameters[at].value, tuple(names), tuple(found))


_compiled = eqx.filter_jit(expected_covariance)


def _covariance(
    model: TwoTimeModel, geometry: Geometry, speckles: float | int, photons: float | int | None,
    free: tuple[str, ...] | None, fixed: tuple[str, ...], draws: int, seed: int,
) -> Array:  # fmt: skip
    contrast, offset = model.scaling(geometry)
    options = {"free": free, "fixed": fixed, "modes": modes_of(contrast / offset), "draws": draws, "seed": seed}
    return _compiled(model, geometry, speckles=float(speckles), photons=photons, **options)
