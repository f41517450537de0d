"""What a physical parameter is: an array leaf of a module, with a unit and the range a fit may move it in."""

import dataclasses
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike


def as_parameter(x: ArrayLike) -> Array:
    """A floating-point array from a number or an array.

    Numbers take JAX's default precision; floating arrays keep theirs. A Python float left as it is would be part of the
    compiled program, and every change of its value a recompilation.
    """
    array = jnp.asarray(x)
    dtype = array.dtype if jnp.issubdtype(array.dtype, jnp.floating) and not array.weak_type else jnp.result_type(float)
    return array.astype(dtype)


def parameter(
    unit: str = "", bounds: tuple[float, float] = (-math.inf, math.inf), free: bool = True, **keywords: Any
) -> Any:
    """A module field that holds a physical parameter.

    **Arguments:**

    - `unit`: as printed in results. In a rate, `{unit}` stands for the unit of the rate, which the term that holds it
      knows.
    - `bounds`: the open interval a fit keeps the parameter in unless told otherwise.
    - `free`: false for what is known of the instrument (a beam radius): a fit leaves it alone unless told otherwise.
    """
    metadata = {"unit": unit, "bounds": bounds, "free": free}
    return eqx.field(converter=as_parameter, metadata=metadata, **keywords)


def part(unit: str = "{unit}", free: bool = True, **keywords: Any) -> Any:
    """A module field that holds another module whose quantity has this unit (a rate in a term).

    **Arguments:** `free` is false where no parameter inside is free in a fit; a `converter` may be given.
    """
    return eqx.field(metadata={"unit": unit, "free": free}, **keywords)


def expect(kind: type, owner: object, name: str, value: object) -> None:
    """Refuse a part of the wrong kind when modules combine.

    **Raises:** `TypeError` that names the owner and what it was given.
    """
    if not isinstance(value, kind):
        bases = [c.__name__ for c in type(value).__mro__[1:] if c.__name__.startswith("Abstract")]
        found = f"{type(value).__name__}" + (f" (an {bases[-1]})" if bases else "")
        raise TypeError(f"{type(owner).__name__} was given {found} as {name}; expected an {kind.__name__}.")


@dataclasses.dataclass(frozen=True)
class ParameterLeaf:
    """One array leaf of a model: its path (`g1.terms[0].rate.amplitude`), unit, bounds, value, and whether it is free.

    A leaf that is not free (within `Frozen`, or known of the instrument) stays as it is in a fit.
    """

    path: str
    unit: str
    bounds: tuple[float, float]
    value: Array
    free: bool = True


def parameter_leaves(module: Any) -> list[ParameterLeaf]:
    """Every floating-point array leaf of a model, in the order in which `jax.tree.leaves` gives them.

    Leaves of modules that state nothing about their fields (a network) are unbounded and have no unit.
    """
    leaves = []
    for keys, leaf in jax.tree_util.tree_leaves_with_path(module):
        if eqx.is_inexact_array(leaf):
            unit, bounds, free = _described(module, keys)
            leaves.append(ParameterLeaf(jax.tree_util.keystr(keys).lstrip("."), unit, bounds, leaf, free))
    return leaves


def _described(module: Any, keys: tuple) -> tuple[str, tuple[float, float], bool]:
    """Follow the path of a leaf through the fields, carrying the unit that each states to the next."""
    unit, bounds, free = "", (-math.inf, math.inf), True
    for key in keys:
        if isinstance(key, jax.tree_util.GetAttrKey):
            fields = type(module).__dataclass_fields__ if dataclasses.is_dataclass(module) else {}
            metadata = fields[key.name].metadata if key.name in fields else {}
            unit = metadata.get("unit", "").replace("{unit}", unit)
            bounds = metadata.get("bounds", bounds)
            free = free and metadata.get("free", True)
            module = getattr(module, key.name)
        else:
            module = module[getattr(key, "idx", getattr(key, "key", None))]
    return unit, bounds, free
