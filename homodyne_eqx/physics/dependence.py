"""The dependence of a pair function on its arguments, read from its traced program.

A fast sum over pairs needs to know which values of a frame carry a derivative, which of them the pair function reads
only as the difference of two frames, which parameters it reads directly, and which values are common to all sectors.
A term does not declare any of this, and so cannot declare it wrongly: it is found by following the inputs through the
traced operations. Where an operation is not understood, the answer is "depends", which costs time and is never wrong.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

_CALLS = ("jit", "closed_call", "core_call", "custom_jvp_call", "remat2")
_CASTS = ("convert_element_type", "copy", "copy_p")
_LINEAR = ("slice", "dynamic_slice", "squeeze", "reshape", "broadcast_in_dim", "transpose", "reduce_sum", "mul", "div")


def influences(function: Callable, *arguments: Any) -> list[frozenset[int]]:
    """For each output array of `function(*arguments)`, the positions of the flattened inputs that it depends on.

    `arguments` may be arrays or shapes (`jax.ShapeDtypeStruct`); nothing is computed.
    """
    return influences_within(jax.make_jaxpr(function)(*arguments))


def influences_within(closed: ClosedJaxpr) -> list[frozenset[int]]:
    """The same for a program that is already traced."""
    return _propagate(closed.jaxpr, [frozenset({k}) for k in range(len(closed.jaxpr.invars))])


def _propagate(jaxpr: Jaxpr, inputs: list[frozenset[int]]) -> list[frozenset[int]]:
    known = dict(zip(jaxpr.invars, inputs, strict=True))
    read = lambda v: frozenset() if isinstance(v, Literal) else known.get(v, frozenset())  # noqa: E731
    for eqn in jaxpr.eqns:
        operands = [read(v) for v in eqn.invars]
        inner = _inner(eqn)
        outputs = _propagate(inner, operands) if inner else [frozenset().union(*operands)] * len(eqn.outvars)
        known.update(zip(eqn.outvars, outputs, strict=True))
    return [read(v) for v in jaxpr.outvars]


def _inner(eqn: Any) -> Jaxpr | None:
    """The program inside a call (jit, checkpoint, a custom derivative), if its inputs are those of the call."""
    if eqn.primitive.name not in _CALLS:
        return None
    closed = eqn.params.get("jaxpr", eqn.params.get("call_jaxpr"))
    program = closed.jaxpr if isinstance(closed, ClosedJaxpr) else closed
    if not isinstance(program, Jaxpr) or program.constvars:
        return None
    same = len(program.invars) == len(eqn.invars) and len(program.outvars) == len(eqn.outvars)
    return program if same else None


def tangent_dependence(
    function: Callable, n_first: int, arguments: tuple[jax.ShapeDtypeStruct, ...]
) -> tuple[frozenset[int], frozenset[int]]:
    """The arguments on which the derivative of a scalar function depends, and those that enter only as a difference.

    The first `n_first` arguments belong to frame i, the next `n_first` to frame j, the rest to neither.

    **Returns:** the positions of all arguments whose tangent changes the result; and those k < n_first for which the
    tangents of k and n_first + k change it only through their difference.
    """

    def tangent(primals: tuple, tangents: tuple) -> Any:
        return jax.jvp(function, primals, tangents)[1]

    jaxpr = jax.make_jaxpr(tangent)(arguments, arguments).jaxpr
    n = len(arguments)
    inputs = [_Value(object(), {}) for _ in range(n)]
    for k in range(n):
        side = "i" if k < n_first else "j" if k < 2 * n_first else None
        part = _OTHER if side is None else _OfOneFrame(side)
        inputs.append(_Value(object(), {k - n_first if side == "j" else k: part}))
    (result,) = _follow(jaxpr, inputs)
    reached = set(result.parts)
    differences = frozenset(k for k, part in result.parts.items() if part == _DIFFERENCE)
    of_frame_j = {k + n_first for k in reached if k < n_first}
    return frozenset(reached | of_frame_j), differences


class _OfOneFrame(NamedTuple):
    """The tangent of an argument in one frame, after some linear operations; their sign is kept apart from them."""

    side: str
    negative: bool = False
    operations: tuple = ()


_DIFFERENCE, _OTHER = "difference", "other"


class _Value(NamedTuple):
    """A value of the tangent program.

    - `identity`: equal for two variables only if they hold the same value;
    - `parts`: for each argument whose tangent changes it, how: `_OfOneFrame`, `_DIFFERENCE` (through the difference of
      its tangents in the two frames) or `_OTHER`.
    """

    identity: object
    parts: dict[int, Any]


def _follow(jaxpr: Jaxpr, inputs: list[_Value]) -> list[_Value]:
    known = dict(zip(jaxpr.invars, inputs, strict=True)) | {v: _Value(object(), {}) for v in jaxpr.constvars}

    def read(v: Any) -> _Value:
        if not isinstance(v, Literal):
            return known[v]
        return _Value(object() if np.ndim(v.val) else (v.aval, v.val), {})

    for eqn in jaxpr.eqns:
        operands = [read(v) for v in eqn.invars]
        inner = _inner(eqn)
        if inner:
            outputs = _follow(inner, operands)
        else:
            parts = _parts(eqn, operands)
            outputs = [_Value(object(), parts) for _ in eqn.outvars]
        known.update(zip(eqn.outvars, outputs, strict=True))
    return [read(v) for v in jaxpr.outvars]


def _parts(eqn: Any, operands: list[_Value]) -> dict[int, Any]:
    """The parts of the result of an operation. Every operation of a tangent program is linear in the tangents."""
    name, parts = eqn.primitive.name, [operand.parts for operand in operands]
    if name in ("add", "add_any"):
        return _merged(*parts)
    if name == "sub":
        return _merged(parts[0], _negated(parts[1]))
    if name == "neg":
        return _negated(parts[0])
    if name in _CASTS:
        return parts[0]
    if name in _LINEAR and sum(map(bool, parts)) == 1:
        others = tuple(None if operand.parts else operand.identity for operand in operands)
        operation = (name, others, str(sorted(eqn.params.items())))
        return {k: _after(operation, part) for found in parts for k, part in found.items()}
    return {k: _after(None, part) for k, part in _merged(*parts).items()}


def _merged(*parts: dict[int, Any]) -> dict[int, Any]:
    """The parts of a sum."""
    merged: dict[int, Any] = {}
    for k, part in ((k, part) for found in parts for k, part in found.items()):
        merged[k] = _sum(merged[k], part) if k in merged else part
    return merged


def _sum(a: Any, b: Any) -> str:
    if a == b == _DIFFERENCE:
        return _DIFFERENCE
    opposite = isinstance(a, _OfOneFrame) and isinstance(b, _OfOneFrame) and a.side != b.side
    return _DIFFERENCE if opposite and a.operations == b.operations and a.negative != b.negative else _OTHER


def _negated(parts: dict[int, Any]) -> dict[int, Any]:
    change = lambda part: part._replace(negative=not part.negative) if isinstance(part, _OfOneFrame) else part  # noqa: E731
    return {k: change(part) for k, part in parts.items()}


def _after(operation: tuple | None, part: Any) -> Any:
    """A part after an operation; `None` for one that is not understood."""
    if not isinstance(part, _OfOneFrame):
        return part
    return _OTHER if operation is None else part._replace(operations=(*part.operations, operation))
