"""The sectors among all pairs of a q and an azimuth, and the part of each that counts."""

from collections.abc import Sequence

import numpy as np

from ..physics.minus_sign import with_minus

_WIDEST = 72
_MOST_ROWS = 48
_ALL = 0.9


def population_line(q: np.ndarray, phi: np.ndarray | None) -> str:
    """The number of pairs of q and φ that have a sector, in words."""
    n_q = len(_distinct(q))
    if phi is None:
        return f"{len(q)} sectors at {n_q} q"
    n_phi = len(_distinct(phi))
    return f"{len(q)} sectors fill {len(q)} of {n_q * n_phi} places ({n_q} q × {n_phi} φ)"


def population_grid(q: np.ndarray, phi: np.ndarray | None, counted: Sequence[float]) -> list[str]:
    """A line for each q, a character for each φ: `#` nine tenths of its pairs count, `+` fewer, `.` no sector.

    Nothing for a single q or φ, for sectors that come twice, and for more than fit a terminal.

    **Arguments:** `counted`: the part of the pairs of each sector that counts.
    """
    if phi is None:
        return []
    of_q, of_phi = _distinct(q), _distinct(phi)
    if min(len(of_q), len(of_phi)) < 2 or len(of_phi) > _WIDEST or len(of_q) > _MOST_ROWS:
        return []
    rows, columns = np.searchsorted(of_q, _rounded(q)), np.searchsorted(of_phi, _rounded(phi))
    if len({*zip(rows.tolist(), columns.tolist(), strict=True)}) < len(q):
        return []
    grid = np.full((len(of_q), len(of_phi)), ".")
    grid[rows, columns] = ["#" if part >= _ALL else "+" for part in counted]
    low, high = (with_minus(f"{x:.4g}") for x in (of_phi[0], of_phi[-1]))
    lines = [f"sectors, q down, φ from {low} to {high}° across: # all counts, + part, . none"]
    return lines + [f"{x:10.4g}  {''.join(row)}" for x, row in zip(of_q, grid, strict=True)]


def _rounded(values: np.ndarray) -> np.ndarray:
    """The values, rounded to five digits of the largest one."""
    scale = 10.0 ** (4 - np.floor(np.log10(max(float(np.max(np.abs(values))), 1e-30))))
    return np.round(np.asarray(values, float) * scale) / scale


def _distinct(values: np.ndarray) -> np.ndarray:
    return np.unique(_rounded(values))
