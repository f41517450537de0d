"""χ² of a model against two-time data and its derivatives, tile by tile, without a map of the model in memory."""

import abc
from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from .evaluation import Evaluation, Slopes, evaluate
from .geometry import Geometry
from .maps import PairFunction
from .model import TwoTimeModel
from .tiles import AbstractTiles, Tile
from .varying import varying_like


class AbstractLoss(eqx.Module):
    """What a squared residual z = (r/σ)² costs: ρ(z), with ρ(z) ≈ z for small z."""

    @abc.abstractmethod
    def cost(self, z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """ρ(z), z ≥ 0."""

    @abc.abstractmethod
    def slope(self, z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """dρ/dz: the factor by which the weight of a pair is reduced."""


@final
class Squares(AbstractLoss):
    """ρ(z) = z: least squares."""

    def cost(self, z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return z

    def slope(self, z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return jnp.ones_like(z)


def chi_squared(
    model: TwoTimeModel,
    geometry: Geometry,
    tiles: AbstractTiles,
    loss: AbstractLoss = Squares(),
    common: tuple[str, ...] = (),
) -> Float[Array, ""]:
    """χ² = Σ ρ((data − g2)² / σ²) over all tiles.

    Its derivative in the model and the geometry is taken tile by tile: one more pass, O(n_t) memory. Every order and
    mode of differentiation is right; from the second order on the walk itself is differentiated.

    **Arguments:** `common`: fields of the geometry known to be equal in all sectors, see `evaluate`.
    """
    return chi_squared_scaled(model, model.scaling(geometry), geometry, tiles, loss, common)


def chi_squared_scaled(
    function: PairFunction,
    scaling: tuple[Float[Array, " n_sector"], Float[Array, " n_sector"]],
    geometry: Geometry,
    tiles: AbstractTiles,
    loss: AbstractLoss = Squares(),
    common: tuple[str, ...] = (),
) -> Float[Array, ""]:
    """The same with contrast and offset of each sector given, and anything that states nodes and a pair function."""
    return _chi_squared((evaluate(function, geometry, common), *scaling), tiles, loss)


@eqx.filter_custom_jvp
def _chi_squared(moving: tuple[Evaluation, Array, Array], tiles: AbstractTiles, loss: AbstractLoss) -> Array:
    return walk(moving, tiles, loss)


def walk(moving: tuple[Evaluation, Array, Array], tiles: AbstractTiles, loss: AbstractLoss) -> Float[Array, ""]:
    """χ² alone."""
    evaluation, contrast, offset = moving

    def add(total: Array, step: Any) -> tuple[Array, None]:
        tile = tiles.tile(step)
        rows, columns, in_order = block_of(evaluation, tile, tiles.size)
        m = per_sector(offset) + per_sector(contrast) * evaluation.values(rows, columns, in_order)
        cost = loss.cost(tile.weights * (m - tile.values) ** 2)
        return total + jnp.sum(present(tile, cost)) + tile.scatter, None

    start = varying_like(jnp.zeros((), contrast.dtype), moving, tiles)
    return jax.lax.scan(add, start, tiles.steps())[0]


@final
class MisfitSlopes(eqx.Module):
    """∂χ² with respect to the node leaves of the slots, the direct and sector leaves, contrast and offset."""

    slots: tuple[Array, ...]
    direct: tuple[Array, ...]
    of_sector: tuple[Array, ...]
    contrast: Float[Array, " n_sector"]
    offset: Float[Array, " n_sector"]


def walk_with_slopes(
    moving: tuple[Evaluation, Array, Array], tiles: AbstractTiles, loss: AbstractLoss
) -> tuple[Float[Array, ""], MisfitSlopes]:
    """χ² and its derivative with respect to the O(n_t) numbers that the model hands to the pairs."""
    evaluation, contrast, offset = moving
    structure, size = evaluation.structure, tiles.size
    zeros = MisfitSlopes(
        slots=tuple(jnp.zeros_like(evaluation.leaves[slot.leaf]) for slot in structure.slots),
        direct=tuple(jnp.zeros_like(x) for x in evaluation.direct),
        of_sector=tuple(jnp.zeros_like(x) for x in evaluation.of_sector),
        contrast=jnp.zeros_like(contrast),
        offset=jnp.zeros_like(offset),
    )

    def add(carry: tuple[Array, MisfitSlopes], step: Any) -> tuple[tuple[Array, MisfitSlopes], None]:
        total, sums = carry
        tile = tiles.tile(step)
        rows, columns, in_order = block_of(evaluation, tile, size)
        M, slopes = evaluation.values_and_slopes(rows, columns, in_order)
        residual = per_sector(offset) + per_sector(contrast) * M - tile.values
        z = tile.weights * residual**2
        pull = 2 * tile.weights * loss.slope(z) * residual
        weighted = masked(slopes, pull * per_sector(contrast))
        earlier = iter(weighted.earlier)
        of_slots = []
        for slot, later, total_slot in zip(structure.slots, weighted.later, sums.slots, strict=True):
            if slot.difference:
                sign, by_row = -1, where_pairs(in_order, later, -later)
                by_column = by_row
            else:
                other = next(earlier)
                sign, by_row, by_column = 1, where_pairs(in_order, later, other), where_pairs(in_order, other, later)
            axis = 0 if structure.common[slot.leaf] else 1
            if axis == 0:
                by_row = jnp.sum(by_row, 0)
                by_column = by_row if slot.difference else jnp.sum(by_column, 0)
            grown = add_frames(total_slot, jnp.sum(by_row, axis + 1), tile.row, axis)
            of_slots.append(add_frames(grown, sign * jnp.sum(by_column, axis), tile.column, axis))
        over_pairs = lambda x: jnp.sum(x, (1, 2))  # noqa: E731
        sums = MisfitSlopes(
            slots=tuple(of_slots),
            direct=tuple(s + jnp.sum(x, (0, 1, 2)) for s, x in zip(sums.direct, weighted.direct, strict=True)),
            of_sector=tuple(
                s + (over_pairs(x) if s.ndim else jnp.sum(x))
                for s, x in zip(sums.of_sector, weighted.of_sector, strict=True)
            ),
            contrast=sums.contrast + over_pairs(pull * M),
            offset=sums.offset + over_pairs(pull),
        )
        return (total + jnp.sum(present(tile, loss.cost(z))) + tile.scatter, sums), None

    start = varying_like((jnp.zeros((), contrast.dtype), zeros), moving, tiles)
    return jax.lax.scan(jax.checkpoint(add), start, tiles.steps())[0]


@_chi_squared.def_jvp
def _chi_squared_jvp(primals, tangents):
    moving, tiles, loss = primals
    t_moving, t_tiles, t_loss = tangents
    value, slopes = walk_with_slopes(moving, tiles, loss)
    tangent = varying_like(jnp.zeros_like(value), value)
    (evaluation, _, _), (t_evaluation, t_contrast, t_offset) = moving, t_moving
    of_slots = [t_evaluation.leaves[slot.leaf] for slot in evaluation.structure.slots]
    pairs = [
        *zip(slopes.slots, of_slots, strict=True),
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
    arrays, static = eqx.partition(primals, eqx.is_inexact_array)
    filled = jax.tree.map(
        lambda x, t: jnp.zeros_like(x) if t is None else t, arrays, tangents, is_leaf=lambda x: x is None
    )
    filled = jax.tree.map(lambda x, t: None if x is None else t, arrays, filled, is_leaf=lambda x: x is None)
    return jax.jvp(lambda a: walk(moving, *eqx.combine(a, static)), (arrays,), (filled,))[1]


def block_of(evaluation: Evaluation, tile: Tile, size: int) -> tuple[tuple, tuple, Array]:
    """The frames of a tile's rows and columns, and which of its pairs are in order: row not before column."""
    n_row, n_column = tile.values.shape[-2:]
    frame = lambda n: jnp.arange(n, dtype=tile.row.dtype)  # noqa: E731
    in_order = (tile.row + frame(n_row))[:, None] >= (tile.column + frame(n_column))[None, :]
    return evaluation.frames(tile.row, n_row), evaluation.frames(tile.column, n_column), in_order


def present(tile: Tile, x: Float[Array, "n_sector n_row n_column"]) -> Float[Array, "n_sector n_row n_column"]:
    """`x` where a datum has weight, else 0. The choice also keeps XLA from handing a sum to a library that is slower
    on CPU."""
    return jnp.where(tile.weights > 0, x, 0)


def per_sector(x: Float[Array, " n_sector"]) -> Float[Array, "n_sector 1 1"]:
    return x[:, None, None]


def masked(slopes: Slopes, factor: Float[Array, "n_sector n_row n_column"]) -> Slopes:
    """The slopes times a factor that holds the weight; where the factor is 0 they count 0 even if they are not
    finite."""

    def times(x: Array) -> Array:
        f = factor.reshape(factor.shape + (1,) * (x.ndim - 3))
        return jnp.where(f != 0, f * x, 0)

    return jax.tree.map(times, slopes)


def where_pairs(keep: Bool[Array, "n_row n_column"], a: Array, b: Array) -> Array:
    """For slopes of a block of pairs, (n_sector, n_row, n_column, …): `a` where `keep`, else `b`."""
    return jnp.where(keep.reshape(keep.shape + (1,) * (a.ndim - 3)), a, b)


def add_frames(total: Array, part: Array, start: Array, axis: int) -> Array:
    """`total` with `part` added to the frames from `start` on."""
    there = jax.lax.dynamic_slice_in_dim(total, start, part.shape[axis], axis)
    return jax.lax.dynamic_update_slice_in_dim(total, there + part, start, axis)
