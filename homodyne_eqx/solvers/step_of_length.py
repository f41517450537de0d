"""A step of given length: how much damping it takes."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from .box_step import BoxStep, box_step, least_damping, times

_LENGTH_WITHIN = 0.2
_MOST_TRIED = 12


class _Search(NamedTuple):
    """The step that was tried last, its length, and between which dampings the right one lies."""

    step: BoxStep
    damping: Float[Array, ""]
    lower: Float[Array, ""]
    upper: Float[Array, ""]
    length: Float[Array, ""]
    count: Int[Array, ""]
    close: Bool[Array, ""]


def step_of_length(
    A: Float[Array, "m n"],
    b: Float[Array, " m"],
    radius: Float[Array, ""],
    whole: BoxStep,
    guess: Float[Array, ""],
    low: Float[Array, " n"],
    high: Float[Array, " n"],
) -> tuple[BoxStep, Float[Array, ""]]:
    """The step within the box of which |u| is `radius` to a fifth, or `whole`, the undamped one, if that is shorter.

    The damping is found between 0 and |Aᵀb|/radius, where |u| is at most the radius, by a secant of 1/|u|, which is
    almost linear in it.

    **Arguments:** as for `box_step`; `guess`: a damping to begin with.

    **Returns:** the step, and its damping: 0 of the undamped one.
    """
    least = least_damping(b.dtype)
    upper = jnp.linalg.norm(times(A.T, b)) / radius

    def tried(damping: Array, lower: Array, upper: Array, count: Array) -> _Search:
        step = box_step(A, b, damping, low, high)
        length = jnp.linalg.norm(step.u)
        close = jnp.abs(length - radius) <= _LENGTH_WITHIN * radius
        long = length > radius
        return _Search(
            step, damping, jnp.where(long, damping, lower), jnp.where(long, upper, damping), length, count + 1, close
        )

    def again(last: _Search) -> _Search:
        """The next damping: on the line of 1/|u| from the undamped step, or the geometric middle of the bracket."""
        at_0 = 1 / jnp.linalg.norm(whole.u)
        secant = last.damping * (1 / radius - at_0) / (1 / last.length - at_0)
        lower = jnp.maximum(last.lower, least)
        inside = (secant > 1.001 * lower) & (secant < 0.999 * last.upper)
        middle = jnp.sqrt(lower * jnp.maximum(last.upper, lower))
        return tried(jnp.where(inside & (last.count % 3 > 0), secant, middle), last.lower, last.upper, last.count)

    def search() -> tuple[BoxStep, Array]:
        begin = jnp.clip(guess, jnp.maximum(1e-3 * upper, least), jnp.maximum(upper, least))
        last = jax.lax.while_loop(
            lambda s: ~s.close & (s.count < _MOST_TRIED),
            again,
            tried(begin, jnp.zeros_like(upper), upper, jnp.asarray(0)),
        )
        return last.step, last.damping

    fits = jnp.linalg.norm(whole.u) <= (1 + _LENGTH_WITHIN) * radius
    return jax.lax.cond(fits, lambda: (whole, jnp.zeros_like(radius)), search)
