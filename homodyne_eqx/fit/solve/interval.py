"""A smooth one-to-one map between the real line and an open interval, close to the identity away from the ends."""

import jax.numpy as jnp
from jaxtyping import Array, Float

_EDGE = 1e-3


def to_interval(
    v: Float[Array, " n"], low: Float[Array, " n"], high: Float[Array, " n"], reference: Float[Array, " n"]
) -> Float[Array, " n"]:
    """The point of (low, high) that `v` stands for.

    Algebraic, not exponential, so that Gauss–Newton steps stay useful towards an end:
    - no end: `v` itself;
    - one end at distance z: z = (v + √(v² + 4a²))/2 with a half the distance of `reference` from that end;
    - two ends: the fraction (1 + v/√(1 + v²))/2 of the way.

    **Arguments:** `low`, `high`: in the units of the parameters, −inf and inf where there is no end; `reference`: a
    point inside, of the magnitude of the solution.
    """
    has_low, has_high = jnp.isfinite(low), jnp.isfinite(high)
    a = _half_distance(low, high, reference)
    one = (v + jnp.sqrt(v**2 + 4 * a**2)) / 2
    two = (1 + v / jnp.sqrt(1 + v**2)) / 2
    safe_low, safe_high = jnp.where(has_low, low, 0), jnp.where(has_high, high, 0)
    inside = jnp.where(has_high, safe_low + (safe_high - safe_low) * two, safe_low + one)
    below = safe_high - (-v + jnp.sqrt(v**2 + 4 * a**2)) / 2
    return jnp.where(has_low, inside, jnp.where(has_high, below, v))


def from_interval(
    x: Float[Array, " n"], low: Float[Array, " n"], high: Float[Array, " n"], reference: Float[Array, " n"]
) -> Float[Array, " n"]:
    """The inverse of `to_interval`, for x strictly inside."""
    has_low, has_high = jnp.isfinite(low), jnp.isfinite(high)
    a = _half_distance(low, high, reference)
    z = jnp.where(has_low, x - jnp.where(has_low, low, 0), jnp.where(has_high, high, 0) - x)
    z = jnp.where(has_low | has_high, z, 1)
    one = z - a**2 / z
    width = jnp.where(has_low & has_high, high - low, 1)
    f = jnp.where(has_low & has_high, z / width, 0.5)
    two = (2 * f - 1) / (2 * jnp.sqrt(f * (1 - f)))
    return jnp.where(has_low & has_high, two, jnp.where(has_low, one, jnp.where(has_high, -one, x)))


def inside(x: Float[Array, " n"], low: Float[Array, " n"], high: Float[Array, " n"]) -> Float[Array, " n"]:
    """`x` itself, but what lies on a bound or beyond is moved inside by a thousandth of the interval (of |bound|, or of
    1e-6, if it has one end)."""

    def off(end: Array) -> Array:
        span = jnp.where(jnp.isfinite(high - low), high - low, jnp.maximum(jnp.abs(end), 1e-6))
        return _EDGE * span

    at_low, at_high = x <= low, x >= high
    return jnp.where(at_low, low + off(low), jnp.where(at_high, high - off(high), x))


def _half_distance(low: Array, high: Array, reference: Array) -> Array:
    distance = jnp.where(jnp.isfinite(low), reference - low, jnp.where(jnp.isfinite(high), high - reference, 1))
    return distance / 2
