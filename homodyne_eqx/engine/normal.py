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
from .movers import Linearised, Mover, linearised, slopes_of_movers
from .packing import Packed


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
    """What a walk adds up. `m`: over pairs, weighted with powers of M and with the residual; one list entry a mover or pair of movers.

    - `sector`: Σ w · (1, M, M², r, rM), (5, n_sector);
    - `frames`: per mover Σ w · (1, M, r) · slope, gathered at the frame it belongs to, (3, n_sector, n_t);
    - `squares`: per pair of movers Σ w · slope · slope', gathered where both belong to one frame, (n_sector, n_t) or (n_t,);
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

    **Arguments:** `free`: which leaves are parameters, as for `eqx.partition`; they are numbered in the order of the leaves.
    """
    linear = linearised(model, free, packed)
    return _assembled(linear, walk_normal(linear, packed, loss))


def walk_normal(linear: Linearised, packed: Packed, loss: AbstractLoss) -> _Sums:
    evaluation, tiles = linear.evaluation, packed.tiles
    n_sector, n_t, dtype = evaluation.n_sector, evaluation.n_t, linear.contrast.dtype
    zeros = lambda *shape: jnp.zeros(shape, dtype)  # noqa: E731
    pairs = list(itertools.combinations_with_replacement(linear.movers, 2))
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
        w = tile.weights * loss.slope(z)
        present = jnp.broadcast_to(jnp.where(w > 0, per_sector(linear.contrast), 0), M.shape)
        moved = slopes_of_movers(masked(slopes, present), linear)
        over = lambda x: jnp.sum(x, (1, 2))  # noqa: E731
        powers = jnp.stack([over(w), over(w * M), over(w * M * M), over(w * residual), over(w * residual * M)])
        return _Sums(
            chi2=sums.chi2 + jnp.sum(loss.cost(z)),
            sector=sums.sector + powers,
            frames=[
                _to_frames(total, tuple(w * f for f in (1, M, residual)), pair, tile)
                for total, pair in zip(sums.frames, moved, strict=True)
            ],
            **_products(sums, linear.movers, moved, w, tile),
        ), None

    return jax.lax.scan(add, start, tiles.steps())[0]


def _to_frames(total: Array, weights: tuple[Array, ...], slope: tuple[Array, Array | None], tile: Tile) -> Array:
    later, earlier = slope
    by_row = jnp.stack([jnp.sum(w * later, 2) for w in weights])
    total = add_frames(total, by_row, tile.row, 2)
    if earlier is None:
        return total
    by_column = jnp.stack([jnp.sum(w * earlier, 1) for w in weights])
    return add_frames(total, by_column, tile.column, 2)


def _products(sums: _Sums, movers: tuple[Mover, ...], moved: list, w: Array, tile: Tile) -> dict[str, list[Array]]:
    squares, cross = [], []
    both = list(itertools.combinations_with_replacement(range(len(movers)), 2))
    for (a, b), square, crossed in zip(both, sums.squares, sums.cross, strict=True):
        s, c = _product(movers[a], movers[b], moved[a], moved[b], w, tile)
        for part, start in s:
            square = add_frames(square, part, start, square.ndim - 1)
        squares.append(square)
        cross.append(crossed + c)
    return {"squares": squares, "cross": cross}


def _product(a: Mover, b: Mover, of_a: tuple, of_b: tuple, w: Array, tile: Tile) -> tuple[list, Array]:
    """For two movers: the parts that belong to one frame, and the part between two frames."""
    common = a.common and b.common
    fold = (lambda x: jnp.sum(x, 0)) if common else (lambda x: x)
    size = w.shape[-1]
    rows, columns = (lambda m: _frames(m, tile.row, size)), (lambda m: _frames(m, tile.column, size))
    (a_later, a_earlier), (b_later, b_earlier) = of_a, of_b
    later = fold(w * a_later * b_later)
    parts = [(jnp.sum(later, -1), tile.row)]
    if a.kind == b.kind == "difference":
        parts.append((jnp.sum(later, -2), tile.column))
        return parts, -_between(rows(a), later, columns(b)) - _between(columns(a), jnp.swapaxes(later, -1, -2), rows(b))
    cross = jnp.zeros((len(a.columns), len(b.columns)), w.dtype)
    if a_earlier is not None and b_earlier is not None:
        parts.append((jnp.sum(fold(w * a_earlier * b_earlier), -2), tile.column))
    if b_earlier is not None:
        cross += _between(rows(a), fold(w * a_later * b_earlier), columns(b))
    if a_earlier is not None:
        cross += _between(columns(a), jnp.swapaxes(fold(w * a_earlier * b_later), -1, -2), rows(b))
    return parts, cross


def _frames(mover: Mover, start: Array, size: int) -> Array:
    return jax.lax.dynamic_slice_in_dim(mover.tangents, start, size, mover.tangents.ndim - 2)


def _between(left: Array, weights: Array, right: Array) -> Array:
    """Σ left_i weights_ij right_j over frames, and over sectors where there is more than one kind of them."""
    if weights.ndim == 2:
        return left.T @ (weights @ right)
    left_axes, right_axes = "sip"[3 - left.ndim :], "sjq"[3 - right.ndim :]
    inner = jnp.einsum(f"sij,{right_axes}->siq", weights, right)
    return jnp.einsum(f"{left_axes},siq->pq", left, inner)


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
        gathered = jnp.sum(frames[..., None] * tangents, 2)
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
    """Σ left weights right over frames (and sectors)."""
    axes = lambda x: "sip"[3 - x.ndim :]  # noqa: E731
    w_axes = "si"[2 - weights.ndim :]
    return jnp.einsum(f"{axes(left)},{w_axes},{axes(right).replace('p', 'q')}->pq", left, weights, right)
