"""χ² of a model against two-time data and its derivatives, tile by tile, without a map of the model in memory."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..physics.dense_map import PairFunction
from ..physics.geometry import Geometry
from ..physics.model import TwoTimeModel
from .blocks import block_of, per_sector
from .chi_squared_slopes import walk_with_slopes
from .frame_values import Evaluation, evaluate
from .losses import AbstractLoss, Squares
from .packing import Group, Packed
from .scan_carry import scan_carry
from .tangents import tangent_along
from .tiles import AbstractTiles


def chi_squared(model: TwoTimeModel, packed: Packed, loss: AbstractLoss = Squares()) -> Float[Array, ""]:
    """χ² = Σ ρ(((data − g2)/σ)²) over the pairs of frames, each counted once.

    Its gradient, by `jax.grad` or `eqx.filter_value_and_grad`, takes one more pass and O(n_t) memory, whatever the
    number of parameters.
    """
    contrast, offset = model.scaling(packed.geometry)

    def of_group(group: Group) -> Array:
        scaling = contrast[group.sectors], offset[group.sectors]
        return chi_squared_of_tiles(model, scaling, group.geometry, group.tiles, loss, group.common)

    return packed.total(of_group)


def chi_squared_of_tiles(
    function: PairFunction,
    scaling: tuple[Float[Array, " n_sector"], Float[Array, " n_sector"]],
    geometry: Geometry,
    tiles: AbstractTiles,
    loss: AbstractLoss = Squares(),
    common: tuple[str, ...] = (),
) -> Float[Array, ""]:
    """χ² = Σ ρ((data − g2)² / σ²) over all tiles, of anything that states nodes and a pair function.

    Its derivative in the function, the scaling and the geometry is taken tile by tile: one more pass, O(n_t) memory.
    Every order and mode of differentiation is right; from the second order on the walk itself is differentiated.

    **Arguments:** `scaling`: contrast and offset of each sector; `common`: fields of the geometry known to be equal in
    all sectors, see `evaluate`.
    """
    return _chi_squared((evaluate(function, geometry, common), *scaling), tiles, loss)


@eqx.filter_custom_jvp
def _chi_squared(moving: tuple[Evaluation, Array, Array], tiles: AbstractTiles, loss: AbstractLoss) -> Array:
    return walk(moving, tiles, loss)


def walk(moving: tuple[Evaluation, Array, Array], tiles: AbstractTiles, loss: AbstractLoss) -> Float[Array, ""]:
    """χ² alone."""
    evaluation, contrast, offset = moving

    def add(total: Array, step: Any) -> tuple[Array, None]:
        tile = tiles.tile(step)
        m = per_sector(offset) + per_sector(contrast) * evaluation.values(block_of(evaluation, tiles, tile))
        cost = loss.cost(tile.weights * (m - tile.values) ** 2)
        return total + jnp.sum(jnp.where(tile.present, cost, 0)), None

    start = scan_carry(jnp.zeros((), contrast.dtype), moving, tiles)
    return jax.lax.scan(add, start, tiles.steps())[0]


@_chi_squared.def_jvp
def _chi_squared_jvp(primals, tangents):
    moving, tiles, loss = primals
    t_moving, t_tiles, t_loss = tangents
    value, slopes = walk_with_slopes(moving, tiles, loss)
    tangent = scan_carry(jnp.zeros_like(value), value)
    (evaluation, _, _), (t_evaluation, t_contrast, t_offset) = moving, t_moving
    of_channels = [t_evaluation.leaves[channel.leaf] for channel in evaluation.structure.channels]
    pairs = [
        *zip(slopes.channels, of_channels, strict=True),
        *zip(slopes.direct, t_evaluation.direct, strict=True),
        *zip(slopes.of_sector, t_evaluation.of_sector, strict=True),
        (slopes.contrast, t_contrast),
        (slopes.offset, t_offset),
    ]
    for slope, t in pairs:
        if t is not None:
            tangent = tangent + jnp.sum(slope * t)
    if jax.tree.leaves((t_tiles, t_loss)):
        tangent = tangent + _tangent_of_data(moving, (tiles, loss), (t_tiles, t_loss))
    return value, tangent


def _tangent_of_data(moving: tuple, primals: tuple, tangents: tuple) -> Array:
    """The part of the derivative that comes from the data and their weights: the walk itself, differentiated."""
    return tangent_along(lambda of: walk(moving, *of), primals, tangents)
