"""What a pair function depends on, read off its traced program.

Fast reductions need to know which values of a frame carry a derivative, which enter only as a difference of two
frames, which parameters the pair function reads directly, and which values are common to all sectors. Terms need not
declare any of this, and so cannot declare it wrongly: it is found by following the inputs through the traced
operations. Where an operation is not understood, the answer errs towards "depends", which costs time and never
correctness.
"""

from collections.abc import Callable
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

_EVEN_SO = "other"
_CALLS = ("jit", "pjit", "closed_call", "core_call", "custom_jvp_call", "remat2")


def influences(function: Callable, *arguments: Any) -> list[frozenset[int]]:
    """For each output array of `function(*arguments)`, the positions of the flattened inputs that it depends on.

    `arguments` may be arrays or shapes (`jax.ShapeDtypeStruct`); nothing is computed.
    """
    return influences_within(jax.make_jaxpr(function)(*arguments))


def influences_within(closed: ClosedJaxpr) -> list[frozenset[int]]:
    """The same for a program that is traced already."""
    return _propagate(closed.jaxpr, [frozenset({k}) for k in range(len(closed.jaxpr.invars))])


def _propagate(jaxpr: Jaxpr, inputs: list[frozenset[int]]) -> list[frozenset[int]]:
    known = dict(zip(jaxpr.invars, inputs, strict=True))
    read = lambda v: frozenset() if isinstance(v, Literal) else known.get(v, frozenset())  # noqa: E731
    for eqn in jaxpr.eqns:
        sources = [read(v) for v in eqn.invars]
        inner = _inner(eqn)
        outputs = _propagate(inner, sources) if inner else [frozenset().union(*sources)] * len(eqn.outvars)
        known.update(zip(eqn.outvars, outputs, strict=True))
    return [read(v) for v in jaxpr.outvars]


def _inner(eqn: Any) -> Jaxpr | None:
    """The program inside a call (jit, a custom derivative) whose inputs are those of the call, if it is one."""
    for name in ("jaxpr", "call_jaxpr"):
        closed = eqn.params.get(name)
        if isinstance(closed, ClosedJaxpr) and not closed.consts:
            same = len(closed.jaxpr.invars) == len(eqn.invars) and len(closed.jaxpr.outvars) == len(eqn.outvars)
            if same and eqn.primitive.name in _CALLS:
                return closed.jaxpr
    return None


def tangent_dependence(
    function: Callable, n_first: int, arguments: tuple[jax.ShapeDtypeStruct, ...]
) -> tuple[frozenset[int], frozenset[int]]:
    """Which arguments the derivative of a scalar function reads, and which only as a difference.

    The first `n_first` arguments belong to frame i, the next `n_first` to frame j, the rest to neither.

    **Returns:** the positions of all arguments whose tangent reaches the result; and those k < n_first for which the
    tangents of k and n_first + k reach it through nothing but their difference.
    """

    def tangent(primals: tuple, tangents: tuple) -> Any:
        return jax.jvp(function, primals, tangents)[1]

    jaxpr = jax.make_jaxpr(tangent)(arguments, arguments).jaxpr
    n = len(arguments)
    labels: list[dict] = [{} for _ in range(n)]
    for k in range(n):
        side = "i" if k < n_first else "j" if k < 2 * n_first else _EVEN_SO
        labels.append({k - n_first if side == "j" else k: side})
    (found,) = _follow(jaxpr, labels)
    reached = set(found) - set(range(n_first, 2 * n_first))
    differences = frozenset(leaf for leaf, how in found.items() if how == "difference")
    both = {leaf + n_first for leaf in reached if leaf < n_first}
    return frozenset(reached | both), differences


def _follow(jaxpr: Jaxpr, inputs: list[dict]) -> list[dict]:
    """Carry, for each value, {argument: "i" | "j" (its bare tangent), "difference", or "other"}."""
    known = dict(zip(jaxpr.invars, inputs, strict=True))
    read = lambda v: {} if isinstance(v, Literal) else known.get(v, {})  # noqa: E731
    for eqn in jaxpr.eqns:
        sources = [read(v) for v in eqn.invars]
        inner = _inner(eqn)
        if inner:
            outputs = _follow(inner, sources)
        elif eqn.primitive.name == "sub" and _are_twins(*sources):
            outputs = [dict.fromkeys(sources[0], "difference")]
        elif eqn.primitive.name in ("convert_element_type", "copy", "copy_p") and len(sources) == 1:
            outputs = sources
        else:
            outputs = [_merged(sources)] * len(eqn.outvars)
        known.update(zip(eqn.outvars, outputs, strict=True))
    return [read(v) for v in jaxpr.outvars]


def _are_twins(a: dict, b: dict) -> bool:
    """Whether these are the bare tangents of one argument in the two frames."""
    return len(a) == 1 and a.keys() == b.keys() and {*a.values(), *b.values()} == {"i", "j"}


def _merged(sources: list[dict]) -> dict:
    merged: dict = {}
    for source in sources:
        for leaf, how in source.items():
            how = how if how == "difference" else _EVEN_SO
            merged[leaf] = how if merged.get(leaf, how) == how else _EVEN_SO
    return merged
