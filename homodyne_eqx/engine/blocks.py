"""A tile of data as the block of pairs of frames that a model is evaluated for, and sums into its frames."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from .frame_values import Block, Evaluation, Slopes
from .tiles import AbstractTiles, Tile


def block_of(evaluation: Evaluation, tiles: AbstractTiles, tile: Tile, all_in_order: bool = False) -> Block:
    """The frames of a tile's rows and columns, and which of its pairs are in order; `all_in_order`: known to be all."""
    n_row, n_column = tile.values.shape[-2:]
    frame = lambda n: jnp.arange(n, dtype=tile.row.dtype)  # noqa: E731
    in_order = (tile.row + frame(n_row))[:, None] >= (tile.column + frame(n_column))[None, :]
    rows, columns = evaluation.frames(tile.row, n_row), evaluation.frames(tile.column, n_column)
    return Block(rows, columns, in_order, tiles.full_square, all_in_order)


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
