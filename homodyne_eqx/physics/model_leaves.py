"""Checks of the leaves of a model before a computation: arrays, no narrower than those of the data."""

import dataclasses
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .construction_checks import described
from .tied_values import with_tied_values

_Model = TypeVar("_Model", bound=eqx.Module)


def ready(model: _Model, where: Any) -> _Model:
    """The model as it can be evaluated in this geometry or for these packed data: its leaves checked, none narrower
    than the arrays there, and those that are tied with the values of the others.

    **Raises:** as `check_leaves`.
    """
    check_leaves(model)
    return with_tied_values(in_precision_of(model, where))


def check_leaves(model: eqx.Module) -> None:
    """Refuse a Python number, and in the place of a parameter `None` and integers.

    The constructors convert numbers; what `eqx.tree_at` or `dataclasses.replace` puts in their place stays as it is.
    A Python number would be part of the compiled program, and no fit would move it.

    **Raises:** `TypeError` that names the place in the model and the value.
    """
    for keys, leaf in jax.tree_util.tree_leaves_with_path(model, is_leaf=lambda x: x is None):
        if isinstance(leaf, int | float | complex) and not isinstance(leaf, bool | np.generic):
            remedy = f"Write jnp.asarray({float(leaf)})" if isinstance(leaf, int | float) else "Write an array"
            if not _is_parameter(model, keys):
                remedy += ", or declare the field as eqx.field(static=True) if it is no parameter"
        elif leaf is None and _is_parameter(model, keys):
            remedy = "Give it a value"
        elif _holds_integers(leaf) and _is_parameter(model, keys):
            remedy = "Write .astype(float) behind it"
        else:
            continue
        dtype = getattr(leaf, "dtype", None)
        found = described(leaf) if dtype is None else f"an array of {dtype}"
        raise TypeError(
            f"{jax.tree_util.keystr(keys).lstrip('.')} is {'None' if leaf is None else found}; expected an array of "
            f"floating-point numbers. A fit would not move it, and a new value would compile anew. {remedy}."
        )


def in_precision_of(model: _Model, where: Any) -> _Model:
    """The model with real arrays that are narrower than the widest one there (float32 beside float64) made as wide."""
    widest = max((x.dtype for x in jax.tree.leaves(where) if _is_real(x)), key=_bits)
    wider = lambda x: x.astype(widest) if _is_real(x) and _bits(x.dtype) < _bits(widest) else x  # noqa: E731
    return jax.tree.map(wider, model)


def _is_real(x: Any) -> bool:
    return eqx.is_inexact_array(x) and jnp.issubdtype(x.dtype, jnp.floating)


def _bits(dtype: Any) -> int:
    return jnp.finfo(dtype).bits


def _holds_integers(x: Any) -> bool:
    dtype = getattr(x, "dtype", None)
    return dtype is not None and (jnp.issubdtype(dtype, jnp.integer) or jnp.issubdtype(dtype, jnp.bool_))


def _is_parameter(model: Any, keys: tuple) -> bool:
    """Whether a field on the way to this leaf is declared as a `parameter`."""
    for key in keys:
        if isinstance(key, jax.tree_util.GetAttrKey):
            fields = type(model).__dataclass_fields__ if dataclasses.is_dataclass(model) else {}
            if key.name in fields and "bounds" in fields[key.name].metadata:
                return True
            model = getattr(model, key.name)
        else:
            model = model[getattr(key, "idx", getattr(key, "key", None))]
    return False
