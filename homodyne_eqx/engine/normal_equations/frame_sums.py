"""The sums over pairs that the normal equations are made of, kept for each frame, in one pass over the tiles."""

import itertools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..blocks import add_frames, block_of, per_sector, weighted_by
from ..losses import AbstractLoss
from ..packed_maps import PackedTiles
from ..pair_sums import by_column, by_row, staged
from ..scan_carry import scan_carry
from .channel_pairs import ChannelPair, CrossFrameSum, unordered_pairs
from .channels import ChannelSlopes, Linearised, channel_slopes


class RowSums(NamedTuple):
    """Sums over the columns of a tile, or their summands; in the end (n_sector, n_t) each.

    - `ones`, `M`, `MM`, `r`, `rM`, `cost`: of w times that; `ones` is None where `PackedTiles.counts` tells;
    - `channels`: for each channel, of w · (1, M, r) · slope in the later frame;
    - `squares`: for each pair of channels, of w · slope · slope' in the later frame;
    - `cross_sums`: for each pair of channels and each of its `CrossFrameSum`s, of w · slope · slope' in different
      frames · each tangent of the earlier frame.
    """

    ones: Array | None
    M: Array
    MM: Array
    r: Array
    rM: Array
    cost: Array
    channels: list[list[Array]]
    squares: list[Array]
    cross_sums: list[list[list[Array]]]


class ColumnSums(NamedTuple):
    """The same for the earlier frame, summed over the rows; None for a channel or pair without a slope there."""

    channels: list[list[Array] | None]
    squares: list[Array | None]


class _PairValues(NamedTuple):
    """The values of every pair that the sums over a tile read: (n_sector, n_row, n_column) each.

    - `root`: √w; None if all weights of a sector are equal: it is then left out wherever it would stand alone;
    - `M`, `r`: √w M and √w r;
    - `cost`: None if it is w r²;
    - `slopes`: √w times the slopes, for each channel;
    - `columns`: the tangents of each channel at the columns, (…, n_column).
    """

    root: Array | None
    M: Array
    r: Array
    cost: Array | None
    slopes: list[ChannelSlopes]
    columns: list[Array]


def sums_over_tiles(linear: Linearised, tiles: PackedTiles, loss: AbstractLoss) -> tuple[RowSums, ColumnSums]:
    """The sums over all tiles; each member of `cross_sums` is then one array, (n_tangents, n_sector, n_t)."""
    evaluation, equal_weights = linear.evaluation, not loss.reweights and tiles.weight() is not None
    sector_root = jnp.sqrt(tiles.weights)[:, None] if equal_weights else jnp.ones((1, 1))

    def add(sums: tuple[Array, Array], number: Array) -> tuple[tuple[Array, Array], None]:
        place = tiles.at(number)

        def pair_values(all_in_order: bool) -> _PairValues:
            tile = tiles.at(number)
            where_present = lambda x: jnp.where(tile.present, x, 0)  # noqa: E731
            M, slopes = evaluation.values_and_slopes(block_of(evaluation, tiles, tile, all_in_order))
            residual = per_sector(linear.offset) + per_sector(linear.contrast) * M - tile.values
            z = tile.weights * residual**2
            root = sector_root[..., None] if equal_weights else where_present(jnp.sqrt(tile.weights * loss.slope(z)))
            cost = where_present(loss.cost(z)) if loss.reweights else None
            slopes = channel_slopes(weighted_by(slopes, tile.present, root * per_sector(linear.contrast)), linear)
            columns = [jax.lax.dynamic_slice_in_dim(c.tangents, place.column, tiles.size, -1) for c in linear.channels]
            M, residual = where_present(root * M), where_present(root * residual)
            return _PairValues(None if equal_weights else root, M, residual, cost, slopes, columns)

        rows, columns, large = _summands(linear, staged(tiles, place, pair_values, linear, tiles))
        at_rows = jnp.concatenate([jnp.stack(jax.tree.leaves(by_row(rows))), *(x.matrix_product() for x in large)])
        at_columns = jax.tree.leaves(by_column(columns))
        row_sums = add_frames(sums[0], at_rows, place.row, 2)
        column_sums = add_frames(sums[1], jnp.stack(at_columns), place.column, 2) if at_columns else sums[1]
        return (row_sums, column_sums), None

    rows, columns, large = jax.eval_shape(lambda x: _summands(linear, x), _one_pair(linear, equal_weights, loss))
    n_rows, n_columns = len(jax.tree.leaves(rows)), len(jax.tree.leaves(columns))
    ends = np.cumsum([n_rows, *(x.columns.shape[-2] for x in large)])
    zeros = lambda n: jnp.zeros((n, evaluation.n_sector, evaluation.n_t), linear.contrast.dtype)  # noqa: E731
    start = scan_carry((zeros(ends[-1]), zeros(n_columns)), linear, tiles)
    at_rows, at_columns = jax.lax.scan(add, start, tiles.numbers())[0]
    rows = jax.tree.unflatten(jax.tree.structure(rows), list(at_rows[:n_rows]))
    columns = jax.tree.unflatten(jax.tree.structure(columns), list(at_columns))
    products = (at_rows[a:b] for a, b in itertools.pairwise(ends))
    cross_sums = [[jnp.stack(x) if x else next(products) for x in of_pair] for of_pair in rows.cross_sums]
    rooted = lambda sums: sums and [sector_root * sums[0], *sums[1:]]  # noqa: E731
    ones = rows.ones
    if equal_weights:
        ones = (tiles.weights * jnp.sum(tiles.counts.astype(sector_root.dtype), 0))[:, None]
    rows = rows._replace(
        ones=ones,
        M=sector_root * rows.M,
        r=sector_root * rows.r,
        channels=[rooted(x) for x in rows.channels],
        cross_sums=cross_sums,
    )
    return rows, columns._replace(channels=[rooted(x) for x in columns.channels])


def _one_pair(linear: Linearised, equal_weights: bool, loss: AbstractLoss) -> _PairValues:
    """The shapes of the values of a single pair, from which the number of sums is read."""
    number = lambda *shape: jax.ShapeDtypeStruct(shape, linear.contrast.dtype)  # noqa: E731
    pair = number(1, 1, 1)
    slopes = [ChannelSlopes(pair, pair if channel.kind == "frames" else None) for channel in linear.channels]
    columns = [number(*channel.tangents.shape[:-1], 1) for channel in linear.channels]
    return _PairValues(None if equal_weights else pair, pair, pair, pair if loss.reweights else None, slopes, columns)


def _summands(linear: Linearised, pairs: _PairValues) -> tuple[RowSums, ColumnSums, list[CrossFrameSum]]:
    """The contributions of a tile, not yet summed: over its columns, over its rows, and by a matrix product.

    Where all weights of a sector are equal, the summands that are of first order in √w lack it.
    """
    channel_pairs = [ChannelPair(a, b) for a, b in unordered_pairs(linear.channels)]
    rooted = (lambda x: x) if pairs.root is None else (lambda x: pairs.root * x)
    with_scaling = lambda x: None if x is None else [rooted(x), pairs.M * x, pairs.r * x]  # noqa: E731
    slopes, columns = unordered_pairs(pairs.slopes), unordered_pairs(pairs.columns)
    products = [pair.products(*x) for pair, x in zip(channel_pairs, slopes, strict=True)]
    cross_sums = [
        pair.cross_sums(product, *x) for pair, product, x in zip(channel_pairs, products, columns, strict=True)
    ]
    rows = RowSums(
        ones=None if pairs.root is None else pairs.root * pairs.root,
        M=rooted(pairs.M),
        MM=pairs.M * pairs.M,
        r=rooted(pairs.r),
        rM=pairs.r * pairs.M,
        cost=pairs.r * pairs.r if pairs.cost is None else pairs.cost,
        channels=[with_scaling(x.later) for x in pairs.slopes],
        squares=[product.later_later for product in products],
        cross_sums=[[x.summands() if x.is_small else [] for x in of_pair] for of_pair in cross_sums],
    )
    columns = ColumnSums(
        channels=[
            with_scaling(x.unsigned_earlier(channel)) for channel, x in zip(linear.channels, pairs.slopes, strict=True)
        ],
        squares=[product.earlier_earlier for product in products],
    )
    return rows, columns, [x for of_pair in cross_sums for x in of_pair if not x.is_small]
