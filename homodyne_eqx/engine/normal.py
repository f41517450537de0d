"""The normal equations of least squares, tile by tile, without a Jacobian in memory."""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple, final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core.misfit import AbstractLoss, Squares, add_frames, block_of, masked, per_sector
from ..core.model import TwoTimeModel
from ..core.pair_sums import by_column, by_row, staged
from ..core.tiles import Tile
from .movers import Linearised, Moved, Mover, linearised, moved_by
from .packing import Group, Packed, PackedTiles

_FEW = 8


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


class _Sums(NamedTuple):
    """What a walk adds up. `m`: over pairs, weighted with powers of M and with the residual; one list entry a mover
    or pair of movers.

    - `sector`: Σ w · (1, M, M², r, rM), (5, n_sector);
    - `frames`: per mover Σ w · (1, M, r) · slope, gathered at the frame it belongs to, (3, n_sector, n_t);
    - `squares`: per pair of movers Σ w · slope · slope', gathered where both belong to one frame, (n_sector, n_t) or
      (n_t,);
    - `cross`: per pair of movers, tangentsᵀ · (w slope slope') · tangents' for the two different frames.
    """

    chi2: Array
    sector: Array
    frames: list[Array]
    squares: list[Array]
    cross: list[Array]


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
        return _assembled(linear, _walk(linear, group.tiles, loss))

    return packed.total(of_group)


def _walk(linear: Linearised, tiles: PackedTiles, loss: AbstractLoss) -> _Sums:
    evaluation = linear.evaluation
    n_sector, n_t, dtype = evaluation.n_sector, evaluation.n_t, linear.contrast.dtype
    zeros = lambda *shape: jnp.zeros(shape, dtype)  # noqa: E731
    pairs = [_paired(a, b) for a, b in _twos(linear.movers)]
    start = _Sums(
        chi2=zeros(),
        sector=zeros(5, n_sector),
        frames=[zeros(3, n_sector, n_t) for _ in linear.movers],
        squares=[zeros(n_t) if pair.common else zeros(n_sector, n_t) for pair in pairs],
        cross=[zeros(len(pair.a.columns), len(pair.b.columns)) for pair in pairs],
    )

    flat = not loss.reweights and tiles.weights.ndim == 1  # then √w of a sector is `once` wherever it is not 0
    once = jnp.sqrt(tiles.weights)[:, None] if flat else jnp.ones(())

    def add(sums: _Sums, number: Array) -> tuple[_Sums, None]:
        place = tiles.at(number)

        def values(apart: bool) -> _Weighted:
            tile = tiles.at(number)
            M, slopes = evaluation.values_and_slopes(block_of(evaluation, tiles, tile, apart))
            residual = per_sector(linear.offset) + per_sector(linear.contrast) * M - tile.values
            z = tile.weights * residual**2
            root = (
                jnp.sqrt(tile.weights * loss.slope(z)) if not flat else jnp.where(tile.weights > 0, once[..., None], 0)
            )
            root = jnp.broadcast_to(root, M.shape)
            moved = moved_by(masked(slopes, root * per_sector(linear.contrast)), linear)
            cost = loss.cost(z) if loss.reweights else None
            return _Weighted(None if flat else root, root * M, root * residual, cost, moved)

        root, M, r, cost, moved = staged(tiles, place, values, linear, tiles)
        rooted = (lambda x: x) if flat else (lambda x: root * x)
        with_scaling = lambda slope: None if slope is None else [rooted(slope), M * slope, r * slope]  # noqa: E731
        products = [pair.products(*of) for pair, of in zip(pairs, _twos(moved), strict=True)]
        between = [pair.between(product, place, tiles.size) for pair, product in zip(pairs, products, strict=True)]
        at_rows, square_at_rows, across, of_sector, cost = by_row((
            [with_scaling(x.later) for x in moved],
            [product.later for product in products],
            [[x.summands() for x in of_pair] for of_pair in between],
            (place.weights if flat else root * root, rooted(M), M * M, rooted(r), M * r),
            r * r if cost is None else cost,
        ))  # fmt: skip
        at_columns, square_at_columns = by_column((
            [with_scaling(x.of_earlier(mover)) for mover, x in zip(linear.movers, moved, strict=True)],
            [product.earlier for product in products],
        ))  # fmt: skip
        frames = []
        for total, mover, rows, columns in zip(sums.frames, linear.movers, at_rows, at_columns, strict=True):
            total = add_frames(total, jnp.stack([once * rows[0], *rows[1:]]), place.row, 2)
            if columns is not None:
                columns = jnp.stack([once * columns[0], *columns[1:]])
                total = add_frames(total, mover.sign * columns, place.column, 2)
            frames.append(total)
        squares, cross = [], []
        for k, pair in enumerate(pairs):
            total = sums.squares[k]
            for part, first in ((square_at_rows[k], place.row), (square_at_columns[k], place.column)):
                if part is not None:
                    part = jnp.sum(part, 0) if total.ndim == 1 else part
                    total = add_frames(total, part, first, total.ndim - 1)
            squares.append(total)
            cross.append(sums.cross[k] + pair.joined([x.total(y) for x, y in zip(between[k], across[k], strict=True)]))
        ones, with_m, with_m2, with_r, with_rm = of_sector
        of_sector = jnp.sum(jnp.stack([ones, once * with_m, with_m2, once * with_r, with_rm]), 2)
        return _Sums(sums.chi2 + jnp.sum(cost), sums.sector + of_sector, frames, squares, cross), None

    return jax.lax.scan(add, start, tiles.numbers())[0]


class _Weighted(NamedTuple):
    """√w, √w M, √w r, the cost and √w times the slopes, of every pair: (n_sector, n_row, n_column) each.

    None for a √w that is the same wherever it is not 0, and for a cost that is w r².
    """

    root: Array | None
    M: Array
    r: Array
    cost: Array | None
    moved: list[Moved]


class _Products(NamedTuple):
    """Slope times slope of two movers a and b at each pair of frames, (n_sector, n_row, n_column), None for none.

    Both in the later frame; both in the earlier; a in the later with b in the earlier; a in the earlier with b in the
    later. Of two differences all four are the same up to their sign, and only the first is stated.
    """

    later: Array
    earlier: Array | None
    forth: Array | None
    back: Array | None


class _Between(NamedTuple):
    """Σ_ij rows_ip weights_ij columns_jq over the pairs of a tile, (n_p, n_q); `turned`: (n_q, n_p)."""

    rows: Array
    weights: Array
    columns: Array
    turned: bool = False

    def summands(self) -> list[Array]:
        """What is first to be summed over the columns, where those are few: sums in a walk that is made anyway cost
        less than a product of matrices."""
        if self.columns.shape[-1] > _FEW:
            return []
        columns = self.columns if self.columns.ndim == 3 else self.columns[None]
        return [self.weights * columns[:, None, :, k] for k in range(columns.shape[-1])]

    def total(self, sums: list[Array]) -> Array:
        """Given the sums of the summands."""
        right = jnp.stack(sums, -1) if sums else self.weights @ self.columns
        return jnp.einsum(f"{_axes(self.rows, 'i')}p,siq->{'qp' if self.turned else 'pq'}", self.rows, right)


class _Pair(NamedTuple):
    """Two movers, a and b, with their tangents side by side, (n_sector, n_t, n) or (n_t, n) where both are common.

    One product a tile then serves both orders of the frames. It is made before the walk, since XLA would take it apart
    again.
    """

    a: Mover
    b: Mover
    tangents: Array

    @property
    def common(self) -> bool:
        return self.a.common and self.b.common

    @property
    def differences(self) -> bool:
        return self.a.kind == self.b.kind == "difference"

    def products(self, of_a: Moved, of_b: Moved) -> _Products:
        later = of_a.later * of_b.later
        if self.differences:
            return _Products(later, later, later, None)
        early_a, early_b = of_a.of_earlier(self.a), of_b.of_earlier(self.b)
        times = lambda sign, x, y: None if x is None or y is None else sign * x * y  # noqa: E731
        return _Products(
            later,
            times(self.a.sign * self.b.sign, early_a, early_b),
            times(self.b.sign, of_a.later, early_b),
            times(self.a.sign, early_a, of_b.later),
        )

    def between(self, product: _Products, place: Tile, size: int) -> list[_Between]:
        """What joins two different frames: of two differences both orders at once, else one after the other."""
        frames = lambda start: jax.lax.dynamic_slice_in_dim(self.tangents, start, size, self.tangents.ndim - 2)  # noqa: E731
        rows, columns, n = frames(place.row), frames(place.column), len(self.a.columns)
        if self.differences:
            return [_Between(rows, product.forth, columns)]
        forth = [] if product.forth is None else [_Between(rows[..., :n], product.forth, columns[..., n:])]
        back = [] if product.back is None else [_Between(rows[..., n:], product.back, columns[..., :n], turned=True)]
        return forth + back

    def joined(self, totals: list[Array]) -> Array:
        """The block of JᵀJ of a and b that comes from two different frames, (n_a, n_b)."""
        n = len(self.a.columns)
        if not self.differences:
            return sum(totals, jnp.zeros((n, len(self.b.columns)), self.tangents.dtype))
        (both,) = totals
        return -(both + both.T) if self.a is self.b else -(both[:n, n:] + both[n:, :n].T)


def _twos(items: Sequence) -> list[tuple]:
    """All pairs of them, an item with itself included."""
    return list(itertools.combinations_with_replacement(items, 2))


def _paired(a: Mover, b: Mover) -> _Pair:
    shape = jnp.broadcast_shapes(a.tangents.shape[:-1], b.tangents.shape[:-1])
    both = [a.tangents] if a is b and a.kind == "difference" else [a.tangents, b.tangents]
    return _Pair(a, b, jnp.concatenate([jnp.broadcast_to(x, (*shape, x.shape[-1])) for x in both], -1))


def _axes(tangents: Array, frame: str) -> str:
    return frame if tangents.ndim == 2 else f"s{frame}"


def _assembled(linear: Linearised, sums: _Sums) -> NormalEquations:
    n_params = linear.scaling.shape[-1]
    dtype = linear.contrast.dtype
    matrix = jnp.zeros((n_params, n_params), dtype)
    for (a, b), square, cross in zip(_twos(linear.movers), sums.squares, sums.cross, strict=True):
        block = cross + _at_one_frame(a.tangents, square, b.tangents)
        matrix = matrix.at[a.columns[:, None], b.columns[None, :]].add(block)
        if a is not b:
            matrix = matrix.at[b.columns[:, None], a.columns[None, :]].add(block.T)
    ones, with_m, with_m2, with_r, with_rm = sums.sector
    vector = jnp.zeros(n_params, dtype)
    along = jnp.zeros((2, linear.contrast.shape[0], n_params), dtype)
    for mover, frames in zip(linear.movers, sums.frames, strict=True):
        tangents = mover.tangents if not mover.common else mover.tangents[None]
        gathered = jnp.sum(frames[..., None] * tangents[None], 2)
        along = along.at[:, :, mover.columns].add(jnp.stack([gathered[1], gathered[0]]))
        vector = vector.at[mover.columns].add(jnp.sum(gathered[2], 0))
    to_contrast, to_offset = linear.scaling
    mixed = jnp.einsum("ksp,ksq->pq", linear.scaling, along)
    matrix = matrix + mixed + mixed.T
    for x, y, weight in (
        (to_contrast, to_contrast, with_m2),
        (to_contrast, to_offset, with_m),
        (to_offset, to_contrast, with_m),
        (to_offset, to_offset, ones),
    ):
        matrix = matrix + x.T @ (weight[:, None] * y)
    vector = vector + to_contrast.T @ with_rm + to_offset.T @ with_r
    return NormalEquations(matrix, vector, sums.chi2)


def _at_one_frame(left: Array, weights: Array, right: Array) -> Array:
    """Σ left_i weights_i right_i over frames (and sectors)."""
    w = "si"[2 - weights.ndim :]
    return jnp.einsum(f"{_axes(left, 'i')}p,{w},{_axes(right, 'i')}q->pq", left, weights, right)
