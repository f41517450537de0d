"""Some frames of packed data, on which starts are compared at little cost and without blurring the correlation."""

import math

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ...data import TwoTimeData
from ...engine import AbstractPacked, Packed, PackedPairs, pack
from ...engine.devices import on_host
from ...physics.geometry import Geometry
from ...physics.model import TwoTimeModel

_FRAMES_A_PERIOD = 8
_CORRELATION_KEPT = 0.5


def every_nth_frame(packed: Packed, step: int) -> Packed:
    """The pairs of every `step`-th frame. Unlike block averages they hold the correlation itself, however fast it is.

    Where a sector would keep no pair, the data are returned as they are.
    """
    return of_frames(packed, np.arange(0, packed.geometry.n_t, step))


def of_frames(packed: Packed, kept: np.ndarray) -> Packed:
    """The pairs of some of the frames, whose numbers rise; where a sector would keep none, the data as they are."""
    starts, whole = on_host(packed.starts)[:, 0], packed.weights.ndim > 2
    maps = np.full((packed.geometry.n_sector, len(kept), len(kept)), np.nan, packed.values.dtype)
    sigma = np.ones(maps.shape if whole else maps.shape[:1])
    sectors = np.asarray(packed.sectors)
    for group, member in np.ndindex(sectors.shape):
        sector, (values, weights) = sectors[group, member], packed.tiles_of(group, member)
        if not whole:
            sigma[sector] = float(weights[0]) ** -0.5
        for tile, corner in enumerate(starts[: packed.n_tiles]):
            place = tuple(slice(*np.searchsorted(kept, (first, first + packed.size))) for first in corner)
            part = np.ix_(*(kept[of_side] - first for of_side, first in zip(place, corner, strict=True)))
            value = values[tile][part]
            here = ~np.isnan(value)
            maps[sector][place][here] = value[here]
            if whole:
                sigma[sector][place][here] = weights[tile][part][here].astype(float) ** -0.5
    if np.any(np.all(np.isnan(maps), axis=(1, 2))):
        return packed
    geometry = packed.geometry.with_times(packed.geometry.t[kept])
    return pack(TwoTimeData(maps, geometry, sigma=sigma))


def few_data(packed: AbstractPacked, frames: np.ndarray, values: int) -> AbstractPacked:
    """The pairs of some of the frames; of scattered pairs at most so many values."""
    if isinstance(packed, PackedPairs):
        return packed.some(values)
    assert isinstance(packed, Packed)
    return of_frames(packed, frames)


def thinned(
    model: TwoTimeModel, packed: AbstractPacked, angle: float, pairs_kept: float | int
) -> tuple[AbstractPacked, str]:
    """The data to compare starts on, and words for what they are, "" for all.

    **Arguments:** as for `frame_step`.
    """
    if isinstance(packed, PackedPairs):
        some = packed.some(int(pairs_kept))
        return some, "" if some is packed else f" on {some.n_pairs} values"
    assert isinstance(packed, Packed)
    step = frame_step(model, packed, angle, pairs_kept)
    return (packed, "") if step == 1 else (every_nth_frame(packed, step), f" on one frame in {step}")


def frame_step(model: TwoTimeModel, packed: Packed, angle: float, pairs_kept: float | int) -> int:
    """The largest step that leaves pairs enough, eight frames a period, and half of the correlation of neighbours.

    **Arguments:** `angle`: by how much the fastest oscillation advances over the run, radians; `pairs_kept`: how many
    pairs of frames are enough.
    """
    n_t = packed.geometry.n_t
    step = math.floor(math.sqrt(packed.n_pairs / pairs_kept))
    if angle > 0:
        step = min(step, math.floor(n_t * 2 * math.pi / (_FRAMES_A_PERIOD * angle)))
    while step > 1:
        after_one, after_step = (float(_neighbours(model, packed.geometry, jnp.asarray(lag))) for lag in (1, step))
        if after_step > _CORRELATION_KEPT * after_one:
            break
        step //= 2
    return max(step, 1)


@eqx.filter_jit
def _neighbours(model: TwoTimeModel, geometry: Geometry, lag: Int[Array, ""]) -> Float[Array, ""]:
    """Mean of g2 less its offset, of frames `lag` apart, over frames and sectors."""
    i = jnp.arange(geometry.n_t - 1)
    contrast, offset = model.scaling(geometry)
    sectors = jnp.arange(geometry.n_sector)[:, None]
    g2 = model.pairs(geometry, jnp.minimum(i + lag, geometry.n_t - 1), i, sectors)
    return jnp.mean((g2 - offset[:, None]) / contrast[:, None])
