"""Physical parameters: array leaves of a module, with a unit and the range that a fit allows."""

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

    A `PerSector` passes as it is. So does anything that is not a number: only the module that receives it can name
    the field in an error (`check_structure`).
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
    period: float | None = None,
    linear: bool = False,
    in_name: bool = True,
    neutral: float | None = None,
    exponent_of: str = "",
    plateau_of: str = "",
    **keywords: Any,
) -> Any:
    """A module field that holds a physical parameter.

    **Arguments:**

    - `unit`: as printed in results. In a rate, `{unit}` stands for the unit of the rate, which the term that holds it
      knows.
    - `bounds`: the open interval in which a fit keeps the parameter by default.
    - `free`: False for a known property of the instrument (a beam radius): a fit keeps it fixed by default.
    - `scan`: "frequency" where the correlation oscillates in the parameter times t (rad/s), "phase" for the phase of
      that oscillation (degrees): χ² has many minima in these, and a fit tries several starts.
    - `period`: of a direction or a phase, in its unit: the map is the same after one period, or else after two. A fit
      tests both, and returns the equivalent value that is closest to the start.
    - `linear`: in a scaling, whether g2 is linear in this parameter, and in all others that state it together with it.
    - `neutral`: the value at which the parameter changes nothing (0 for an exponent of time or an offset): if the data
      do not determine it, the fit recommends to fix it at this value.
    - `exponent_of`: of the exponent of a power of time, the field that this power multiplies: a step of a fit that
      changes the exponent does not change the product at a typical time of the data;
    - `plateau_of`: of a constant that is added to such a product, the same field: a step then changes neither the sum
      nor its slope at that time.
    - `in_name`: False for a field that is left out of the name of its parameter (the value of a `Constant`).
    """
    metadata = {"unit": unit, "bounds": bounds, "free": free, "scan": scan}
    metadata |= {"period": period, "linear": linear, "in_name": in_name, "neutral": neutral}
    metadata |= {"exponent_of": exponent_of, "plateau_of": plateau_of}
    return eqx.field(converter=as_parameter, metadata=metadata, **keywords)


def component(
    unit: str = "{unit}",
    free: bool = True,
    scan: str = "",
    label: str = "",
    also: tuple[tuple[str, float], ...] = (),
    accumulated: bool = True,
    exchanges_with: str = "",
    exchange: str = "",
    **keywords: Any,
) -> Any:
    """A module field that holds another module, whose value has this unit (a rate in a term).

    **Arguments:**

    - `free`: False if no parameter inside is free in a fit.
    - `scan`: "velocity" for a rate in whose integral times q the correlation oscillates, as fringes do (Å/s).
    - `label`: the name of a rate in results ("shear rate"); by default the names of the class and of the field.
    - `also`: further names for a multiple of the average of that rate, with the factor: `(("D_SE = J/2", 0.5),)`.
    - `accumulated`: False for a function of time that the accumulation of the term does not integrate (a fraction).
    - `exchanges_with`: the field that may be exchanged with this one without a change of the map; `exchange`: the other
      changes that belong to the exchange, for the note of a fit.
    - a `converter` may be given.
    """
    metadata = {"unit": unit, "free": free, "scan": scan, "label": label, "also": also, "accumulated": accumulated}
    metadata |= {"exchanges_with": exchanges_with, "exchange": exchange}
    return eqx.field(metadata=metadata, **keywords)


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

    A leaf that is not free (within `Frozen`, or known of the instrument) stays as it is in a fit.

    - `scan`, `period`, `linear`, `neutral`, `exponent_of`, `plateau_of`: as its field states them, see `parameter`;
    - `owner`: the module whose field it is; `in_name`: whether that field is part of its name;
    - `name`: how users and results call it; `of_scaling`: whether it belongs to contrast and offset; `tied_to`: the
      name of the parameter to which it is tied. These are known within a whole model only (`named_leaves`).
    """

    path: str
    unit: str
    bounds: tuple[float, float]
    value: Array
    free: bool = True
    scan: str = ""
    owner: Any = dataclasses.field(default=None, repr=False, compare=False)
    period: float | None = None
    linear: bool = False
    in_name: bool = True
    name: str = ""
    of_scaling: bool = False
    neutral: float | None = None
    exponent_of: str = ""
    tied_to: str = ""
    plateau_of: str = ""


def parameter_leaves(module: Any) -> list[ParameterLeaf]:
    """Every floating-point array leaf of a model, in the order in which `jax.tree.leaves` gives them.

    Leaves of modules that state nothing about their fields (a network) are unbounded and have no unit.
    """
    return [
        _described(module, keys, leaf)
        for keys, leaf in jax.tree_util.tree_leaves_with_path(module)
        if eqx.is_inexact_array(leaf)
    ]


def _described(module: Any, keys: tuple, leaf: Array) -> ParameterLeaf:
    """Follow the path of a leaf through the fields, carrying the unit that each states to the next.

    The `scan` of a rate holds for the parameters that the rate is proportional to: those with its unit. An
    `unnamed` field (the values of a `PerSector`) stands for the one that holds it: it changes neither owner nor path.
    """
    unit, bounds, free, scan, owner, named = "", (-math.inf, math.inf), True, "", module, ()
    period, linear, in_name, neutral = None, False, True, None
    partner = {"exponent_of": "", "plateau_of": ""}
    for key in keys:
        if isinstance(key, jax.tree_util.GetAttrKey):
            fields = type(module).__dataclass_fields__ if dataclasses.is_dataclass(module) else {}
            metadata = fields[key.name].metadata if key.name in fields else {}
            inherited = scan if "{unit}" in metadata.get("unit", "") else ""
            scan = metadata.get("scan", "") or inherited
            if not metadata.get("unnamed"):
                owner, named, in_name = module, (*named, key), metadata.get("in_name", True)
            unit = unit_within(metadata.get("unit", ""), unit)
            bounds = metadata.get("bounds", bounds)
            free = free and metadata.get("free", True)
            period, linear = metadata.get("period", period), metadata.get("linear", linear)
            neutral = metadata.get("neutral", neutral)
            partner = {role: metadata.get(role, field) for role, field in partner.items()}
            module = getattr(module, key.name)
        else:
            named = (*named, key)
            module = module[getattr(key, "idx", getattr(key, "key", None))]
    path = jax.tree_util.keystr(named).lstrip(".")
    stated = {"period": period, "linear": linear, "in_name": in_name, "neutral": neutral, **partner}
    return ParameterLeaf(path, unit, bounds, leaf, free, scan, owner, name=path, **stated)


def stop_gradient(module: _Module) -> _Module:
    """The same module, its arrays constants to differentiation."""
    return jax.tree.map(lambda x: jax.lax.stop_gradient(x) if eqx.is_inexact_array(x) else x, module)
