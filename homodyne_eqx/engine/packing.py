"""Two-time data folded once into tiles of the triangle, ready to be streamed."""

import math
from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ..core.geometry import Geometry
from ..core.tiles import AbstractTiles, Tile, triangle
from ..data import TwoTimeData

_PAIRS_A_STEP = {"cpu": 1.5e5, "gpu": 8e6, "tpu": 8e6}


@final
class PackedTiles(AbstractTiles):
    """Folded tiles.

    - `values`: (n_tiles, n_sector, size, size), float32 or float64; NaN where a pair has no weight;
    - `weights`: 1/σ²: (n_sector,), or an array like `values`;
    - `starts`: (n_tiles, 2, 2): the first frame of rows and columns, and the first new frame.
    """

    values: Float[Array, "n_tiles n_sector size size"]
    weights: Float[Array, "..."]
    starts: Int[Array, "n_tiles 2 2"]
    size: int = eqx.field(static=True)

    def steps(self) -> object:
        return (self.values, self.starts, self.weights if self.weights.ndim == 4 else None)

    def tile(self, step: object) -> Tile:
        values, ((row, column), _), weights = step
        compute = self.weights.dtype if self.weights.ndim == 1 else jnp.result_type(float)
        weights = self.weights[:, None, None] if weights is None else weights.astype(compute)
        present = ~jnp.isnan(values)
        return Tile(
            row=row,
            column=column,
            values=jnp.where(present, values, 0).astype(compute),
            weights=jnp.where(present, weights, 0),
            scatter=jnp.zeros((), compute),
        )


@final
class Packed(eqx.Module):
    """Packed two-time data: what every reduction of the engine takes.

    - `tiles`: the folded data; `geometry`: where the model is evaluated;
    - `n_pairs`: how many pairs of frames carry weight, over all sectors: the number of independent residuals;
    - `common`: the fields of the geometry that are equal in all sectors.
    """

    tiles: PackedTiles
    geometry: Geometry
    n_pairs: int = eqx.field(static=True)
    common: tuple[str, ...] = eqx.field(static=True)


def pack(data: TwoTimeData, *, size: int | None = None, dtype: str | None = None) -> Packed:
    """Fold and pack two-time data, map by map.

    The pairs (i, j) and (j, i) of a map are one measurement: where both are there, their weighted mean stands for both with the
    weight of one. Excluded pixels carry no weight.

    **Arguments:** `size`: frames a tile side, chosen by device and problem unless given; `dtype`: "float32" or "float64", how the data
    are stored (that of the data unless given; sums are carried in JAX's default precision either way).
    """
    n_sector, n_t = data.n_sector, data.n_t
    size = min(size or tile_size(n_sector, n_t), n_t)
    starts, new = triangle(n_t, size)
    stored = np.dtype(dtype or data.c2.dtype)
    if not jax.config.jax_enable_x64:
        stored = np.dtype("float32")
    values = _aligned((len(starts), n_sector, size, size), stored)
    scalar = data.scalar_sigma
    weights = None if scalar is not None else _aligned(values.shape, stored)
    frame = np.arange(size)
    for k in range(n_sector):
        value, weight = _folded(*data.weighted_map(k))
        for tile, ((row, column), (new_row, new_column)) in enumerate(zip(starts, new, strict=True)):
            part = np.s_[row : row + size, column : column + size]
            i, j = row + frame[:, None], column + frame[None, :]
            counts = (i >= new_row) & (j >= new_column) & (i > j) & (weight[part] > 0)
            values[tile, k] = np.where(counts, value[part], np.nan)
            if weights is not None:
                weights[tile, k] = np.where(counts, weight[part], 0)
    return Packed(
        tiles=PackedTiles(
            values=jnp.asarray(values),
            weights=jnp.asarray(np.asarray(scalar, float) ** -2.0 if weights is None else weights),
            starts=jnp.asarray(np.stack([starts, new], axis=1)),
            size=size,
        ),
        geometry=data.geometry,
        n_pairs=int(np.count_nonzero(~np.isnan(values))),
        common=_common_fields(data.geometry),
    )


def tile_size(n_sector: int, n_t: int) -> int:
    """Frames a tile side: enough pairs a step to keep the device busy, few enough to stay in its cache, and little overlap."""
    largest = max(16, math.isqrt(int(_PAIRS_A_STEP.get(jax.default_backend(), 1.5e5) / n_sector)))
    return math.ceil(n_t / math.ceil(n_t / largest))


def _folded(value: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    total = weight + weight.T
    mean = (weight * value + (weight * value).T) / np.where(total > 0, total, 1)
    times = (weight > 0).astype(np.int8) + (weight.T > 0)
    return mean, total / np.maximum(times, 1)


def _common_fields(geometry: Geometry) -> tuple[str, ...]:
    fields = {name: getattr(geometry, name) for name in ("q", "gap", "phi")}
    return tuple(name for name, x in fields.items() if x is not None and np.all(np.asarray(x) == np.asarray(x)[0]))


def _aligned(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An empty array that JAX can take over on the CPU without a copy."""
    n = math.prod(shape) * dtype.itemsize
    raw = np.empty(n + 64, np.uint8)
    begin = -raw.ctypes.data % 64
    return raw[begin : begin + n].view(dtype).reshape(shape)
