"""A model written down as plain data, and made again from them without running anything but the import of its classes.

A module becomes the import path of its class and its fields; an array a place in a list; tuples, lists, dictionaries,
numbers and strings stay as they are. What is none of these (a function that a module holds, a class inside a function)
is noted by name alone: such a model is made by putting the arrays into one of the same structure that the reader gives.
"""

import dataclasses
import importlib
from collections.abc import Iterator, Sequence
from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

_NUMBERS = "biufc"
_TEMPLATE = "Pass a model of the same structure as that of the fit."


@final
@dataclasses.dataclass(frozen=True)
class Missing:
    """A part of a model that a file cannot hold; `name` is its name."""

    name: str


def describe(x: Any, arrays: list[np.ndarray]) -> Any:
    """`x` as dictionaries, lists, numbers and strings that JSON knows; its arrays are appended to `arrays`."""
    if x is None or type(x) in (bool, int, float, str):
        return x
    if isinstance(x, jax.Array | np.ndarray | np.generic) and _is_numbers(x.dtype):
        return _described_array(x, arrays)
    if isinstance(x, eqx.Module):
        fields = {f.name: describe(getattr(x, f.name), arrays) for f in dataclasses.fields(x)}
        return {"module": type(x).__module__, "class": type(x).__qualname__, "fields": fields}
    if isinstance(x, tuple | list) and type(x) in (tuple, list):
        return {type(x).__name__: [describe(each, arrays) for each in x]}
    if type(x) is dict and all(type(name) is str for name in x):
        return {"dict": {name: describe(value, arrays) for name, value in x.items()}}
    leaves = jax.tree.leaves(x, is_leaf=lambda y: y is None)
    named = f"{type(x).__name__} {getattr(x, '__qualname__', '')}".strip()
    if len(leaves) == 1 and leaves[0] is x:
        return {"unknown": named}
    return {"unknown": named, "leaves": [describe(leaf, arrays) for leaf in leaves]}


def rebuilt(description: Any, arrays: Sequence[np.ndarray], with_gaps: bool = False) -> Any:
    """The inverse of `describe`.

    No class but subclasses of `equinox.Module` is made, field by field as it was written: no method of it runs.

    **Arguments:** `with_gaps`: put a `Missing` in the place of what cannot be made.

    **Raises:** `ValueError` for what was noted by name alone, for a class that is gone or no `equinox.Module`, or has
    other fields by now.
    """
    if not isinstance(description, dict):
        return description
    if "array" in description:
        return _rebuilt_array(description, arrays)
    if "tuple" in description:
        return tuple(rebuilt(each, arrays, with_gaps) for each in description["tuple"])
    if "list" in description:
        return [rebuilt(each, arrays, with_gaps) for each in description["list"]]
    if "dict" in description:
        return {name: rebuilt(value, arrays, with_gaps) for name, value in description["dict"].items()}
    if "unknown" in description:
        if with_gaps:
            return Missing(description["unknown"])
        raise ValueError(f"A {description['unknown']} cannot be made from its name. {_TEMPLATE}")
    cls = _class_of(description)
    if isinstance(cls, str):
        if with_gaps:
            return Missing(cls)
        raise ValueError(f"The model needs {cls}. Make it importable as it was, or pass a model of the same structure.")
    return _assembled(cls, {name: rebuilt(value, arrays, with_gaps) for name, value in description["fields"].items()})


def unknown_places(description: Any, at: str = "model") -> Iterator[str]:
    """The places in a description that hold only a name: `model.g1.where (function <lambda>)`."""
    if not isinstance(description, dict):
        return
    if "unknown" in description:
        yield f"{at} ({description['unknown']})"
    elif "fields" in description:
        if isinstance(cls := _class_of(description), str):
            yield f"{at} ({cls})"
        for name, value in description["fields"].items():
            yield from unknown_places(value, f"{at}.{name}")
    elif "dict" in description:
        for name, value in description["dict"].items():
            yield from unknown_places(value, f"{at}[{name!r}]")
    else:
        for k, value in enumerate(description.get("tuple", description.get("list", ()))):
            yield from unknown_places(value, f"{at}[{k}]")


def filled(template: Any, description: Any, arrays: Sequence[np.ndarray], at: str = "model") -> Any:
    """`template` with the arrays that were written down in the places of its own.

    **Raises:** `ValueError` where the template is of another structure than what was described, naming the place.
    """
    if not isinstance(description, dict):
        if type(template) is not type(description) or not (template == description or template != template):
            raise _differs(at, template, repr(description))
        return template
    if "array" in description:
        wanted = _rebuilt_array(description, arrays)
        if np.shape(template) != np.shape(wanted) or isinstance(template, jax.Array) != isinstance(wanted, jax.Array):
            raise _differs(at, template, f"an array of shape {np.shape(wanted)}")
        return wanted
    if "fields" in description:
        names = {f.name for f in dataclasses.fields(template)} if isinstance(template, eqx.Module) else set()
        if type(template).__qualname__ != description["class"] or names != {*description["fields"]}:
            raise _differs(at, template, f"{description['class']} with {', '.join(description['fields'])}")
        inner = {n: filled(getattr(template, n), d, arrays, f"{at}.{n}") for n, d in description["fields"].items()}
        return _assembled(type(template), inner)
    if "dict" in description:
        if not isinstance(template, dict) or {*template} != {*description["dict"]}:
            raise _differs(at, template, f"a dictionary of {', '.join(description['dict'])}")
        return {n: filled(template[n], d, arrays, f"{at}[{n!r}]") for n, d in description["dict"].items()}
    if "leaves" in description:
        leaves, tree = jax.tree.flatten(template, is_leaf=lambda y: y is None)
        return jax.tree.unflatten(tree, _each_filled(leaves, description["leaves"], arrays, at))
    if "unknown" in description:
        return template
    kind = tuple if "tuple" in description else list
    if type(template) is not kind:
        raise _differs(at, template, f"a {kind.__name__}")
    return kind(_each_filled(template, description[kind.__name__], arrays, at))


def _each_filled(values: Sequence[Any], descriptions: list, arrays: Sequence[np.ndarray], at: str) -> list:
    if len(values) != len(descriptions):
        raise _differs(at, values, f"{len(descriptions)} entries")
    return [filled(x, d, arrays, f"{at}[{k}]") for k, (x, d) in enumerate(zip(values, descriptions, strict=True))]


def _differs(at: str, found: Any, saved: str) -> ValueError:
    shown = f"an array of shape {found.shape}" if isinstance(found, jax.Array | np.ndarray) else repr(found)
    if isinstance(found, eqx.Module):
        shown = f"a {type(found).__qualname__}"
    return ValueError(f"The model given has {shown} at {at}; the one that was saved has {saved}. {_TEMPLATE}")


def _is_numbers(dtype: Any) -> bool:
    return jnp.issubdtype(dtype, jnp.number) or jnp.issubdtype(dtype, jnp.bool_)


def _described_array(x: Any, arrays: list[np.ndarray]) -> dict[str, Any]:
    """The place of the array in the file; bfloat16 and its like, which files do not know, go there as float32."""
    array = np.asarray(x)
    arrays.append(array if array.dtype.kind in _NUMBERS else array.astype(np.float32))
    kind = "jax" if isinstance(x, jax.Array) else "numpy" if isinstance(x, np.ndarray) else "number"
    return {"array": kind, "place": len(arrays) - 1, "dtype": str(array.dtype)}


def _rebuilt_array(description: dict[str, Any], arrays: Sequence[np.ndarray]) -> Any:
    array = np.asarray(arrays[description["place"]], jnp.dtype(description["dtype"]))
    kind = description["array"]
    return jnp.asarray(array) if kind == "jax" else array if kind == "numpy" else array[()]


def _class_of(description: dict[str, Any]) -> type | str:
    """The class of a described module, or in words why there is none."""
    module, name = description["module"], description["class"]
    wanted = f"the class {name} of {module}"
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        return f"{wanted}, which cannot be imported: {error}"
    if not (isinstance(found, type) and issubclass(found, eqx.Module)):
        return f"{wanted}, which is no equinox.Module"
    names = {field.name for field in dataclasses.fields(found)}
    if names != {*description["fields"]}:
        return f"{wanted} with the fields {', '.join(description['fields'])}, but it has {', '.join(sorted(names))} now"
    return found


def _assembled(cls: type, fields: dict[str, Any]) -> Any:
    """A module with these fields, as unflattening a PyTree makes it: neither `__init__` nor converters run."""
    module = object.__new__(cls)
    for name, value in fields.items():
        object.__setattr__(module, name, value)
    return module
