"""Two-time data, folded once into tiles of the triangle and ready to be streamed."""

import gc
import math
from typing import Any, ClassVar, final, overload

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PyTree

from ..data import OneTimeData, PairData, TwoTimeData
from ..physics.geometry import Geometry, is_concrete
from ..physics.model import TwoTimeModel
from .folding import counted_pairs, folded
from .packed_data import AbstractPacked, AbstractReduction
from .packed_pairs import PackedPairs, pack_pairs
from .tile_size import tile_size
from .tiles import AbstractTiles, Tile, triangle


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
    - `common`: the fields of the geometry that are equal within every group.
    """

    values: Float[Array, "n_groups n_tiles n_member size size"]
    weights: Float[Array, "..."]
    starts: Int[Array, "n_tiles 2 2"]
    counts: Int[Array, "n_groups n_tiles n_member"]
    sectors: Int[Array, "n_groups n_member"]
    geometry: Geometry
    common: tuple[str, ...] = eqx.field(static=True)

    @property
    def size(self) -> int:
        """How many frames one side of a tile has."""
        return self.values.shape[-1]

    @property
    def n_tiles(self) -> int:
        return self.values.shape[1]

    @property
    def n_pairs(self) -> int | Float[Array, ""]:
        """How many pairs of frames carry weight, over all sectors: the number of independent residuals."""
        if is_concrete(self.counts):
            return int(np.sum(np.asarray(self.counts), dtype=np.int64))
        return jnp.sum(self.counts.astype(jnp.result_type(float)))

    def check(self, model: TwoTimeModel) -> None:
        """Maps hold the times of both frames, which suits any model."""

    def total(self, reduction: AbstractReduction) -> PyTree:
        """The sum over all groups of what `reduction` gives for one."""
        parts = (self.values, self.weights, self.counts, self.sectors)

        def one(part: tuple[Array, Array, Array, Array]) -> PyTree:
            values, weights, counts, sectors = part
            here = jax.tree.map(lambda x: x[sectors], self.geometry.sectors)
            tiles = PackedTiles(values, weights, self.starts, counts, self.size)
            return reduction.of_tiles(Group(tiles, SectorGroup(self.geometry.with_sectors(here), sectors, self.common)))

        if self.sectors.shape[0] == 1:
            return one(jax.tree.map(lambda x: x[0], parts))
        return jax.tree.map(lambda x: jnp.sum(x, 0), jax.lax.map(one, parts))

    def subset(self, tiles: Int[Array, " n"]) -> "Packed":
        """The same data with some of the tiles only: a minibatch."""
        weights = self.weights if self.weights.ndim == 2 else self.weights[:, tiles]
        where = lambda p: (p.values, p.weights, p.starts, p.counts)  # noqa: E731
        return eqx.tree_at(where, self, (self.values[:, tiles], weights, self.starts[tiles], self.counts[:, tiles]))


@overload
def pack(data: TwoTimeData, *, size: int | None = None, dtype: str | None = None) -> Packed: ...


@overload
def pack(data: PairData | OneTimeData, *, size: int | None = None, dtype: str | None = None) -> PackedPairs: ...


def pack(
    data: TwoTimeData | PairData | OneTimeData, *, size: int | None = None, dtype: str | None = None
) -> Packed | PackedPairs:
    """Fold and pack two-time data, map by map; or pack data of scattered pairs, and one-time data.

    The pairs (i, j) and (j, i) of a map are one measurement: where both are present, their weighted mean counts, with
    the weight of one. Excluded pixels carry no weight. Maps of a lazy stack are read one at a time.

    **Arguments:** `size`: how many frames one side of a tile has, chosen by device and problem unless given; `dtype`:
    "float32" or "float64", the type in which the data are stored, their own unless given. Sums are in JAX's default
    precision in either case.

    **Returns:** a `Packed`; of pairs and one-time data `PackedPairs`.

    **Raises:** `ValueError` for a sigma so small that 1/σ² is beyond the range of that type.
    """
    if isinstance(data, TwoTimeData):
        return pack_maps(data, size=size, dtype=dtype)
    pairs = data.pairs
    _check_weights(pairs.sigma[~pairs.left_out], np.dtype(jnp.result_type(float)))
    return pack_pairs(pairs, _stored(dtype, pairs.value.dtype))


def pack_maps(data: TwoTimeData, *, size: int | None = None, dtype: str | None = None) -> Packed:
    """`pack` of two-time data."""
    groups, common = _groups(data.geometry)
    n_t, size = data.n_t, min(size or tile_size(groups.shape[1], data.n_t), data.n_t)
    starts, new = triangle(n_t, size)
    stored = _stored(dtype, data.c2.dtype)
    gc.collect(0)  # JAX frees memory that it took over from NumPy only when garbage is collected
    values = _aligned((groups.shape[0], len(starts), groups.shape[1], size, size), stored)
    scalar = data.scalar_sigma
    weights = None if scalar is not None else _aligned(values.shape, stored)
    if scalar is not None:
        _check_weights(scalar, np.dtype(jnp.result_type(float)))
    counted, n_counting = counted_pairs(starts, new, size), np.zeros(values.shape[:3], np.int32)
    for group, member in np.ndindex(groups.shape):
        k = int(groups[group, member])
        c2, excluded = data.map_and_excluded(k)
        sigma = None if scalar is not None else data.sigma[k]
        if sigma is not None:
            _check_weights(np.asarray(sigma)[~np.asarray(excluded)], stored)
        for tile, (row, column) in enumerate(starts):
            part = np.s_[row : row + size, column : column + size]
            value, weight, present = folded(c2, excluded, sigma, part)
            counts = present & counted[tile]
            values[group, tile, member] = np.where(counts, value, np.nan)
            n_counting[group, tile, member] = np.count_nonzero(counts)
            if weights is not None:
                weights[group, tile, member] = np.where(counts, weight, 0)
    if weights is None:
        weights = (np.asarray(scalar, float)[groups] ** -2.0).astype(jnp.result_type(float))
    # device_put uses the memory of `values` and `weights`; jnp.asarray would copy them
    arrays = jax.device_put((values, weights, np.stack([starts, new], axis=1), n_counting, groups))
    return Packed(
        *arrays,
        geometry=data.geometry,
        common=common,
    )


def _stored(dtype: str | None, own: np.dtype) -> np.dtype:
    """The type in which data are stored: the one asked for or their own; float32 where JAX computes in that."""
    return np.dtype(dtype or own) if jnp.result_type(float) == jnp.float64 else np.dtype("float32")


def _check_weights(sigma: np.ndarray, dtype: np.dtype) -> None:
    """**Raises:** `ValueError` where 1/σ² exceeds the largest number of a type."""
    smallest = float(np.min(sigma, initial=np.inf))
    if smallest < float(np.finfo(dtype).max) ** -0.5:
        raise ValueError(
            f"sigma is {smallest:g}, and 1/σ² is beyond the range of {dtype.name}. Expected the scatter of c2 where "
            "nothing correlates; give that, or compute in float64 (jax_enable_x64)."
        )


def _groups(geometry: Geometry) -> tuple[np.ndarray, tuple[str, ...]]:
    """Groups of sectors of equal q and gap, all of one size, and the fields that are equal within every group."""
    fields = {name: getattr(geometry, name) for name in ("q", "gap", "phi")}
    fields = {name: np.asarray(x) for name, x in fields.items() if x is not None}
    kinds = np.stack([fields[name] for name in ("q", "gap") if name in fields])
    _, kind, counts = np.unique(kinds, axis=1, return_inverse=True, return_counts=True)
    groups = np.argsort(kind.ravel(), kind="stable").reshape(-1, np.gcd.reduce(counts)).astype(np.int32)
    equal = lambda x: np.all(x[groups] == x[groups][:, :1])  # noqa: E731
    return groups, tuple(name for name, x in fields.items() if equal(x))


def _aligned(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An empty array, aligned so that JAX can use its memory on the CPU without a copy."""
    n = math.prod(shape) * dtype.itemsize
    raw = np.empty(n + 64, np.uint8)
    begin = -raw.ctypes.data % 64
    return raw[begin : begin + n].view(dtype).reshape(shape)
