"""An array of tiles that lie in a file, in place of the array itself."""

from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .scan_carry import scan_carry
from .tile_file import TileFile, TileLayout, tile_file


@final
class StoredTiles(eqx.Module):
    """Values of the tiles of packed data, (n_groups, n_tiles, n_member, size, size), in a file.

    Functions that JAX compiles read them block by block by a callback to Python.

    - `number`: of the file, which one program takes for different files of the same layout;
    - `file`: keeps the file as long as this object, or a program compiled for it first, is in memory.
    """

    number: Int[Array, ""]
    file: TileFile = eqx.field(static=True)

    @property
    def layout(self) -> TileLayout:
        return self.file.layout

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array, with the empty tiles that fill the last blocks."""
        layout = self.layout
        return layout.n_groups, layout.tiles_of_device * len(layout.devices), *layout.shape[1:]

    @property
    def ndim(self) -> int:
        return 5

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(self.layout.dtype)

    def block(self, device: Int[Array, ""], step: Int[Array, ""]) -> Float[Array, "n_tiles n_member size size"]:
        """The block of tiles that a step of a pass over the data is for."""
        shape = jax.ShapeDtypeStruct(self.layout.shape, self.dtype)
        block = jax.pure_callback(_block, shape, self.number, device, step, vmap_method="sequential")
        # Inside `shard_map` JAX does not see that the result of a callback differs between devices.
        return scan_carry(block, device.astype(self.dtype))

    def some(self, tiles: Int[Array, " n"]) -> Float[Array, "n_groups n n_member size size"]:
        """Some of the tiles, as an array."""
        layout = self.layout
        shape = jax.ShapeDtypeStruct((layout.n_groups, tiles.shape[0], *layout.shape[1:]), self.dtype)
        return jax.pure_callback(_tiles, shape, self.number, tiles, vmap_method="sequential")


def stored(file: TileFile) -> StoredTiles:
    """The tiles in a file."""
    return StoredTiles(jnp.asarray(file.number, jnp.int32), file)


def _block(number: Array, device: Array, step: Array) -> np.ndarray:
    return tile_file(int(number)).read(int(device), int(step))


def _tiles(number: Array, tiles: Array) -> np.ndarray:
    return tile_file(int(number)).tiles(np.asarray(tiles))
