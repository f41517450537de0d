"""A minimum of χ², as a result lists it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from .ended import Ended


@final
@dataclass(frozen=True)
class Minimum:
    """A local minimum of χ², reached from some of the starts.

    - `chi2`; `parameters`: the free ones by name; `ended`: how the minimisation ended there;
    - `starts`: the number of followed starts that led here.
    """

    chi2: float
    parameters: Mapping[str, float]
    ended: Ended
    starts: int
