"""From the end of a joint minimisation to a result that says everything about it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import jax.numpy as jnp
import numpy as np

from ..fit.effects import without_rounding
from ..fit.fit_input import FitInput
from ..fit.free_parameters import FreeParameters
from ..fit.priors.prior_rows import prior_information
from ..fit.problem import model_with, values_of
from ..fit.result.build_result import (
    ended_with,
    fitted_parameters,
    judged,
    message_of,
    noise_of,
    result_of,
    undetermined,
)
from ..fit.result.fit_result import FitResult
from ..fit.solve.minimise import Outcome
from ..fit.solve.quadratic import on_host
from ..fit.uncertainty.noise_of_fit import NoiseOfFit
from ..fit.uncertainty.noise_of_pairs import NoiseOfPairs
from ..fit.verdict.verdict import Verdict
from .agreement import Agreement, agreement
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
            normal=on_host(part.normal_equations(values)),
            at_bound=outcome.at_bound[at],
            history=tuple(replace(step, parameters=step.parameters[at]) for step in outcome.history),
            running=(),
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
        given = _with_own_share(member.given, share.normal.matrix, noise.inverse[np.ix_(places[k], places[k])])
        verdict = partial(_verdict_of, own[k], share, given.degrees_of_freedom, alone[k])
        own_noise = ShareOfNoise(noise, k)
        own_end = ended_with(own_noise, share)
        results[member.label] = result_of(model, given, share, dict(seconds), own_noise, verdict, own_end)
    outcome = replace(outcome, normal=normal)
    ended = ended_with(noise, outcome)
    parameters = fitted_parameters(members.parameters, noise, outcome)
    running = undetermined(parameters, outcome)
    following = [[place for place, k in enumerate(each) if k in running] for each in places]
    of_rates = list(zip((result.rates for result in results.values()), following, strict=True))
    sentences = partial(message_of, ended, parameters, outcome, of_rates)
    if outcome.running:  # along a valley that may lie in the parameters of one data set alone
        results = {label: replace(result, sentences=sentences) for label, result in results.items()}
    return JointResult(
        results=results,
        alone=dict(zip(labels, alone, strict=True)),
        parameters=parameters,
        shared=members.shared,
        chi2=float(outcome.normal.chi2),
        degrees_of_freedom=degrees_of_freedom,
        white_noise_covariance=noise.white_noise_covariance,
        spread=partial(getattr, noise, "covariance"),
        compared=partial(_agreements, members, noise, alone, outcome.parameters),
        ended=ended,
        sentences=sentences,
        history=outcome.history,
        seconds=seconds,
        notes=tuple(notes),
        loss=type(members.each[0].given.loss).__name__,
    )


def _without_priors(member: Member) -> FreeParameters:
    """The free parameters of a data set without priors, which are counted once for all data sets."""
    free_parameters = member.given.free_parameters
    return replace(free_parameters, parameters=tuple(replace(p, prior=None) for p in free_parameters.parameters))


def _with_own_share(given: FitInput, matrix: np.ndarray, inverse: np.ndarray) -> FitInput:
    """For data of no more pairs than parameters: the degrees of freedom are the pairs less the share of the parameters
    that these data determine, the trace of N_k N⁻¹ with their own normal matrix and the inverse of that of all. Over
    all data sets these shares add up to the number of parameters.

    **Arguments:** `matrix`, `inverse`: N_k and the block of N⁻¹ in the parameters of these data, (n, n) each.
    """
    if given.degrees_of_freedom > 0:
        return given
    left = int(given.packed.n_pairs) - float(np.trace(matrix @ inverse))
    return replace(given, degrees_of_freedom=max(1, round(left)) if np.isfinite(left) else 1)


def _verdict_of(own: NoiseOfFit | NoiseOfPairs, share: Outcome, degrees: int, alone: FitResult | None) -> Verdict:
    """The verdict on the separate fit of the data set, if that has a minimum of its own; else the verdict on its
    residuals in the joint fit. There is no verdict if the joint fit did not end at a minimum."""
    if share.ended.at_minimum and alone is not None and alone.ended.at_minimum:
        return alone.verdict
    return judged(own, share.ended, share.normal.chi2 / degrees, degrees)


def _agreements(
    members: Members, noise: JointNoise, alone: Sequence[FitResult | None], together: np.ndarray
) -> dict[str, Agreement]:
    """The estimates of the shared parameters by each data set alone, compared; none for a single data set."""
    free = members.free
    shared = np.array([p.leaf in members.shared for p in free])
    names, units = [p.name for p in free], [p.unit for p in free]
    found = {}
    for k, (member, result) in enumerate(zip(members.each, alone, strict=True)):
        own = np.full(len(free), np.nan)
        if result is not None and result.ended.at_minimum:
            determined = [
                p.value if np.isfinite(p.white_noise_uncertainty) else np.nan
                for p in result.parameters.values()
                if p.free
            ]
            own[list(member.places)] = determined
        found[member.label] = agreement(member.label, k, noise, own, together, names, units, shared)
    return found if len(members.each) > 1 and shared.any() else {}
