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


def parameter(unit: str = "", bounds: tuple[float, float] = (-math.inf, math.inf), **keywords: Any) -> Any:
    """A module field that holds a physical parameter.

    **Arguments:**

    - `unit`: as printed in results. In a rate, `{unit}` stands for the unit of the rate, which the term that holds it knows.
    - `bounds`: the open interval a fit keeps the parameter in unless told otherwise.
    """
    metadata = {"unit": unit, "bounds": bounds}
    return eqx.field(converter=as_parameter, metadata=metadata, **keywords)


def part(unit: str, **keywords: Any) -> Any:
    """A module field that holds another module whose quantity has this unit (a rate in a term)."""
    return eqx.field(metadata={"unit": unit}, **keywords)


@dataclasses.dataclass(frozen=True)
class ParameterLeaf:
    """One array leaf of a model: its path (`g1.terms[0].rate.amplitude`), unit, bounds and value."""

    path: str
    unit: str
    bounds: tuple[float, float]
    value: Array


def parameter_leaves(module: Any) -> list[ParameterLeaf]:
    """Every floating-point array leaf of a model, in the order in which `jax.tree.leaves` gives them.

    Leaves of modules that state nothing about their fields (a network) are unbounded and have no unit.
    """
    return [
        ParameterLeaf(jax.tree_util.keystr(keys).lstrip("."), *_described(module, keys), leaf)
        for keys, leaf in jax.tree_util.tree_leaves_with_path(module)
        if eqx.is_inexact_array(leaf)
    ]


def _described(module: Any, keys: tuple) -> tuple[str, tuple[float, float]]:
    """Follow the path of a leaf through the fields, carrying the unit that each states to the next."""
    unit, bounds = "", (-math.inf, math.inf)
    for key in keys:
        if isinstance(key, jax.tree_util.GetAttrKey):
            metadata = (
                {} if not dataclasses.is_dataclass(module) else type(module).__dataclass_fields__[key.name].metadata
            )
            unit = metadata.get("unit", "").replace("{unit}", unit)
            bounds = metadata.get("bounds", bounds)
            module = getattr(module, key.name)
        else:
            module = module[getattr(key, "idx", getattr(key, "key", None))]
    return unit, bounds
