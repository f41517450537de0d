"""The time that the parts of a fit took."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..solve.minimise import Iteration


def seconds_spent(history: Sequence[Iteration], seconds: Mapping[str, float]) -> dict[str, float]:
    """Seconds by stage, for reading: "starts" and "first stages" where there were any, compilation included;
    "compilation" (the first step less the median step); and "fit", all other steps.

    **Arguments:** `seconds`: of a `FitResult`.
    """
    elapsed = [step.elapsed for step in history]
    ordinary = float(np.median(np.diff(elapsed))) if len(elapsed) > 1 else 0.0
    compilation = max(seconds["first_step"] - ordinary, 0.0)
    before = {name.replace("_", " "): s for name, s in seconds.items() if name in ("starts", "first_stages")}
    return {**before, "compilation": compilation, "fit": max(elapsed[-1] - compilation, 0.0) if elapsed else 0.0}
