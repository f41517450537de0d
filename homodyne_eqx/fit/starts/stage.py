"""The contract of a stage of a fit: a step before the minimisation over all data."""

import abc
import time
from collections.abc import Iterable
from dataclasses import replace

import equinox as eqx

from ..fit_input import FitInput
from ..minimiser import Minimiser
from .waypoint import Waypoint


class AbstractStage(eqx.Module):
    """One stage of a fit: it takes the present point of the fit, and the data, and returns the next point.

    The stages of a fit are run in the order given, each from the end of the one before; then χ² is minimised over all
    data from the last point. So a stage can make a fit faster, and can lead to another one of several minima, but it
    does not change the minima.

    A stage of your own is a final class with two methods and a name, and its settings as fields:

    ```python
    @final
    class FirstFrames(hx.AbstractStage):
        number: int = 100
        seconds_key: ClassVar[str] = "first_stages"

        def check(self, fit_input):
            if fit_input.maps is None:
                raise TypeError("FirstFrames needs TwoTimeData; these are packed. Pass the TwoTimeData.")

        def __call__(self, waypoint, fit_input, minimiser):
            first = hx.pack(fit_input.maps.select(frames=(0, self.number)))
            return minimiser.waypoint_at_minimum(waypoint, first)
    ```

    - `seconds_key`: the key of `result.seconds` that counts its time: "starts" for a stage that compares starts,
      "first_stages" for one that fits other data first, or another name.
    """

    seconds_key: eqx.AbstractClassVar[str]

    @abc.abstractmethod
    def check(self, fit_input: FitInput) -> None:
        """Raise `TypeError` or `ValueError` if this stage cannot be run; called before all stages."""

    @abc.abstractmethod
    def __call__(self, waypoint: Waypoint, fit_input: FitInput, minimiser: Minimiser) -> Waypoint:
        """The point of the fit after this stage; the same `waypoint` if there is nothing to do.

        **Arguments:** `waypoint`: where the fit stands; `fit_input`: the model, its free parameters and the data;
        `minimiser`: goes on to the minimum over some data (`waypoint_at_minimum`), or takes a few steps (`trial`).
        """


def run_stages(
    stages: Iterable[AbstractStage], fit_input: FitInput, minimiser: Minimiser
) -> tuple[Waypoint, dict[str, float]]:
    """The point of the fit after all stages, one after the other, and the seconds that they took, by their keys.

    Ctrl-C ends them; the fit then stands where it did.
    """
    waypoint, seconds = Waypoint(fit_input.free_parameters, fit_input.free_parameters), {}
    for stage in stages:
        stage.check(fit_input)
    for stage in stages:
        if waypoint.interrupted:
            break
        begun = time.perf_counter()
        try:
            following = stage(waypoint, fit_input, minimiser)
        except KeyboardInterrupt:
            following = replace(waypoint, interrupted=True)
        if following is not waypoint:
            key = stage.seconds_key
            seconds[key] = seconds.get(key, 0.0) + time.perf_counter() - begun
        waypoint = following
    return waypoint, seconds
