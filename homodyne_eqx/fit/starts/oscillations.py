"""In which parameters of a model the correlation oscillates, and how fast."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ...physics.geometry import Geometry
from ...physics.model import TwoTimeModel
from ...physics.parameter_names import named_leaves
from ...physics.parameters import ParameterLeaf
from ...physics.per_sector import at_sector, marked_per_sector
from ..free_parameters import FreeParameters


@final
@dataclass(frozen=True)
class Oscillation:
    """Free parameters that set one frequency, in which χ² has many minima.

    - `frequencies`: their names, all in proportion to that frequency; `phases`: the names of those of the oscillation;
    - `angle`: by how much the oscillation advances over the run, radians.
    """

    frequencies: tuple[str, ...]
    phases: tuple[str, ...]
    angle: float


def oscillations_of(model: TwoTimeModel, free_parameters: FreeParameters, geometry: Geometry) -> list[Oscillation]:
    """The oscillations of a model whose frequency is free, each of them once."""
    free = {parameter.leaf for parameter in free_parameters.free}
    leaves = [leaf for leaf in named_leaves(model) if leaf.scan and leaf.name in free]
    found = []
    for owner, of_owner in _by_owner(leaves):
        phases = tuple(leaf.name for leaf in of_owner if leaf.scan == "phase")
        frequencies = [leaf for leaf in of_owner if leaf.scan != "phase"]
        if frequencies:
            names = tuple(leaf.name for leaf in frequencies)
            found.append(Oscillation(names, phases, _angle_over_run(owner, frequencies[0], geometry)))
    return found


def _by_owner(leaves: list[ParameterLeaf]) -> Iterator[tuple[Any, list[ParameterLeaf]]]:
    for kind in dict.fromkeys((id(leaf.owner), leaf.scan == "velocity") for leaf in leaves):
        group = [leaf for leaf in leaves if (id(leaf.owner), leaf.scan == "velocity") == kind]
        yield group[0].owner, group


def _angle_over_run(owner: Any, leaf: ParameterLeaf, geometry: Geometry) -> float:
    """ωT of a frequency, or q ∫|v| dt of a velocity at the largest q, radians."""
    t = np.asarray(geometry.t, float)
    if leaf.scan == "frequency":
        return float(np.max(np.abs(np.asarray(leaf.value, float))) * (t[-1] - t[0]))
    later = geometry.t[1:]
    rates = [at_sector(owner, k) for k in geometry.index] if any(marked_per_sector(owner)) else [owner]
    velocity = np.abs(np.array([rate(later) for rate in rates], float))
    return float(np.max(np.asarray(geometry.q, float)) * np.max(np.sum(velocity * np.diff(t), axis=1)))
