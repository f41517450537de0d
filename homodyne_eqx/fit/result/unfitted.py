"""The result for data that hold nothing to fit: the start, and why."""

from dataclasses import replace
from functools import partial

import numpy as np

from ...physics.model import TwoTimeModel
from ..free_parameters import FreeParameters
from ..parameter import Parameters
from ..solve.ended import Ended
from ..solve.iteration import Iteration
from ..uncertainty.speckle_covariance import SpeckleCovariance
from ..verdict.verdict import not_judged
from .fit_result import FitResult
from .kernel import kernel_of


def unfitted(
    model: TwoTimeModel, free_parameters: FreeParameters, degrees_of_freedom: int, loss: str, reason: str
) -> FitResult:
    """A result with the model as it started. It has no data, uncertainties or derived quantities.

    **Arguments:** `degrees_of_freedom`: less than 1; `reason`: a sentence.
    """
    free = tuple(p.name for p in free_parameters.free)
    unknown = np.full((len(free), len(free)), np.nan)
    none = np.zeros(0)
    start = Iteration(0, np.nan, np.nan, 0.0, free_parameters.array("value"), 0.0, degrees_of_freedom)
    return FitResult(
        model=model,
        parameters=Parameters(
            {p.name: replace(p, start=p.value) for p in free_parameters.parameters}, free_parameters.names_by_path
        ),
        chi2=np.nan,
        degrees_of_freedom=degrees_of_freedom,
        white_noise_covariance=unknown,
        spread=lambda: SpeckleCovariance(free, unknown, unknown, none, none, np.zeros(0, bool)),
        judgement=not_judged,
        ended=Ended.NOTHING_TO_FIT,
        sentences=partial(Ended.NOTHING_TO_FIT.message, 0, np.nan, reason),
        kernel=kernel_of(model),
        averages=list,
        rates=dict,
        history=(start,),
        seconds={"total": 0.0, "packing": 0.0, "first_step": 0.0},
        notes=free_parameters.notes,
        loss=loss,
    )
