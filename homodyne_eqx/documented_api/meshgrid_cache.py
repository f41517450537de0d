"""Meshgrids of time axes, kept for the next call.

The functions of this package need no meshgrid: they take 1-D times. The cache is for scripts that build their own.
"""

import collections
import threading
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..physics.geometry import is_concrete
from .arrays import Numbers, real_array

_MESHGRID_CACHE_MAX_SIZE = 64
_MOST_BYTES = 256 * 2**20
_LARGE = 2000

_Key = tuple[str, tuple[str, bytes], tuple[str, bytes]]

_lock = threading.Lock()
_grids: collections.OrderedDict[_Key, tuple[Array, Array]] = collections.OrderedDict()
_counts = collections.Counter()


def get_cached_meshgrid(t1: Numbers, t2: Numbers) -> tuple[Array, Array]:
    """`meshgrid(t1, t2, indexing="ij")`, remembered by the content of both arrays and the precision of JAX.

    **Arguments:** `t1`, `t2`: 1-D, s; 2-D arrays are returned as they are. Arrays of over 2,000 frames are meshed
    and not kept, and so is what JAX traces: traced arrays, and all others inside `jit`. At most 64 grids and 256 MiB
    are kept; the least recently used go first. Safe to call from several threads.

    **Returns:** two arrays of shape `(len(t1), len(t2))`.

    **Raises:** `ValueError` for arrays of other ranks; `TypeError` for what does not hold real numbers.
    """
    first, second = real_array("t1", t1), real_array("t2", t2)
    if first.ndim == second.ndim == 2:
        return jnp.asarray(first), jnp.asarray(second)
    if first.ndim != 1 or second.ndim != 1:
        raise ValueError(
            f"t1 has shape {first.shape} and t2 {second.shape}; expected two 1-D arrays of frame times, s."
        )
    if not (is_concrete(first) and is_concrete(second)):
        return _skipped("skipped_traced", first, second)
    if max(first.size, second.size) > _LARGE:
        return _skipped("skipped_large", first, second)
    values = np.asarray(first), np.asarray(second)
    of_t1, of_t2 = ((str(x.dtype), x.tobytes()) for x in values)
    key = (str(jnp.result_type(float)), of_t1, of_t2)
    with _lock:
        if key in _grids:
            _grids.move_to_end(key)
            _counts["hits"] += 1
            return _grids[key]
    grids = _meshed(*values)
    with _lock:
        if not is_concrete(grids[0]):  # inside jit these are traced although the times are not, and end with it
            _counts["skipped_traced"] += 1
            return grids
        _counts["misses"] += 1
        _grids[key] = grids
        while (
            len(_grids) > _MESHGRID_CACHE_MAX_SIZE or sum(a.nbytes + b.nbytes for a, b in _grids.values()) > _MOST_BYTES
        ):
            _grids.popitem(last=False)
            _counts["evictions"] += 1
    return grids


def clear_meshgrid_cache() -> None:
    """Forget all meshgrids. The counts of `get_cache_stats` go on; `reset_cache_stats` sets them to 0."""
    with _lock:
        _grids.clear()


def get_cache_stats() -> dict[str, int | float]:
    """Counters of the meshgrid cache.

    **Returns:** `hits`, `misses`, `evictions`, `skipped_large`, `skipped_traced`: calls since the start or the last
    reset; `hit_rate`: hits / (hits + misses), 0 before the first call; `cache_size`, `max_cache_size`: grids kept
    now, and at most.
    """
    with _lock:
        names = ("hits", "misses", "evictions", "skipped_large", "skipped_traced")
        counts = {name: _counts[name] for name in names}
        size = len(_grids)
    looked_up = counts["hits"] + counts["misses"]
    hit_rate = counts["hits"] / looked_up if looked_up else 0.0
    return {**counts, "hit_rate": hit_rate, "cache_size": size, "max_cache_size": _MESHGRID_CACHE_MAX_SIZE}


def reset_cache_stats() -> None:
    """Set the counts of `get_cache_stats` to 0."""
    with _lock:
        _counts.clear()


def _skipped(reason: str, t1: Any, t2: Any) -> tuple[Array, Array]:
    with _lock:
        _counts[reason] += 1
    return _meshed(t1, t2)


def _meshed(t1: Any, t2: Any) -> tuple[Array, Array]:
    grid1, grid2 = jnp.meshgrid(jnp.asarray(t1), jnp.asarray(t2), indexing="ij")
    return grid1, grid2
