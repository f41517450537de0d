"""A parameter of a fit: what it may be, where it starts, and in the end what it is."""

import math
from dataclasses import dataclass, replace
from typing import final


@final
@dataclass(frozen=True)
class Parameter:
    """One scalar parameter of a model: a leaf, or one element of an array-valued leaf (`contrast[3]`).

    - `name`; `leaf`: the name of the leaf that it is, or is an element of;
    - `value`, in its `unit`; before the fit it is the start;
    - `low`, `high`: the bounds; `start`; `free`: whether the fit moves it; `at_bound`: whether the fit ended there;
    - `uncertainty`: 1σ; NaN if fixed or at a bound, inf if the data do not determine it.
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
    uncertainty: float = math.nan

    def started_at(self, value: float) -> "Parameter":
        """The same with another start."""
        return replace(self, value=value, start=value)

    def __str__(self) -> str:
        return f"{self.name} = {self.value:.6g} ± {self.uncertainty:.2g} {self.unit}".rstrip()
