"""Two-time data cut into tiles, for walks that never hold a map of the model."""

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
    """One tile: some frames with some others, in a tile of the triangle the rows the later ones.

    - `row`, `column`: first frame of the rows and of the columns, integers;
    - `values`, `weights`: data and 1/σ², shape (n_sector, n_row, n_column);
    - `present`: where there is something to compare; elsewhere the weight is 0.
    """

    row: Array
    column: Array
    values: Float[Array, "n_sector n_row n_column"]
    weights: Float[Array, "n_sector n_row n_column"]
    present: Bool[Array, "n_sector n_row n_column"]


class AbstractTiles(eqx.Module):
    """A source of tiles that together hold each datum once: what a walk scans over, and how a tile is made of each
    step's part.

    - `size`: frames a row of tiles; `both`: whether pairs count whose row is before their column.
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
        """The weight of every present datum where it is one number a sector, else None."""

    def at(self, number: Int[Array, ""]) -> Tile:
        """The tile of a number. It is read from where all are, so that whoever needs it late need not keep it."""
        pick = lambda x: jax.lax.dynamic_index_in_dim(x, number, keepdims=False)  # noqa: E731
        return self.tile(jax.tree.map(pick, self.steps()))

    def numbers(self) -> Int[Array, " n_tiles"]:
        """The numbers of all tiles, to scan over in place of the steps."""
        return jnp.arange(jax.tree.leaves(self.steps())[0].shape[0])


def triangle(n_t: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the tiles of the triangle begin, and from which frame on each is new.

    All tiles are whole: the last of a row begins early, and what it shares with the one before is not counted again.

    **Returns:** integers of shape (n_tiles, 2), (row, column): the first frame, and the first new frame.
    """
    n_blocks = -(-n_t // size)
    blocks = np.array([(a, b) for a in range(n_blocks) for b in range(a + 1)], dtype=np.int32)
    return np.minimum(blocks * size, n_t - size).astype(np.int32), (blocks * size).astype(np.int32)


@final
class MapTiles(AbstractTiles):
    """Full maps read as they stand, `size` rows with all columns at a time: each of (i, j) and (j, i) counts.

    Whole rows lie side by side in memory. Reading them in order costs less than it saves to evaluate a model once
    for (i, j) and (j, i), whose data then come from two places.

    - `data`: (n_sector, n_t, n_t); `sigma`: scalar or the same shape; its square divides the squared residuals.
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
