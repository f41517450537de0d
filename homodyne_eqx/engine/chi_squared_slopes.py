"""χ² and its derivatives by the numbers that the pair function of a model reads, in one pass over the tiles."""

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


def chi_squared_and_slopes(
    inputs: tuple[Evaluation, Array, Array], tiles: AbstractTiles, loss: AbstractLoss
) -> tuple[Float[Array, ""], ChiSquaredSlopes]:
    """χ² and its derivatives, from the evaluated model, its contrast and its offset.

    The derivatives are by the O(n_t) numbers that the pair function reads, not by the parameters behind them.
    """
    evaluation, contrast, offset = inputs
    dependence = evaluation.structure
    zeros = ChiSquaredSlopes(
        channels=tuple(jnp.zeros_like(evaluation.leaves[channel.leaf]) for channel in dependence.channels),
        direct=tuple(jnp.zeros_like(x) for x in evaluation.direct),
        of_sector=tuple(jnp.zeros_like(x) for x in evaluation.of_sector),
        contrast=jnp.zeros_like(contrast),
        offset=jnp.zeros_like(offset),
    )

    weight = None if loss.reweights else tiles.weight()

    def add(carry: tuple[Array, ChiSquaredSlopes], number: Array) -> tuple[tuple[Array, ChiSquaredSlopes], None]:
        total, sums = carry
        place = tiles.at(number)

        def pair_values(all_in_order: bool) -> _PairValues:
            tile = tiles.at(number)
            block = block_of(evaluation, tiles, tile, all_in_order)
            M, slopes = evaluation.values_and_slopes(block)
            residual = per_sector(offset) + per_sector(contrast) * M - tile.values
            slopes = weighted_by(slopes, tile.present, per_sector(contrast))
            scalars = lambda leaves: tuple(scalars_of(x) for x in leaves)  # noqa: E731
            at_row, at_column = _at_frames(slopes, dependence, block)
            where_present = lambda x: jnp.where(tile.present, x, 0)  # noqa: E731
            of_g2, cost = where_present(residual), None
            if weight is None:
                z = tile.weights * residual**2
                of_g2, cost = where_present(2 * tile.weights * loss.slope(z) * residual), where_present(loss.cost(z))
            direct, of_sector = scalars(slopes.direct), scalars(slopes.of_sector)
            return _PairValues(at_row, at_column, direct, of_sector, of_g2, where_present(M), cost)

        pairs = staged(tiles, place, pair_values, inputs, tiles)
        chained = lambda slopes: jax.tree.map(lambda x: pairs.of_g2 * x, slopes)  # noqa: E731
        at_column = tuple(b or a for a, b in zip(pairs.at_row, pairs.at_column, strict=True))
        costs = pairs.of_g2**2 if pairs.cost is None else pairs.cost
        others = (chained(pairs.direct), chained(pairs.of_sector), pairs.of_g2, chained(pairs.M))
        to_rows, others, cost = by_row((chained(pairs.at_row), others, costs))
        to_columns = by_column(chained(at_column))
        if weight is not None:
            w = weight[:, None]
            to_rows, others, to_columns = jax.tree.map(lambda x: 2 * w * x, (to_rows, others, to_columns))
            cost = w * cost
        direct, of_sector, to_offset, to_contrast = jax.tree.map(lambda x: jnp.sum(x, 1), others)
        channels = []
        for channel, channel_sum, at_rows, at_columns in zip(
            dependence.channels, sums.channels, to_rows, to_columns, strict=True
        ):
            common = dependence.common[channel.leaf]
            for scalars, first, sign in (
                (at_rows, place.row, 1),
                (at_columns, place.column, -1 if channel.difference else 1),
            ):
                summand = sign * _as_leaf(scalars, channel_sum.shape[1 if common else 2 :])
                summand = jnp.sum(summand, 0) if common else summand
                channel_sum = add_frames(channel_sum, summand, first, 0 if common else 1)
            channels.append(channel_sum)
        sums = ChiSquaredSlopes(
            channels=tuple(channels),
            direct=tuple(
                s + (_as_leaf(x, s.shape[1:]) if by_sector else jnp.sum(_as_leaf(x, s.shape), 0))
                for s, x, by_sector in zip(sums.direct, direct, dependence.per_sector, strict=True)
            ),
            of_sector=tuple(
                s + (x if s.ndim else jnp.sum(x)) for s, (x,) in zip(sums.of_sector, of_sector, strict=True)
            ),
            contrast=sums.contrast + to_contrast,
            offset=sums.offset + to_offset,
        )
        return (total + jnp.sum(cost), sums), None

    start = scan_carry((jnp.zeros((), contrast.dtype), zeros), inputs, tiles)
    return jax.lax.scan(jax.checkpoint(add), start, tiles.numbers())[0]


class _PairValues(NamedTuple):
    """The values of every pair that the sums over a tile read: arrays of shape (n_sector, n_row, n_column).

    - `at_row`, `at_column`: ∂g2/∂(each scalar of each channel) in the frame of the row and in that of the column; the
      second is empty for a difference, where it is minus the first;
    - `direct`, `of_sector`: ∂g2/∂(each scalar of each direct and each sector leaf);
    - `of_g2`: ∂χ²/∂g2; where all data of a sector have the same weight, the residual, without the factor 2 · weight;
    - `M`: (g2 − offset)/contrast;
    - `cost`: ρ; None where all data of a sector have the same weight: it is then the square of the residual.
    """

    at_row: tuple[tuple[Array, ...], ...]
    at_column: tuple[tuple[Array, ...], ...]
    direct: tuple[tuple[Array, ...], ...]
    of_sector: tuple[tuple[Array, ...], ...]
    of_g2: Array
    M: Array
    cost: Array | None


def _at_frames(slopes: Slopes, dependence: PairDependence, block: Block) -> tuple[tuple, tuple]:
    """Slopes in the frames of the rows and of the columns, from those in the later and in the earlier frame."""
    at_row, at_column, earlier = [], [], iter(slopes.earlier)
    choose = lambda a, b: jnp.where(block.in_order, a, b) if block.full_square else a  # noqa: E731
    for channel, later in zip(dependence.channels, slopes.later, strict=True):
        if channel.difference:
            at_row.append(tuple(choose(x, -x) for x in scalars_of(later)))
            at_column.append(())
        else:
            later_and_earlier = list(zip(scalars_of(later), scalars_of(next(earlier)), strict=True))
            at_row.append(tuple(choose(a, b) for a, b in later_and_earlier))
            at_column.append(tuple(choose(b, a) for a, b in later_and_earlier))
    return tuple(at_row), tuple(at_column)


def scalars_of(slopes: Array) -> tuple[Array, ...]:
    """Slopes of a block of pairs by a leaf, (n_sector, n_row, n_column, …), as one array for each of its scalars."""
    in_one_axis = slopes.reshape(*slopes.shape[:3], math.prod(slopes.shape[3:]))
    return tuple(in_one_axis[..., k] for k in range(in_one_axis.shape[-1]))


def _as_leaf(scalars: tuple[Array, ...], shape: tuple[int, ...]) -> Array:
    """The inverse of `scalars_of`: arrays for the scalars of a leaf of this shape, as one array with its axes last."""
    stacked = jnp.stack(scalars, -1)
    return stacked.reshape(*stacked.shape[:-1], *shape)
