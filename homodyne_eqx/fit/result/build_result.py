"""From the end of a minimisation to a result that says everything about it."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from ...engine import Packed, PackedPairs
from ...physics.model import TwoTimeModel
from ..fit_input import FitInput
from ..parameter import Parameter, Parameters
from ..solve.ended import Ended
from ..solve.minimise import Outcome
from ..solve.undetermined import undetermined_text
from ..uncertainty.noise_of_fit import NoiseOfFit
from ..uncertainty.noise_of_pairs import NoiseOfPairs
from ..uncertainty.speckle_covariance import found_covariance
from ..verdict.pairs_verdict import judge_pairs
from ..verdict.verdict import Verdict, judge
from .derived import curves_of, derived_quantities
from .fit_result import ASSUMPTION, FitResult
from .kernel import kernel_of
from .notes import notes_on


def build_result(fitted: TwoTimeModel, fit_input: FitInput, outcome: Outcome, seconds: dict[str, float]) -> FitResult:
    """The result of a fit from how its minimisation ended.

    **Arguments:** `fitted`: the model at the end; `fit_input`: its free parameters with the starts and notes to report.
    """
    free_parameters, loss = fit_input.free_parameters, type(fit_input.loss).__name__
    geometry = fit_input.packed.geometry
    noise = _noise(fitted, fit_input, outcome)
    assumption = noise.assumption if isinstance(noise, NoiseOfPairs) else ASSUMPTION
    sigmas = _uncertainties(noise.white_noise_covariance, outcome)
    parameters, k = {}, 0
    for p in free_parameters.parameters:
        if p.free:
            value, sigma = float(outcome.parameters[k]), float(sigmas[k])
            spread = partial(noise.uncertainty, k) if np.isfinite(sigma) else sigma
            at_bound = bool(outcome.at_bound[k])
            p = replace(p, value=value, white_noise_uncertainty=sigma, spread=spread, at_bound=at_bound)
            k += 1
        parameters[p.name] = p
    undetermined = [p for p in parameters.values() if np.isinf(p.white_noise_uncertainty)]
    ended = Ended.UNDETERMINED if outcome.ended == Ended.CONVERGED and undetermined else outcome.ended
    last = outcome.history[-1]
    chi2 = float(outcome.normal.chi2)
    notes = free_parameters.notes
    if outcome.ended == Ended.CONVERGED:
        notes += tuple(notes_on(fitted, free_parameters))
    if isinstance(noise, NoiseOfPairs):
        notes += (noise.assumption,)
    return FitResult(
        model=fitted,
        parameters=Parameters(parameters, free_parameters.names_by_path),
        chi2=chi2,
        degrees_of_freedom=fit_input.degrees_of_freedom,
        white_noise_covariance=noise.white_noise_covariance,
        spread=partial(found_covariance, tuple(p.name for p in free_parameters.free), noise),
        judgement=partial(_judged, noise, ended, chi2 / fit_input.degrees_of_freedom, fit_input.degrees_of_freedom),
        ended=ended,
        message=ended.message(last.number, last.expected_decrease, _said_of(undetermined, parameters, outcome)),
        kernel=kernel_of(fitted),
        averages=partial(
            derived_quantities,
            fitted,
            free_parameters.filter,
            noise.variance,
            noise.white_noise_variance,
            geometry,
        ),
        rates=partial(curves_of, fitted, free_parameters.filter, noise.variance, geometry),
        history=outcome.history,
        seconds=seconds,
        notes=notes,
        loss=loss,
        data=fit_input.maps or fit_input.pairs,
        assumption=assumption,
    )


def _noise(fitted: TwoTimeModel, fit_input: FitInput, outcome: Outcome) -> NoiseOfFit | NoiseOfPairs:
    """The noise that the uncertainties follow from: speckles in two-time maps, the errors stated of other data."""
    rest = fit_input.loss, fit_input.free_parameters.filter, outcome.at_bound, outcome.normal
    packed = fit_input.packed
    if isinstance(packed, PackedPairs):
        return NoiseOfPairs(fitted, packed, *rest)
    assert isinstance(packed, Packed)
    return NoiseOfFit(fitted, packed if fit_input.maps is None else fit_input.maps, *rest)


def _judged(noise: NoiseOfFit | NoiseOfPairs, ended: Ended, reduced_chi2: float, degrees_of_freedom: int) -> Verdict:
    judged = judge_pairs if isinstance(noise, NoiseOfPairs) else judge
    return judged(noise, ended, reduced_chi2, degrees_of_freedom)


def _uncertainties(covariance: np.ndarray, outcome: Outcome) -> np.ndarray:
    """1σ of every free parameter: infinite where the data do not determine it, NaN at a bound and where χ² or its
    derivatives are not finite."""
    sigmas = np.sqrt(np.diagonal(covariance))
    unknown = np.isnan(sigmas) & ~outcome.at_bound
    return np.where(unknown, np.inf, sigmas) if outcome.normal.is_finite else sigmas


def _said_of(undetermined: list[Parameter], parameters: Mapping[str, Parameter], outcome: Outcome) -> str:
    """What is said of the parameters that the data do not determine, and of those that have no effect at all."""
    free = [p.name for p in parameters.values() if p.free]
    idle = {name for name, square in zip(free, np.diagonal(outcome.normal.matrix), strict=True) if square == 0}
    return undetermined_text(
        [p for p in undetermined if p.name in idle], [p for p in undetermined if p.name not in idle]
    )
