"""Two-time data in tiles of the triangle, each pair of frames folded into one value, and sums over them."""

from collections.abc import Sequence
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
from .sector_tiles import sector_tiles
from .stored_tiles import StoredTiles
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

    - `values`: (n_groups, n_tiles, group size, size, size), in memory or in a file; `weights`: (n_groups, group size),
      or like `values`;
    - `counts`: (n_groups, n_tiles, group size), how many pairs of each tile carry weight (are not NaN);
    - `sectors`: (n_groups, group size), which sector of `geometry` each is;
    - `common`: the fields of the geometry that are equal within every group;
    - `mesh`: the devices over which the tiles are spread, each holding as many; None for one device. The last tiles are
      then empty where their number is no multiple.
    """

    values: Float[Array, "n_groups n_tiles n_member size size"] | StoredTiles
    weights: Float[Array, "..."] | StoredTiles
    starts: Int[Array, "n_tiles 2 2"]
    counts: Int[Array, "n_groups n_tiles n_member"]
    sectors: Int[Array, "n_groups n_member"]
    geometry: Geometry
    common: tuple[str, ...] = eqx.field(static=True)
    mesh: Mesh | None = eqx.field(static=True, default=None)

    @property
    def size(self) -> int:
        """The number of frames along one side of a tile."""
        return self.values.shape[-1]

    @property
    def is_stored(self) -> bool:
        """Whether the tiles are in a file."""
        return isinstance(self.values, StoredTiles)

    @property
    def n_tiles(self) -> int:
        """The number of tiles, without the empty ones that make the shares of all devices and all blocks equal."""
        if self.mesh is None and not self.is_stored:
            return self.values.shape[1]
        n_blocks = -(-self.geometry.n_t // self.size)
        return n_blocks * (n_blocks + 1) // 2

    @property
    def n_pairs(self) -> int | Float[Array, ""]:
        """The number of pairs of frames with weight, over all sectors: the number of independent residuals."""
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
            return self._total_here(reduction, jnp.zeros(1, jnp.int32))
        arrays, static = eqx.partition(reduction, eqx.is_array)
        axes = self._axes()
        shared = {name: getattr(self, name) for name in axes}
        others = {
            name: getattr(self, name) for name in ("values", "weights", "sectors", "geometry") if name not in axes
        }

        def of_share(share: tuple[dict[str, Array], Array], rest: tuple) -> PyTree:
            (of_tiles, device), (others, arrays) = share, rest
            here = Packed(**of_tiles, **others, common=self.common)
            return here._total_here(eqx.combine(arrays, static), device)

        devices = jnp.arange(self.mesh.size, dtype=jnp.int32)
        return sum_over_devices(self.mesh, of_share, (shared, devices), (axes, 0), (others, arrays))

    def _axes(self) -> dict[str, int]:
        """The axis of the tiles in each array that has one."""
        axes = {"values": 1, "starts": 0, "counts": 1, **({"weights": 1} if self.weights.ndim > 2 else {})}
        return {name: axis for name, axis in axes.items() if not isinstance(getattr(self, name), StoredTiles)}

    def _total_here(self, reduction: AbstractReduction, device: Int[Array, " 1"]) -> PyTree:
        """The sum over the tiles of one device. `device`: its number, (1,)."""
        if isinstance(self.values, StoredTiles):
            steps = jnp.arange(self.values.layout.n_steps, dtype=jnp.int32)
            of_steps = jax.lax.map(lambda step: self._of_block(device[0], step, reduction), steps)
            return jax.tree.map(lambda x: jnp.sum(x, 0), of_steps)
        parts = (self.values, self.weights, self.counts, self.sectors)

        def one(part: tuple[Array, Array, Array, Array]) -> PyTree:
            values, weights, counts, sectors = part
            return self._of_group(PackedTiles(values, weights, self.starts, counts, self.size), sectors, reduction)

        if self.sectors.shape[0] == 1:
            return one(jax.tree.map(lambda x: x[0], parts))
        return jax.tree.map(lambda x: jnp.sum(x, 0), jax.lax.map(one, parts))

    def _of_block(self, device: Int[Array, ""], step: Int[Array, ""], reduction: AbstractReduction) -> PyTree:
        """The sum over the tiles of one group that a step of a pass over a file reads."""
        assert isinstance(self.values, StoredTiles)
        layout = self.values.layout
        n_tiles, (number, group) = layout.shape[0], jnp.divmod(step, layout.n_groups)
        of_block = lambda x: jax.lax.dynamic_slice_in_dim(x, n_tiles * number, n_tiles)  # noqa: E731
        weights = self.weights.block(device, step) if isinstance(self.weights, StoredTiles) else self.weights[group]
        values, counts = self.values.block(device, step), of_block(self.counts[group])
        tiles = PackedTiles(values, weights, of_block(self.starts), counts, self.size)
        return self._of_group(tiles, self.sectors[group], reduction)

    def _of_group(self, tiles: PackedTiles, sectors: Int[Array, " n_member"], reduction: AbstractReduction) -> PyTree:
        here = self.geometry.with_sectors(jax.tree.map(lambda x: x[sectors], self.geometry.sectors))
        return reduction.of_tiles(Group(tiles, SectorGroup(here, sectors, self.common)))

    def tiles_of(self, group: int, member: int) -> tuple[Sequence[np.ndarray], Sequence[np.ndarray]]:
        """Values and weights of the tiles of one sector, on the host: (size, size) each, or () where a sector has one
        weight for all."""
        values = sector_tiles(self.values, group, member)
        if not isinstance(self.weights, StoredTiles) and self.weights.ndim == 2:
            return values, [on_host(self.weights[group, member])] * len(values)
        return values, sector_tiles(self.weights, group, member)

    def __reduce__(self) -> tuple:
        """Pickled data are in memory and on one device when they come back: another process has other devices."""
        whole = self.on_one_device()
        names = ("values", "weights", "starts", "counts", "sectors", "geometry", "common")
        return Packed, tuple(getattr(whole, name) for name in names)

    def on_one_device(self) -> "Packed":
        """The same data in memory, not spread."""
        if self.mesh is None and not self.is_stored:
            return self
        return self.subset(jnp.arange(self.n_tiles))

    def subset(self, tiles: Int[Array, " n"]) -> "Packed":
        """The same data with some of the tiles only, on one device: a minibatch."""
        some = lambda x: x.some(tiles) if isinstance(x, StoredTiles) else x[:, tiles]  # noqa: E731
        weights = self.weights if self.weights.ndim == 2 else some(self.weights)
        arrays = some(self.values), weights, self.starts[tiles], self.counts[:, tiles], self.sectors, self.geometry
        *arrays, geometry = on_default(arrays)
        return Packed(*arrays, geometry=geometry, common=self.common)
