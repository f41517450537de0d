"""Two-time data, folded once into tiles of the triangle and ready to be streamed."""

import gc
from collections.abc import Sequence
from typing import Any, overload

import jax
import jax.numpy as jnp
import numpy as np

from ..data import OneTimeData, PairData, TwoTimeData
from ..physics.geometry import Geometry
from .devices import devices_for, mesh_of, on_each
from .folding import counted_pairs, folded
from .memory_budget import memory_budget
from .packed_maps import Packed
from .packed_pairs import PackedPairs, pack_pairs
from .tile_size import tile_size
from .tile_stores import AbstractTileStore, tile_stores
from .tiles import triangle


@overload
def pack(
    data: TwoTimeData,
    *,
    size: int | None = None,
    dtype: str | None = None,
    devices: Sequence[Any] | None = None,
    memory: float | int | str | None = None,
) -> Packed: ...


@overload
def pack(
    data: PairData | OneTimeData,
    *,
    size: int | None = None,
    dtype: str | None = None,
    devices: Sequence[Any] | None = None,
    memory: float | int | str | None = None,
) -> PackedPairs: ...


def pack(
    data: TwoTimeData | PairData | OneTimeData,
    *,
    size: int | None = None,
    dtype: str | None = None,
    devices: Sequence[Any] | None = None,
    memory: float | int | str | None = None,
) -> Packed | PackedPairs:
    """Fold and pack two-time data, map by map; or pack data of scattered pairs, and one-time data.

    The pairs (i, j) and (j, i) of a map are one measurement: where both are present, their weighted mean counts, with
    the weight of one. Excluded pixels carry no weight. Maps of a lazy stack are read one at a time.

    **Arguments:** `size`: how many frames one side of a tile has, chosen by device and problem unless given; `dtype`:
    "float32" or "float64", the type in which the data are stored, their own unless given. Sums are in JAX's default
    precision in either case; `devices`: those of JAX over which the tiles are spread, such as `jax.devices()`; unless
    given, as many of this process (GPUs, or cores of the processor) as have enough to do. Scattered pairs stay on one;
    `memory`: how much the packed maps may take in memory, as a text such as "4GB" or as a number of bytes, half of the
    free memory unless given. Tiles that take more go into a temporary file and are read block by block in every pass
    over the data, with the same results. The file is in the folder that the environment variable `TMPDIR` names, and
    is gone when the process ends, or before.

    **Returns:** a `Packed`; of pairs and one-time data `PackedPairs`.

    **Raises:** `ValueError` for a sigma so small that 1/σ² is beyond the range of that type, for no device or one that
    is named twice, and for a `memory` that states no bytes; `OSError` where there is no room for the temporary file.
    """
    if isinstance(data, TwoTimeData):
        return pack_maps(data, size=size, dtype=dtype, devices=devices, memory=memory)
    pairs = data.pairs
    _check_weights(pairs.sigma[~pairs.left_out], np.dtype(jnp.result_type(float)))
    return pack_pairs(pairs, _stored(dtype, pairs.value.dtype))


def pack_maps(
    data: TwoTimeData,
    *,
    size: int | None = None,
    dtype: str | None = None,
    devices: Sequence[Any] | None = None,
    memory: float | int | str | None = None,
    like: Packed | None = None,
) -> Packed:
    """`pack` of two-time data. **Arguments:** `like`: of other data; arrays that are the same for both are taken from
    it, and tiles of the same size on the same single device."""
    like = like if like is not None and _same_places(data, like) else None
    groups, common = _groups(data.geometry) if like is None else (np.asarray(like.sectors), like.common)
    n_t, n_member = data.n_t, groups.shape[1]
    if like is not None:
        devices, size = jax.devices()[:1], like.size
    devices = devices_for(data.n_sector * n_t**2 // 2) if devices is None else devices
    mesh, scalar = mesh_of(devices), data.scalar_sigma
    size = min(size or tile_size(n_member, n_t, len(devices)), n_t)
    corners = triangle(n_t, size)
    gc.collect(0)  # JAX frees memory that it took over from NumPy only when garbage is collected
    if scalar is not None:
        _check_weights(scalar, np.dtype(jnp.result_type(float)))
    number, stored = (2 if scalar is None else 1), _stored(dtype, data.c2.dtype)
    stores = tile_stores(number, memory_budget(memory), len(corners[0]), mesh, groups.shape, size, stored)
    counts = _write_folded(data, groups, corners, size, *stores)
    if scalar is not None:
        of_sectors = (np.asarray(scalar, float)[groups] ** -2.0).astype(jnp.result_type(float))
        if like is not None and np.array_equal(like.weights, of_sectors):
            weights = like.weights
        else:
            weights = on_each(mesh, jnp.asarray(of_sectors))
    else:
        weights = stores[1].tiles()
    shares = stores[0].shares
    starts = np.zeros((shares.n_all, 2, 2), np.int32)
    starts[: shares.n_tiles] = np.stack(corners, axis=1)
    return Packed(
        stores[0].tiles(),
        weights,
        shares.spread(starts, 0) if like is None else like.starts,
        shares.spread(counts, 1),
        on_each(mesh, jnp.asarray(groups)) if like is None else like.sectors,
        geometry=data.geometry,
        common=common,
        mesh=mesh,
    )


def _same_places(data: TwoTimeData, like: Packed) -> bool:
    """Whether the maps have the frames of the packed ones, the same groups of sectors and the same kind of weights, and
    go to one device."""
    if like.mesh is not None or like.is_stored or data.n_t != like.geometry.n_t:
        return False
    if (data.scalar_sigma is None) != (like.weights.ndim > 2):
        return False
    pairs = [(getattr(data.geometry, name), getattr(like.geometry, name)) for name in ("q", "gap", "phi")]
    if any((a is None) != (b is None) for a, b in pairs):
        return False
    return all(a is b or np.array_equal(a, b) for a, b in pairs)


def _write_folded(
    data: TwoTimeData,
    groups: np.ndarray,
    corners: tuple[np.ndarray, np.ndarray],
    size: int,
    values: AbstractTileStore,
    weights: AbstractTileStore | None = None,
) -> np.ndarray:
    """Write the folded tiles of this process. **Returns:** how many pairs of each carry weight, (n_groups, n_tiles,
    n_member)."""
    shares, (starts, new) = values.shares, corners
    counted = counted_pairs(starts, new, size)
    counts = np.zeros((groups.shape[0], shares.n_all, groups.shape[1]), np.int32)
    for group, member in np.ndindex(groups.shape):
        sector = int(groups[group, member])
        c2, excluded = data.map_and_excluded(sector)
        sigma = None if weights is None else data.sigma[sector]
        if sigma is not None:
            _check_weights(np.asarray(sigma)[~np.asarray(excluded)], values.dtype)
        for tile in shares.numbers:
            if tile >= shares.n_tiles:  # empty
                value, weight, counting = np.nan, 0.0, np.False_
            else:
                row, column = starts[tile]
                part = np.s_[row : row + size, column : column + size]
                value, weight, present = folded(c2, excluded, sigma, part)
                counting = present & counted[tile]
            values.write(group, tile, member, np.where(counting, value, np.nan))
            counts[group, tile, member] = np.count_nonzero(counting)
            if weights is not None:
                weights.write(group, tile, member, np.where(counting, weight, 0))
    return counts


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
