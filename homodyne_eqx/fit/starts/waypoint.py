"""The point of a fit between its stages."""

from dataclasses import dataclass
from typing import final

from ..free_parameters import FreeParameters


@final
@dataclass(frozen=True)
class Waypoint:
    """The point of a fit after a stage, from which the next stage goes on.

    - `start`: the start that the result will report; `reached`: the values to which the stages have led;
    - `notes`: notes of the stages, for `result.notes`;
    - `interrupted`: whether Ctrl-C has ended a stage: no other is run then;
    - `first_step_size`: by how much the first step from here may change √χ² in one parameter: 1, and more after a stage
      that ends close to the minimum over all data.
    """

    start: FreeParameters
    reached: FreeParameters
    notes: tuple[str, ...] = ()
    interrupted: bool = False
    first_step_size: float = 1.0
