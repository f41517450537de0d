"""Two-time data, folded once into tiles of the triangle and ready to be streamed."""

import gc
import math
from collections.abc import Sequence
from typing import Any, overload

import jax
import jax.numpy as jnp
import numpy as np

from ..data import OneTimeData, PairData, TwoTimeData
from ..physics.geometry import Geometry
from .devices import devices_for, mesh_of, on_each, spread
from .folding import counted_pairs, folded
from .packed_maps import Packed
from .packed_pairs import PackedPairs, pack_pairs
from .tile_size import tile_size
from .tiles import triangle


@overload
def pack(
    data: TwoTimeData,
    *,
    size: int | None = None,
    dtype: str | None = None,
    devices: Sequence[Any] | None = None,
) -> Packed: ...


@overload
def pack(
    data: PairData | OneTimeData,
    *,
    size: int | None = None,
    dtype: str | None = None,
    devices: Sequence[Any] | None = None,
) -> PackedPairs: ...


def pack(
    data: TwoTimeData | PairData | OneTimeData,
    *,
    size: int | None = None,
    dtype: str | None = None,
    devices: Sequence[Any] | None = None,
) -> Packed | PackedPairs:
    """Fold and pack two-time data, map by map; or pack data of scattered pairs, and one-time data.

    The pairs (i, j) and (j, i) of a map are one measurement: where both are present, their weighted mean counts, with
    the weight of one. Excluded pixels carry no weight. Maps of a lazy stack are read one at a time.

    **Arguments:** `size`: how many frames one side of a tile has, chosen by device and problem unless given; `dtype`:
    "float32" or "float64", the type in which the data are stored, their own unless given. Sums are in JAX's default
    precision in either case; `devices`: those of JAX over which the tiles are spread, such as `jax.devices()`; unless
    given, as many of this process (GPUs, or cores of the processor) as have enough to do. Scattered pairs stay on one.

    **Returns:** a `Packed`; of pairs and one-time data `PackedPairs`.

    **Raises:** `ValueError` for a sigma so small that 1/σ² is beyond the range of that type, and for no device or one
    that is named twice.
    """
    if isinstance(data, TwoTimeData):
        return pack_maps(data, size=size, dtype=dtype, devices=devices)
    pairs = data.pairs
    _check_weights(pairs.sigma[~pairs.left_out], np.dtype(jnp.result_type(float)))
    return pack_pairs(pairs, _stored(dtype, pairs.value.dtype))


def pack_maps(
    data: TwoTimeData,
    *,
    size: int | None = None,
    dtype: str | None = None,
    devices: Sequence[Any] | None = None,
) -> Packed:
    """`pack` of two-time data."""
    groups, common = _groups(data.geometry)
    n_t, n_member = data.n_t, groups.shape[1]
    devices = devices_for(data.n_sector * n_t**2 // 2) if devices is None else devices
    mesh = mesh_of(devices)
    size = min(size or tile_size(n_member, n_t, len(devices)), n_t)
    starts, new = triangle(n_t, size)
    stored = _stored(dtype, data.c2.dtype)
    gc.collect(0)  # JAX frees memory that it took over from NumPy only when garbage is collected
    here = [k for k, device in enumerate(devices) if device.process_index == jax.process_index()]
    each = -(-len(starts) // len(devices))  # tiles of a device; the last ones of the last device may be empty
    shape = (groups.shape[0], each, n_member)
    values = {k: _aligned((*shape, size, size), stored) for k in here}
    scalar = data.scalar_sigma
    weights = None if scalar is not None else {k: _aligned((*shape, size, size), stored) for k in here}
    if scalar is not None:
        _check_weights(scalar, np.dtype(jnp.result_type(float)))
    counted, counts = counted_pairs(starts, new, size), {k: np.zeros(shape, np.int32) for k in here}
    first = {k: np.zeros((each, 2, 2), np.int32) for k in here}
    for k in here:
        n = min(max(len(starts) - k * each, 0), each)
        first[k][:n] = np.stack([starts, new], axis=1)[k * each :][:n]
        values[k][:, n:] = np.nan
        if weights is not None:
            weights[k][:, n:] = 0
    for group, member in np.ndindex(groups.shape):
        sector = int(groups[group, member])
        c2, excluded = data.map_and_excluded(sector)
        sigma = None if scalar is not None else data.sigma[sector]
        if sigma is not None:
            _check_weights(np.asarray(sigma)[~np.asarray(excluded)], stored)
        for tile, (row, column) in enumerate(starts):
            k, place = divmod(tile, each)
            if k not in values:
                continue  # a tile of another process
            part, at = np.s_[row : row + size, column : column + size], (group, place, member)
            value, weight, present = folded(c2, excluded, sigma, part)
            counting = present & counted[tile]
            values[k][at] = np.where(counting, value, np.nan)
            counts[k][at] = np.count_nonzero(counting)
            if weights is not None:
                weights[k][at] = np.where(counting, weight, 0)
    if weights is None:
        of_sectors = (np.asarray(scalar, float)[groups] ** -2.0).astype(jnp.result_type(float))
        weighting = on_each(mesh, jnp.asarray(of_sectors))
    else:
        weighting = spread(mesh, 1, weights)
    return Packed(
        spread(mesh, 1, values),
        weighting,
        spread(mesh, 0, first),
        spread(mesh, 1, counts),
        on_each(mesh, jnp.asarray(groups)),
        geometry=data.geometry,
        common=common,
        mesh=mesh,
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
