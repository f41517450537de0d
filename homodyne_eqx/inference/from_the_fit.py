"""The parameters of a fit, to go on from where it ended."""

from typing import Any

from ..fit.free_parameters import FreeParameters, has_closed_form, marked_leaves
from ..fit.result.fit_result import FitResult
from ..fit.weighted.estimate import INDEPENDENT


def from_the_fit(result: FitResult) -> FreeParameters:
    """The parameters of a fit with their bounds and priors, started where it ended."""
    known = tuple(result.parameters.values())
    given = FreeParameters(known, free_leaves(result), (), {}, has_closed_form(result.model))
    return given.started({p.name: p.value for p in known if p.free})


def free_leaves(result: FitResult) -> Any:
    """A PyTree of bool like the model, true for the leaves that the fit has moved."""
    return marked_leaves(result.model, {p.leaf for p in result.parameters.values() if p.free})


def check_independent(result: FitResult) -> None:
    """**Raises:** `ValueError` for a fit in which the weights of speckles counted: its minimum is not that of χ²."""
    if result.weights != INDEPENDENT:
        raise ValueError(
            f"The fit was made with weights={result.weights!r}, and χ² is not least where it has ended. Fit again with "
            f"weights={INDEPENDENT!r}."
        )
