"""The report of a fit, row by row: every view of a result shows these rows.

To say more, write a function from the `FitResult` to rows and add it to `SECTIONS`. (The functions do not name its
type, since the result imports this file.)
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ...physics.minus_sign import with_minus
from ..parameter import Parameter
from ..solve.ended import Ended
from ..uncertainty.correlations import Correlation, combination, strong_correlations
from ..weighted.estimate import INDEPENDENT, SPECKLE
from .numbers import number_texts, reduced_chi2_text, value_text
from .rates_in_words import floor_text
from .summary_row import Remedy, SummaryRow, quantity, sentence

_PAIRS_LISTED = 4
_ROUNDING = 1e-10


def _group_of(parameter: Parameter, result: Any) -> str:
    """One of "parameters" for the physics, "scaling", or "sectors" for contrast and offset of a single sector."""
    if not parameter.of_scaling:
        return "parameters"
    of_one_sector = result.model.scaling.closed_form and parameter.name != parameter.leaf
    return "sectors" if of_one_sector else "scaling"


def _verdict(result: Any) -> Iterator[SummaryRow]:
    verdict = result.verdict
    status = "adequate" if verdict.adequate else "inadequate"
    yield sentence("verdict", "model", verdict.text, status, verdict.remedies)


def _parameters(result: Any) -> Iterator[SummaryRow]:
    for group in ("parameters", "scaling", "sectors"):
        yield from (parameter_row(group, p) for p in result.parameters.values() if _group_of(p, result) == group)


def _derived(result: Any) -> Iterator[SummaryRow]:
    yield from (parameter_row("derived", p) for p in result.derived.values())


def quality_rows(result: Any) -> Iterator[SummaryRow]:
    """χ² of a `FitResult` or a `JointResult`."""
    yield quantity("quality", "χ²", result.chi2)
    yield quantity("quality", "degrees of freedom", result.degrees_of_freedom)
    text = reduced_chi2_text(result.reduced_chi2, result.degrees_of_freedom)
    yield quantity("quality", "reduced χ²", result.reduced_chi2, text=text)
    yield sentence(
        "quality", "loss", result.loss if result.loss == "Squares" else f"{result.loss} (its cost, not a χ²)"
    )


def _weights(result: Any) -> Iterator[SummaryRow]:
    """The weights of the fit and their gain, if other weights than equal ones were asked for."""
    if result.guard is None:
        return
    said = f"{result.weights}; {result.guard.sentence}"
    if result.weights == SPECKLE:
        plain, weighted = (result.estimates[kind].uncertainties for kind in (INDEPENDENT, SPECKLE))
        names = [n for n in result.free_names if not result.parameters[n].of_scaling] or result.free_names
        gains = [plain[n] / weighted[n] for n in names if np.isfinite(plain[n]) and weighted[n] > 0]
        least, most = (f"{x:.1f}" for x in (min(gains, default=1.0), max(gains, default=1.0)))
        smaller = f"{least} times" if least == most else f"{least} to {most} times"
        said = f"{result.weights}, uncertainties {smaller} smaller; {result.guard.sentence}"
    yield sentence("weights", "weights", said, result.weights)


def _kernel(result: Any) -> Iterator[SummaryRow]:
    yield sentence("kernel", "kernel", result.kernel)


def _excluded(result: Any) -> Iterator[SummaryRow]:
    if result.data is not None:
        yield sentence("data", "excluded", str(result.data.excluded))


def prior_sentences(result: Any) -> Iterator[SummaryRow]:
    """The priors, and the distance of the fit from each."""
    for p in result.parameters.values():
        if p.prior is not None:
            distance = with_minus(f"{p.prior.distance(p.value):+.2g}")
            away = f"; the fit ended {distance} σ from it" if p.prior.counts else ""
            yield sentence("notes", "prior", f"{p.name} has the prior {p.prior}{away}.")


def ending_rows(result: Any) -> Iterator[SummaryRow]:
    """The way in which the fit ended."""
    word = result.ended if result.ended in (Ended.CONVERGED, Ended.INTERRUPTED) else "not converged"
    yield sentence("ending", str(word), result.message, str(result.ended))


def _notes(result: Any) -> Iterator[SummaryRow]:
    yield from (sentence("notes", "note", note) for note in result.notes)


def tied_sentences(result: Any) -> Iterator[SummaryRow]:
    """Which parameters of a `FitResult` or a `JointResult` are tied to which."""
    tied_to: dict[str, list[str]] = {}
    for p in result.parameters.values():
        if p.tied_to:
            tied_to.setdefault(p.tied_to, []).append(p.name)
    for other, names in tied_to.items():
        yield sentence("notes", "tied", f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} tied to {other}.")


def _unphysical(result: Any) -> Iterator[SummaryRow]:
    yield from (sentence("notes", "noise", note) for note in result.speckle_covariance.notes)


def _conditional(result: Any) -> Iterator[SummaryRow]:
    """The assumptions of the uncertainties."""
    at_bound = [p for p in result.parameters.values() if p.free and p.at_bound]
    if at_bound:
        held = ", ".join(f"{p.name} at its bound, {value_text(p.value)}" for p in at_bound[:_PAIRS_LISTED])
        more = "" if len(at_bound) <= _PAIRS_LISTED else f", and {len(at_bound) - _PAIRS_LISTED} more at theirs"
        yield sentence("notes", "conditional", f"the uncertainties of the others hold for {held}{more}.")
    fixed = [p for p in result.parameters.values() if not (p.free or p.tied_to or p.of_scaling)]
    if fixed and any(not p.of_scaling for p in result.parameters.values() if p.free):
        held = ", ".join(f"{p.name} = {value_text(p.value)}" for p in fixed[:_PAIRS_LISTED])
        more = "" if len(fixed) <= _PAIRS_LISTED else f" and {len(fixed) - _PAIRS_LISTED} more"
        yield sentence("notes", "conditional", f"the uncertainties hold for {held}{more}, fixed.")


def _at_floor(result: Any) -> Iterator[SummaryRow]:
    """Rates that a negative offset brings below 0 at some times, and the offset, if it is free."""
    negative = [p for p in result.parameters.values() if p.neutral == 0 and p.value < 0]
    units = {p.unit for p in negative}
    for name, curve in result.curves().items() if units else ():
        said = floor_text(name, curve) if curve.unit in units else ""
        offsets = [p.name for p in negative if p.unit == curve.unit and p.free and not p.at_bound]
        if said:
            remedies = tuple(Remedy("bound", (offset,)) for offset in offsets[:1])
            yield sentence("notes", "floor", said, remedies=remedies)


def _correlations(result: Any) -> Iterator[SummaryRow]:
    """The directions of the parameters that the data leave open. The message has that of a valley."""
    if result.ended == Ended.VALLEY:
        return
    names = result.free_names
    physical = [k for k, name in enumerate(names) if not result.parameters[name].of_scaling]
    lost = [names[k] for k in physical if np.isinf(result.parameters[names[k]].uncertainty)]
    strong = strong_correlations(names, result.correlations, physical)[:_PAIRS_LISTED]
    if not lost and not strong:
        return
    if lost:
        said, concerned = f"the data do not determine {', '.join(lost)}.", lost
    else:
        said = "; ".join(_combined(result, pair) for pair in strong) + "."
        concerned = list(dict.fromkeys(name for pair in strong for name in pair[:2]))
    parameters = result.parameters
    concerned.sort(key=lambda name: (parameters[name].neutral is None, not parameters[name].unit))
    if result.derived and all(np.isfinite(each.uncertainty) for each in result.derived.values()):
        said += " Their mean rates above are determined."
    remedies = (Remedy("fix", tuple(concerned)), Remedy("bound", tuple(concerned)), Remedy("simpler_rates"))
    yield sentence("notes", "correlation", said, remedies=remedies)


def _combined(result: Any, pair: Correlation) -> str:
    """«D0 and D_offset are determined only in their sum, 1016.2 ± 1.3 Å²/s (correlation −0.9995)»"""
    a, b = (result.parameters[name] for name in (pair.first, pair.second))
    coefficient = with_minus(f"{pair.coefficient:.4f}")
    if 1 - pair.coefficient**2 < _ROUNDING:
        return f"{a.name} and {b.name} are determined only along a line of values (correlation {coefficient})"
    found = combination((a.value, b.value), (a.uncertainty, b.uncertainty), pair.coefficient, a.unit == b.unit)
    value, sigma = number_texts(found.value, found.sigma)
    if found.name in ("sum", "difference"):
        what = f"their {found.name}, {value} ± {sigma} {a.unit}".rstrip()
    elif found.name:
        what = f"their {found.name}, {value} ± {sigma}"
    else:
        sign = "+" if found.factor > 0 else "−"
        what = f"{a.name} {sign} {abs(found.factor):.4g} · {b.name} = {value} ± {sigma}"
    return f"{a.name} and {b.name} are determined only in {what} (correlation {coefficient})"


SECTIONS: tuple[Callable[[Any], Iterator[SummaryRow]], ...] = (
    _verdict,
    _parameters,
    _derived,
    quality_rows,
    _weights,
    _kernel,
    _excluded,
    ending_rows,
    _notes,
    tied_sentences,
    prior_sentences,
    _unphysical,
    _conditional,
    _at_floor,
    _correlations,
)
"""The functions that make the rows, in the order in which they are shown."""


def summary_of(result: Any) -> tuple[SummaryRow, ...]:
    """All rows of a `FitResult`."""
    return tuple(row for section in SECTIONS for row in section(result))


def line_of(rows: Sequence[SummaryRow]) -> str:
    """The rows of a group in one line: `χ² = 1612, degrees of freedom = 1580`."""
    said = []
    for row in rows:
        sigma = "" if row.uncertainty is None else f" ± {row.uncertainty_text}"
        said.append(f"{row.name} = {row.value_text}{sigma} {row.unit}".rstrip())
    return ", ".join(said)


def parameter_row(group: str, p: Parameter) -> SummaryRow:
    """A parameter or a derived quantity."""
    tied = bool(p.tied_to) and not np.isnan(p.white_noise_uncertainty)
    status = "at_bound" if p.at_bound else "free" if p.free else "tied" if tied else "fixed"
    uncertainty = p.uncertainty if (p.free or tied) and not p.at_bound else None
    return quantity(group, p.name, p.value, p.unit, uncertainty, status)
