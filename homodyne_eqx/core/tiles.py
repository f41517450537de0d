"""Two-time data cut into tiles of the triangle t1 ≥ t2, for walks that never hold a map of the model."""

import abc
from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float


@final
class Tile(eqx.Module):
    """One tile: rows are the later frames.

    - `row`, `column`: first frame of the rows and of the columns, integers;
    - `values`, `weights`: data and 1/σ², shape (n_sector, size, size), weight 0 where there is nothing to compare;
    - `scatter`: χ² that no model can remove, from pairs that stand twice with different values.
    """

    row: Array
    column: Array
    values: Float[Array, "n_sector size size"]
    weights: Float[Array, "n_sector size size"]
    scatter: Float[Array, ""]


class AbstractTiles(eqx.Module):
    """A source of tiles that cover the triangle once: what a walk scans over, and how a tile is made of each step's part."""

    size: eqx.AbstractVar[int]

    @abc.abstractmethod
    def steps(self) -> object:
        """A PyTree of arrays with one leading axis, the tiles: the operand of the scan."""

    @abc.abstractmethod
    def tile(self, step: object) -> Tile:
        """The tile of one step."""


def triangle(n_t: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the tiles of the triangle begin, and from which frame on each is new.

    All tiles are whole: the last of a row begins early, and what it shares with the one before is not counted again.

    **Returns:** integers of shape (n_tiles, 2), (row, column): the first frame, and the first new frame.
    """
    n_blocks = -(-n_t // size)
    blocks = np.array([(a, b) for a in range(n_blocks) for b in range(a + 1)], dtype=np.int32)
    return np.minimum(blocks * size, n_t - size).astype(np.int32), (blocks * size).astype(np.int32)


def covered(
    row: Array, column: Array, new: Array, size: int
) -> tuple[Bool[Array, "size size"], Bool[Array, "size size"]]:
    """For a tile: which pairs are new with row not before column, and which are in order at all."""
    i, j = row + jnp.arange(size)[:, None], column + jnp.arange(size)[None, :]
    return (i >= new[0]) & (j >= new[1]) & (i >= j), i >= j


@final
class MapTiles(AbstractTiles):
    """Tiles read straight from full maps, both halves at once, as they stand: each of (i, j) and (j, i) counts.

    - `data`: (n_sector, n_t, n_t); `sigma`: scalar or the same shape; its square divides the squared residuals.
    """

    data: Float[Array, "n_sector n_t n_t"]
    sigma: Float[Array, "..."]
    size: int = eqx.field(static=True)

    def steps(self) -> object:
        return tuple(jnp.asarray(x) for x in triangle(self.data.shape[-1], self.size))

    def tile(self, step: object) -> Tile:
        (row, column), new = step
        below, _ = covered(row, column, new, self.size)
        diagonal = row + jnp.arange(self.size)[:, None] == column + jnp.arange(self.size)[None, :]
        d1, d2 = self._both_halves(self.data, row, column)
        s1, s2 = self._both_halves(self.sigma, row, column) if self.sigma.ndim else (self.sigma, self.sigma)
        w1 = jnp.where(below, s1**-2, 0)
        w2 = jnp.where(below & ~diagonal, s2**-2, 0)
        weights = w1 + w2
        share = w2 / jnp.where(weights > 0, weights, 1)
        scatter = jnp.sum(w1 * share * (d1 - d2) ** 2)
        return Tile(row, column, d1 + share * (d2 - d1), weights, scatter)

    def _both_halves(self, x: Array, row: Array, column: Array) -> tuple[Array, Array]:
        shape, zero = (x.shape[0], self.size, self.size), jnp.zeros_like(row)
        below = jax.lax.dynamic_slice(x, (zero, row, column), shape)
        above = jax.lax.dynamic_slice(x, (zero, column, row), shape)
        return below, jnp.swapaxes(above, -1, -2)
