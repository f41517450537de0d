"""Choosing sectors by q, azimuth or number, and a range of frames."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import ArrayLike

from ..physics.geometry import Geometry
from .maps import MapStack, SelectedMaps

Bounds = ArrayLike | Sequence[ArrayLike]
"""Two numbers. A single one is refused with a message, not by its type."""

_Q_SLACK = 1e-6
_PHI_SLACK = 1e-4


@final
@dataclass(frozen=True)
class Selection:
    """Sectors by index, in the order wanted, and a range of frames, applied alike to maps, noise, mask and geometry."""

    sectors: tuple[int, ...]
    frames: slice

    def of_maps(self, c2: MapStack) -> MapStack:
        """A view or a copy of what is selected from an array; a lazy stack stays lazy."""
        if isinstance(c2, np.ndarray):
            return c2[_as_slice(self.sectors), self.frames, self.frames]
        return SelectedMaps(c2, self.sectors, self.frames)

    def of_sigma(self, sigma: np.ndarray | str) -> np.ndarray | str:
        if isinstance(sigma, str):
            return sigma
        return sigma[list(self.sectors)] if sigma.ndim == 1 else np.asarray(self.of_maps(sigma))

    def of_mask(self, mask: np.ndarray | None) -> np.ndarray | None:
        if mask is None:
            return None
        return np.asarray(self.of_maps(mask)) if mask.ndim == 3 else mask[(self.frames,) * mask.ndim]

    def of_geometry(self, geometry: Geometry) -> Geometry:
        """The same sectors and frames of a geometry; frame times are cut, never re-zeroed."""
        chosen = np.array(self.sectors)
        sectors = geometry.sectors
        q, gap, phi = (None if x is None else x[chosen] for x in (sectors.q, sectors.gap, sectors.phi))
        times = geometry.t[self.frames]
        every_step_dt = bool(np.all(np.asarray(geometry.intervals) == np.asarray(geometry.dt)))
        return Geometry(q=q, t=times, gap=gap, phi=phi, dt=geometry.dt if every_step_dt else None)


def choose(
    q_of_sectors: np.ndarray,
    phi_of_sectors: np.ndarray | None,
    n_t: int,
    q: Bounds | None = None,
    phi: Bounds | None = None,
    sectors: Iterable[int] | None = None,
    frames: Bounds | None = None,
) -> Selection:
    """The sectors and frames that fulfil every condition given.

    **Arguments:**

    - `q_of_sectors`, `phi_of_sectors`: what there is, `(n_sector,)`, Å⁻¹ and degrees.
    - `q`: `(lowest, highest)` in Å⁻¹, both included.
    - `phi`: `(from, to)` in degrees, both included, `from ≤ to`; counted modulo 360: `(170, 190)` takes −175 as well.
    - `sectors`: indices from 0, in the order wanted.
    - `frames`: `(first, stop)`, from 0, `stop` excluded.

    **Raises:** `ValueError` or `IndexError` where a range is not one, or nothing is left, naming what there is.
    """
    n_sector = len(q_of_sectors)
    keep = np.ones(n_sector, bool)
    if q is not None:
        low, high = _range("q", q, "Å⁻¹")
        keep &= (q_of_sectors >= low * (1 - _Q_SLACK)) & (q_of_sectors <= high * (1 + _Q_SLACK))
    if phi is not None:
        low, high = _range("phi", phi, "degrees")
        if phi_of_sectors is None:
            raise ValueError(f"phi={phi} cannot select: the sectors of these data have no azimuth. Leave phi out.")
        from_low = np.mod(phi_of_sectors - low + _PHI_SLACK, 360)
        keep &= from_low <= high - low + 2 * _PHI_SLACK
    order = _sector_indices(sectors, n_sector)
    chosen = tuple(k for k in order if keep[k])
    if not chosen:
        raise ValueError(
            f"No sector is left of {n_sector} with q={q}, phi={phi}, sectors={sectors}. There are "
            f"{describe_sectors(q_of_sectors, phi_of_sectors)}. Widen the selection."
        )
    return Selection(chosen, _frame_slice(frames, n_t))


def describe_sectors(q: np.ndarray, phi: np.ndarray | None) -> str:
    """The q and phi that there are, for messages."""
    parts = [f"q {_listed(q)} Å⁻¹"]
    if phi is not None:
        parts.append(f"phi {_listed(phi)}°")
    return ", ".join(parts)


def _listed(values: np.ndarray) -> str:
    distinct = list(dict.fromkeys(f"{x:.5g}" for x in np.asarray(values, float)))
    if len(distinct) > 12:
        return f"{np.min(values):.5g} to {np.max(values):.5g} ({len(distinct)} values)"
    return ", ".join(distinct)


def _as_slice(sectors: tuple[int, ...]) -> slice | list[int]:
    first, last = sectors[0], sectors[-1]
    return slice(first, last + 1) if sectors == tuple(range(first, last + 1)) else list(sectors)


def _range(name: str, bounds: Any, unit: str) -> tuple[float, float]:
    if np.shape(bounds) != (2,) or not np.all(np.isfinite(bounds)) or bounds[0] > bounds[1]:
        raise ValueError(f"{name} is {bounds}; expected a range (lowest, highest) in {unit}.")
    return float(bounds[0]), float(bounds[1])


def _sector_indices(sectors: Iterable[int] | None, n_sector: int) -> tuple[int, ...]:
    if sectors is None:
        return tuple(range(n_sector))
    indices = np.asarray(list(sectors))
    if indices.size and (indices.dtype.kind not in "iu" or indices.min() < 0 or indices.max() >= n_sector):
        raise IndexError(f"sectors is {indices.tolist()}; expected indices from 0 to {n_sector - 1}.")
    if len(set(indices.tolist())) < indices.size:
        raise ValueError(f"sectors is {indices.tolist()}; expected each index once, or its noise counts twice.")
    return tuple(int(k) for k in indices)


def _frame_slice(frames: Any, n_t: int) -> slice:
    if frames is None:
        return slice(0, n_t)
    whole = np.shape(frames) == (2,) and all(isinstance(x, int | np.integer) for x in frames)
    if not whole or not 0 <= frames[0] < frames[1] - 1 < n_t:
        raise ValueError(
            f"frames is {frames}; expected (first, stop) with 0 ≤ first, stop ≤ {n_t}, and at least 2 frames."
        )
    return slice(int(frames[0]), int(frames[1]))
