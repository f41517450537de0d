"""χ² and its derivative in the numbers that a model hands to the pairs of frames, in one pass over the tiles."""

import math
from typing import NamedTuple, final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .blocks import add_frames, block_of, per_sector, weighted_by
from .frame_values import Block, Evaluation, PairDependence, Slopes
from .losses import AbstractLoss
from .pair_sums import by_column, by_row, staged
from .scan_carry import scan_carry
from .tiles import AbstractTiles


@final
class ChiSquaredSlopes(eqx.Module):
    """∂χ² with respect to the node leaves of the channels, the direct and sector leaves, contrast and offset."""

    channels: tuple[Array, ...]
    direct: tuple[Array, ...]
    of_sector: tuple[Array, ...]
    contrast: Float[Array, " n_sector"]
    offset: Float[Array, " n_sector"]


def walk_with_slopes(
    moving: tuple[Evaluation, Array, Array], tiles: AbstractTiles, loss: AbstractLoss
) -> tuple[Float[Array, ""], ChiSquaredSlopes]:
    """χ² and its derivative with respect to the O(n_t) numbers that the model hands to the pairs."""
    evaluation, contrast, offset = moving
    structure = evaluation.structure
    zeros = ChiSquaredSlopes(
        channels=tuple(jnp.zeros_like(evaluation.leaves[channel.leaf]) for channel in structure.channels),
        direct=tuple(jnp.zeros_like(x) for x in evaluation.direct),
        of_sector=tuple(jnp.zeros_like(x) for x in evaluation.of_sector),
        contrast=jnp.zeros_like(contrast),
        offset=jnp.zeros_like(offset),
    )

    weight = None if loss.reweights else tiles.weight()

    def add(carry: tuple[Array, ChiSquaredSlopes], number: Array) -> tuple[tuple[Array, ChiSquaredSlopes], None]:
        total, sums = carry
        place = tiles.at(number)

        def of_pairs(all_in_order: bool) -> _Pulls:
            tile = tiles.at(number)
            block = block_of(evaluation, tiles, tile, all_in_order)
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
        of_channels = []
        for channel, grown, of_row, of_column in zip(
            structure.channels, sums.channels, to_rows, to_columns, strict=True
        ):
            common = structure.common[channel.leaf]
            for part, first, sign in (
                (of_row, place.row, 1),
                (of_column, place.column, -1 if channel.difference else 1),
            ):
                part = sign * _gathered(part, grown.shape[1 if common else 2 :])
                grown = add_frames(grown, jnp.sum(part, 0) if common else part, first, 0 if common else 1)
            of_channels.append(grown)
        sums = ChiSquaredSlopes(
            channels=tuple(of_channels),
            direct=tuple(
                s + (_gathered(x, s.shape[1:]) if own else jnp.sum(_gathered(x, s.shape), 0))
                for s, x, own in zip(sums.direct, direct, structure.per_sector, strict=True)
            ),
            of_sector=tuple(
                s + (x if s.ndim else jnp.sum(x)) for s, (x,) in zip(sums.of_sector, of_sector, strict=True)
            ),
            contrast=sums.contrast + to_contrast,
            offset=sums.offset + to_offset,
        )
        return (total + jnp.sum(cost), sums), None

    start = scan_carry((jnp.zeros((), contrast.dtype), zeros), moving, tiles)
    return jax.lax.scan(jax.checkpoint(add), start, tiles.numbers())[0]


class _Pulls(NamedTuple):
    """What the sums over a tile read, of every pair: arrays of shape (n_sector, n_row, n_column).

    How g2 changes with each scalar of each channel in the frame of the row and in that of the column (empty where it is
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


def _at_frames(slopes: Slopes, structure: PairDependence, block: Block) -> tuple[tuple, tuple]:
    """Slopes in the frames of rows and columns, from those in the later and the earlier frame."""
    at_row, at_column, earlier = [], [], iter(slopes.earlier)
    choose = lambda a, b: jnp.where(block.in_order, a, b) if block.full_square else a  # noqa: E731
    for channel, later in zip(structure.channels, slopes.later, strict=True):
        if channel.difference:
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
