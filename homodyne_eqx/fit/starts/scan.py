"""A stage that tries many frequencies, where the correlation oscillates and χ² has many minima."""

import itertools
import math
from dataclasses import replace
from typing import ClassVar, final

import numpy as np

from ..fit_input import FitInput
from ..free_parameters import FreeParameters
from ..minimiser import Minimiser
from .best_of import best_of
from .every_nth_frame import thinned
from .oscillations import Oscillation, oscillations_of
from .stage import AbstractStage
from .waypoint import Waypoint

_QUARTER_TURN = 90.0


@final
class Scan(AbstractStage):
    """Try many values of each frequency or velocity in which the correlation oscillates, and go on from the best.

    Examples are the frequency of an `Echo` and the velocity of `TwoComponents`. If the phase is free too, each value is
    tried at two phases, a quarter turn apart. Several oscillations are scanned one after the other. Without a free
    parameter of this kind the stage does nothing. Leave it out if the start is right to 1 rad over the run.

    **Arguments:**

    - `spacing`: the change of the oscillation over the run from one value to the next, radians;
    - `lowest`, `highest`: multiples of the start between which values are tried;
    - `most_values`, `fewest_values`: the largest and smallest number of values; if there are more than `most_values`
      between `lowest` and `highest`, those closest to the start are tried;
    - `steps`: steps of the solver from each value before the comparison;
    - `pairs_kept`: if there are more pairs of frames, the values are compared on every n-th frame; at least this number
      of pairs, eight frames in a period, and half of the correlation between neighbouring frames remain.
    """

    spacing: float | int = 3.0
    lowest: float | int = 0.5
    highest: float | int = 2.0
    most_values: int = 64
    fewest_values: int = 5
    steps: int = 4
    pairs_kept: float | int = 2.5e5
    seconds_key: ClassVar[str] = "starts"

    def __check_init__(self) -> None:
        if not (self.spacing > 0 and 0 < self.lowest <= 1 <= self.highest and self.lowest < self.highest):
            raise ValueError(
                f"Scan has spacing={self.spacing:g}, lowest={self.lowest:g} and highest={self.highest:g}; expected a "
                "spacing above 0 rad, and multiples of the start with 0 < lowest ≤ 1 ≤ highest."
            )
        if self.fewest_values < 2 or self.most_values < self.fewest_values:
            raise ValueError(
                f"Scan has fewest_values={self.fewest_values} and most_values={self.most_values}; expected 2 or more, "
                "and no fewer than that."
            )
        if self.steps < 0 or not self.pairs_kept > 0:
            raise ValueError(
                f"Scan has steps={self.steps} and pairs_kept={self.pairs_kept:g}; expected 0 or more, and above 0."
            )

    def check(self, fit_input: FitInput) -> None:
        """Nothing to check: any data are suitable."""

    def __call__(self, waypoint: Waypoint, fit_input: FitInput, minimiser: Minimiser) -> Waypoint:
        model = minimiser.model_at(waypoint.reached)
        for oscillation in oscillations_of(model, fit_input.free_parameters, fit_input.packed.geometry):
            tried = self.starts(oscillation, waypoint.reached)
            fastest = oscillation.angle * float(np.max(self.multiples(oscillation)))
            packed, words = thinned(model, fit_input.packed, fastest, self.pairs_kept)
            best = best_of(tried, packed, minimiser, self.steps)
            note = self._note(oscillation, tried, best.number, words)
            waypoint = replace(
                waypoint,
                reached=best.reached,
                notes=(*waypoint.notes, note),
                interrupted=best.interrupted,
                first_step_size=1.0,
            )
            if best.interrupted:
                break
        return waypoint

    def multiples(self, oscillation: Oscillation) -> np.ndarray:
        """The multiples of the start that are tried, 1 among them."""
        below, above = 1 - self.lowest, self.highest - 1
        spacing = min(self.spacing / max(oscillation.angle, 1e-9), (below + above) / (self.fewest_values - 1))
        n_below = min(math.floor(below / spacing), self.most_values // 2)
        n_above = min(math.floor(above / spacing), self.most_values - 1 - n_below)
        return 1 + spacing * np.arange(-n_below, n_above + 1)

    def starts(self, oscillation: Oscillation, free_parameters: FreeParameters) -> list[FreeParameters]:
        """The starts within their bounds, the present one first, then those next to it."""
        free = {parameter.name: parameter for parameter in free_parameters.free}
        frequencies = [name for name, parameter in free.items() if parameter.leaf in oscillation.frequencies]
        phases = [name for name, parameter in free.items() if parameter.leaf in oscillation.phases]
        multiples = sorted(self.multiples(oscillation), key=lambda multiple: abs(multiple - 1))
        found = []
        for multiple, turn in itertools.product(multiples, (0.0, _QUARTER_TURN) if phases else (0.0,)):
            values = {name: free[name].value * float(multiple) for name in frequencies}
            values |= {name: free[name].value + turn for name in phases}
            if all(free[name].low < value < free[name].high for name, value in values.items()):
                found.append(free_parameters.started(values))
        return found

    def _note(self, oscillation: Oscillation, tried: list[FreeParameters], best: int, words: str) -> str:
        name = next(parameter.name for parameter in tried[0].free if parameter.leaf in oscillation.frequencies)
        at = [next(parameter for parameter in start.free if parameter.name == name) for start in tried]
        values, unit = [parameter.value for parameter in at], at[0].unit
        return (
            f"{name} was scanned: {len(tried)} starts from {min(values):.4g} to {max(values):.4g} {unit}, {self.steps} "
            f"steps each{words}; the fit went on from the best, at {values[best]:.4g} {unit}"
        )
