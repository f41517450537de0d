"""A selection of sectors, by q, azimuth or number, and of a range of frames."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import ArrayLike

from ..physics.geometry import Geometry
from ..physics.minus_sign import with_minus
from .errors import NoSuchSector, NotASelection, NothingSelected
from .flat_frames import listed_frames
from .maps import MapStack, SelectedMaps
from .provenance import Provenance
from .units import in_base_unit

Range = ArrayLike | str | Sequence[ArrayLike | str | Sequence[ArrayLike | str]]
"""Two numbers, or several times two; each may be text with a unit. The annotation lets other values pass, so that
`NotASelection` says what is wrong with them."""

_Q_SLACK = 1e-6
_PHI_SLACK = 1e-4


@final
@dataclass(frozen=True)
class Selection:
    """Indices of sectors, in the order wanted, and a range of frames: cuts maps, noise, mask and geometry alike."""

    sectors: tuple[int, ...]
    frames: slice

    def cut_maps(self, c2: MapStack) -> MapStack:
        """The selected maps: of an array a view where possible, else a copy; of a stack a stack."""
        if isinstance(c2, np.ndarray):
            return c2[_as_slice(self.sectors), self.frames, self.frames]
        return SelectedMaps(c2, self.sectors, self.frames)

    def cut_sigma(self, sigma: np.ndarray | str) -> np.ndarray | str:
        """Sigma of the selection; the word `"estimate"` as it is."""
        if isinstance(sigma, str):
            return sigma
        return sigma[list(self.sectors)] if sigma.ndim == 1 else np.asarray(self.cut_maps(sigma))

    def cut_mask(self, mask: np.ndarray | None) -> np.ndarray | None:
        """The mask of the selection, of the same number of dimensions; `None` without one."""
        if mask is None:
            return None
        return np.asarray(self.cut_maps(mask)) if mask.ndim == 3 else mask[(self.frames,) * mask.ndim]

    def cut_geometry(self, geometry: Geometry) -> Geometry:
        """The same sectors and frames of a geometry; the frame times keep their origin."""
        indices = np.array(self.sectors)
        sectors = geometry.sectors
        q, gap, phi = (None if x is None else x[indices] for x in (sectors.q, sectors.gap, sectors.phi))
        times = geometry.t[self.frames]
        every_step_dt = bool(np.all(np.asarray(geometry.intervals) == np.asarray(geometry.dt)))
        return Geometry(q=q, t=times, gap=gap, phi=phi, dt=geometry.dt if every_step_dt else None)

    def steps(self, n_sector: int, n_t: int, source: Provenance) -> tuple[str, ...]:
        """The selected sectors and frames, of so many, in words for the provenance; empty if all are selected."""
        said = []
        if self.sectors != tuple(range(n_sector)):
            said.append(f"kept {len(self.sectors)} of {n_sector} sectors, numbered anew: {_numbers(self.sectors)}")
        kept = self.frames.stop - self.frames.start
        if kept < n_t:
            first = source.first_frame + source.frames_each * self.frames.start
            last = source.first_frame + source.frames_each * self.frames.stop - 1
            said.append(f"kept {kept * source.frames_each} of {n_t * source.frames_each} frames: {first} to {last}")
        return tuple(said)


def make_selection(
    q_of_sectors: np.ndarray,
    phi_of_sectors: np.ndarray | None,
    n_t: int,
    q: Range | None = None,
    phi: Range | None = None,
    sectors: Iterable[int] | None = None,
    frames: Range | None = None,
) -> Selection:
    """The sectors and frames that fulfil every condition given.

    **Arguments:**

    - `q_of_sectors`, `phi_of_sectors`: of each sector, `(n_sector,)`, Å⁻¹ and degrees.
    - `q`: `(lowest, highest)` in Å⁻¹ or text with a unit, both included; or a list of such ranges.
    - `phi`: `(from, to)` in degrees, both included, `from ≤ to`; counted modulo 360: `(170, 190)` takes −175 as well;
      or a list of such ranges.
    - `sectors`: indices from 0, in the order wanted.
    - `frames`: `(first, stop)`, from 0, `stop` excluded.

    **Raises:** `NotASelection`; `NoSuchSector`; `NothingSelected` with the q and phi that there are.
    """
    n_sector = len(q_of_sectors)
    keep = np.ones(n_sector, bool)
    if q is not None:
        keep &= _in_any(
            (q_of_sectors >= low * (1 - _Q_SLACK)) & (q_of_sectors <= high * (1 + _Q_SLACK))
            for low, high in _ranges("q", q, "q", "Å⁻¹")
        )
    if phi is not None:
        ranges = _ranges("phi", phi, "angle", "degrees")
        if phi_of_sectors is None:
            raise NotASelection("phi", phi, "none, since the sectors of these data have no azimuth")
        keep &= _in_any(
            np.mod(phi_of_sectors - low + _PHI_SLACK, 360) <= high - low + 2 * _PHI_SLACK for low, high in ranges
        )
    order = _sector_indices(sectors, n_sector)
    selected = tuple(k for k in order if keep[k])
    if not selected:
        wanted = {"q": q, "phi": phi, "sectors": None if sectors is None else list(order)}
        given = {name: value for name, value in wanted.items() if value is not None}
        raise NothingSelected(given, describe_sectors(q_of_sectors, phi_of_sectors))
    return Selection(selected, _frame_slice(frames, n_t))


def sector_arrays(geometry: Geometry) -> tuple[np.ndarray, np.ndarray | None]:
    """q (Å⁻¹) and phi (degrees, or `None`) of each sector, `(n_sector,)` on the host."""
    phi = None if geometry.phi is None else np.atleast_1d(np.asarray(geometry.phi))
    return np.atleast_1d(np.asarray(geometry.q)), phi


def describe_sectors(q: np.ndarray, phi: np.ndarray | None) -> str:
    """The q and phi that there are, in words."""
    parts = [f"q {_listed(q)} Å⁻¹"]
    if phi is not None:
        parts.append(f"phi {_listed(phi)}°")
    return ", ".join(parts)


def _listed(values: np.ndarray) -> str:
    distinct = list(dict.fromkeys(with_minus(f"{x:.5g}") for x in np.asarray(values, float)))
    if len(distinct) > 12:
        low, high = (with_minus(f"{x:.5g}") for x in (np.min(values), np.max(values)))
        return f"{low} to {high} ({len(distinct)} values)"
    return ", ".join(distinct)


def _numbers(sectors: tuple[int, ...]) -> str:
    """Numbers of sectors, in their order; in order of size runs are put together."""
    if tuple(sorted(sectors)) != sectors:
        return ", ".join(map(str, sectors[:12])) + (" …" if len(sectors) > 12 else "")
    return listed_frames(np.isin(np.arange(sectors[-1] + 1), sectors))


def _as_slice(sectors: tuple[int, ...]) -> slice | list[int]:
    first, last = sectors[0], sectors[-1]
    return slice(first, last + 1) if sectors == tuple(range(first, last + 1)) else list(sectors)


def other_sectors(sectors: Iterable[int], n_sector: int) -> tuple[int, ...]:
    """All sectors but these. **Raises:** `NotASelection`, `NoSuchSector`; `NothingSelected` where none is left."""
    left_out = _sector_indices(sectors, n_sector)
    kept = tuple(k for k in range(n_sector) if k not in left_out)
    if not kept:
        raise NothingSelected({"exclude_sectors": list(left_out)}, f"sectors 0 to {n_sector - 1}")
    return kept


def _in_any(conditions: Iterable[np.ndarray]) -> np.ndarray:
    return np.any(np.stack(list(conditions)), axis=0)


def _ranges(name: str, given: Any, quantity: str, unit: str) -> list[tuple[float, float]]:
    """One range, or several, in the unit of this package."""
    listed = (
        isinstance(given, list | tuple) and all(isinstance(each, list | tuple) for each in given) and len(given) > 0
    )
    return [_two_numbers(name, each, quantity, unit) for each in (given if listed else [given])]


def _two_numbers(name: str, given_range: Any, quantity: str, unit: str) -> tuple[float, float]:
    in_unit = in_base_unit(name, given_range, quantity)
    if np.shape(in_unit) != (2,) or not np.all(np.isfinite(in_unit)) or in_unit[0] > in_unit[1]:
        turned = name == "phi" and np.shape(in_unit) == (2,)
        more = "; one across ±180 is written as (170, 190)" if turned else ""
        raise NotASelection(name, given_range, f"a range (lowest, highest) in {unit}{more}")
    return float(in_unit[0]), float(in_unit[1])


def _sector_indices(sectors: Iterable[int] | None, n_sector: int) -> tuple[int, ...]:
    if sectors is None:
        return tuple(range(n_sector))
    indices = np.asarray(list(sectors))
    if indices.size and indices.dtype.kind not in "iu":
        raise NotASelection("sectors", indices.tolist(), "whole numbers")
    unknown = tuple(int(k) for k in indices if not 0 <= k < n_sector)
    if unknown:
        raise NoSuchSector(unknown, n_sector)
    if len(set(indices.tolist())) < indices.size:
        raise NotASelection("sectors", indices.tolist(), "each index once: data that come twice count twice")
    return tuple(int(k) for k in indices)


def _frame_slice(frames: Any, n_t: int) -> slice:
    if frames is None:
        return slice(0, n_t)
    whole = np.shape(frames) == (2,) and all(isinstance(x, int | np.integer) for x in frames)
    if not whole or not 0 <= frames[0] < frames[1] - 1 < n_t:
        raise NotASelection("frames", frames, f"(first, stop) with 0 ≤ first, stop ≤ {n_t}, and at least 2 frames")
    return slice(int(frames[0]), int(frames[1]))
