"""The start of a joint fit: of several starts the one with the least χ²."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np

from ..fit.priors.prior_rows import prior_rows
from ..fit.result.fit_result import FitResult
from ..fit.solve.quadratic import on_host
from .joint_problem import Part
from .members import Members


def best_start(members: Members, parts: Sequence[Part], alone: Sequence[FitResult | None]) -> np.ndarray:
    """The one of several starts with the least χ², (n_free,)."""
    own_start = np.array([p.value for p in members.free])
    separate, at_minimum = own_start.copy(), []
    for member, result in zip(members.each, alone, strict=True):
        if result is None or not np.isfinite(result.chi2):
            at_minimum.append(None)
            continue
        values = np.array([result.parameters[name].value for name in result.free_names])
        at_minimum.append(values)
        separate[list(member.places)] = values
    starts = [own_start, separate]
    for member, values in zip(members.each, at_minimum, strict=True):
        if values is not None:
            start = separate.copy()
            start[list(member.places)] = values
            starts.append(start)
    mean = _weighted_mean(members, parts, separate, at_minimum)
    if mean is not None:
        starts.append(mean)
    low, high = (np.array([getattr(p, field) for p in members.free]) for field in ("low", "high"))
    starts = [np.clip(start, low, high) for start in starts]
    rows = prior_rows(members.free)
    chi2 = []
    for start in starts:
        values = jnp.asarray(start, jnp.result_type(float))
        total = sum(float(part.chi_squared(values)) for part in parts) + float(rows.chi2(values))
        chi2.append(total if np.isfinite(total) else np.inf)
    return starts[int(np.argmin(chi2))]


def _weighted_mean(
    members: Members, parts: Sequence[Part], separate: np.ndarray, at_minimum: Sequence[np.ndarray | None]
) -> np.ndarray | None:
    """(Σ N)⁻¹ Σ N θ over the data sets, the joint minimum to first order; `None` where it is not determined."""
    n = len(separate)
    matrix, vector = np.zeros((n, n)), np.zeros(n)
    for member, part, values in zip(members.each, parts, at_minimum, strict=True):
        if values is None:
            return None
        at = list(member.places)
        here = separate.copy()
        here[at] = values
        normal = on_host(part.normal_equations(jnp.asarray(here, jnp.result_type(float))))
        if not normal.is_finite:
            return None
        matrix[np.ix_(at, at)] += normal.matrix
        vector[at] += normal.matrix @ values
    size = np.sqrt(np.where(np.diagonal(matrix) > 0, np.diagonal(matrix), 1))
    found = np.linalg.lstsq(matrix / np.outer(size, size), vector / size, rcond=1e-10)[0] / size
    return np.where(np.diagonal(matrix) > 0, found, separate) if np.all(np.isfinite(found)) else None
