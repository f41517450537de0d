"""What any argument goes through first: it becomes an array of real numbers that JAX takes, and is looked at once."""

import operator
import reprlib
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import ArrayLike

from ..geometry import is_concrete

Numbers = ArrayLike | Sequence
"""One number or many: an array of NumPy or JAX, or what `numpy.asarray` makes one of, lists of lists for instance."""

_MOST_REMEMBERED = 256

_lock = threading.Lock()
_results: dict[tuple, tuple[tuple[weakref.ref, ...], Any]] = {}


def real_array(name: str, x: Any) -> Any:
    """`x` as an array: of JAX where it is one or holds traced numbers, else of NumPy, in a type that JAX knows.

    **Raises:** `TypeError` for what does not hold real numbers; `ValueError` for rows of unequal length or masked
    values.
    """
    array = x if isinstance(x, jax.Array) else _of_numpy(name, x)
    kind = getattr(array.dtype, "kind", "")  # the keys of jax.random have none
    if kind not in ("f", "i", "u") and not jnp.issubdtype(array.dtype, jnp.floating):
        found = f"of dtype {array.dtype}" if hasattr(x, "dtype") else f"{reprlib.repr(x)}, a {type(x).__name__}"
        raise TypeError(f"{name} is {found}; expected real numbers: one, or a list or an array of them.")
    return array


def of_definite_type(array: Any) -> Any:
    """`array`, its type no longer weak.

    Arrays that JAX made of Python numbers, such as `jnp.arange(3) * 60.0`, would compile a program of their own.
    """
    if getattr(array, "weak_type", False) and is_concrete(array):
        return jax.lax.convert_element_type(array, array.dtype)
    return array


def remembered(name: str, arrays: tuple, look: Callable) -> Any:
    """`look(*arrays)`; for arrays of JAX, whose values never change, once for as long as they live."""
    for x in arrays:
        if not isinstance(x, jax.Array):
            return look(*arrays)
    key = (name, *map(id, arrays))
    references, result = _results.get(key, ((), None))
    if references and all(map(operator.is_, (reference() for reference in references), arrays)):
        return result
    result = look(*arrays)
    with _lock:  # another thread may add while the oldest is searched for
        while len(_results) >= _MOST_REMEMBERED:
            del _results[next(iter(_results))]
        _results[key] = (tuple(weakref.ref(x) for x in arrays), result)
    return result


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
    if array.dtype.char == "g":  # long double, of which JAX has none
        return array.astype(np.float64)
    # Files of other machines (HDF5, FITS) come in their byte order, which a compiled program would misread.
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _unmasked(name: str, x: np.ma.MaskedArray) -> np.ndarray:
    if masked := int(np.ma.count_masked(x)):
        raise ValueError(
            f"{name} holds {masked} masked values, whose mask would be lost; expected an array without one. "
            "Fill them, x.filled(1.0); to leave pixels out of χ², set their sigma to inf."
        )
    return x.data
