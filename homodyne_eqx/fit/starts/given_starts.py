"""A stage that compares starts which a user lists."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, final

import equinox as eqx

from ..fit_input import FitInput
from ..minimiser import Minimiser
from .best_of import best_of
from .every_nth_frame import thinned
from .stage import AbstractStage
from .waypoint import Waypoint


def _as_list(starts: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    listed = None if isinstance(starts, Mapping | str) else tuple(starts)
    if listed is None or not all(isinstance(start, Mapping) for start in listed):
        raise TypeError(
            f"starts is {starts!r}; expected a list of starts, each name → value, as in [{{'phi0': 90.0}}]."
        )
    if not listed:
        raise ValueError("starts is empty; expected at least one start, name → value. {} is that of the model.")
    return listed


@final
class Starts(AbstractStage):
    """Make a few steps from each of several starts, and continue from the one with the smallest χ².

    **Arguments:**

    - `starts`: a list of starts, each name → value, of any free parameters; a parameter that a start does not name
      keeps its present value, which is that of the model if no stage came before. So `{}` is the start of the model
      itself.
    - `steps`: steps of the solver from each.
    - `pairs_kept`: if there are more pairs of frames, the starts are compared on every n-th frame; at least this number
      of pairs, and half of the correlation between neighbouring frames, remain.

    **Raises:** `TypeError` for anything but a list of mappings; `ValueError` for an empty list; and in the fit, for
    names that are not free, for a wrong number of values, or for values outside their bounds.
    """

    starts: tuple[Mapping[str, Any], ...] = eqx.field(converter=_as_list)
    steps: int = 4
    pairs_kept: float | int = 2.5e5
    seconds_key: ClassVar[str] = "starts"

    def __check_init__(self) -> None:
        if self.steps < 0 or not self.pairs_kept > 0:
            raise ValueError(
                f"Starts has steps={self.steps} and pairs_kept={self.pairs_kept:g}; expected 0 or more, and above 0."
            )

    def check(self, fit_input: FitInput) -> None:
        """**Raises:** `ValueError` for names that are not free, a wrong number of values, or values outside bounds."""
        for start in self.starts:
            fit_input.free_parameters.started_at(start)

    def __call__(self, waypoint: Waypoint, fit_input: FitInput, minimiser: Minimiser) -> Waypoint:
        model = minimiser.model_at(waypoint.reached)
        packed, words = thinned(model, fit_input.packed, 0.0, self.pairs_kept)
        tried = [waypoint.reached.started_at(start) for start in self.starts]
        best = best_of(tried, packed, minimiser, self.steps)
        note = f"the best of {len(tried)} given starts after {self.steps} steps each{words}: number {best.number + 1}"
        return replace(
            waypoint,
            start=waypoint.start.started_at(self.starts[best.number]),
            reached=best.reached,
            notes=(*waypoint.notes, note),
            interrupted=best.interrupted,
            first_step_size=1.0,
        )
