"""Two-time data in tiles of the triangle, each pair of frames folded into one value, and sums over them."""

from typing import Any, ClassVar, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array, Float, Int, PyTree

from ..physics.geometry import Geometry, is_concrete
from ..physics.model import TwoTimeModel
from .devices import on_default, on_each, on_host, sum_over_devices
from .packed_data import AbstractPacked, AbstractReduction
from .tiles import AbstractTiles, Tile


@final
class PackedTiles(AbstractTiles):
    """Folded tiles of some sectors.

    - `values`: (n_tiles, n_sector, size, size), float32 or float64; NaN where a pair has no weight;
    - `weights`: 1/σ²: (n_sector,), or an array like `values`;
    - `starts`: (n_tiles, 2, 2): the first frame of rows and columns, and the first new frame;
    - `counts`: (n_tiles, n_sector): how many pairs carry weight.
    """

    values: Float[Array, "n_tiles n_sector size size"]
    weights: Float[Array, "..."]
    starts: Int[Array, "n_tiles 2 2"]
    counts: Int[Array, "n_tiles n_sector"]
    size: int = eqx.field(static=True)
    full_square: ClassVar[bool] = False

    def steps(self) -> Any:
        return (self.values, self.starts, self.weights if self.weights.ndim == 4 else None)

    def weight(self) -> Float[Array, "#n_sector"] | None:
        return self.weights if self.weights.ndim == 1 else None

    def tile(self, step: Any) -> Tile:
        values, ((row, column), _), weights = step
        compute = self.weights.dtype if self.weights.ndim == 1 else jnp.result_type(float)
        weights = self.weights[:, None, None] if weights is None else weights.astype(compute)
        present = ~jnp.isnan(values)
        return Tile(
            row=row,
            column=column,
            values=jnp.where(present, values, 0).astype(compute),
            weights=jnp.where(present, weights, 0),
            present=present,
        )


@final
class SectorGroup(eqx.Module):
    """Sectors that are evaluated together: their geometry, which of all sectors they are, and in which fields of the
    geometry they are equal."""

    geometry: Geometry
    sectors: Int[Array, " n_sector"]
    common: tuple[str, ...] = eqx.field(static=True)


@final
class Group(eqx.Module):
    """The tiles of sectors that are evaluated together."""

    tiles: PackedTiles
    of: SectorGroup


@final
class Packed(AbstractPacked):
    """Packed two-time data, as every function of the engine takes them.

    Sectors of equal q and gap form groups, so that what depends on q alone is computed once for each group. All groups
    have the same size and are evaluated one after the other.

    - `values`: (n_groups, n_tiles, group size, size, size); `weights`: (n_groups, group size) or like `values`;
    - `counts`: (n_groups, n_tiles, group size), how many pairs of each tile carry weight (are not NaN);
    - `sectors`: (n_groups, group size), which sector of `geometry` each is;
    - `common`: the fields of the geometry that are equal within every group;
    - `mesh`: the devices over which the tiles are spread, each holding as many; None for one device. The last tiles are
      then empty where their number is no multiple.
    """

    values: Float[Array, "n_groups n_tiles n_member size size"]
    weights: Float[Array, "..."]
    starts: Int[Array, "n_tiles 2 2"]
    counts: Int[Array, "n_groups n_tiles n_member"]
    sectors: Int[Array, "n_groups n_member"]
    geometry: Geometry
    common: tuple[str, ...] = eqx.field(static=True)
    mesh: Mesh | None = eqx.field(static=True, default=None)

    @property
    def size(self) -> int:
        """How many frames one side of a tile has."""
        return self.values.shape[-1]

    @property
    def n_tiles(self) -> int:
        """How many tiles there are, without the empty ones that make the shares of all devices equal."""
        if self.mesh is None:
            return self.values.shape[1]
        n_blocks = -(-self.geometry.n_t // self.size)
        return n_blocks * (n_blocks + 1) // 2

    @property
    def n_pairs(self) -> int | Float[Array, ""]:
        """How many pairs of frames carry weight, over all sectors: the number of independent residuals."""
        if is_concrete(self.counts):
            return int(np.sum(on_host(self.counts), dtype=np.int64))
        return jnp.sum(self.counts.astype(jnp.result_type(float)))

    def beside(self, tree: Any) -> Any:
        """`tree` with its arrays on the devices of the tiles, so that they are not sent there at every call."""
        return on_each(self.mesh, tree)

    def check(self, model: TwoTimeModel) -> None:
        """Maps hold the times of both frames, which suits any model."""

    def total(self, reduction: AbstractReduction) -> PyTree:
        """The sum over all groups, and over all devices, of what `reduction` gives for one."""
        if self.mesh is None:
            return self._total_here(reduction)
        arrays, static = eqx.partition(reduction, eqx.is_array)
        axes = self._axes()
        spread_arrays = {name: getattr(self, name) for name in axes}
        others = {name: getattr(self, name) for name in ("weights", "sectors", "geometry") if name not in axes}

        def of_share(share: dict[str, Array], rest: tuple) -> PyTree:
            others, arrays = rest
            here = Packed(**share, **others, common=self.common)
            return here._total_here(eqx.combine(arrays, static))

        return sum_over_devices(self.mesh, of_share, spread_arrays, axes, (others, arrays))

    def _axes(self) -> dict[str, int]:
        """Which axis of an array is that of the tiles, where it has one."""
        return {"values": 1, "starts": 0, "counts": 1, **({"weights": 1} if self.weights.ndim > 2 else {})}

    def _total_here(self, reduction: AbstractReduction) -> PyTree:
        parts = (self.values, self.weights, self.counts, self.sectors)

        def one(part: tuple[Array, Array, Array, Array]) -> PyTree:
            values, weights, counts, sectors = part
            here = jax.tree.map(lambda x: x[sectors], self.geometry.sectors)
            tiles = PackedTiles(values, weights, self.starts, counts, self.size)
            return reduction.of_tiles(Group(tiles, SectorGroup(self.geometry.with_sectors(here), sectors, self.common)))

        if self.sectors.shape[0] == 1:
            return one(jax.tree.map(lambda x: x[0], parts))
        return jax.tree.map(lambda x: jnp.sum(x, 0), jax.lax.map(one, parts))

    def __reduce__(self) -> tuple:
        """Pickled data are on one device when they come back: another process has other devices."""
        whole = self.on_one_device()
        names = ("values", "weights", "starts", "counts", "sectors", "geometry", "common")
        return Packed, tuple(getattr(whole, name) for name in names)

    def on_one_device(self) -> "Packed":
        """The same data, not spread."""
        return self if self.mesh is None else self.subset(jnp.arange(self.n_tiles))

    def subset(self, tiles: Int[Array, " n"]) -> "Packed":
        """The same data with some of the tiles only, on one device: a minibatch."""
        weights = self.weights if self.weights.ndim == 2 else self.weights[:, tiles]
        arrays = self.values[:, tiles], weights, self.starts[tiles], self.counts[:, tiles], self.sectors, self.geometry
        *arrays, geometry = on_default(arrays)
        return Packed(*arrays, geometry=geometry, common=self.common)
