"""One step of a minimisation."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Iteration:
    """The state of a fit after a step.

    - `number`; `chi2`; `expected_decrease`: the further decrease of χ² if the model were linear;
    - `moved`: the largest change of a parameter in this step, in units of its own uncertainty with all others fixed;
    - `parameters`: values of the free parameters; `elapsed`: s since the first of these steps began;
    - `degrees_of_freedom`: of the data that the step saw, fewer where they are averaged or sampled.
    """

    number: int
    chi2: float
    expected_decrease: float
    moved: float
    parameters: np.ndarray = field(repr=False)
    elapsed: float
    degrees_of_freedom: int
