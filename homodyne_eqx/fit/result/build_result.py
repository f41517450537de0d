"""From the end of a minimisation to a result that says everything about it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from ...engine import Packed, PackedPairs
from ...physics.model import TwoTimeModel
from ..fit_input import FitInput
from ..parameter import Parameter, Parameters
from ..priors.prior_rows import prior_information
from ..solve.ended import Ended
from ..solve.minimise import Outcome
from ..solve.undetermined import undetermined_text, valley_text
from ..uncertainty.abstract_noise import AbstractNoise
from ..uncertainty.covariance import inverse
from ..uncertainty.noise_of_fit import NoiseOfFit
from ..uncertainty.noise_of_pairs import NoiseOfPairs
from ..uncertainty.speckle_covariance import found_covariance
from ..verdict.pairs_verdict import judge_pairs
from ..verdict.verdict import Verdict, judge
from .derived import Curve, curves_of, derived_quantities
from .fit_result import FitResult
from .rates_in_words import determined_text


def build_result(fitted: TwoTimeModel, fit_input: FitInput, outcome: Outcome, seconds: dict[str, float]) -> FitResult:
    """The result of a fit from how its minimisation ended.

    **Arguments:** `fitted`: the model at the end; `fit_input`: its free parameters with the starts and notes to report.
    """
    noise = noise_of(fitted, fit_input, outcome)
    reduced = float(outcome.normal.chi2) / fit_input.degrees_of_freedom
    ended = ended_with(noise, outcome)
    judgement = partial(judged, noise, ended, reduced, fit_input.degrees_of_freedom)
    return result_of(fitted, fit_input, outcome, seconds, noise, judgement, ended)


def noise_of(fitted: TwoTimeModel, fit_input: FitInput, outcome: Outcome) -> NoiseOfFit | NoiseOfPairs:
    """The noise of the data of a fit by itself: speckles in two-time maps, the errors stated of other data."""
    free_parameters = fit_input.free_parameters
    rest = (
        fit_input.loss,
        free_parameters.filter,
        outcome.at_bound,
        outcome.normal,
        prior_information(free_parameters.free, outcome.parameters),
    )
    packed = fit_input.packed
    if isinstance(packed, PackedPairs):
        return NoiseOfPairs(fitted, packed, *rest)
    assert isinstance(packed, Packed)
    # Tiles in a file take no memory; maps would be folded again.
    kept = packed if fit_input.maps is None or packed.is_stored else fit_input.maps
    return NoiseOfFit(fitted, kept, *rest)


def judged(noise: NoiseOfFit | NoiseOfPairs, ended: Ended, reduced_chi2: float, degrees_of_freedom: int) -> Verdict:
    """The verdict on a fit with this noise that `ended` so."""
    if isinstance(noise, NoiseOfPairs):
        return judge_pairs(noise, ended, reduced_chi2, degrees_of_freedom)
    return judge(noise, ended, reduced_chi2, degrees_of_freedom)


def result_of(
    fitted: TwoTimeModel,
    fit_input: FitInput,
    outcome: Outcome,
    seconds: dict[str, float],
    noise: AbstractNoise,
    judgement: Callable[[], Verdict],
    ended: Ended,
) -> FitResult:
    """The result of a fit with this noise and verdict that `ended` so, as `ended_with` says."""
    free_parameters, loss = fit_input.free_parameters, type(fit_input.loss).__name__
    geometry = fit_input.packed.geometry
    parameters = fitted_parameters(free_parameters.parameters, noise, outcome)
    chi2 = float(outcome.normal.chi2)
    rates = partial(curves_of, fitted, free_parameters.filter, noise.variance, geometry)
    notes = free_parameters.notes
    if outcome.ended == Ended.CONVERGED and free_parameters.free:
        notes += fit_input.exchange_notes
    if isinstance(fit_input.packed, PackedPairs):
        notes += (noise.assumption,)
    return FitResult(
        model=fitted,
        parameters=Parameters(parameters, free_parameters.names_by_path),
        chi2=chi2,
        degrees_of_freedom=fit_input.degrees_of_freedom,
        white_noise_covariance=noise.white_noise_covariance,
        spread=partial(found_covariance, tuple(p.name for p in free_parameters.free), noise),
        judgement=judgement,
        ended=ended,
        sentences=partial(message_of, ended, parameters, outcome, [(rates, undetermined(parameters, outcome))]),
        kernel=fit_input.kernel,
        averages=partial(
            derived_quantities,
            fitted,
            free_parameters.filter,
            noise.variance,
            noise.white_noise_variance,
            geometry,
        ),
        rates=rates,
        history=outcome.history,
        seconds=seconds,
        notes=notes,
        loss=loss,
        data=fit_input.maps or fit_input.pairs,
        assumption=noise.assumption,
    )


def fitted_parameters(given: Iterable[Parameter], noise: AbstractNoise, outcome: Outcome) -> dict[str, Parameter]:
    """The parameters by name, those that are free with the values and uncertainties at the end of a minimisation, and
    those that are tied to them with the same."""
    sigmas = _uncertainties(noise.white_noise_covariance, outcome)
    parameters, k = {}, 0
    for p in given:
        if p.free:
            value, sigma = float(outcome.parameters[k]), float(sigmas[k])
            spread = partial(noise.uncertainty, k) if np.isfinite(sigma) else sigma
            at_bound = bool(outcome.at_bound[k])
            p = replace(p, value=value, white_noise_uncertainty=sigma, spread=spread, at_bound=at_bound)
            k += 1
        parameters[p.name] = p
    for p in [each for each in parameters.values() if each.tied_to]:
        other = parameters[p.tied_to]
        same = {name: getattr(other, name) for name in ("value", "white_noise_uncertainty", "spread", "at_bound")}
        parameters[p.name] = replace(p, **same)
    return parameters


def ended_with(noise: AbstractNoise, outcome: Outcome) -> Ended:
    """The way in which a fit ended; one that leaves parameters open is `undetermined`."""
    open_ones = np.isinf(_uncertainties(noise.white_noise_covariance, outcome))
    return Ended.UNDETERMINED if outcome.ended == Ended.CONVERGED and np.any(open_ones) else outcome.ended


def _uncertainties(covariance: np.ndarray, outcome: Outcome) -> np.ndarray:
    """1σ of every free parameter: infinite where the data do not determine it, NaN at a bound and where χ² or its
    derivatives are not finite."""
    sigmas = np.sqrt(np.diagonal(covariance))
    unknown = np.isnan(sigmas) & ~outcome.at_bound
    return np.where(unknown, np.inf, sigmas) if outcome.normal.is_finite else sigmas


def undetermined(parameters: Mapping[str, Parameter], outcome: Outcome) -> tuple[int, ...]:
    """Numbers of the free parameters that the data do not determine or that run along a valley; for an exponent that of
    its amplitude, too."""
    free = [p for p in parameters.values() if p.free]
    found = {free[k].name for k in outcome.running} or {p.name for p in free if np.isinf(p.white_noise_uncertainty)}
    return tuple(k for k, p in enumerate(free) if p.name in found or p.exponent in found)


def message_of(
    ended: Ended,
    parameters: Mapping[str, Parameter],
    outcome: Outcome,
    of_rates: Sequence[tuple[Callable[..., Mapping[str, Curve]], Sequence[int]]],
) -> str:
    """How a fit ended, and what the data determine nevertheless where they leave parameters open.

    **Arguments:** `of_rates`: functions that compute rates over time, each with the numbers of the parameters that the
    rates to be stated change with; the first with a rate that the data determine is the one that is stated.
    """
    last = outcome.history[-1]
    said = ended.message(last.number, last.expected_decrease, said_of(parameters, outcome))
    if ended not in (Ended.UNDETERMINED, Ended.VALLEY):
        return said
    known = (determined_text(rates(following=following)) for rates, following in of_rates)
    return " ".join([said, *[text for text in known if text][:1]])


def said_of(parameters: Mapping[str, Parameter], outcome: Outcome) -> str:
    """A text on the parameters that the data do not determine, on those without any effect, and on those that run along
    a valley."""
    free = [p.name for p in parameters.values() if p.free]
    if outcome.running:
        return valley_text([parameters[free[k]] for k in outcome.running])
    undetermined = [p for p in parameters.values() if np.isinf(p.white_noise_uncertainty)]
    idle = {name for name, square in zip(free, np.diagonal(outcome.normal.matrix), strict=True) if square == 0}
    combined = [p for p in undetermined if p.name not in idle]
    n_open = int(np.count_nonzero(~inverse(outcome.normal, outcome.at_bound).usable)) if combined else 0
    return undetermined_text([p for p in undetermined if p.name in idle], combined, n_open - len(idle))
