"""The normal equations of least squares, tile by tile, without a Jacobian in memory."""

import itertools
from typing import Any, NamedTuple, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...physics.model import TwoTimeModel
from ..blocks import add_frames, block_of, per_sector, weighted_by
from ..losses import AbstractLoss, Squares
from ..packing import Group, Packed, PackedTiles
from ..pair_sums import by_column, by_row, staged
from .channel_pairs import ChannelPair, CrossFrameSum, twos
from .channels import ChannelSlopes, Linearised, channel_slopes, linearised


@final
class NormalEquations(eqx.Module):
    """Least squares around a model, in its free parameters.

    - `matrix`: JᵀJ, (n_params, n_params), with J = ∂g2/∂parameters / σ;
    - `vector`: Jᵀr, (n_params,), with r = (g2 − data)/σ;
    - `chi2`: rᵀr (with a robust loss: its cost).
    """

    matrix: Float[Array, "n_params n_params"]
    vector: Float[Array, " n_params"]
    chi2: Float[Array, ""]


class _AtRows(NamedTuple):
    """What is summed over the columns of a tile, or the sums: in the end (n_sector, n_t) each.

    - `ones`, `M`, `MM`, `r`, `rM`, `cost`: w times that; no `ones` where `PackedTiles.counts` tells;
    - `channels`: per channel w · (1, M, r) · slope in the later frame;
    - `squares`: per pair w · slope · slope' in the later frame;
    - `cross_sums`: per pair and cross w · slope · slope' in different frames, with the tangents of the earlier.
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


class _AtColumns(NamedTuple):
    """The same for the earlier frame, summed over the rows; None where a channel or pair has no part there."""

    channels: list[list[Array] | None]
    squares: list[Array | None]


def normal_equations(
    model: TwoTimeModel, packed: Packed, loss: AbstractLoss = Squares(), free: Any = eqx.is_inexact_array
) -> NormalEquations:
    """JᵀJ and Jᵀr over the free parameters, contrast and offset included, in one pass over the data.

    With a loss other than squares the weights are those of iteratively reweighted least squares.

    **Arguments:** `free`: which leaves are parameters, as for `eqx.partition`; they are numbered in the order of the
    leaves.
    """

    def of_group(group: Group) -> NormalEquations:
        linear = linearised(model, free, packed.geometry, group)
        return _assembled(linear, *_walk(linear, group.tiles, loss))

    return packed.total(of_group)


def _walk(linear: Linearised, tiles: PackedTiles, loss: AbstractLoss) -> tuple[_AtRows, _AtColumns]:
    evaluation, flat = linear.evaluation, not loss.reweights and tiles.weight() is not None
    once = jnp.sqrt(tiles.weights)[:, None] if flat else jnp.ones((1, 1))

    def add(sums: tuple[Array, Array], number: Array) -> tuple[tuple[Array, Array], None]:
        place = tiles.at(number)

        def values(all_in_order: bool) -> _Weighted:
            tile = tiles.at(number)
            masked = lambda x: jnp.where(tile.present, x, 0)  # noqa: E731
            M, slopes = evaluation.values_and_slopes(block_of(evaluation, tiles, tile, all_in_order))
            residual = per_sector(linear.offset) + per_sector(linear.contrast) * M - tile.values
            z = tile.weights * residual**2
            root = once[..., None] if flat else masked(jnp.sqrt(tile.weights * loss.slope(z)))
            cost = masked(loss.cost(z)) if loss.reweights else None
            moved = channel_slopes(weighted_by(slopes, tile.present, root * per_sector(linear.contrast)), linear)
            columns = [jax.lax.dynamic_slice_in_dim(m.tangents, place.column, tiles.size, -1) for m in linear.channels]
            return _Weighted(None if flat else root, masked(root * M), masked(root * residual), cost, moved, columns)

        rows, columns, many = _summands(linear, staged(tiles, place, values, linear, tiles))
        at_rows = jnp.concatenate([jnp.stack(jax.tree.leaves(by_row(rows))), *(cross.product() for cross in many)])
        grown = add_frames(sums[0], at_rows, place.row, 2)
        at_columns = jax.tree.leaves(by_column(columns))
        other = add_frames(sums[1], jnp.stack(at_columns), place.column, 2) if at_columns else sums[1]
        return (grown, other), None

    rows, columns, many = jax.eval_shape(lambda of: _summands(linear, of), _blank(linear, flat, loss))
    n_rows, n_columns = len(jax.tree.leaves(rows)), len(jax.tree.leaves(columns))
    ends = np.cumsum([n_rows, *(cross.columns.shape[-2] for cross in many)])
    zeros = lambda n: jnp.zeros((n, evaluation.n_sector, evaluation.n_t), linear.contrast.dtype)  # noqa: E731
    at_rows, at_columns = jax.lax.scan(add, (zeros(ends[-1]), zeros(n_columns)), tiles.numbers())[0]
    rows = jax.tree.unflatten(jax.tree.structure(rows), list(at_rows[:n_rows]))
    columns = jax.tree.unflatten(jax.tree.structure(columns), list(at_columns))
    products = (at_rows[a:b] for a, b in itertools.pairwise(ends))
    cross_sums = [[jnp.stack(cross) if cross else next(products) for cross in each] for each in rows.cross_sums]
    weighted = lambda sums: sums and [once * sums[0], *sums[1:]]  # noqa: E731
    ones = (tiles.weights * jnp.sum(tiles.counts.astype(once.dtype), 0))[:, None] if flat else rows.ones
    return (
        rows._replace(
            ones=ones,
            M=once * rows.M,
            r=once * rows.r,
            channels=[weighted(x) for x in rows.channels],
            cross_sums=cross_sums,
        ),
        columns._replace(channels=[weighted(x) for x in columns.channels]),
    )


class _Weighted(NamedTuple):
    """√w, √w M, √w r, the cost and √w times the slopes, of every pair: (n_sector, n_row, n_column) each.

    None for a √w that is the same wherever it is not 0, and for a cost that is w r². With them the tangents of each
    channel at the columns.
    """

    root: Array | None
    M: Array
    r: Array
    cost: Array | None
    moved: list[ChannelSlopes]
    columns: list[Array]


def _blank(linear: Linearised, flat: bool, loss: AbstractLoss) -> _Weighted:
    """Its shapes for a single pair, from which the number of sums is read."""
    number = lambda *shape: jax.ShapeDtypeStruct(shape, linear.contrast.dtype)  # noqa: E731
    pair = number(1, 1, 1)
    moved = [ChannelSlopes(pair, pair if channel.kind == "both" else None) for channel in linear.channels]
    columns = [number(*channel.tangents.shape[:-1], 1) for channel in linear.channels]
    return _Weighted(None if flat else pair, pair, pair, pair if loss.reweights else None, moved, columns)


def _summands(linear: Linearised, of: _Weighted) -> tuple[_AtRows, _AtColumns, list[CrossFrameSum]]:
    """What a tile contributes, before it is summed: over its columns, over its rows, and what is a product of matrices.

    Where √w is the same for a sector (there is no `root`), sums in which it occurs once lack it.
    """
    channel_pairs = _channel_pairs(linear)
    rooted = (lambda x: x) if of.root is None else (lambda x: of.root * x)
    with_scaling = lambda slope: None if slope is None else [rooted(slope), of.M * slope, of.r * slope]  # noqa: E731
    products = [pair.products(*slopes) for pair, slopes in zip(channel_pairs, twos(of.moved), strict=True)]
    cross_sums = [
        p.cross_sums(product, *x) for p, product, x in zip(channel_pairs, products, twos(of.columns), strict=True)
    ]
    rows = _AtRows(
        ones=None if of.root is None else of.root * of.root,
        M=rooted(of.M),
        MM=of.M * of.M,
        r=rooted(of.r),
        rM=of.r * of.M,
        cost=of.r * of.r if of.cost is None else of.cost,
        channels=[with_scaling(slopes.later) for slopes in of.moved],
        squares=[product.later for product in products],
        cross_sums=[[cross.summands() if cross.few else [] for cross in each] for each in cross_sums],
    )
    columns = _AtColumns(
        channels=[with_scaling(slopes.of_earlier(m)) for m, slopes in zip(linear.channels, of.moved, strict=True)],
        squares=[product.earlier for product in products],
    )
    return rows, columns, [cross for each in cross_sums for cross in each if not cross.few]


def _channel_pairs(linear: Linearised) -> list[ChannelPair]:
    return [ChannelPair(a, b) for a, b in twos(linear.channels)]


def _assembled(linear: Linearised, rows: _AtRows, columns: _AtColumns) -> NormalEquations:
    n_sector, n_params = linear.scaling.shape[1:]
    matrix, vector, along = _Places(n_params, n_params), _Places(1, n_params), _Places(2 * n_sector, n_params)
    channel_pairs = _channel_pairs(linear)
    for pair, square, other, joined in zip(channel_pairs, rows.squares, columns.squares, rows.cross_sums, strict=True):
        a, b = pair
        block = pair.block(square if other is None else square + other, joined)
        matrix.add(a.columns, b.columns, block)
        if a is not b:
            matrix.add(b.columns, a.columns, block.T)
    for channel, frames, others in zip(linear.channels, rows.channels, columns.channels, strict=True):
        frames = jnp.stack(frames)
        if others is not None:
            frames = frames + channel.sign * jnp.stack(others)
        of_one, of_m, of_r = jnp.einsum("ksi,pi->ksp" if channel.common else "ksi,spi->ksp", frames, channel.tangents)
        vector.add(np.arange(1), channel.columns, jnp.sum(of_r, 0, keepdims=True))
        along.add(np.arange(n_sector), channel.columns, of_m)
        along.add(n_sector + np.arange(n_sector), channel.columns, of_one)
    dtype = linear.contrast.dtype
    mixed = jnp.einsum("ksp,ksq->pq", linear.scaling, along.filled(dtype).reshape(2, n_sector, n_params))
    ones, with_m, with_m2, with_r, with_rm = (jnp.sum(x, 1) for x in (rows.ones, rows.M, rows.MM, rows.r, rows.rM))
    weights = jnp.stack([jnp.stack([with_m2, with_m]), jnp.stack([with_m, ones])])
    own = jnp.einsum("ksp,ksq->pq", linear.scaling, jnp.sum(weights[..., None] * linear.scaling[None], 1))
    pull = jnp.einsum("ksp,ks->p", linear.scaling, jnp.stack([with_rm, with_r]))
    return NormalEquations(
        matrix.filled(dtype) + mixed + mixed.T + own, vector.filled(dtype)[0] + pull, jnp.sum(rows.cost)
    )


class _Places:
    """A matrix that is put together from parts, which may overlap, at once: a scatter each would have to be compiled
    each."""

    def __init__(self, n_rows: int, n_columns: int):
        self.shape = (n_rows, n_columns)
        self.places: list[np.ndarray] = []
        self.values: list[Array] = []

    def add(self, rows: np.ndarray, columns: np.ndarray, values: Array) -> None:
        self.places.append((rows[:, None] * self.shape[1] + columns[None, :]).ravel())
        self.values.append(values.ravel())

    def filled(self, dtype: Any) -> Array:
        zeros = jnp.zeros(self.shape[0] * self.shape[1], dtype)
        if not self.values:
            return zeros.reshape(self.shape)
        return zeros.at[np.concatenate(self.places)].add(jnp.concatenate(self.values)).reshape(self.shape)
