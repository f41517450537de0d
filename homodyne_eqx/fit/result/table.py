"""A fit result as a table that fits a terminal."""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..parameter import Parameter
    from .fit_result import FitResult

_LISTED = 30


def table_of(result: "FitResult") -> str:
    """Parameters with uncertainties and bounds, derived rates, χ², and how the fit ended."""
    shown = list(result.parameters.values())
    lines = [_row("parameter", "value", "± 1σ", "unit"), "─" * 78]
    lines += [_line(p) for p in shown[:_LISTED]]
    if len(shown) > _LISTED:
        lines.append(f"… and {len(shown) - _LISTED} more in .parameters")
    if result.derived:
        lines += ["─" * 78, *(_line(p) for p in result.derived.values())]
    lines += [
        "─" * 78,
        f"χ² = {result.chi2:.6g} for {result.degrees_of_freedom} degrees of freedom, reduced {result.reduced_chi2:.5g}"
        + ("" if result.loss == "Squares" else f" (cost of {result.loss}, not a χ²)"),
        f"kernel: {result.kernel}",
        f"{'converged' if result.converged else 'NOT CONVERGED'}: {result.message}",
    ]
    lines += [f"note: {note}" for note in result.notes]
    if result.noise_factor is not None and result.noise_factor > 1.2:
        lines.append(
            "note: the residuals are correlated between frames; multiply the uncertainties by about "
            f"{result.noise_factor:.1f}."
        )
    return "\n".join(lines)


def _line(p: "Parameter") -> str:
    return _row(p.name, f"{p.value:.6g}", _uncertainty(p), p.unit)


def _uncertainty(p: "Parameter") -> str:
    if p.at_bound:
        return "at bound"
    if not p.free:
        return "fixed"
    if math.isinf(p.uncertainty):
        return "undetermined"
    return f"{p.uncertainty:.2g}"


def _row(name: str, value: str, uncertainty: str, unit: str) -> str:
    return f"{name:<28} {value:>14} {uncertainty:>13}  {unit}".rstrip()
