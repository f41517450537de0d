"""Lower limits for values that have to stay positive, which a fit can leave again."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float


@jax.custom_jvp
def floored(x: Float[Array, "*shape"], minimum: ArrayLike) -> Float[Array, "*shape"]:
    """`x` where it exceeds `minimum`, else `minimum`; its derivative in `x` is 1 on both sides.

    `maximum` and `where` have derivative 0 below the floor, so a parameter that has come below it has no
    gradient that leads back. Here the value is floored and the derivative is not.

    **Arguments:** `x` of any shape; `minimum`, broadcastable to `x`, a constant: no derivative flows into it.
    """
    return jnp.where(x > minimum, x, minimum).astype(x.dtype)


@floored.defjvp
def _floored_jvp(primals, tangents):
    x, minimum = primals
    return floored(x, minimum), tangents[0]


@jax.custom_jvp
def floored_curve(x: Float[Array, "*shape"], minimum: ArrayLike) -> Float[Array, "*shape"]:
    """A curve where it exceeds `minimum`, else `minimum`. The derivative is the true one, 0 below the floor, unless the
    whole curve lies below: then it is 1.

    A derivative of 1 leads back from below. Where a part of the curve stays below, however, it leads a fit to a place
    that is no minimum of χ², with uncertainties that are too small, and the rest of the curve leads back as well.

    **Arguments:** as of `floored`; all of `x` is one curve.
    """
    return jnp.where(x > minimum, x, minimum).astype(x.dtype)


@floored_curve.defjvp
def _floored_curve_jvp(primals, tangents):
    x, minimum = primals
    above = x > minimum
    return floored_curve(x, minimum), jnp.where(above | ~jnp.any(above), tangents[0], 0)
