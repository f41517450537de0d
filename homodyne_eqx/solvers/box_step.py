"""The least-squares step within a box: a small linear problem with bounds, solved exactly by an active set."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

_HIGHEST = jax.lax.Precision.HIGHEST


class BoxStep(NamedTuple):
    """A step u within its box.

    - `u`: the step; `at_low`, `at_high`: which of its elements are held at a bound;
    - `decrease`: by how much ½|A u + b|² is below ½|b|²; never negative but for rounding.
    """

    u: Float[Array, " n"]
    at_low: Bool[Array, " n"]
    at_high: Bool[Array, " n"]
    decrease: Float[Array, ""]


class _Face(NamedTuple):
    """A feasible step, the bounds at which elements of it are held, and whether it is the solution."""

    u: Float[Array, " n"]
    at_low: Bool[Array, " n"]
    at_high: Bool[Array, " n"]
    count: Int[Array, ""]
    done: Bool[Array, ""]


def box_step(
    A: Float[Array, "m n"],
    b: Float[Array, " m"],
    damping: Float[Array, ""],
    low: Float[Array, " n"],
    high: Float[Array, " n"],
) -> BoxStep:
    """The u that minimises ½|A u + b|² + ½ damping |u|² with low ≤ u ≤ high.

    An active-set method: on the face of the box where some elements are held at their bounds, the others go to the
    minimum, or until one of them meets a bound and is held too; from the minimum of a face, the element whose slope
    points inwards most is released. Every face is visited at most once, since the objective falls; usually few are.
    Elements that are held sit exactly at `low` or `high`.

    **Arguments:** `A`: columns of length 1 at most; `damping`: > 0; `low` ≤ 0 ≤ `high`, infinite where there is no
    bound. The step starts at 0.
    """
    n = low.size
    root = jnp.sqrt(damping)
    rounding = 4 * n * jnp.finfo(b.dtype).eps * jnp.linalg.norm(b)
    movable = high > low

    def slope(u: Array) -> Array:
        return times(A.T, times(A, u) + b) + damping * u

    def on_face(face: _Face) -> Array:
        """From u to the minimum over the elements that are free."""
        free = ~(face.at_low | face.at_high)
        matrix = jnp.concatenate([jnp.where(free[None, :], A, 0), jnp.diag(jnp.where(free, root, 1))])
        right = jnp.concatenate([times(A, face.u) + b, jnp.where(free, root * face.u, 0)])
        q, r = jnp.linalg.qr(matrix)
        return jnp.where(free, -jax.scipy.linalg.solve_triangular(r, times(q.T, right)), 0)

    def visit(face: _Face) -> _Face:
        move = on_face(face)
        to_low = jnp.where(move < 0, (low - face.u) / jnp.where(move < 0, move, 1), jnp.inf)
        to_high = jnp.where(move > 0, (high - face.u) / jnp.where(move > 0, move, 1), jnp.inf)
        share = jnp.minimum(jnp.min(jnp.minimum(to_low, to_high)), 1)
        meets_low, meets_high = (to_low <= share) & (share < 1), (to_high <= share) & (share < 1)
        u = jnp.clip(face.u + jnp.where(share < 1, share, 1) * move, low, high)
        u = jnp.where(meets_low, low, jnp.where(meets_high, high, u))
        inwards = slope(u)
        inwards = jnp.where(face.at_low, -inwards, jnp.where(face.at_high, inwards, 0))
        inwards = jnp.where(movable & (inwards > rounding), inwards, 0)
        arrived = share >= 1
        released = arrived & (jnp.arange(n) == jnp.argmax(inwards)) & (inwards > 0)
        return _Face(
            u,
            (face.at_low | meets_low) & ~released,
            (face.at_high | meets_high) & ~released,
            face.count + 1,
            arrived & ~jnp.any(released),
        )

    start = slope(jnp.zeros_like(low))
    first = _Face(
        jnp.zeros_like(low),
        (low == 0) & ((start > 0) | ~movable),
        (high == 0) & (start < 0) & movable,
        jnp.asarray(0),
        jnp.asarray(False),
    )
    last = jax.lax.while_loop(lambda face: ~face.done & (face.count < 10 * (n + 1)), visit, first)
    change = times(A, last.u)
    decrease = -jnp.sum(change * (b + change / 2))
    return BoxStep(last.u, last.at_low, last.at_high, decrease)


def least_damping(dtype: Any) -> float:
    """Below this, the damping of columns of length 1 is nothing but rounding."""
    return float(jnp.finfo(dtype).eps) ** 1.5


def times(matrix: Array, vector: Array) -> Array:
    """Their product, in the precision of the arrays on every device."""
    return jnp.matmul(matrix, vector, precision=_HIGHEST)
