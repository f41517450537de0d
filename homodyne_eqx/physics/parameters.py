"""What a physical parameter is: an array leaf of a module, with a unit and the range a fit may move it in."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike

_Module = TypeVar("_Module", bound=eqx.Module)


def as_parameter(x: ArrayLike | Sequence[Any] | eqx.Module) -> Any:
    """A floating-point array from a number, an array, or a list of numbers.

    Numbers take JAX's default precision; floating arrays keep theirs. A Python float left as it is would be part of the
    compiled program, and every change of its value a recompilation.

    A `PerSector` passes as it is. So does what is no number: only the module that it was given to can refuse it by name
    (`check_structure`).
    """
    try:
        array = jnp.asarray(x)
    except (TypeError, ValueError):
        return x
    dtype = array.dtype if jnp.issubdtype(array.dtype, jnp.floating) and not array.weak_type else jnp.result_type(float)
    return array.astype(dtype)


def parameter(
    unit: str = "",
    bounds: tuple[float, float] = (-math.inf, math.inf),
    free: bool = True,
    scan: str = "",
    **keywords: Any,
) -> Any:
    """A module field that holds a physical parameter.

    **Arguments:**

    - `unit`: as printed in results. In a rate, `{unit}` stands for the unit of the rate, which the term that holds it
      knows.
    - `bounds`: the open interval a fit keeps the parameter in unless told otherwise.
    - `free`: false for what is known of the instrument (a beam radius): a fit leaves it alone unless told otherwise.
    - `scan`: "frequency" where the correlation oscillates in the parameter times t (rad/s), "phase" for the phase of
      that oscillation (degrees): χ² has many minima in these, and a fit tries several starts.
    """
    metadata = {"unit": unit, "bounds": bounds, "free": free, "scan": scan}
    return eqx.field(converter=as_parameter, metadata=metadata, **keywords)


def component(unit: str = "{unit}", free: bool = True, scan: str = "", **keywords: Any) -> Any:
    """A module field that holds another module, whose quantity has this unit (a rate in a term).

    **Arguments:** `free` is false where no parameter inside is free in a fit; `scan` is "velocity" for a rate in whose
    integral times q the correlation oscillates, as fringes do (Å/s); a `converter` may be given.
    """
    return eqx.field(metadata={"unit": unit, "free": free, "scan": scan}, **keywords)


part = component
"""The former name of `component`."""


def picking(origin: str, **keywords: Any) -> Any:
    """A module field that holds a function which picks parameters out of what the field `origin` holds."""
    return eqx.field(static=True, metadata={"picks_from": origin}, **keywords)


def unit_within(stated: str, outer: str) -> str:
    """The unit that a field states, where `{unit}` is that of what holds its module: "" for a rate by itself."""
    return stated.replace("{unit}", outer).strip("·")


@dataclasses.dataclass(frozen=True)
class ParameterLeaf:
    """One array leaf of a model: its path (`g1.terms[0].rate.amplitude`), unit, bounds, value, and whether it is free.

    A leaf that is not free (within `Frozen`, or known of the instrument) stays as it is in a fit. `scan`: how the
    correlation oscillates in it, if it does; `owner`: the module whose field it is.
    """

    path: str
    unit: str
    bounds: tuple[float, float]
    value: Array
    free: bool = True
    scan: str = ""
    owner: Any = dataclasses.field(default=None, repr=False, compare=False)


def parameter_leaves(module: Any) -> list[ParameterLeaf]:
    """Every floating-point array leaf of a model, in the order in which `jax.tree.leaves` gives them.

    Leaves of modules that state nothing about their fields (a network) are unbounded and have no unit.
    """
    leaves = []
    for keys, leaf in jax.tree_util.tree_leaves_with_path(module):
        if eqx.is_inexact_array(leaf):
            unit, bounds, free, scan, owner, named = _described(module, keys)
            path = jax.tree_util.keystr(named).lstrip(".")
            leaves.append(ParameterLeaf(path, unit, bounds, leaf, free, scan, owner))
    return leaves


def _described(module: Any, keys: tuple) -> tuple[str, tuple[float, float], bool, str, Any, tuple]:
    """Follow the path of a leaf through the fields, carrying the unit that each states to the next.

    A rate that is scanned passes this on to what is proportional to it: what has its unit. An `unnamed` field (the
    values of a `PerSector`) stands for the one that holds it: it changes neither owner nor name. **Returns:** in the
    end the keys that make the name.
    """
    unit, bounds, free, scan, owner, named = "", (-math.inf, math.inf), True, "", module, ()
    for key in keys:
        if isinstance(key, jax.tree_util.GetAttrKey):
            fields = type(module).__dataclass_fields__ if dataclasses.is_dataclass(module) else {}
            metadata = fields[key.name].metadata if key.name in fields else {}
            inherited = scan if "{unit}" in metadata.get("unit", "") else ""
            scan = metadata.get("scan", "") or inherited
            if not metadata.get("unnamed"):
                owner, named = module, (*named, key)
            unit = unit_within(metadata.get("unit", ""), unit)
            bounds = metadata.get("bounds", bounds)
            free = free and metadata.get("free", True)
            module = getattr(module, key.name)
        else:
            named = (*named, key)
            module = module[getattr(key, "idx", getattr(key, "key", None))]
    return unit, bounds, free, scan, owner, named


def stop_gradient(module: _Module) -> _Module:
    """The same module, its arrays constants to differentiation."""
    return jax.tree.map(lambda x: jax.lax.stop_gradient(x) if eqx.is_inexact_array(x) else x, module)
