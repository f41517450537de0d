"""χ² of a model against two-time data and its derivatives, tile by tile, without a map of the model in memory."""

import abc
import math
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from .evaluation import Block, Evaluation, Slopes, Structure, evaluate
from .geometry import Geometry
from .maps import PairFunction
from .model import TwoTimeModel
from .pair_sums import by_column, by_row, staged
from .tiles import AbstractTiles, Tile
from .varying import varying_like


class AbstractLoss(eqx.Module):
    """What a squared residual z = (r/σ)² costs: ρ(z), with ρ(z) ≈ z for small z."""

    reweights: ClassVar[bool] = True
    """Whether dρ/dz differs from 1 anywhere."""

    @abc.abstractmethod
    def cost(self, z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """ρ(z), z ≥ 0."""

    @abc.abstractmethod
    def slope(self, z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """dρ/dz: the factor by which the weight of a pair is reduced."""


@final
class Squares(AbstractLoss):
    """ρ(z) = z: least squares."""

    reweights: ClassVar[bool] = False

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
        m = per_sector(offset) + per_sector(contrast) * evaluation.values(block_of(evaluation, tiles, tile))
        cost = loss.cost(tile.weights * (m - tile.values) ** 2)
        return total + jnp.sum(jnp.where(tile.present, cost, 0)), None

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
    structure = evaluation.structure
    zeros = MisfitSlopes(
        slots=tuple(jnp.zeros_like(evaluation.leaves[slot.leaf]) for slot in structure.slots),
        direct=tuple(jnp.zeros_like(x) for x in evaluation.direct),
        of_sector=tuple(jnp.zeros_like(x) for x in evaluation.of_sector),
        contrast=jnp.zeros_like(contrast),
        offset=jnp.zeros_like(offset),
    )

    weight = None if loss.reweights else tiles.weight()

    def add(carry: tuple[Array, MisfitSlopes], number: Array) -> tuple[tuple[Array, MisfitSlopes], None]:
        total, sums = carry
        place = tiles.at(number)

        def of_pairs(apart: bool) -> _Pulls:
            tile = tiles.at(number)
            block = block_of(evaluation, tiles, tile, apart)
            M, slopes = evaluation.values_and_slopes(block)
            residual = per_sector(offset) + per_sector(contrast) * M - tile.values
            slopes = weighted_by(slopes, tile.present, per_sector(contrast))
            each = lambda leaves: tuple(scalars_of(x) for x in leaves)  # noqa: E731
            at_row, at_column = _at_frames(slopes, structure, block)
            masked = lambda x: jnp.where(tile.present, x, 0)  # noqa: E731
            pull, cost = masked(residual), None
            if weight is None:
                z = tile.weights * residual**2
                pull, cost = masked(2 * tile.weights * loss.slope(z) * residual), masked(loss.cost(z))
            return _Pulls(at_row, at_column, each(slopes.direct), each(slopes.of_sector), pull, masked(M), cost)

        pulls = staged(tiles, place, of_pairs, moving, tiles)
        pulled = lambda slopes: jax.tree.map(lambda x: pulls.pull * x, slopes)  # noqa: E731
        at_column = tuple(b or a for a, b in zip(pulls.at_row, pulls.at_column, strict=True))
        squares = pulls.pull**2 if pulls.cost is None else pulls.cost
        others = (pulled(pulls.direct), pulled(pulls.of_sector), pulls.pull, pulled(pulls.M))
        to_rows, others, cost = by_row((pulled(pulls.at_row), others, squares))
        to_columns = by_column(pulled(at_column))
        if weight is not None:
            w = weight[:, None]
            to_rows, others, to_columns = jax.tree.map(lambda x: 2 * w * x, (to_rows, others, to_columns))
            cost = w * cost
        direct, of_sector, to_offset, to_contrast = jax.tree.map(lambda x: jnp.sum(x, 1), others)
        of_slots = []
        for slot, grown, of_row, of_column in zip(structure.slots, sums.slots, to_rows, to_columns, strict=True):
            common = structure.common[slot.leaf]
            for part, first, sign in ((of_row, place.row, 1), (of_column, place.column, -1 if slot.difference else 1)):
                part = sign * _gathered(part, grown.shape[1 if common else 2 :])
                grown = add_frames(grown, jnp.sum(part, 0) if common else part, first, 0 if common else 1)
            of_slots.append(grown)
        sums = MisfitSlopes(
            slots=tuple(of_slots),
            direct=tuple(s + jnp.sum(_gathered(x, s.shape), 0) for s, x in zip(sums.direct, direct, strict=True)),
            of_sector=tuple(
                s + (x if s.ndim else jnp.sum(x)) for s, (x,) in zip(sums.of_sector, of_sector, strict=True)
            ),
            contrast=sums.contrast + to_contrast,
            offset=sums.offset + to_offset,
        )
        return (total + jnp.sum(cost), sums), None

    start = varying_like((jnp.zeros((), contrast.dtype), zeros), moving, tiles)
    return jax.lax.scan(jax.checkpoint(add), start, tiles.numbers())[0]


class _Pulls(NamedTuple):
    """What the sums over a tile read, of every pair: arrays of shape (n_sector, n_row, n_column).

    How g2 changes with each scalar of each slot in the frame of the row and in that of the column (empty where it is
    minus that of the row), with each direct and sector leaf; how χ² changes with g2 (`pull`); M; and the cost. Where
    all of a sector weigh the same, `pull` is the residual alone, and there is no cost: it is the square of that.
    """

    at_row: tuple[tuple[Array, ...], ...]
    at_column: tuple[tuple[Array, ...], ...]
    direct: tuple[tuple[Array, ...], ...]
    of_sector: tuple[tuple[Array, ...], ...]
    pull: Array
    M: Array
    cost: Array | None


def _at_frames(slopes: Slopes, structure: Structure, block: Block) -> tuple[tuple, tuple]:
    """Slopes in the frames of rows and columns, from those in the later and the earlier frame."""
    at_row, at_column, earlier = [], [], iter(slopes.earlier)
    choose = lambda a, b: jnp.where(block.in_order, a, b) if block.both else a  # noqa: E731
    for slot, later in zip(structure.slots, slopes.later, strict=True):
        if slot.difference:
            at_row.append(tuple(choose(x, -x) for x in scalars_of(later)))
            at_column.append(())
        else:
            both = list(zip(scalars_of(later), scalars_of(next(earlier)), strict=True))
            at_row.append(tuple(choose(a, b) for a, b in both))
            at_column.append(tuple(choose(b, a) for a, b in both))
    return tuple(at_row), tuple(at_column)


def scalars_of(slopes: Array) -> tuple[Array, ...]:
    """Slopes of a block of pairs, (n_sector, n_row, n_column, …), one array for each scalar."""
    flat = slopes.reshape(*slopes.shape[:3], math.prod(slopes.shape[3:]))
    return tuple(flat[..., k] for k in range(flat.shape[-1]))


def _gathered(scalars: tuple[Array, ...], shape: tuple[int, ...]) -> Array:
    """What belongs to each scalar of a leaf of this shape, as one array: the leaf's axes last."""
    together = jnp.stack(scalars, -1)
    return together.reshape(*together.shape[:-1], *shape)


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
    return tangent_along(lambda of: walk(moving, *of), primals, tangents)


def tangent_along(function: Callable[[Any], Array], of: Any, tangents: Any) -> Array:
    """The derivative of a function of a PyTree along a change of it.

    **Arguments:** `tangents`: as a rule of `eqx.filter_custom_jvp` is given them, None where nothing changes.
    """
    arrays, static = eqx.partition(of, eqx.is_inexact_array)

    def filled(x: Array | None, t: Array | None) -> Array | None:
        return None if x is None else jnp.zeros_like(x) if t is None else t

    along = jax.tree.map(filled, arrays, tangents, is_leaf=lambda x: x is None)
    return jax.jvp(lambda a: function(eqx.combine(a, static)), (arrays,), (along,))[1]


def block_of(evaluation: Evaluation, tiles: AbstractTiles, tile: Tile, apart: bool = False) -> Block:
    """The frames of a tile's rows and columns, and which of its pairs are in order; `apart`: known to be all."""
    n_row, n_column = tile.values.shape[-2:]
    frame = lambda n: jnp.arange(n, dtype=tile.row.dtype)  # noqa: E731
    in_order = (tile.row + frame(n_row))[:, None] >= (tile.column + frame(n_column))[None, :]
    rows, columns = evaluation.frames(tile.row, n_row), evaluation.frames(tile.column, n_column)
    return Block(rows, columns, in_order, tiles.both, apart)


def per_sector(x: Float[Array, " n_sector"]) -> Float[Array, "n_sector 1 1"]:
    return x[:, None, None]


def weighted_by(
    slopes: Slopes, present: Bool[Array, "n_sector n_row n_column"], factor: Float[Array, "#n_sector #n_row #n_column"]
) -> Slopes:
    """The slopes times a factor where a datum is present; elsewhere 0 even if they are not finite."""

    def times(x: Array) -> Array:
        more = (1,) * (x.ndim - 3)
        return jnp.where(present.reshape(*present.shape, *more), factor.reshape(*factor.shape, *more) * x, 0)

    return jax.tree.map(times, slopes)


def add_frames(total: Array, part: Array, start: Array, axis: int) -> Array:
    """`total` with `part` added to the frames from `start` on."""
    there = jax.lax.dynamic_slice_in_dim(total, start, part.shape[axis], axis)
    return jax.lax.dynamic_update_slice_in_dim(total, there + part, start, axis)
