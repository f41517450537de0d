"""What is said of a fit, line by line: whatever shows a result shows these rows.

To say more, write a function from the `FitResult` to rows and add it to `SECTIONS`. (The functions do not name its
type, since the result imports this file.)
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ...physics.minus_sign import with_minus
from ..parameter import Parameter
from ..solve.ended import Ended
from ..uncertainty.correlations import strong_correlations
from .numbers import reduced_chi2_text
from .summary_row import Remedy, SummaryRow, quantity, sentence

NOTICEABLE = 1.2
"""Factors of correlated noise above this are shown."""
_PAIRS_LISTED = 4
_FAR_ABOVE = 4.0


def _group_of(parameter: Parameter, result: Any) -> str:
    """One of "parameters" for the physics, "scaling", or "sectors" for contrast and offset of a single sector."""
    if not parameter.of_scaling:
        return "parameters"
    of_one_sector = result.model.scaling.closed_form and parameter.name != parameter.leaf
    return "sectors" if of_one_sector else "scaling"


def _parameters(result: Any) -> Iterator[SummaryRow]:
    for group in ("parameters", "scaling", "sectors"):
        yield from (_of(group, p, result) for p in result.parameters.values() if _group_of(p, result) == group)


def _derived(result: Any) -> Iterator[SummaryRow]:
    yield from (_of("derived", p, result) for p in result.derived.values())


def _quality(result: Any) -> Iterator[SummaryRow]:
    yield quantity("quality", "χ²", result.chi2)
    yield quantity("quality", "degrees of freedom", result.degrees_of_freedom)
    text = reduced_chi2_text(result.reduced_chi2, result.degrees_of_freedom)
    yield quantity("quality", "reduced χ²", result.reduced_chi2, text=text)
    yield sentence(
        "quality", "loss", result.loss if result.loss == "Squares" else f"{result.loss} (its cost, not a χ²)"
    )


def _kernel(result: Any) -> Iterator[SummaryRow]:
    yield sentence("kernel", "kernel", result.kernel)


def _excluded(result: Any) -> Iterator[SummaryRow]:
    if result.data is not None:
        yield sentence("data", "excluded", str(result.data.excluded))


def _ending(result: Any) -> Iterator[SummaryRow]:
    word = result.ended if result.ended in (Ended.CONVERGED, Ended.INTERRUPTED) else "not converged"
    yield sentence("ending", str(word), result.message, str(result.ended))


def _noise(result: Any) -> Iterator[SummaryRow]:
    factor = _noticeable_factor(result)
    if factor is not None:
        yield sentence(
            "notes",
            "correlated noise",
            "± 1σ takes the noise of each pair of frames as independent; the residuals are correlated, and ± corr. is "
            f"wider by a factor of {factor:.2g}, a rough estimate.",
        )


def _notes(result: Any) -> Iterator[SummaryRow]:
    yield from (sentence("notes", "note", note) for note in result.notes)


def _misfit(result: Any) -> Iterator[SummaryRow]:
    """A minimum of χ² that is far above the noise."""
    # Noise that is correlated between frames widens the scatter of the reduced χ² about 1, but does not shift its mean.
    # A sigma estimated from the plateau leaves out the part of the noise that grows with the correlation.
    given = result.data is None or not result.data.sigma_source.startswith("estimated")
    at_minimum = result.ended in (Ended.CONVERGED, Ended.UNDETERMINED)
    if not (given and at_minimum and result.loss == "Squares" and result.reduced_chi2 > _FAR_ABOVE):
        return
    physical = tuple(name for name in result.free_names if not result.parameters[name].of_scaling)
    yield sentence(
        "notes",
        "misfit",
        f"a minimum, but the residuals are {result.reduced_chi2**0.5:.2g} times sigma: if sigma is right, the model "
        "does not describe the data.",
        remedies=(*((Remedy("other_starts", physical),) if physical else ()), Remedy("other_model")),
    )


def _correlations(result: Any) -> Iterator[SummaryRow]:
    """What a reader of the parameters should know: directions that the data leave open."""
    names = result.free_names
    physical = [k for k, name in enumerate(names) if not result.parameters[name].of_scaling]
    lost = [names[k] for k in physical if np.isinf(result.parameters[names[k]].uncertainty)]
    strong = strong_correlations(names, result.correlations, physical)[:_PAIRS_LISTED]
    if not lost and not strong:
        return
    if lost:
        said, concerned = f"the data leave {', '.join(lost)} open.", lost
    else:
        pairs = ", ".join(f"{a} and {b} ({with_minus(format(c, '+.4f'))})" for a, b, c in strong)
        said = f"strongly correlated: {pairs}."
        concerned = list(dict.fromkeys(name for pair in strong for name in pair[:2]))
    if result.derived and all(np.isfinite(each.uncertainty) for each in result.derived.values()):
        said += " Their mean rates above are determined."
    remedies = (Remedy("fix", tuple(concerned)), Remedy("bound", tuple(concerned)), Remedy("simpler_rates"))
    yield sentence("notes", "correlation", said, remedies=remedies)


SECTIONS: tuple[Callable[[Any], Iterator[SummaryRow]], ...] = (
    _parameters,
    _derived,
    _quality,
    _kernel,
    _excluded,
    _ending,
    _noise,
    _notes,
    _misfit,
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


def _of(group: str, p: Parameter, result: Any) -> SummaryRow:
    status = "at_bound" if p.at_bound else "free" if p.free else "fixed"
    uncertainty = p.uncertainty if p.free and not p.at_bound else None
    return quantity(group, p.name, p.value, p.unit, uncertainty, status, _noticeable_factor(result))


def _noticeable_factor(result: Any) -> float | None:
    factor = result.noise_factor
    return factor if factor is not None and factor > NOTICEABLE else None
