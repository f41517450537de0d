"""From the end of a joint minimisation to a result that says everything about it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import jax.numpy as jnp
import numpy as np

from ..fit.effects import without_rounding
from ..fit.free_parameters import FreeParameters
from ..fit.parameter import Parameter
from ..fit.priors.prior_rows import prior_information
from ..fit.problem import model_with, values_of
from ..fit.result.build_result import judged, noise_of, result_of
from ..fit.result.fit_result import FitResult
from ..fit.solve.ended import Ended
from ..fit.solve.minimise import Outcome
from ..fit.solve.quadratic import on_host
from ..fit.solve.undetermined import valley_text
from ..fit.uncertainty.noise_of_fit import NoiseOfFit
from ..fit.uncertainty.noise_of_pairs import NoiseOfPairs
from ..fit.verdict.verdict import Verdict
from .agreement import Agreement, agreement
from .best_start import normal_equations_of
from .joint_noise import JointNoise, ShareOfNoise
from .joint_problem import Part
from .joint_result import JointResult
from .members import Member, Members


def build_joint_result(
    members: Members,
    parts: Sequence[Part],
    alone: Sequence[FitResult | None],
    outcome: Outcome,
    degrees_of_freedom: int,
    notes: Sequence[str],
    seconds: Mapping[str, float],
) -> JointResult:
    """The result of a joint fit.

    **Arguments:** `parts`: of the members, in their order; `alone`: the result of each by itself; `outcome`: how the
    joint minimisation ended.
    """
    values = jnp.asarray(outcome.parameters, jnp.result_type(float))
    own, fitted, shares = [], [], []
    n = len(outcome.parameters)
    total, information = np.zeros((n, n)), prior_information(members.free, outcome.parameters)
    for member, part in zip(members.each, parts, strict=True):
        at = np.array(member.places)
        model = model_with(part.moving, part.rest, values[at])
        share = replace(
            outcome,
            parameters=values_of(model, member.given.free_parameters.filter),
            normal=on_host(normal_equations_of(part, values)),
            at_bound=outcome.at_bound[at],
        )
        share = without_rounding(model, share, _without_priors(member), member.given.packed, member.given.loss)
        total[np.ix_(at, at)] += share.normal.matrix
        own.append(replace(noise_of(model, member.given, share), prior_information=np.zeros((len(at), len(at)))))
        fitted.append(model)
        shares.append(share)
    normal = outcome.normal._replace(matrix=total + information)
    places = tuple(member.places for member in members.each)
    noise = JointNoise(tuple(own), places, outcome.at_bound, normal, information)
    results, labels = {}, [member.label for member in members.each]
    for k, (member, model, share) in enumerate(zip(members.each, fitted, shares, strict=True)):
        verdict = partial(_verdict_of, own[k], share, member, alone[k])
        results[member.label] = result_of(model, member.given, share, dict(seconds), ShareOfNoise(noise, k), verdict)
    sigmas = np.sqrt(np.diagonal(noise.white_noise_covariance))
    undetermined = np.isnan(sigmas) & ~outcome.at_bound | np.isinf(sigmas)
    ended = Ended.UNDETERMINED if outcome.ended == Ended.CONVERGED and undetermined.any() else outcome.ended
    parameters = _parameters(members, outcome, noise)
    open_ones = [p.name for p in parameters.values() if np.isinf(p.white_noise_uncertainty)]
    said = f"the data do not determine {', '.join(open_ones)}. Fix some, or give them a prior." if open_ones else ""
    if outcome.running:
        said = valley_text([parameters[members.free[k].name] for k in outcome.running])
    last = outcome.history[-1]
    return JointResult(
        results=results,
        alone=dict(zip(labels, alone, strict=True)),
        parameters=parameters,
        shared=members.shared,
        chi2=float(outcome.normal.chi2),
        degrees_of_freedom=degrees_of_freedom,
        white_noise_covariance=noise.white_noise_covariance,
        spread=lambda: noise.covariance,
        compared=partial(_agreements, members, noise, alone, outcome.parameters),
        ended=ended,
        message=ended.message(last.number, last.expected_decrease, said),
        history=outcome.history,
        seconds=seconds,
        notes=tuple(notes),
        loss=type(members.each[0].given.loss).__name__,
    )


def _without_priors(member: Member) -> FreeParameters:
    """Its free parameters; what priors add is added once for all data sets."""
    free_parameters = member.given.free_parameters
    return replace(free_parameters, parameters=tuple(replace(p, prior=None) for p in free_parameters.parameters))


def _verdict_of(own: NoiseOfFit | NoiseOfPairs, share: Outcome, member: Member, alone: FitResult | None) -> Verdict:
    """That of the data set by itself, where it has a minimum of its own; else that of its residuals here."""
    if alone is not None and alone.ended in (Ended.CONVERGED, Ended.UNDETERMINED):
        return alone.verdict
    degrees = member.given.degrees_of_freedom
    return judged(own, share.ended, share.normal.chi2 / degrees, degrees)


def _parameters(members: Members, outcome: Outcome, noise: JointNoise) -> dict[str, Parameter]:
    sigmas = np.sqrt(np.diagonal(noise.white_noise_covariance))
    sigmas = np.where(np.isnan(sigmas) & ~outcome.at_bound, np.inf, sigmas)
    found, k = {}, 0
    for p in members.parameters:
        if p.free:
            sigma = float(sigmas[k])
            p = replace(
                p,
                value=float(outcome.parameters[k]),
                white_noise_uncertainty=sigma,
                spread=partial(noise.uncertainty, k) if np.isfinite(sigma) else sigma,
                at_bound=bool(outcome.at_bound[k]),
            )
            k += 1
        found[p.name] = p
    return found


def _agreements(
    members: Members, noise: JointNoise, alone: Sequence[FitResult | None], together: np.ndarray
) -> dict[str, Agreement]:
    """What each data set says of the shared parameters by itself; of one alone there is nothing to compare."""
    free = members.free
    shared = np.array([p.leaf in members.shared for p in free])
    names, units = [p.name for p in free], [p.unit for p in free]
    found = {}
    for k, (member, result) in enumerate(zip(members.each, alone, strict=True)):
        own = np.full(len(free), np.nan)
        if result is not None and result.ended in (Ended.CONVERGED, Ended.UNDETERMINED):
            determined = [
                p.value if np.isfinite(p.white_noise_uncertainty) else np.nan
                for p in result.parameters.values()
                if p.free
            ]
            own[list(member.places)] = determined
        found[member.label] = agreement(member.label, k, noise, own, together, names, units, shared)
    return found if len(members.each) > 1 and shared.any() else {}
