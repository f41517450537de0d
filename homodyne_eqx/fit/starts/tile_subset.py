"""A stage that fits a part of large data first."""

from dataclasses import replace
from typing import ClassVar, final

import jax.numpy as jnp
import numpy as np

from ...engine import AbstractPacked, Packed
from ...engine.devices import on_host
from ..fit_input import FitInput
from ..minimiser import Minimiser
from .stage import AbstractStage
from .waypoint import Waypoint


@final
class TileSubset(AbstractStage):
    """Fit a part of the pairs of frames first, if there are many: the tiles along the diagonal, and as many other
    tiles.

    The tiles along the diagonal hold the fast decays; the others are drawn at random, the same each time. The pairs in
    these tiles are measured pairs, not averages. So the minimum of χ² over them differs from that over all pairs only
    by its noise.

    **Arguments:**

    - `pairs_at_least`: with fewer pairs the stage does nothing, because the fit takes less time than the compilation of
      another program;
    - `part_at_most`: the stage does nothing if the part would be a larger share of all tiles;
    - `tolerance`: of the fit to the part: the remaining decrease of χ² is then within the noise of the part;
    - `first_step_size`: of the next step over all data: the largest change of √χ² in one parameter, small because the
      minimum is close.
    """

    pairs_at_least: float | int = 5e7
    part_at_most: float | int = 0.25
    tolerance: float | int = 0.1
    first_step_size: float | int = 30.0
    seconds_key: ClassVar[str] = "first_stages"

    def __check_init__(self) -> None:
        if not (self.pairs_at_least >= 0 and 0 < self.part_at_most <= 1):
            raise ValueError(
                f"TileSubset has pairs_at_least={self.pairs_at_least:g} and part_at_most={self.part_at_most:g}; "
                "expected 0 or more, and a share in (0, 1]."
            )
        if not (self.tolerance >= 0 and self.first_step_size > 0):
            raise ValueError(
                f"TileSubset has tolerance={self.tolerance:g} and first_step_size={self.first_step_size:g}; expected 0 "
                "or more, and more than 0."
            )

    def check(self, fit_input: FitInput) -> None:
        """Nothing to check: any data are suitable."""

    def __call__(self, waypoint: Waypoint, fit_input: FitInput, minimiser: Minimiser) -> Waypoint:
        packed = fit_input.packed
        part = self.part_of(packed)
        if part is None:
            return waypoint
        note = f"{part.n_pairs:.2g} of {packed.n_pairs:.2g} pairs of frames were fitted first"
        return minimiser.waypoint_at_minimum(
            replace(waypoint, notes=(*waypoint.notes, note)),
            part,
            tolerance=self.tolerance,
            first_step_size=self.first_step_size,
        )

    def part_of(self, packed: AbstractPacked) -> Packed | None:
        """The part of the data that is fitted first; `None` where that would save nothing, and for scattered pairs."""
        if not isinstance(packed, Packed):
            return None
        starts, holds_pairs = on_host(packed.starts)[:, 0], np.any(on_host(packed.counts) > 0, axis=(0, 2))
        along_diagonal = holds_pairs & (starts[:, 0] - starts[:, 1] < packed.size)
        n = np.count_nonzero(along_diagonal)
        if packed.n_pairs < self.pairs_at_least or 2 * n > self.part_at_most * packed.n_tiles:
            return None
        others = np.random.default_rng(0).choice(np.flatnonzero(holds_pairs & ~along_diagonal), n, replace=False)
        return packed.subset(jnp.asarray(np.sort(np.concatenate([np.flatnonzero(along_diagonal), others]))))
