"""Two-time data cut into tiles, for loops that never hold a map of the model in memory."""

import abc
from typing import Any, ClassVar, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from equinox import AbstractClassVar
from jaxtyping import Array, Bool, Float, Int


@final
class Tile(eqx.Module):
    """One tile: the pairs of consecutive frames (the rows) with other consecutive frames (the columns).

    - `row`, `column`: first frame of the rows and of the columns, integers;
    - `values`, `weights`: data and 1/σ², shape (n_sector, n_row, n_column);
    - `present`: where there is a datum that counts; elsewhere the weight is 0.
    """

    row: Array
    column: Array
    values: Float[Array, "n_sector n_row n_column"]
    weights: Float[Array, "n_sector n_row n_column"]
    present: Bool[Array, "n_sector n_row n_column"]


class AbstractTiles(eqx.Module):
    """Tiles that together hold each datum once: the operand of a scan over them, and how a step of it becomes a tile.

    - `size`: how many rows a tile has;
    - `full_square`: whether the pairs whose row is before their column count too. If not, only the others do: those of
      the triangle.
    """

    size: eqx.AbstractVar[int]
    full_square: AbstractClassVar[bool]

    @abc.abstractmethod
    def steps(self) -> Any:
        """A PyTree of arrays with one leading axis, the tiles: the operand of the scan."""

    @abc.abstractmethod
    def tile(self, step: Any) -> Tile:
        """The tile of one step."""

    @abc.abstractmethod
    def weight(self) -> Float[Array, "#n_sector"] | None:
        """The weight of the present data if it is one number for each sector, else None."""

    def at(self, number: Int[Array, ""]) -> Tile:
        """Tile `number`. It is read from the array of all tiles: what is computed from it late in a step can read it
        again there, instead of keeping a copy."""
        pick = lambda x: jax.lax.dynamic_index_in_dim(x, number, keepdims=False)  # noqa: E731
        return self.tile(jax.tree.map(pick, self.steps()))

    def numbers(self) -> Int[Array, " n_tiles"]:
        """The numbers of all tiles, to scan over in place of the steps."""
        return jnp.arange(jax.tree.leaves(self.steps())[0].shape[0])


def triangle(n_t: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The tiles that cover the triangle of pairs with the row not before the column.

    All tiles have `size` rows and columns: the last one of each direction begins early, and the frames that it shares
    with the one before are not counted again.

    **Returns:** two arrays of integers of shape (n_tiles, 2), for rows and columns: the first frame of each tile, and
    the first frame that no tile before it holds.
    """
    n_blocks = -(-n_t // size)
    blocks = np.array([(a, b) for a in range(n_blocks) for b in range(a + 1)], dtype=np.int32)
    return np.minimum(blocks * size, n_t - size).astype(np.int32), (blocks * size).astype(np.int32)


@final
class MapTiles(AbstractTiles):
    """Full maps, `size` rows with all columns at a time: both (i, j) and (j, i) count.

    Whole rows are contiguous in memory. To evaluate the model once for (i, j) and (j, i) would save less than it costs
    to read their data from two places.

    - `data`: (n_sector, n_t, n_t);
    - `sigma`: the uncertainty of the data, a scalar or an array like `data`.
    """

    data: Float[Array, "n_sector n_t n_t"]
    sigma: Float[Array, "..."]
    size: int = eqx.field(static=True)
    full_square: ClassVar[bool] = True

    def steps(self) -> Any:
        new = np.arange(0, self.data.shape[-1], self.size, dtype=np.int32)
        return jnp.asarray(np.minimum(new, self.data.shape[-1] - self.size)), jnp.asarray(new)

    def weight(self) -> Float[Array, "#n_sector"] | None:
        return jnp.broadcast_to(self.sigma**-2, (1,)) if self.sigma.ndim == 0 else None

    def tile(self, step: Any) -> Tile:
        row, new = step
        fresh = (row + jnp.arange(self.size, dtype=row.dtype) >= new)[:, None]
        rows = lambda x: jax.lax.dynamic_slice_in_dim(x, row, self.size, 1) if x.ndim else x  # noqa: E731
        values = rows(self.data)
        weights = jnp.broadcast_to(jnp.where(fresh, rows(self.sigma) ** -2, 0), values.shape)
        return Tile(row, jnp.zeros_like(row), values, weights, weights > 0)
