"""Fit models with many parameters by gradient descent: Optax over the streaming value and gradient."""

import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..data import TwoTimeData
from ..engine import Packed, chi_squared, normal_equations, pack
from ..engine.losses import AbstractLoss, Squares
from ..physics.model import TwoTimeModel
from ..physics.per_sector import check_sectors
from .free_parameters import FreeParameters, ParameterBounds, choose_free
from .problem import Unknowns, model_with, values_of
from .result.build_result import build_result
from .result.fit_result import FitResult
from .solve.minimise import Iteration, Outcome
from .solve.quadratic import Quadratic, expected_decrease, on_host, touching

_NORMAL_EQUATIONS_AT_MOST = 500


class _Carried(NamedTuple):
    y: Float[Array, " n_params"]
    state: Any


def descend(
    model: TwoTimeModel,
    data: TwoTimeData | Packed,
    optimiser: Any = None,
    *,
    steps: int = 500,
    tiles_a_step: int | None = None,
    seed: int = 0,
    free: Iterable[str] | None = None,
    fixed: Iterable[str] = (),
    bounds: ParameterBounds | None = None,
    loss: AbstractLoss = Squares(),
    tolerance: float = 1e-2,
    callback: Callable[[Iteration], None] | None = None,
) -> FitResult:
    """Minimise χ² per pair of frames with an Optax optimiser; for models of many parameters, a network as a rate
    among them.

    Every step costs one value and gradient, tile by tile, whatever the number of parameters. For up to some hundred
    parameters `fit` needs far fewer steps.

    **Arguments:**

    - `optimiser`: `optax.lbfgs()` unless given; any other, such as `optax.adam(1e-2)`. It sees parameters divided by
      the magnitude of their start (of 1, if smaller), within their bounds.
    - `steps`: how many, at most; `tiles_a_step`: a minibatch of that many tiles of frames, drawn with `seed`, in
      place of all. A line search (L-BFGS) needs all.
    - the rest as for `fit`. `tolerance`: converged when χ² can be expected to fall by less, in units of max(1,
      reduced χ²); judged from the normal equations at the end.

    **Returns:** a `FitResult`. It is called converged only if the normal equations at its end say so; for over 500
    parameters they are not formed, uncertainties are infinite, and the result says "step limit".

    **Raises:** as `fit`; and `ValueError` for minibatches without an optimiser that suits them.
    """
    import optax

    begun = time.perf_counter()
    check_sectors(model, data.geometry)
    free_parameters = choose_free(model, free, fixed, bounds)
    packed = data if isinstance(data, Packed) else pack(data)
    packing = time.perf_counter() - begun
    if optimiser is None and tiles_a_step is not None:
        raise ValueError(
            "L-BFGS searches along a line and needs all tiles at every step. Pass optimiser=optax.adam(…)."
        )
    optimiser = optax.lbfgs() if optimiser is None else optimiser
    if tiles_a_step is not None and not 1 <= tiles_a_step <= packed.n_tiles:
        raise ValueError(f"tiles_a_step is {tiles_a_step}; expected 1 to {packed.n_tiles}, the tiles there are.")
    moving, rest = eqx.partition(model, free_parameters.filter)
    dtype = jnp.result_type(*jax.tree.leaves(moving))
    low, high, start = (jnp.asarray(free_parameters.array(field), dtype) for field in ("low", "high", "value"))
    unknowns = Unknowns(low, high, start, jnp.maximum(jnp.abs(start), 1))
    unknowns = eqx.tree_at(lambda u: u.scale, unknowns, unknowns.scale**2 / unknowns.slope(jnp.zeros_like(start)))
    carried = _Carried(jnp.zeros_like(start), optimiser.init(jnp.zeros_like(start)))
    degrees_of_freedom = packed.n_pairs - len(free_parameters.free)
    key, history, ended, first_call = jax.random.key(seed), [], "step limit", 0.0
    best = (np.inf, carried.y)
    try:
        for step in range(steps):
            batch = packed
            if tiles_a_step is not None:
                key, draw = jax.random.split(key)
                batch = packed.subset(jax.random.choice(draw, packed.n_tiles, (tiles_a_step,), replace=False))
            before = carried.y
            carried, value = _step(optimiser, carried, moving, rest, unknowns, batch, loss)
            value = float(value) * packed.n_tiles / (tiles_a_step or packed.n_tiles)
            first_call = first_call or time.perf_counter() - begun
            if not np.isfinite(value):
                ended = "not finite"
                break
            best = min(best, (value, before), key=lambda pair: pair[0]) if tiles_a_step is None else (value, carried.y)
            history.append(
                Iteration(
                    step,
                    value,
                    np.nan,
                    float(jnp.max(jnp.abs(carried.y - before))),
                    np.asarray(unknowns.parameters(before), float),
                    time.perf_counter() - begun,
                    degrees_of_freedom,
                )
            )
            if callback is not None:
                callback(history[-1])
    except KeyboardInterrupt:
        ended = "interrupted"
    if not history:
        raise ValueError("χ² is not finite at the start, or the fit was interrupted before its first step.")
    parameters = unknowns.parameters(best[1])
    fitted = model_with(moving, rest, parameters)
    outcome = _judged(fitted, free_parameters, packed, loss, tolerance, ended, history, first_call)
    seconds = {"total": time.perf_counter() - begun, "packing": packing, "first_step": first_call}
    original = data if isinstance(data, TwoTimeData) else None
    return build_result(fitted, free_parameters, outcome, packed, seconds, type(loss).__name__, original)


@eqx.filter_jit
def _step(
    optimiser: Any,
    carried: _Carried,
    moving: TwoTimeModel,
    rest: TwoTimeModel,
    unknowns: Unknowns,
    batch: Packed,
    loss: AbstractLoss,
) -> tuple[_Carried, Array]:
    """One step; the value returned is that before it."""
    import optax

    def mean(y: Array) -> Array:
        return chi_squared(model_with(moving, rest, unknowns.parameters(y)), batch, loss) / batch.n_pairs

    value, gradient = jax.value_and_grad(mean)(carried.y)
    updates, state = optax.with_extra_args_support(optimiser).update(
        gradient, carried.state, carried.y, value=value, grad=gradient, value_fn=mean
    )
    return _Carried(optax.apply_updates(carried.y, updates), state), value * batch.n_pairs


def _judged(
    fitted: TwoTimeModel,
    free_parameters: FreeParameters,
    packed: Packed,
    loss: AbstractLoss,
    tolerance: float,
    ended: str,
    history: list[Iteration],
    first_call: float,
) -> Outcome:
    """Where the descent has arrived, by the normal equations if they are of a size to be formed."""
    parameters = values_of(fitted, free_parameters.filter)
    n = parameters.size
    degrees_of_freedom = packed.n_pairs - n
    if n > _NORMAL_EQUATIONS_AT_MOST:
        chi2 = float(eqx.filter_jit(chi_squared)(fitted, packed, loss))
        normal, left = Quadratic(np.zeros((n, n)), np.zeros(n), chi2), np.inf
    else:
        normal = on_host(eqx.filter_jit(normal_equations)(fitted, packed, loss, free_parameters.filter))
        left = expected_decrease(free_parameters.limits(), parameters, normal)
    if ended == "step limit" and left <= tolerance * max(1.0, float(normal.chi2) / max(1, degrees_of_freedom)):
        ended = "converged"
    last = history[-1]
    end = Iteration(last.number + 1, float(normal.chi2), left, 0.0, parameters, last.elapsed, degrees_of_freedom)
    held = touching(*free_parameters.limits(), parameters, normal)
    return Outcome(ended, parameters, normal, (*history, end), held, first_call)
