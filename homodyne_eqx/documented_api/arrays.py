"""The first conversion of every argument: it becomes an array of real numbers that JAX accepts, and is checked once."""

import reprlib
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import ArrayLike

from ..physics.geometry import is_concrete

Numbers = ArrayLike | Sequence
"""One number or many: an array of NumPy or JAX, or anything that `numpy.asarray` takes, such as lists of lists."""

_MOST_REMEMBERED = 256

_lock = threading.Lock()
_results: dict[tuple, "_Kept"] = {}
_scalars: dict[tuple[float, bool], Any] = {}


class _Kept(NamedTuple):
    """The result of a check of one array or two, and weak references to these."""

    x: Callable
    y: Callable
    result: Any


def real_array(name: str, x: Any) -> Any:
    """`x` as an array: of JAX if it is one or holds traced numbers, else of NumPy, in a type that JAX has.

    **Raises:** `TypeError` for anything that does not hold real numbers; `ValueError` for rows of unequal length or
    masked values.
    """
    array = x if isinstance(x, jax.Array) else _of_numpy(name, x)
    kind = getattr(array.dtype, "kind", "")  # the keys of jax.random have none
    if kind not in ("f", "i", "u") and not jnp.issubdtype(array.dtype, jnp.floating):
        found = f"of dtype {array.dtype}" if hasattr(x, "dtype") else f"{reprlib.repr(x)}, a {type(x).__name__}"
        raise TypeError(f"{name} is {found}; expected real numbers: one, or a list or an array of them.")
    return array


def of_definite_type(array: Any) -> Any:
    """`array`, without JAX's weak type.

    With it (arrays that JAX makes from Python numbers, such as `jnp.arange(3) * 60.0`, have it) a program would be
    compiled once more.
    """
    if getattr(array, "weak_type", False) and is_concrete(array):
        return jax.lax.convert_element_type(array, array.dtype)
    return array


def remembered(name: Any, check: Callable, x: Any, y: Any = None) -> Any:
    """`check(x)`, or `check(x, y)`; of arrays of JAX, whose values never change, it is computed once in their lifetime.

    `check` may return `x` itself, which is then not kept alive. `name` tells the checks of one array apart.
    """
    key = (name, id(x), id(y))
    kept = _results.get(key)
    if kept is not None and kept.x() is x and kept.y() is y:
        return x if kept.result is None else kept.result
    arrays = (x,) if y is None else (x, y)
    result = check(*arrays)
    if is_concrete(result) and all(isinstance(array, jax.Array) and is_concrete(array) for array in arrays):
        forget = lambda _: _results.pop(key, None)  # noqa: E731
        reference_to_y = _nothing if y is None else weakref.ref(y, forget)
        with _lock:  # another thread may add while the oldest is searched for
            _made_room(_results)[key] = _Kept(weakref.ref(x, forget), reference_to_y, None if result is x else result)
    return result


def _nothing() -> None:
    """In place of a weak reference, where there is no second array."""


def _made_room(kept: dict) -> dict:
    """`kept`, without its oldest entries if it is full. Entries may vanish meanwhile, when their arrays do."""
    for key in list(kept)[: max(len(kept) + 1 - _MOST_REMEMBERED, 0)]:
        kept.pop(key, None)
    return kept


def scalar(value: float) -> Any:
    """`value` in the form in which a compiled program starts fastest: from its second use on, an array that is kept.

    A program starts about 20 µs later if a Python number has to be transferred to the device first. Making an array
    takes 12 µs, which does not pay for a value that is used once.
    """
    key = (value, jax.config.jax_enable_x64)  # pyright: ignore[reportAttributeAccessIssue]
    kept = _scalars.get(key)
    if kept is not None:
        return kept
    with _lock:
        if key not in _scalars:
            _made_room(_scalars)[key] = None
            return value
        with jax.ensure_compile_time_eval():
            array = jnp.asarray(value)
        movable = is_concrete(array) and not array.committed  # so that it can be combined with arrays on any device
        _scalars[key] = array if movable else value
        return _scalars[key]


def _of_numpy(name: str, x: Any) -> Any:
    if isinstance(x, np.ma.MaskedArray):
        x = _unmasked(name, x)
    try:
        array = np.asarray(x)
    except jax.errors.TracerArrayConversionError:
        return jnp.asarray(x)
    except ValueError as error:
        raise ValueError(
            f"{name} is {reprlib.repr(x)}, whose rows differ in length; expected an array of real numbers. "
            "Make all rows equally long."
        ) from error
    if array.dtype.char == "g":  # long double, which JAX lacks
        return array.astype(np.float64)
    # Files (HDF5, FITS) may hold another byte order than the machine, which a compiled program would misread.
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _unmasked(name: str, x: np.ma.MaskedArray) -> np.ndarray:
    if masked := int(np.ma.count_masked(x)):
        raise ValueError(
            f"{name} holds {masked} masked values, whose mask would be lost; expected an array without one. "
            "Fill them, x.filled(1.0); to leave pixels out of χ², set their sigma to inf."
        )
    return x.data
