"""Stacks of two-time maps, in memory or read from a file map by map."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, final, runtime_checkable

import jax
import jax.core
import numpy as np

from .errors import WrongShape


@runtime_checkable
class MapStack(Protocol):
    """Maps of `n_sector` sectors that are read one at a time: `stack[k]` is the `(n_t, n_t)` array of sector `k`."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> Any: ...

    def __getitem__(self, k: int, /) -> Any: ...


@final
@dataclass(frozen=True)
class SelectedMaps:
    """Some sectors and a range of frames of a stack; each map is cut when it is read."""

    source: MapStack
    sectors: tuple[int, ...]
    frames: slice

    @property
    def shape(self) -> tuple[int, int, int]:
        n_t = len(range(*self.frames.indices(self.source.shape[1])))
        return len(self.sectors), n_t, n_t

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(self.source.dtype)

    def __getitem__(self, k: int) -> np.ndarray:
        return np.asarray(self.source[self.sectors[k]])[self.frames, self.frames]


def array_or_stack(c2: Any) -> np.ndarray | MapStack:
    """`c2` as a read-only float32 or float64 array, without a copy if it is one; a stack is returned as it is.

    **Raises:** `TypeError` unless it holds real numbers; `WrongShape` unless it is `(n_sector, n_t, n_t)`, n_t ≥ 2.
    """
    if isinstance(c2, jax.core.Tracer):
        raise TypeError(
            "c2 is traced (jit, vmap, grad), and data are checked by their values. Make them outside; a traced array "
            "may take the place of packed.values in hx.pack(data) and in hx.least_squares_problem(model, data)."
        )
    if isinstance(c2, np.ndarray | jax.Array | Sequence):
        c2 = np.asarray(c2).view()
        if c2.dtype.kind not in "fiu":
            raise TypeError(f"c2 has dtype {c2.dtype}; expected real numbers, float32 or float64.")
        if c2.dtype not in (np.float32, np.float64):
            c2 = c2.astype(np.float32 if c2.dtype.itemsize <= (4 if c2.dtype.kind == "f" else 2) else np.float64)
        c2.flags.writeable = False
    elif not isinstance(c2, MapStack):
        raise TypeError(f"c2 is a {type(c2).__name__}; expected an array, or a stack with shape, dtype and [k].")
    elif np.dtype(c2.dtype) not in (np.float32, np.float64):
        raise TypeError(f"The stack of maps has dtype {c2.dtype}; expected float32 or float64.")
    shape = tuple(c2.shape)
    if len(shape) != 3 or shape[1] != shape[2]:
        single = "; pass a single map as c2[None]" if len(shape) == 2 else ""
        raise WrongShape("c2", shape, f"(n_sector, n_t, n_t), one square map for each sector{single}")
    if shape[0] == 0:
        raise WrongShape("c2", shape, "at least one sector")
    if shape[1] < 2:
        raise WrongShape("c2", shape, "at least 2 frames: a single one has no other to be correlated with")
    return c2


def in_memory(maps: MapStack) -> np.ndarray:
    """The whole stack as one array `(n_sector, n_t, n_t)`, filled map by map."""
    if isinstance(maps, np.ndarray):
        return maps
    array = np.empty(maps.shape, maps.dtype)
    for k in range(maps.shape[0]):
        array[k] = maps[k]
    return array
