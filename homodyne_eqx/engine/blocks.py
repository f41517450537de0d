"""From a tile of data to the block of frame pairs that a model is evaluated for, and sums that belong to its frames."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from .frame_values import Block, Evaluation, Slopes
from .tiles import AbstractTiles, Tile


def block_of(evaluation: Evaluation, tiles: AbstractTiles, tile: Tile, all_in_order: bool = False) -> Block:
    """The frames of a tile's rows and columns, and which of its pairs are in order (the row not before the column).

    **Arguments:** `all_in_order`: whether all pairs are known to be in order.
    """
    n_row, n_column = tile.values.shape[-2:]
    count = lambda n: jnp.arange(n, dtype=tile.row.dtype)  # noqa: E731
    in_order = (tile.row + count(n_row))[:, None] >= (tile.column + count(n_column))[None, :]
    rows, columns = evaluation.frames(tile.row, n_row), evaluation.frames(tile.column, n_column)
    return Block(rows, columns, in_order, tiles.full_square, all_in_order)


def per_sector(x: Float[Array, " n_sector"]) -> Float[Array, "n_sector 1 1"]:
    """Numbers of the sectors, in a shape that goes with the pairs of a block."""
    return x[:, None, None]


def weighted_by(
    slopes: Slopes, present: Bool[Array, "n_sector n_row n_column"], factor: Float[Array, "#n_sector #n_row #n_column"]
) -> Slopes:
    """The slopes times a factor where a datum is present; elsewhere 0, even where a slope is not finite."""

    def times(x: Array) -> Array:
        other_axes = (1,) * (x.ndim - 3)
        scale = factor.reshape(*factor.shape, *other_axes)
        return jnp.where(present.reshape(*present.shape, *other_axes), scale * x, 0)

    return jax.tree.map(times, slopes)


def add_frames(total: Array, summand: Array, start: Array, axis: int) -> Array:
    """`total`, with `summand` added to its frames from `start` on; frames run along `axis`."""
    before = jax.lax.dynamic_slice_in_dim(total, start, summand.shape[axis], axis)
    return jax.lax.dynamic_update_slice_in_dim(total, before + summand, start, axis)
