"""The normal equations of least squares, tile by tile, without a Jacobian in memory."""

import itertools
from typing import Any, NamedTuple, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..core.misfit import AbstractLoss, Squares, add_frames, block_of, per_sector, weighted_by
from ..core.model import TwoTimeModel
from ..core.pair_sums import by_column, by_row, staged
from .movers import Linearised, Moved, linearised, moved_by
from .packing import Group, Packed, PackedTiles
from .pairings import Joint, Pairing, twos


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
    - `movers`: per mover w · (1, M, r) · slope in the later frame;
    - `squares`: per pairing w · slope · slope' in the later frame;
    - `joints`: per pairing and joint w · slope · slope' in different frames, with the tangents of the earlier.
    """

    ones: Array | None
    M: Array
    MM: Array
    r: Array
    rM: Array
    cost: Array
    movers: list[list[Array]]
    squares: list[Array]
    joints: list[list[list[Array]]]


class _AtColumns(NamedTuple):
    """The same for the earlier frame, summed over the rows; None where a mover or pairing has no part there."""

    movers: list[list[Array] | None]
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

        def values(apart: bool) -> _Weighted:
            tile = tiles.at(number)
            masked = lambda x: jnp.where(tile.present, x, 0)  # noqa: E731
            M, slopes = evaluation.values_and_slopes(block_of(evaluation, tiles, tile, apart))
            residual = per_sector(linear.offset) + per_sector(linear.contrast) * M - tile.values
            z = tile.weights * residual**2
            root = once[..., None] if flat else masked(jnp.sqrt(tile.weights * loss.slope(z)))
            cost = masked(loss.cost(z)) if loss.reweights else None
            moved = moved_by(weighted_by(slopes, tile.present, root * per_sector(linear.contrast)), linear)
            columns = [jax.lax.dynamic_slice_in_dim(m.tangents, place.column, tiles.size, -1) for m in linear.movers]
            return _Weighted(None if flat else root, masked(root * M), masked(root * residual), cost, moved, columns)

        rows, columns, many = _summands(linear, staged(tiles, place, values, linear, tiles))
        at_rows = jnp.concatenate([jnp.stack(jax.tree.leaves(by_row(rows))), *(joint.product() for joint in many)])
        grown = add_frames(sums[0], at_rows, place.row, 2)
        at_columns = jax.tree.leaves(by_column(columns))
        other = add_frames(sums[1], jnp.stack(at_columns), place.column, 2) if at_columns else sums[1]
        return (grown, other), None

    rows, columns, many = jax.eval_shape(lambda of: _summands(linear, of), _blank(linear, flat, loss))
    n_rows, n_columns = len(jax.tree.leaves(rows)), len(jax.tree.leaves(columns))
    ends = np.cumsum([n_rows, *(joint.columns.shape[-2] for joint in many)])
    zeros = lambda n: jnp.zeros((n, evaluation.n_sector, evaluation.n_t), linear.contrast.dtype)  # noqa: E731
    at_rows, at_columns = jax.lax.scan(add, (zeros(ends[-1]), zeros(n_columns)), tiles.numbers())[0]
    rows = jax.tree.unflatten(jax.tree.structure(rows), list(at_rows[:n_rows]))
    columns = jax.tree.unflatten(jax.tree.structure(columns), list(at_columns))
    products = (at_rows[a:b] for a, b in itertools.pairwise(ends))
    joints = [[jnp.stack(joint) if joint else next(products) for joint in each] for each in rows.joints]
    weighted = lambda sums: sums and [once * sums[0], *sums[1:]]  # noqa: E731
    ones = (tiles.weights * jnp.sum(tiles.counts.astype(once.dtype), 0))[:, None] if flat else rows.ones
    return (
        rows._replace(
            ones=ones, M=once * rows.M, r=once * rows.r, movers=[weighted(x) for x in rows.movers], joints=joints
        ),
        columns._replace(movers=[weighted(x) for x in columns.movers]),
    )


class _Weighted(NamedTuple):
    """√w, √w M, √w r, the cost and √w times the slopes, of every pair: (n_sector, n_row, n_column) each.

    None for a √w that is the same wherever it is not 0, and for a cost that is w r². With them the tangents of each
    mover at the columns.
    """

    root: Array | None
    M: Array
    r: Array
    cost: Array | None
    moved: list[Moved]
    columns: list[Array]


def _blank(linear: Linearised, flat: bool, loss: AbstractLoss) -> _Weighted:
    """Its shapes for a single pair, from which the number of sums is read."""
    number = lambda *shape: jax.ShapeDtypeStruct(shape, linear.contrast.dtype)  # noqa: E731
    pair = number(1, 1, 1)
    moved = [Moved(pair, pair if mover.kind == "both" else None) for mover in linear.movers]
    columns = [number(*mover.tangents.shape[:-1], 1) for mover in linear.movers]
    return _Weighted(None if flat else pair, pair, pair, pair if loss.reweights else None, moved, columns)


def _summands(linear: Linearised, of: _Weighted) -> tuple[_AtRows, _AtColumns, list[Joint]]:
    """What a tile contributes, before it is summed: over its columns, over its rows, and what is a product of matrices.

    Where √w is the same for a sector (there is no `root`), sums in which it occurs once lack it.
    """
    pairings = _pairings(linear)
    rooted = (lambda x: x) if of.root is None else (lambda x: of.root * x)
    with_scaling = lambda slope: None if slope is None else [rooted(slope), of.M * slope, of.r * slope]  # noqa: E731
    products = [pairing.products(*slopes) for pairing, slopes in zip(pairings, twos(of.moved), strict=True)]
    joints = [p.joints(product, *x) for p, product, x in zip(pairings, products, twos(of.columns), strict=True)]
    rows = _AtRows(
        ones=None if of.root is None else of.root * of.root,
        M=rooted(of.M),
        MM=of.M * of.M,
        r=rooted(of.r),
        rM=of.r * of.M,
        cost=of.r * of.r if of.cost is None else of.cost,
        movers=[with_scaling(slopes.later) for slopes in of.moved],
        squares=[product.later for product in products],
        joints=[[joint.summands() if joint.few else [] for joint in each] for each in joints],
    )
    columns = _AtColumns(
        movers=[with_scaling(slopes.of_earlier(m)) for m, slopes in zip(linear.movers, of.moved, strict=True)],
        squares=[product.earlier for product in products],
    )
    return rows, columns, [joint for each in joints for joint in each if not joint.few]


def _pairings(linear: Linearised) -> list[Pairing]:
    return [Pairing(a, b) for a, b in twos(linear.movers)]


def _assembled(linear: Linearised, rows: _AtRows, columns: _AtColumns) -> NormalEquations:
    n_sector, n_params = linear.scaling.shape[1:]
    matrix, vector, along = _Places(n_params, n_params), _Places(1, n_params), _Places(2 * n_sector, n_params)
    pairings = _pairings(linear)
    for pairing, square, other, joined in zip(pairings, rows.squares, columns.squares, rows.joints, strict=True):
        a, b = pairing
        block = pairing.block(square if other is None else square + other, joined)
        matrix.add(a.columns, b.columns, block)
        if a is not b:
            matrix.add(b.columns, a.columns, block.T)
    for mover, frames, others in zip(linear.movers, rows.movers, columns.movers, strict=True):
        frames = jnp.stack(frames)
        if others is not None:
            frames = frames + mover.sign * jnp.stack(others)
        of_one, of_m, of_r = jnp.einsum("ksi,pi->ksp" if mover.common else "ksi,spi->ksp", frames, mover.tangents)
        vector.add(np.arange(1), mover.columns, jnp.sum(of_r, 0, keepdims=True))
        along.add(np.arange(n_sector), mover.columns, of_m)
        along.add(n_sector + np.arange(n_sector), mover.columns, of_one)
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
