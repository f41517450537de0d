"""The normal equations of least squares, tile by tile, without a Jacobian in memory."""

import itertools
from typing import Any, NamedTuple, final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core.misfit import AbstractLoss, Squares, add_frames, block_of, masked, per_sector
from ..core.model import TwoTimeModel
from ..core.tiles import Tile
from .movers import Linearised, Moved, Mover, linearised, moved_by
from .packing import Group, Packed, PackedTiles


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
    both = list(itertools.combinations_with_replacement(range(len(linear.movers)), 2))
    pairs = [(linear.movers[a], linear.movers[b]) for a, b in both]
    start = _Sums(
        chi2=zeros(),
        sector=zeros(5, n_sector),
        frames=[zeros(3, n_sector, n_t) for _ in linear.movers],
        squares=[zeros(n_t) if a.common and b.common else zeros(n_sector, n_t) for a, b in pairs],
        cross=[zeros(len(a.columns), len(b.columns)) for a, b in pairs],
    )

    def add(sums: _Sums, step: Any) -> tuple[_Sums, None]:
        tile = tiles.tile(step)
        M, slopes = evaluation.values_and_slopes(*block_of(evaluation, tile, tiles.size))
        residual = per_sector(linear.offset) + per_sector(linear.contrast) * M - tile.values
        z = tile.weights * residual**2
        root = jnp.broadcast_to(jnp.sqrt(tile.weights * loss.slope(z)), M.shape)
        moved = moved_by(masked(slopes, root * per_sector(linear.contrast)), linear)
        M, r = root * M, root * residual
        over = lambda x: jnp.sum(x, (1, 2))  # noqa: E731
        added = _Sums(
            chi2=sums.chi2 + jnp.sum(loss.cost(z)),
            sector=sums.sector
            + jnp.stack([over(root * root), over(root * M), over(M * M), over(root * r), over(M * r)]),
            frames=[
                _to_frames(total, (root, M, r), mover, of, tile)
                for total, mover, of in zip(sums.frames, linear.movers, moved, strict=True)
            ],
            squares=[],
            cross=[],
        )
        for (a, b), square, cross in zip(both, sums.squares, sums.cross, strict=True):
            parts, between = _product(linear.movers[a], linear.movers[b], moved[a], moved[b], tile)
            for part, start in parts:
                square = add_frames(square, part, start, square.ndim - 1)
            added.squares.append(square)
            added.cross.append(cross + between)
        return added, None

    return jax.lax.scan(add, start, tiles.steps())[0]


def _to_frames(total: Array, factors: tuple[Array, ...], mover: Mover, moved: Moved, tile: Tile) -> Array:
    by_row = jnp.stack([jnp.sum(f * moved.later, 2) for f in factors])
    total = add_frames(total, by_row, tile.row, 2)
    if mover.kind == "later":
        return total
    sign, slope = (1, moved.earlier) if moved.earlier is not None else (-1, moved.later)
    by_column = jnp.stack([jnp.sum(f * slope, 1) for f in factors])
    return add_frames(total, sign * by_column, tile.column, 2)


def _product(a: Mover, b: Mover, of_a: Moved, of_b: Moved, tile: Tile) -> tuple[list[tuple[Array, Array]], Array]:
    """For two movers: the sums that belong to one frame, with where they begin, and the part between two frames."""
    fold = (lambda x: jnp.sum(x, 0)) if a.common and b.common else (lambda x: x)
    size = tile.values.shape[-1]
    rows, columns = (lambda m: _frames(m, tile.row, size)), (lambda m: _frames(m, tile.column, size))
    later = fold(of_a.later * of_b.later)
    parts = [(jnp.sum(later, -1), tile.row)]
    if a.kind == b.kind == "difference":
        parts.append((jnp.sum(later, -2), tile.column))
        forth = _between(rows(a), later, columns(b))
        back = forth.T if a is b else _between_back(columns(a), later, rows(b))
        return parts, -forth - back
    early_a = -of_a.later if a.kind == "difference" else of_a.earlier
    early_b = -of_b.later if b.kind == "difference" else of_b.earlier
    cross = jnp.zeros((len(a.columns), len(b.columns)), later.dtype)
    if early_a is not None and early_b is not None:
        parts.append((jnp.sum(fold(early_a * early_b), -2), tile.column))
    if early_b is not None:
        cross += _between(rows(a), fold(of_a.later * early_b), columns(b))
    if early_a is not None:
        cross += _between_back(columns(a), fold(early_a * of_b.later), rows(b))
    return parts, cross


def _frames(mover: Mover, start: Array, size: int) -> Array:
    return jax.lax.dynamic_slice_in_dim(mover.tangents, start, size, mover.tangents.ndim - 2)


def _between(rows: Array, weights: Array, columns: Array) -> Array:
    """Σ rows_i weights_ij columns_j, (n_a, n_b), over frames and, where the weights have them, over sectors."""
    if weights.ndim == 2:
        return rows.T @ (weights @ columns)
    inner = jnp.einsum(f"sij,{_axes(columns, 'j')}q->siq", weights, columns)
    return jnp.einsum(f"{_axes(rows, 'i')}p,siq->pq", rows, inner)


def _between_back(columns: Array, weights: Array, rows: Array) -> Array:
    """Σ columns_j weights_ij rows_i, (n_a, n_b): the same with the two frames in the other order."""
    if weights.ndim == 2:
        return (weights @ columns).T @ rows
    inner = jnp.einsum(f"sij,{_axes(columns, 'j')}p->sip", weights, columns)
    return jnp.einsum(f"sip,{_axes(rows, 'i')}q->pq", inner, rows)


def _axes(tangents: Array, frame: str) -> str:
    return frame if tangents.ndim == 2 else f"s{frame}"


def _assembled(linear: Linearised, sums: _Sums) -> NormalEquations:
    n_params = linear.scaling.shape[-1]
    dtype = linear.contrast.dtype
    matrix = jnp.zeros((n_params, n_params), dtype)
    both = list(itertools.combinations_with_replacement(range(len(linear.movers)), 2))
    for (i, j), square, cross in zip(both, sums.squares, sums.cross, strict=True):
        a, b = linear.movers[i], linear.movers[j]
        block = cross + _at_one_frame(a.tangents, square, b.tangents)
        matrix = matrix.at[a.columns[:, None], b.columns[None, :]].add(block)
        if i != j:
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
