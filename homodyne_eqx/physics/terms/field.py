"""Field correlations, real where the sign of a motion does not matter and complex where it does."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Inexact


def phase(angle: Float[Array, "*shape"]) -> Inexact[Array, "*shape"]:
    """exp(i · angle), angle in radians."""
    return jax.lax.complex(jnp.cos(angle), jnp.sin(angle))


def times(*factors: Array) -> Array:
    """The product; complex if one factor is."""
    first, *others = _alike(factors)
    return math.prod(others, start=first)


def plus(*summands: Array) -> Array:
    """The sum; complex if one summand is."""
    first, *others = _alike(summands)
    return sum(others, first)


def intensity(g1: Inexact[Array, "*shape"]) -> Float[Array, "*shape"]:
    """|g1|²."""
    if jnp.iscomplexobj(g1):
        return g1.real * g1.real + g1.imag * g1.imag
    return g1 * g1


def _alike(values: tuple[Array, ...]) -> tuple[Array, ...]:
    if not any(jnp.iscomplexobj(x) for x in values):
        return values
    return tuple(x if jnp.iscomplexobj(x) else jax.lax.complex(x, jnp.zeros_like(x)) for x in values)
