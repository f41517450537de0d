"""Compare the fits of several models to the same data."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...data import TwoTimeData
from ...engine.losses import AbstractLoss
from ...fit.priors.prior_rows import n_prior_rows
from ...fit.result.fit_result import FitResult
from ...fit.uncertainty.speckle_covariance import packed_of
from ...joint.joint_result import JointResult
from .comparison import Comparison
from .cross_validation import held_out_chi2
from .entry import ComparedModel, Criteria, criteria_of
from .model_test import ModelTest, nested_test, test_apart
from .nesting import contains
from .penalties import penalties_of

LEVEL = 0.01
_NEGLIGIBLE = 1e-3


def compare(
    results: Mapping[str, FitResult | JointResult],
    data: Any = None,
    *,
    level: float | int = LEVEL,
    held_out: str | None = None,
    folds: int = 4,
    loss: AbstractLoss | None = None,
) -> Comparison:
    """Rank models of the same data, and test whether the data distinguish them.

    χ² of maps is a sum over pairs that share their noise, so differences of χ² are larger than for independent data.
    The factor follows from the covariances of the fits. With N and b the matrix and the vector of the normal equations
    and V the covariance of b under the noise of the data, parameters that fit only noise lower χ² by tr(N⁻¹V) on
    average. For independent noise this is the number of parameters.

    - AIC is (χ² + 2 tr N⁻¹V)/f and BIC (χ² + ln n · tr N⁻¹V)/f, with f the mean of tr(N⁻¹V) a parameter of the model of
      least AIC, and n the number of independent data that have as narrow a χ² (Takeuchi 1976; Varin and Vidoni,
      Biometrika 92, 519 (2005)). For white noise both are those of textbooks.
    - Models that the verdict of their fit finds adequate come first, then the others, then those that were not judged;
      within each group the smallest AIC comes first. A model comes after its special case unless χ² falls by more than
      noise explains at this `level`.
    - Two models, of which neither is a special case of the other, are compared by the spread of Δχ² under the noise
      (Vuong, Econometrica 57, 307 (1989)).

    **Arguments:**

    - `results`: name → result of a fit, two or more, to the same data, with the same sigma and loss. For joint fits
      there are criteria but no tests;
    - `data`: the fitted data; needed if packed data were fitted;
    - `level`: the probability that a test prefers the larger of two models although the smaller is right, 0 to 1;
    - `held_out`: `"sectors"` or `"frames"`, for the χ² of data that were left out, by cross-validation in `folds`
      parts: another fit of each model for each part. Contrast and offset of each sector then have their best values;
    - `loss`: that of the fits; needed unless it was `Squares`.

    **Returns:** a `Comparison`; iterating gives a `ComparedModel` each, best first.

    **Raises:** `ValueError` for fewer than two results, results of other data than the first, packed data without
    `data`, and results of a robust loss without `loss`; `TypeError` for `held_out` with other data than maps.
    """
    _check(results, level)
    found = {name: criteria_of(result) for name, result in results.items()}
    found = _with_common_noise(results, found, data, loss)
    entries, factor, n_independent = _entries(results, found)
    if held_out is not None:
        means = {name: held_out_chi2(result, held_out, folds, data, loss) for name, result in results.items()}
        entries = [replace(each, held_out=means[each.name]) for each in entries]
    tested = [e for e in entries if e.status != "not judged" and isinstance(e.result, FitResult)]
    nested = _nested_tests(tested, data, factor)
    ranked = _ranked(entries, [t for t in nested if t.probability > level])
    return Comparison(tuple(ranked), (*nested, *_other_tests(ranked, nested, data, loss)), level, factor, n_independent)


def _check(results: Mapping[str, FitResult | JointResult], level: float | int) -> None:
    if len(results) < 2:
        raise ValueError(f"There is one result or none ({', '.join(results)}); expected two or more to compare.")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; expected a probability between 0 and 1, 0.01 for example.")
    (first_name, first), *others = results.items()
    for name, other in others:
        same = type(first) is type(other) and _n_data(first) == _n_data(other) and first.loss == other.loss
        if same and isinstance(first, FitResult) and isinstance(other, FitResult):
            same = _same_data(first, other)
        if not same:
            raise ValueError(
                f"{name} was fitted to other data than {first_name}, or with another sigma or loss: {_n_data(other)} "
                f"values with {other.loss}, {_n_data(first)} with {first.loss}. Fit all models to the same data."
            )


def _n_data(result: FitResult | JointResult) -> int:
    free = [p for p in result.parameters.values() if p.free]
    return result.degrees_of_freedom + len(free) - n_prior_rows(free)


def _same_data(first: FitResult, other: FitResult) -> bool:
    a, b = first.data, other.data
    if not isinstance(a, TwoTimeData) or not isinstance(b, TwoTimeData) or a is b:
        return type(a) is type(b)
    if a.shape != b.shape:
        return False
    return all(_same_sector(a, b, k) for k in range(a.shape[0]))


def _same_sector(a: TwoTimeData, b: TwoTimeData, k: int) -> bool:
    pairs = zip((*a.weighted_map(k), a.sigma[k]), (*b.weighted_map(k), b.sigma[k]), strict=True)
    return all(np.array_equal(np.asarray(x, float), np.asarray(y, float), equal_nan=True) for x, y in pairs)


def _entries(
    results: Mapping[str, FitResult | JointResult], found: Mapping[str, Criteria]
) -> tuple[list[ComparedModel], float, float]:
    """The models with their criteria, the factor f, and n."""
    judged = {name: c for name, c in found.items() if results[name].ended.at_minimum and c.penalty > 0}
    best = min(judged.values(), key=lambda c: c.chi2 + 2 * c.penalty, default=Criteria(math.nan, 1, 1.0, math.nan))
    factor, n = best.penalty / best.free, best.n_independent
    aic = {name: (c.chi2 + 2 * c.penalty) / factor for name, c in judged.items()}
    bic = {name: (c.chi2 + math.log(n) * c.penalty) / factor for name, c in judged.items()} if n > 0 else {}
    chi2 = {name: c.chi2 / factor for name, c in judged.items()}

    def less_the_least(values: Mapping[str, float], name: str) -> float:
        return values[name] - min(values.values()) if name in values else math.nan

    entries = []
    for name, result in results.items():
        verdict = result.verdict
        reduced, expected, spread = result.reduced_chi2, *_expected(result)
        entries.append(
            ComparedModel(
                name,
                result,
                bool(verdict.adequate),
                verdict.text,
                found[name].free,
                found[name].penalty / factor,
                *(float(x) for x in (reduced, expected, spread)),
                *(less_the_least(values, name) for values in (chi2, aic, bic)),
            )
        )
    return entries, float(factor), float(n)


def _with_common_noise(
    results: Mapping[str, FitResult | JointResult], found: Mapping[str, Criteria], data: Any, loss: AbstractLoss | None
) -> dict[str, Criteria]:
    """The same with the noise of the model of least AIC for all; of joint fits each has its own."""
    judged = {name: r for name, r in results.items() if isinstance(r, FitResult) and r.ended.at_minimum}
    if not judged:
        return {**found}
    best = min(judged, key=lambda name: np.nan_to_num(found[name].chi2 + 2 * found[name].penalty, nan=np.inf))
    common = penalties_of(judged, best, data, loss)
    return {name: c._replace(penalty=common[name]) if name in common else c for name, c in found.items()}


def _expected(result: FitResult | JointResult) -> tuple[float, float]:
    """The reduced χ² that a right model is expected to have, and its standard deviation."""
    each = list(result.results.values()) if isinstance(result, JointResult) else [result]
    total = sum(r.degrees_of_freedom for r in each)
    mean = sum(r.verdict.expected_reduced_chi2 * r.degrees_of_freedom for r in each) / total
    return mean, math.sqrt(sum((r.verdict.spread * r.degrees_of_freedom) ** 2 for r in each)) / total


def _nested_tests(entries: Sequence[ComparedModel], data: Any, factor: float) -> list[ModelTest]:
    tests = []
    for larger in entries:
        for smaller in entries:
            assert isinstance(larger.result, FitResult)
            assert isinstance(smaller.result, FitResult)
            if len(larger.result.free_names) <= len(smaller.result.free_names):
                continue
            if contains(larger.result, smaller.result, packed_of(larger.result, data), _NEGLIGIBLE * factor):
                tests.append(nested_test(smaller, larger))
    return tests


def _other_tests(
    ranked: Sequence[ComparedModel], nested: Iterable[ModelTest], data: Any, loss: AbstractLoss | None
) -> list[ModelTest]:
    """The first against each other model of which none is a case of the other."""
    first, *others = ranked
    done = {frozenset((t.first, t.second)) for t in nested}
    return [
        test_apart(first, other, data, loss)
        for other in others
        if frozenset((first.name, other.name)) not in done
        and isinstance(first.result, FitResult)
        and "not judged" not in (first.status, other.status)
    ]


def _ranked(entries: Iterable[ComparedModel], in_vain: Sequence[ModelTest]) -> list[ComparedModel]:
    """`in_vain`: tests of nested models in which χ² of the larger one falls by no more than the noise lets it."""
    order = ("adequate", "not adequate", "not judged")
    waiting = sorted(entries, key=lambda e: (order.index(e.status), np.nan_to_num(e.delta_aic), e.free))
    ranked = []
    while waiting:
        left = {(e.name, e.status) for e in waiting}
        behind = {e.name for e in waiting for t in in_vain if t.second == e.name and (t.first, e.status) in left}
        chosen = next(e for e in waiting if e.name not in behind)
        waiting.remove(chosen)
        ranked.append(chosen)
    return ranked
