"""Several starts for parameters in which χ² has many minima, and which of them wins."""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ...engine import Packed
from ...physics.geometry import Geometry
from ...physics.model import TwoTimeModel
from ...physics.parameter_names import named_leaves
from ...physics.parameters import ParameterLeaf
from ...physics.per_sector import at_sector, marked_per_sector
from ..free_parameters import FreeParameters
from .every_nth_frame import every_nth_frame, frame_step

STEPS = 4
"""Steps of the solver from each start before they are compared."""

_SPACING = 3.0
_WIDEST = (0.5, 2.0)
_MOST = 64
_FEWEST = 5
_QUARTER = 90.0


@dataclass(frozen=True)
class Scan:
    """Parameters that set one frequency, which a fit tries at several multiples of their start.

    - `frequencies`: their names; `phases`: those of the oscillation, tried at their start and a quarter turn on;
    - `angle`: by how much the oscillation advances over the run at the start, radians.
    """

    frequencies: tuple[str, ...]
    phases: tuple[str, ...]
    angle: float

    def factors(self) -> np.ndarray:
        """Multiples of the start, 1 among them, from half to twice; 3 rad over the run apart, 64 at most."""
        below, above = (abs(end - 1) for end in _WIDEST)
        spacing = min(_SPACING / max(self.angle, 1e-9), (below + above) / (_FEWEST - 1))
        n_below = min(math.floor(below / spacing), _MOST // 2)
        n_above = min(math.floor(above / spacing), _MOST - 1 - n_below)
        return 1 + spacing * np.arange(-n_below, n_above + 1)

    def starts(self, free_parameters: FreeParameters) -> list[FreeParameters]:
        """The starts within bounds, that of the free_parameters first."""
        free = {parameter.name: parameter for parameter in free_parameters.free}
        names = [name for name, parameter in free.items() if parameter.leaf in self.frequencies]
        turned = [name for name, parameter in free.items() if parameter.leaf in self.phases]
        found = []
        for factor, turn in itertools.product(sorted(self.factors(), key=lambda f: abs(f - 1)), (0.0, _QUARTER)):
            values = {name: free[name].value * float(factor) for name in names}
            values |= {name: free[name].value + turn for name in turned}
            inside = all(free[name].low < value < free[name].high for name, value in values.items())
            if inside and (turned or turn == 0.0):
                found.append(free_parameters.started(values))
        return found


def scans_of(model: TwoTimeModel, free_parameters: FreeParameters, geometry: Geometry) -> list[Scan]:
    """What a fit of this model scans: a scan for each oscillation whose frequency is free."""
    free = {parameter.leaf for parameter in free_parameters.free}
    leaves = [leaf for leaf in named_leaves(model) if leaf.scan and leaf.name in free]
    scans = []
    for owner, of_owner in _by_owner(leaves):
        phases = tuple(leaf.name for leaf in of_owner if leaf.scan == "phase")
        moving = [leaf for leaf in of_owner if leaf.scan != "phase"]
        if moving:
            names = tuple(leaf.name for leaf in moving)
            scans.append(Scan(names, phases, _advance(owner, moving[0], geometry)))
    return scans


def _by_owner(leaves: list[ParameterLeaf]) -> Iterator[tuple[Any, list[ParameterLeaf]]]:
    for kind in dict.fromkeys((id(leaf.owner), leaf.scan == "velocity") for leaf in leaves):
        group = [leaf for leaf in leaves if (id(leaf.owner), leaf.scan == "velocity") == kind]
        yield group[0].owner, group


def _advance(owner: Any, leaf: ParameterLeaf, geometry: Geometry) -> float:
    """ωT of a frequency, or q ∫|v| dt of a velocity at the largest q, radians."""
    t = np.asarray(geometry.t, float)
    if leaf.scan == "frequency":
        return float(np.max(np.abs(np.asarray(leaf.value, float))) * (t[-1] - t[0]))
    later = geometry.t[1:]
    own = [at_sector(owner, k) for k in geometry.index] if any(marked_per_sector(owner)) else [owner]
    velocity = np.abs(np.array([rate(later) for rate in own], float))
    return float(np.max(np.asarray(geometry.q, float)) * np.max(np.sum(velocity * np.diff(t), axis=1)))


def explicit(free_parameters: FreeParameters, starts: Iterable[Mapping[str, Any]]) -> list[FreeParameters]:
    """The starts that a user lists, each a change of the model's own.

    **Raises:** `TypeError` for what is no list of mappings; `ValueError` for an empty one, names that are not free,
    values that do not fit or lie outside their bounds.
    """
    listed = [starts] if isinstance(starts, Mapping | str) else list(starts)
    if listed == [starts] or not all(isinstance(start, Mapping) for start in listed):
        raise TypeError(
            f"starts is {starts!r}; expected a list of starts, each name → value, as in [{{'phi0': 90.0}}]."
        )
    if not listed:
        raise ValueError("starts is empty; expected at least one start, name → value. {} is that of the model.")
    return [free_parameters.started_at(start) for start in listed]


class Stretch(NamedTuple):
    """A few steps from a start: χ² there, where they have led, and whether Ctrl-C ended them."""

    chi2: float
    reached: FreeParameters
    interrupted: bool


@dataclass(frozen=True)
class Comparison:
    """Where a fit starts: the start to report, where a few steps from it have led, and what there is to say of it.

    `reach`: how far the first step from there may go, as for `minimise`.
    """

    start: FreeParameters
    reached: FreeParameters
    notes: tuple[str, ...] = ()
    interrupted: bool = False
    reach: float = 1.0


def compared(
    model: TwoTimeModel,
    free_parameters: FreeParameters,
    packed: Packed,
    scan: bool,
    starts: Iterable[Mapping[str, Any]] | None,
    steps_from: Callable[[FreeParameters, Packed], Stretch | None],
) -> Comparison:
    """The best of the starts that a user lists, else of those of a scan, one oscillation after the other.

    **Arguments:** `steps_from`: a few steps from a start on some data; `None` where χ² is not finite there.
    """
    if starts is not None:
        listed = explicit(free_parameters, starts)
        some, every = _fewer(model, packed, 0.0)
        number, best, interrupted = _best_of(listed, some, steps_from)
        note = f"the best of {len(listed)} given starts after {STEPS} steps each{every}: number {number + 1}"
        return Comparison(listed[number], best, (note,), interrupted)
    start, reached, notes = free_parameters, free_parameters, []
    for scanned in scans_of(model, free_parameters, packed.geometry) if scan else ():
        tried = scanned.starts(reached)
        some, every = _fewer(model, packed, scanned.angle * float(np.max(scanned.factors())))
        number, best, interrupted = _best_of(tried, some, steps_from)
        notes.append(_note(scanned, tried, number, every))
        reached = best
        if interrupted:
            return Comparison(start, reached, tuple(notes), True)
    return Comparison(start, reached, tuple(notes))


def _best_of(
    starts: list[FreeParameters], packed: Packed, steps_from: Callable[[FreeParameters, Packed], Stretch | None]
) -> tuple[int, FreeParameters, bool]:
    """The number of the start from which a few steps lead to the least χ², where they lead, and whether Ctrl-C
    ended the comparison."""
    number, best, interrupted = 0, None, False
    for k, start in enumerate(starts):
        stretch = steps_from(start, packed)
        if stretch is None:
            continue
        if best is None or stretch.chi2 < best.chi2:
            number, best = k, stretch
        if stretch.interrupted:
            interrupted = True
            break
    return number, starts[0] if best is None else best.reached, interrupted


def _fewer(model: TwoTimeModel, packed: Packed, angle: float) -> tuple[Packed, str]:
    """The data to compare starts on, and words for what they are."""
    step = frame_step(model, packed, angle)
    return (packed, "") if step == 1 else (every_nth_frame(packed, step), f" on every {step}. frame")


def _note(scanned: Scan, tried: list[FreeParameters], number: int, every: str) -> str:
    name = next(parameter.name for parameter in tried[0].free if parameter.leaf in scanned.frequencies)
    at = [next(parameter for parameter in start.free if parameter.name == name) for start in tried]
    values, unit = [parameter.value for parameter in at], at[0].unit
    return (
        f"{name} was scanned: {len(tried)} starts from {min(values):.4g} to {max(values):.4g} {unit}, {STEPS} steps "
        f"each{every}; the fit went on from the best, at {values[number]:.4g} {unit}"
    )
