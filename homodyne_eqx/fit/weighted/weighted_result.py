"""A fit that goes on from least squares to weights for the noise of speckles."""

import time
from dataclasses import replace
from functools import partial
from typing import Any

import equinox as eqx
import numpy as np

from ...data import TwoTimeData
from ...engine import Packed
from ...engine.losses import AbstractLoss, Squares
from ...physics.model import TwoTimeModel
from ..fit_input import FitInput
from ..minimiser import Minimiser
from ..problem import model_with
from ..result.build_result import ended_with, judged, noise_of, result_of
from ..result.fit_result import FitResult
from ..solve.ended import Ended
from ..solve.minimise import Outcome
from ..uncertainty.noise_of_fit import NoiseOfFit
from .estimate import INDEPENDENT, SPECKLE, Estimate
from .guard import guard_of, without_weights
from .guarded_verdict import guarded_verdict
from .noise_of_weighted_fit import NoiseOfWeightedFit
from .weighted_descent import Descent, weighted_descent


def check_weights(weights: Any, data: Any, loss: AbstractLoss) -> None:
    """**Raises:** `ValueError` for other weights than "independent" and "speckle", and for a loss that has its own;
    `TypeError` for data that have no speckles."""
    if weights not in (INDEPENDENT, SPECKLE):
        raise ValueError(f"weights is {weights!r}; expected {INDEPENDENT!r} or {SPECKLE!r}.")
    if weights == INDEPENDENT:
        return
    if not isinstance(data, TwoTimeData | Packed):
        raise TypeError(
            f'weights="speckle" was asked for with {type(data).__name__}; speckle noise is known only for whole '
            "maps (TwoTimeData). Leave out weights."
        )
    if type(loss) is not Squares:
        raise ValueError(
            f'weights="speckle" was asked for with the loss {type(loss).__name__}, which has weights of its own. Leave '
            "out one of them."
        )


def weighted_result(
    fitted: TwoTimeModel, given: FitInput, outcome: Outcome, seconds: dict[str, float], minimiser: Minimiser
) -> FitResult:
    """The result of a fit from how its minimisation by least squares ended: of the weighted fit where the guard lets it
    pass, else of least squares.

    **Arguments:** as of `build_result`; `minimiser`: that of the fit.
    """
    begun = time.perf_counter()
    noise = noise_of(fitted, given, outcome)
    assert isinstance(noise, NoiseOfFit)
    names = tuple(p.name for p in given.free_parameters.free)
    estimates, descent = {INDEPENDENT: Estimate(names, outcome.parameters, noise.covariance)}, None
    ended = ended_with(noise, outcome)
    if ended != Ended.CONVERGED:
        guard = without_weights("the fit has not converged")
    elif not noise.is_known:
        guard = without_weights("no parameter changes the maps")
    else:
        assert isinstance(given.packed, Packed)
        descent = weighted_descent(given.free_parameters.free, outcome, given.packed, noise)
        if descent is None:
            guard = without_weights("the weighted normal equations are not finite")
        else:
            guard = guard_of(descent, outcome, noise)
            covariance = descent.sums.covariance(descent.at_bound)
            estimates[SPECKLE] = Estimate(names, descent.parameters, covariance)
    seconds = {**seconds, "weights": time.perf_counter() - begun}
    seconds["total"] = seconds.get("total", 0.0) + seconds["weights"]
    if descent is None or not guard.passed:
        end = (fitted, outcome, noise)
    else:
        end = _end_of(descent, noise, outcome, given, minimiser, estimates[SPECKLE].covariance)
    model, outcome, of_end = end
    reduced = float(outcome.normal.chi2) / given.degrees_of_freedom
    judgement = partial(judged, noise, ended, reduced, given.degrees_of_freedom)
    verdict = partial(guarded_verdict, guard, judgement)
    result = result_of(model, given, outcome, seconds, of_end, verdict, ended_with(of_end, outcome))
    if guard.passed:
        said = f"{result.message} The weighted fit continued from there."
        result = replace(result, weights=SPECKLE, sentences=partial(str, said))
    return replace(result, guard=guard, estimates=estimates)


def _end_of(
    descent: Descent,
    noise: NoiseOfFit,
    outcome: Outcome,
    given: FitInput,
    minimiser: Minimiser,
    covariance: np.ndarray,
) -> tuple[TwoTimeModel, Outcome, NoiseOfWeightedFit]:
    """The model, χ² and noise at the end of the weighted fit."""
    moving, rest = eqx.partition(noise.model, noise.free)
    model = model_with(moving, rest, descent.parameters)
    names = [p.name for p in given.free_parameters.free]
    there = given.free_parameters.started(dict(zip(names, descent.parameters.tolist(), strict=True)))
    looking = replace(minimiser, max_steps=0, callback=None, eliminate_scaling=False)
    normal = looking.minimum(there, given.packed)[1].normal
    at_end = replace(outcome, parameters=descent.parameters, normal=normal, at_bound=descent.at_bound)
    here = replace(noise, model=model, normal=normal, at_bound=descent.at_bound)
    return model, at_end, NoiseOfWeightedFit(noise, here, covariance)
