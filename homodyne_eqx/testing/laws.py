"""The laws that all modules share: derivatives, precision, transformations, saving."""

import io
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..physics.model_leaves import check_leaves
from ..physics.parameters import ParameterLeaf, parameter_leaves
from .law_error import LawError, traceable

_STEP = 1e-3
_SINGLE = 2e-3
_FAR = 0.3
_ROUNDING = 1e-14


def check_shared(module: eqx.Module, look: eqx.Module, at: Any, singular: Sequence[eqx.Module]) -> list[str]:
    name = name_of(module)
    check_parameters(module)
    with traceable(name), jax.enable_x64(True):
        double, look64, at64 = (cast(x, jnp.float64) for x in (module, look, at))
        traced_once = eqx.debug.assert_max_traces(look64, max_traces=1)
        values = eqx.filter_jit(traced_once)(double, at64)
        finite(f"the values of {name}", values)
        hold(f"jit of {name} changes nothing", look64(double, at64), values, 1e-9, "Do not branch on values in Python.")
        _check_recompilation(name, traced_once, double, at64)
        _check_derivatives(name, look64, double, at64, values)
        for k, other in enumerate(singular):
            check_finite_everywhere(look64, cast(other, jnp.float64), at64, f"at singular[{k}]")
        single = eqx.filter_jit(look64)(cast(module, jnp.float32), cast(at, jnp.float32))
        _check_single(name, single, values)
    _check_saving(module)
    return ["jit", "no recompilation", "vmap", "derivatives", "second derivatives", "precision", "saving"]


def check_finite_everywhere(look: eqx.Module, module: eqx.Module, at: Any, where: str) -> None:
    """Values and derivatives of first and second order are finite."""
    finite(f"the values of {name_of(module)} {where}", look(module, at))
    for leaf, direction in _directions(module):
        derivatives = _derivatives(look, module, at, direction)
        finite(f"the derivatives of {name_of(module)} with respect to {leaf.path} {where}", derivatives)


def check_parameters(module: eqx.Module) -> None:
    """The class is final; no parameter is a Python number or anything else that is no floating-point array."""
    kind = type(module)
    require(
        bool(vars(kind).get("__final__")),
        f"The class {kind.__name__} is not marked as final. Write `@final` above it (`from typing import final`): a "
        "class is abstract or final here; vary by a field or by wrapping.",
    )
    for path, leaf in jax.tree_util.tree_leaves_with_path(module):
        where = jax.tree_util.keystr(path)
        require(
            isinstance(leaf, bool) or not isinstance(leaf, int | float),
            f"{name_of(module)}{where} is the Python {type(leaf).__name__} {leaf}: every new value compiles anew, and "
            "no fit can move it. Declare it as an array, `hx.parameter(unit, bounds)`, or as a static field.",
        )
    try:
        check_leaves(module)
    except TypeError as error:
        raise LawError(f"{name_of(module)}: {error}") from error


def _check_recompilation(name: str, traced_once: Callable, module: eqx.Module, at: Any) -> None:
    moved = jax.tree.map(lambda x: x * 1.01 if eqx.is_inexact_array(x) else x, module)
    try:
        eqx.filter_jit(traced_once)(moved, at)
    except RuntimeError as error:
        raise LawError(f"New values of the parameters of {name} compile it anew. Make them arrays.") from error


def _directions(module: eqx.Module) -> list[tuple[ParameterLeaf, eqx.Module]]:
    """For each parameter leaf a direction in which it alone changes, by its own size, random over its entries."""
    arrays = eqx.filter(module, eqx.is_inexact_array)
    leaves, tree = jax.tree.flatten(arrays)
    rng = np.random.default_rng(5)
    directions = []
    for k, leaf in enumerate(parameter_leaves(module)):
        size = jnp.where(leaf.value == 0, 1, jnp.abs(leaf.value))
        step = jnp.asarray(rng.uniform(0.5, 1, leaf.value.shape) * rng.choice([-1, 1], leaf.value.shape)) * size
        only_this = [step if k == n else jnp.zeros_like(x) for n, x in enumerate(leaves)]
        directions.append((leaf, jax.tree.unflatten(tree, only_this)))
    return directions


def _moved(module: eqx.Module, direction: eqx.Module, step: Any) -> eqx.Module:
    return eqx.apply_updates(module, jax.tree.map(lambda d: step * d, direction))


@eqx.filter_jit
def _along(look: eqx.Module, module: eqx.Module, at: Any, direction: eqx.Module, steps: Array) -> Array:
    """The values after each of several steps along a direction."""
    return jax.vmap(lambda step: _as_real(look(_moved(module, direction, step), at)))(steps)


@eqx.filter_jit
def _derivatives(look: eqx.Module, module: eqx.Module, at: Any, direction: eqx.Module) -> tuple[Array, Array, Any]:
    """Along a direction: the derivative of the values, forward; of a weighted sum, reverse; its second derivatives."""
    arrays, rest = eqx.partition(module, eqx.is_inexact_array)
    values = lambda a: _as_real(look(eqx.combine(a, rest), at))  # noqa: E731
    total = lambda a: jnp.vdot(_weights(values(a)), values(a))  # noqa: E731
    forward = jax.jvp(values, (arrays,), (direction,))[1]
    gradient, second = jax.jvp(jax.grad(total), (arrays,), (direction,))
    pairs = zip(jax.tree.leaves(gradient), jax.tree.leaves(direction), strict=True)
    backward = jnp.sum(jnp.stack([jnp.vdot(g, d) for g, d in pairs]))
    return forward, backward, second


def _as_real(values: Array) -> Array:
    return jnp.stack([values.real, values.imag]).ravel() if jnp.iscomplexobj(values) else values.ravel()


def _weights(values: Array) -> Array:
    return jnp.cos(jnp.arange(values.size, dtype=values.dtype))


def _check_derivatives(name: str, look: eqx.Module, module: eqx.Module, at: Any, values: Array) -> None:
    steps = jnp.array([0.0, _STEP, -_STEP, 2 * _STEP, -2 * _STEP])
    expected_values = np.asarray(_as_real(values))
    for leaf, direction in _directions(module):
        label = leaf.path
        here, up, down, far_up, far_down = np.asarray(_along(look, module, at, direction, steps))
        hold(
            f"vmap of {name} is a loop",
            here,
            expected_values,
            1e-9,
            "Write for one sector and one pair; leave batches to vmap.",
        )
        by_steps = (8 * (up - down) - (far_up - far_down)) / (12 * _STEP)
        forward, backward, second = _derivatives(look, module, at, direction)
        if not leaf.free and not np.any(forward):
            continue  # within Frozen, no derivative is meant to reach it
        if leaf.free and _still([forward, up - here, down - here, far_up - here, far_down - here], expected_values):
            far = np.asarray(_along(look, module, at, direction, steps * (_FAR / _STEP)))
            raise LawError(_unmoved(name, label, moves=not _still(far - here, expected_values)))
        noise = 1e-13 * max(np.abs(expected_values).max(), 1e-300) / _STEP + 1e-6 * np.abs(by_steps).max()
        advice = "Look for a `where` that hides a branch, a rounded value, or a wrong custom derivative."
        finite(f"the derivative of {name} with respect to {label}", forward)
        hold(
            f"the derivative of {name} with respect to {label} is that by differences", forward, by_steps, noise, advice
        )
        expected = float(np.asarray(_weights(forward)) @ np.asarray(forward))
        hold(
            f"reverse and forward derivatives of {name} in {label} agree",
            backward,
            expected,
            1e-8 * np.abs(forward).sum() + 1e-300,
            advice,
        )
        finite(f"the second derivatives of {name} with respect to {label}", second)


def _still(changes: Any, values: np.ndarray) -> bool:
    """Whether the changes are rounding alone. A value at its maximum has derivative 0, but changes with a step."""
    return bool(np.all(np.abs(changes) <= _ROUNDING * np.abs(values).max()))


def _unmoved(name: str, label: str, moves: bool) -> str:
    """The fault of a parameter in which all derivatives are 0 and small steps change nothing."""
    if moves:
        return (
            f"{name} moves with {label} in jumps, and its derivative is 0: a fit cannot follow. Leave out `round`, "
            "`floor`, casts to integers, and comparisons that the parameter decides."
        )
    return (
        f"{name} does not depend on {label} here: no fit can find it. Use it, leave it out, declare it "
        "`hx.parameter(…, free=False)` if it is known, or check with parameters and a geometry where it matters."
    )


def _check_single(name: str, single: Array, double: Array) -> None:
    real = jnp.finfo(single.dtype).dtype
    require(
        real == jnp.float32,
        f"{name} returns {single.dtype} for float32 parameters and geometry; a float64 constant hides in it. Write "
        "constants as Python numbers, or take the dtype of an argument.",
    )
    scale = float(np.abs(double).max())
    hold(
        f"{name} in float32 is near float64", single, double, _SINGLE * scale, "Look for a difference of large numbers."
    )


def _check_saving(module: eqx.Module) -> None:
    file = io.BytesIO()
    eqx.tree_serialise_leaves(file, module)
    file.seek(0)
    blank = jax.tree.map(lambda x: jnp.zeros_like(x) if eqx.is_inexact_array(x) else x, module)
    loaded = eqx.tree_deserialise_leaves(file, blank)
    require(bool(eqx.tree_equal(loaded, module)), f"{name_of(module)} saved and loaded is not what it was.")


def expect_a(kind: type, module: object) -> None:
    if not isinstance(module, kind):
        raise TypeError(f"Expected an {kind.__name__} to check; got a {type(module).__name__}.")


def name_of(module: object) -> str:
    return type(module).__name__


def cast(tree: Any, dtype: Any) -> Any:
    is_number = lambda x: eqx.is_inexact_array(x) or (isinstance(x, np.ndarray) and x.dtype.kind == "f")  # noqa: E731
    return jax.tree.map(lambda x: jnp.asarray(x, dtype) if is_number(x) else x, tree)


def require(holds: Any, message: str) -> None:
    if not holds:
        raise LawError(message)


def hold(law: str, found: Any, expected: Any, tolerance: float, advice: str) -> None:
    found, expected = np.asarray(found), np.asarray(expected)
    deviation = np.abs(found - expected)
    if not np.all(deviation <= tolerance):
        worst = np.unravel_index(np.argmax(np.where(np.isnan(deviation), np.inf, deviation)), deviation.shape)
        pair = f"{found[worst]:.8g} against {np.broadcast_to(expected, found.shape)[worst]:.8g}"
        raise LawError(f"Broken law: {law}. Found {pair} (tolerance {tolerance:.2g}). {advice}".rstrip())


def finite(what: str, values: Any) -> None:
    bad = sum(int(np.sum(~np.isfinite(np.asarray(x)))) for x in jax.tree.leaves(values))
    require(
        bad == 0,
        f"{bad} of {what} are not finite. Where a branch of `where` divides by 0, guard both branches. A root or a "
        "power of a lag needs a guard, too: its slope at 0 is infinite, and under jit the lag of a frame with itself "
        "may come out as −1e-17.",
    )
