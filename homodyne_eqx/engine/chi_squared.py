"""χ² of a model and two-time data, and its derivatives, tile by tile: no map of the model is held in memory."""

from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..physics.dense_map import PairFunction
from ..physics.geometry import Geometry
from ..physics.model import TwoTimeModel
from ..physics.model_leaves import ready
from .blocks import block_of, per_sector
from .chi_squared_slopes import chi_squared_and_slopes
from .frame_values import Evaluation, evaluate
from .losses import AbstractLoss, Squares
from .packed_data import AbstractPacked, AbstractReduction
from .packed_maps import Group
from .packed_pairs import PackedPairs
from .pair_reductions import pair_costs
from .scan_carry import scan_carry
from .tangents import tangent_along
from .tiles import AbstractTiles


@final
class _Costs(AbstractReduction):
    model: TwoTimeModel
    whole: Geometry
    loss: AbstractLoss

    def of_tiles(self, group: Group) -> Array:
        contrast, offset = (x[group.of.sectors] for x in self.model.scaling(self.whole))
        of = group.of
        return chi_squared_of_tiles(self.model, (contrast, offset), of.geometry, group.tiles, self.loss, of.common)

    def of_pairs(self, pairs: PackedPairs) -> Array:
        return pair_costs(self.model, pairs, self.loss)


def chi_squared(model: TwoTimeModel, packed: AbstractPacked, loss: AbstractLoss = Squares()) -> Float[Array, ""]:
    """χ² = Σ ρ(((data − g2)/σ)²) over the pairs of frames, each counted once.

    Its gradient, by `jax.grad` or `eqx.filter_value_and_grad`, takes one more pass over the data and O(n_t) memory,
    for any number of parameters. Compiled at the first call, and again for other shapes only.

    **Raises:** `TypeError` for a model that holds a Python number where an array belongs.
    """
    return _compiled(model, packed, loss)


@eqx.filter_jit
def _compiled(model: TwoTimeModel, packed: AbstractPacked, loss: AbstractLoss) -> Array:
    return packed.total(_Costs(ready(model, packed), packed.geometry, loss))


def chi_squared_of_tiles(
    function: PairFunction,
    scaling: tuple[Float[Array, " n_sector"], Float[Array, " n_sector"]],
    geometry: Geometry,
    tiles: AbstractTiles,
    loss: AbstractLoss = Squares(),
    common: tuple[str, ...] = (),
) -> Float[Array, ""]:
    """χ² = Σ ρ((data − g2)² / σ²) over all tiles, for anything that has `nodes` and a pair function.

    Its derivative in the function, the scaling and the geometry is computed tile by tile, in one more pass over the
    data and O(n_t) memory. Derivatives of every order and mode are right; from the second order on JAX differentiates
    that pass itself.

    **Arguments:** `scaling`: contrast and offset of each sector; `common`: the fields of the geometry that are known to
    be equal in all sectors, see `evaluate`.
    """
    return _chi_squared((evaluate(function, geometry, common), *scaling), tiles, loss)


@eqx.filter_custom_jvp
def _chi_squared(inputs: tuple[Evaluation, Array, Array], tiles: AbstractTiles, loss: AbstractLoss) -> Array:
    return sum_of_costs(inputs, tiles, loss)


def sum_of_costs(inputs: tuple[Evaluation, Array, Array], tiles: AbstractTiles, loss: AbstractLoss) -> Float[Array, ""]:
    """χ² without derivatives, from the evaluated model, its contrast and its offset."""
    evaluation, contrast, offset = inputs

    def add(total: Array, step: Any) -> tuple[Array, None]:
        tile = tiles.tile(step)
        m = per_sector(offset) + per_sector(contrast) * evaluation.values(block_of(evaluation, tiles, tile))
        cost = loss.cost(tile.weights * (m - tile.values) ** 2)
        return total + jnp.sum(jnp.where(tile.present, cost, 0)), None

    start = scan_carry(jnp.zeros((), contrast.dtype), inputs, tiles)
    return jax.lax.scan(add, start, tiles.steps())[0]


@_chi_squared.def_jvp
def _chi_squared_jvp(primals, tangents):
    inputs, tiles, loss = primals
    t_inputs, t_tiles, t_loss = tangents
    value, slopes = chi_squared_and_slopes(inputs, tiles, loss)
    tangent = scan_carry(jnp.zeros_like(value), value)
    (evaluation, _, _), (t_evaluation, t_contrast, t_offset) = inputs, t_inputs
    t_channels = [t_evaluation.leaves[channel.leaf] for channel in evaluation.structure.channels]
    slopes_and_tangents = [
        *zip(slopes.channels, t_channels, strict=True),
        *zip(slopes.direct, t_evaluation.direct, strict=True),
        *zip(slopes.of_sector, t_evaluation.of_sector, strict=True),
        (slopes.contrast, t_contrast),
        (slopes.offset, t_offset),
    ]
    for slope, t in slopes_and_tangents:
        if t is not None:
            tangent = tangent + jnp.sum(slope * t)
    if jax.tree.leaves((t_tiles, t_loss)):
        of_data = lambda tiles_and_loss: sum_of_costs(inputs, *tiles_and_loss)  # noqa: E731
        tangent = tangent + tangent_along(of_data, (tiles, loss), (t_tiles, t_loss))
    return value, tangent
