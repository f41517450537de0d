"""χ² of many starts at once, on a few frames of the data."""

from dataclasses import dataclass
from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...engine import AbstractPacked
from ...engine.best_scaling import best_of_sums, scaling_sums
from ...engine.data_squares import data_squares
from ...physics.model import TwoTimeModel
from ..free_parameters import FreeParameters
from ..problem import model_with
from .every_nth_frame import few_data

AT_ONCE = 32
_PAIRS = 6_000
_FEWEST, _MOST = 24, 56
_A_BURST = 9


@final
@dataclass(frozen=True)
class Candidates:
    """Starts of a fit, compared by χ² on `packed`, each with the contrast and offset that suit it best.

    - `moving`, `rest`: the model, split into its free leaves and all else;
    - `limits`: bounds of (contrast, offset), (2, 2), or `None` where those of the model are to be taken;
    - `squares`: Σ w d² of each sector, (n_sector,).
    """

    moving: TwoTimeModel
    rest: TwoTimeModel
    packed: AbstractPacked
    limits: Array | None
    squares: Array

    def chi2_and_level(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """χ², infinite where it is no number, and the mean of M over the pairs, both (n,), of (n, n_free)."""
        found = []
        for first in range(0, len(parameters), AT_ONCE):
            some = parameters[first : first + AT_ONCE]
            whole = np.concatenate([some, np.repeat(some[-1:], AT_ONCE - len(some), axis=0)])
            both = _chi2_and_level(jnp.asarray(whole, jnp.result_type(float)), *self._arrays)
            found.append(np.asarray(jnp.stack(both), float)[:, : len(some)])
        chi2, level = np.concatenate(found, axis=1)
        return np.where(np.isfinite(chi2), chi2, np.inf), level

    @property
    def _arrays(self) -> tuple[Any, ...]:
        return self.moving, self.rest, self.packed, self.limits, self.squares


def candidates(model: TwoTimeModel, free_parameters: FreeParameters, packed: AbstractPacked) -> Candidates:
    """On a few frames of the data, in bursts, so that lags from one frame to the whole run are among their pairs."""
    moving, rest = eqx.partition(model, free_parameters.filter)
    few = few_data(packed, _frames_in_bursts(packed.geometry.n_t, packed.geometry.n_sector), _PAIRS)
    scaling = [p for p in free_parameters.parameters if p.of_scaling]
    limits = None
    if free_parameters.closed_form and scaling and all(p.free for p in scaling):
        limits = jnp.asarray(free_parameters.scaling_bounds(), jnp.result_type(float))
    return Candidates(moving, rest, few, limits, eqx.filter_jit(data_squares)(few))


def _frames_in_bursts(n_t: int, n_sector: int) -> np.ndarray:
    """Numbers of frames, at most 56: bursts that begin evenly over the run, with gaps that grow within each."""
    wanted = int(np.clip(np.sqrt(2 * _PAIRS / n_sector), _FEWEST, _MOST))
    if n_t <= wanted:
        return np.arange(n_t)
    n_bursts = max(wanted // _A_BURST, 1)
    length = n_t / n_bursts
    within = np.concatenate([[0], np.geomspace(1, max(length * 0.9, 1), _A_BURST - 1)])
    frames = np.add.outer(np.arange(n_bursts) * length, within)
    return np.unique(np.minimum(frames.round().astype(int), n_t - 1))


@eqx.filter_jit
def _chi2_and_level(
    parameters: Float[Array, "n n_free"],
    moving: TwoTimeModel,
    rest: TwoTimeModel,
    packed: AbstractPacked,
    limits: Float[Array, "2 2"] | None,
    squares: Float[Array, " n_sector"],
) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    def one(of_one: Float[Array, " n_free"]) -> tuple[Array, Array]:
        model = model_with(moving, rest, of_one)
        s = scaling_sums(model, packed)
        contrast, offset = model.scaling(packed.geometry)
        if limits is not None:
            contrast, offset = best_of_sums(s, *jax.tree.leaves(model.scaling), limits[:, 0], limits[:, 1])
        cost = squares - 2 * (contrast * s.md + offset * s.d)
        cost += contrast**2 * s.mm + 2 * contrast * offset * s.m + offset**2 * s.ones
        return jnp.sum(cost), jnp.sum(s.m) / jnp.sum(s.ones)

    return jax.lax.map(one, parameters)
