"""Levenberg–Marquardt with bounds on the unknowns, as a least-squares solver of Optimistix."""

from collections.abc import Callable
from typing import Any, NamedTuple, final

import equinox as eqx
import jax
import jax.numpy as jnp
import optimistix as optx
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, PyTree

from .box import box_of, flat_like
from .box_step import BoxStep, box_step, least_damping
from .step_of_length import step_of_length

_LEAST_GAIN = 1e-4
_POOR_GAIN = 0.25
_GOOD_GAIN = 0.75
_SHORTER = 0.25
_LONGER = 3.0


class _Linearised(NamedTuple):
    """½|r|² around the accepted unknowns: the triangular factor of [J r], of at most n + 1 rows."""

    jacobian: Float[Array, "k n"]
    residual: Float[Array, " k"]
    cost: Float[Array, ""]


@final
class _State(eqx.Module):
    """The state from step to step: the next trial, and the values at the accepted unknowns."""

    first: Bool[Array, ""]
    trial: Float[Array, " n"]
    predicted: Float[Array, ""]
    at: _Linearised
    floor: Float[Array, " n"]
    length: Float[Array, " n"]
    damping: Float[Array, ""]
    radius: Float[Array, ""]
    size: Float[Array, ""]
    low: Float[Array, " n"]
    high: Float[Array, " n"]
    aux: Any
    done: Bool[Array, ""]
    result: optx.RESULTS


@final
class BoundedLevenbergMarquardt(optx.AbstractLeastSquaresSolver):
    """The Levenberg–Marquardt method for nonlinear least squares with bounds on the unknowns.

    ```python
    solver = hx.BoundedLevenbergMarquardt()
    options = {"lower": jnp.array([0.0, -jnp.inf]), "upper": jnp.array([jnp.inf, 1.0])}
    found = optx.least_squares(residual, solver, y0, args, options=options)
    ```

    A step p minimises ½|A p + r|² + ½ λ|D p|² exactly within the bounds, with r the residual and A its Jacobian. It
    uses an active set: an unknown at its bound is exactly on the bound, and is released when the slope points inwards.
    D holds the largest length so far of each column of A (Moré), so the steps do not depend on the units of the
    unknowns or of the residuals. A step is accepted if the cost falls by at least 1e-4 of the decrease predicted
    without damping. λ falls up to tenfold after a good step. It rises after a bad step, for example after one to a cost
    that is not finite.

    The solver has converged if the undamped step within the bounds, u = D p, fulfils one of these conditions:

    - |A p| ≤ rtol |r|: no larger share of the residual vector can be removed (the relative offset of Bates and Watts,
      with only the free unknowns);
    - |u| ≤ atol + rtol (D |y| + |r|) in each element: neither the unknown nor the residual would change.

    In the first condition `rtol` is at least √eps, the resolution of the cost: 1.5e-8 in float64, 3.5e-4 in float32.

    Supports the following `options`, whose arrays may change without a new compilation:

    - `lower`, `upper`: bounds on the unknowns, with the structure of `y`, or one number for all; −inf and inf mean no
      bound. The start must lie within the bounds or on them.
    - `moved`: a function of y and a step p, both flat, (n,): the unknowns after the step, y + p to first order. So a
      step can follow a curved valley; y + p by default;
    - `damping`: λ of the first step, 1e-3 by default;
    - `scale`: with the structure of `y`, or one number: the largest step of an unknown, for any effect: D is at least
      1/`scale`. An unknown does not move if a change by its `scale` changes the residual vector by less than √eps. By
      default there is no scale.

    The residual is evaluated once a step; if the step is accepted, also its Jacobian, by forward differentiation. For
    derivatives of a solution some of whose unknowns are at a bound, use `adjoint=hx.BoundedImplicitAdjoint()`.

    **References:** J. J. Moré, *The Levenberg–Marquardt algorithm: implementation and theory*, 1978 (scaling); H. B.
    Nielsen, *Damping parameter in Marquardt's method*, 1999; D. M. Bates and D. G. Watts, *A relative offset
    orthogonality convergence criterion for nonlinear least squares*, Technometrics 23 (1981).
    """

    rtol: float = 1e-8
    atol: float = 0.0
    norm: Callable[[PyTree], Array] = optx.max_norm

    def init(
        self, fn: Any, y: PyTree, args: PyTree, options: dict[str, Any], f_struct: Any, aux_struct: Any, tags: Any
    ) -> _State:
        flat, _ = ravel_pytree(y)
        low, high = box_of(options, y)
        n, dtype = flat.size, flat.dtype
        m = sum(leaf.size for leaf in jax.tree.leaves(f_struct))
        if n == 0 or m == 0:
            raise ValueError(f"There are {n} unknowns and {m} residuals; expected at least one of each.")
        zero, floor = jnp.zeros((), dtype), _least_length(options, y)
        k = min(m, n + 1)
        return _State(
            first=jnp.asarray(True),
            trial=flat,
            predicted=zero,
            at=_Linearised(jnp.zeros((k, n), dtype), jnp.zeros(k, dtype), zero),
            floor=floor,
            length=floor,
            damping=jnp.asarray(options.get("damping", 1e-3), dtype),
            radius=zero,
            size=zero,
            low=low,
            high=high,
            aux=jax.tree.map(_empty, aux_struct),
            done=jnp.asarray(False),
            result=optx.RESULTS.successful,
        )

    def step(
        self, fn: Any, y: PyTree, args: PyTree, options: dict[str, Any], state: _State, tags: Any
    ) -> tuple[PyTree, _State, Any]:
        flat, unravel = ravel_pytree(y)

        def residual(trial: Array) -> tuple[Array, Any]:
            out, aux = fn(unravel(trial), args)
            return ravel_pytree(out)[0].astype(flat.dtype), aux

        r, derivative, aux = jax.linearize(residual, state.trial, has_aux=True)
        cost = _cost(r)
        gain, taken = _judged(state, cost)
        found = jax.lax.cond(taken, lambda: _linearised(derivative, r, flat.size), lambda: state.at)
        finite = jnp.all(jnp.isfinite(found.jacobian)) & jnp.isfinite(cost)
        taken &= finite | state.first

        chosen = lambda new, old: jnp.where(taken, new, old)  # noqa: E731
        at = jax.tree.map(chosen, found, state.at)
        accepted = chosen(state.trial, flat)
        columns = jnp.linalg.norm(at.jacobian, axis=0)
        length = jnp.maximum(state.length, columns)
        D = jnp.where(length > 0, length, 1)

        # What has no effect but for rounding, within its scale, stays where it is.
        effect = columns > float(jnp.finfo(D.dtype).eps) ** 0.5 * state.floor
        jacobian = jnp.where(effect[None, :], at.jacobian / D[None, :], 0)
        low, high = (state.low - accepted) * D, (state.high - accepted) * D
        whole = box_step(jacobian, at.residual, jnp.asarray(least_damping(D.dtype), D.dtype), low, high)
        converged = self._converged(whole, at, D, accepted)

        def of_length(radius: Array) -> tuple[BoxStep, Array, Array]:
            step, damping = step_of_length(jacobian, at.residual, radius, whole, state.damping, low, high)
            return step, damping, radius

        def first() -> tuple[BoxStep, Array, Array]:
            if "damping" not in options:
                own = jnp.linalg.norm(D * accepted)
                return of_length(jnp.where(own > 0, own, jnp.linalg.norm(at.residual)))
            step = box_step(jacobian, at.residual, state.damping, low, high)
            return step, state.damping, jnp.linalg.norm(step.u)

        step, damping, radius = jax.lax.cond(state.first, first, lambda: of_length(_next_radius(state, gain)))
        moved = options["moved"](accepted, step.u / D) if "moved" in options else accepted + step.u / D
        trial = _within(moved, step, state)
        stuck = ~converged & jnp.all(trial == accepted)
        broken = state.first & ~finite
        result = optx.RESULTS.where(broken, optx.RESULTS.nonfinite, optx.RESULTS.successful)
        at_rounding = whole.decrease <= max(self.rtol, float(jnp.finfo(D.dtype).eps) ** 0.5) * at.cost
        result = optx.RESULTS.where(stuck & ~broken & ~at_rounding, optx.RESULTS.nonlinear_divergence, result)
        new = _State(
            first=jnp.asarray(False),
            trial=trial,
            predicted=step.decrease,
            at=at,
            floor=state.floor,
            length=length,
            damping=damping,
            radius=radius,
            size=jnp.linalg.norm(step.u),
            low=state.low,
            high=state.high,
            aux=jax.tree.map(lambda new, old: chosen(new, old) if eqx.is_array(new) else old, aux, state.aux),
            done=converged | stuck | broken,
            result=result,
        )
        return unravel(accepted), new, new.aux

    def terminate(
        self, fn: Any, y: PyTree, args: PyTree, options: dict[str, Any], state: _State, tags: Any
    ) -> tuple[Bool[Array, ""], optx.RESULTS]:
        return state.done, state.result

    def postprocess(
        self,
        fn: Any,
        y: PyTree,
        aux: Any,
        args: PyTree,
        options: dict[str, Any],
        state: _State,
        tags: Any,
        result: optx.RESULTS,
    ) -> tuple[PyTree, Any, dict[str, Any]]:
        return y, aux, {}

    def _converged(self, whole: BoxStep, at: _Linearised, D: Array, y: Array) -> Array:
        """Whether the undamped step within the bounds is small, in either sense."""
        offset = max(self.rtol**2, float(jnp.finfo(D.dtype).eps))
        size = jnp.linalg.norm(at.residual)
        small = jnp.all(jnp.abs(whole.u) <= self.atol + self.rtol * (D * jnp.abs(y) + size))
        return (whole.decrease <= offset * at.cost) | small


def _cost(r: Array) -> Array:
    return jnp.sum(r**2) / 2


def _judged(state: _State, cost: Array) -> tuple[Array, Array]:
    """The share of the predicted decrease that the trial has brought, and whether it is taken.

    Where the prediction is below the rounding of the cost, the trial is taken unless the cost has risen by more.
    """
    rounding = 8 * jnp.finfo(cost.dtype).eps * state.at.cost
    fallen = state.at.cost - cost
    share = fallen / jnp.where(state.predicted > 0, state.predicted, 1)
    gain = jnp.where(state.predicted > rounding, share, jnp.where(fallen >= -rounding, 1.0, -1.0))
    return gain, state.first | (jnp.isfinite(cost) & (gain >= _LEAST_GAIN))


def _linearised(derivative: Callable[[Array], Array], r: Array, n: int) -> _Linearised:
    """[J r] reduced to its triangular factor: the same |J p + r|² for every p."""
    jacobian = jax.vmap(derivative, out_axes=1)(jnp.eye(n, dtype=r.dtype))
    factor = jnp.linalg.qr(jnp.concatenate([jacobian, r[:, None]], axis=1), mode="r")
    return _Linearised(factor[:, :n], factor[:, n], _cost(r))


def _next_radius(state: _State, gain: Array) -> Array:
    """Shorter after a poor step, longer after a good one that was as long as allowed."""
    shorter = _SHORTER * jnp.minimum(state.radius, state.size)
    longer = jnp.maximum(state.radius, _LONGER * state.size)
    return jnp.where(gain >= _GOOD_GAIN, longer, jnp.where(gain >= _POOR_GAIN, state.radius, shorter))


def _within(moved: Array, step: BoxStep, state: _State) -> Array:
    """The unknowns after a step: within the bounds, and exactly at one where the step is."""
    moved = jnp.clip(moved, state.low, state.high)
    return jnp.where(step.at_low, state.low, jnp.where(step.at_high, state.high, moved))


def _least_length(options: dict[str, Any], y: PyTree) -> Float[Array, " n"]:
    flat, _ = ravel_pytree(y)
    if "scale" not in options:
        return jnp.zeros_like(flat)
    return 1 / flat_like(options["scale"], y, "scale")


def _empty(struct: Any) -> Any:
    return jnp.zeros(struct.shape, struct.dtype) if isinstance(struct, jax.ShapeDtypeStruct) else struct
