"""A parameter of a fit: its bounds and its start, and after the fit its value and uncertainty."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import final

from .priors.prior import AbstractPrior
from .result.numbers import number_texts


@final
@dataclass(frozen=True)
class Parameter:
    """One scalar parameter of a model: a leaf, or one element of an array-valued leaf (`contrast[3]`).

    - `name`; `leaf`: the name of the leaf that it is, or is an element of;
    - `value`, in its `unit`; before the fit it is the start;
    - `low`, `high`: the bounds; `start`; `free`: whether the fit moves it; `at_bound`: whether the fit ended there;
    - `uncertainty`: 1σ, including the noise of a finite number of speckles, computed at first use;
      `white_noise_uncertainty`: 1σ if the noise of every pair of frames were independent, from the normal matrix. NaN
      if fixed or at a bound, inf if the data do not determine it;
    - `spread`: the uncertainty, or the object that computes it; `period`: after one period, or after two, the map is
      the same; `neutral`: the value at which it changes nothing, if there is one; `linear`: g2 is linear in it;
      `of_scaling`: it belongs to contrast and offset;
    - `prior`: its prior, or `None`;
    - `exponent`, `plateau`: where it multiplies a power of time, the names of the exponent and of the constant that is
      added;
    - `tied_to`: the name of the parameter whose value and uncertainty it has; it is not free itself.
    """

    name: str
    leaf: str
    value: float
    unit: str
    low: float = -math.inf
    high: float = math.inf
    start: float = math.nan
    free: bool = True
    at_bound: bool = False
    white_noise_uncertainty: float = math.nan
    spread: float | Callable[[], float] = field(default=math.nan, repr=False, compare=False)
    period: float | None = None
    neutral: float | None = None
    linear: bool = False
    of_scaling: bool = False
    prior: AbstractPrior | None = None
    exponent: str = ""
    tied_to: str = ""
    plateau: str = ""

    @property
    def uncertainty(self) -> float:
        return float(self.spread() if callable(self.spread) else self.spread)

    def started_at(self, value: float) -> "Parameter":
        """The same with another start."""
        return replace(self, value=value, start=value)

    def __str__(self) -> str:
        value, uncertainty = number_texts(self.value, self.uncertainty)
        return f"{self.name} = {value} ± {uncertainty} {self.unit}".rstrip()


@final
class Parameters(Mapping[str, Parameter]):
    """The parameters of a fit by name. A path in the model (`g1.terms[0].rate.value`) finds its parameter as well."""

    def __init__(self, by_name: Mapping[str, Parameter], names_by_path: Mapping[str, str]):
        self._by_name, self._names_by_path = dict(by_name), dict(names_by_path)

    def __getitem__(self, name: str) -> Parameter:
        found = self._by_name.get(self._names_by_path.get(name, name))
        if found is None:
            raise KeyError(f"There is no parameter {name!r}. There are {', '.join(self._by_name)}.")
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __repr__(self) -> str:
        return f"Parameters({', '.join(map(str, self._by_name.values()))})"
