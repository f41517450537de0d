"""Power law in time with a plateau: the documented form of D(t) and of the shear rate."""

from typing import final

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..floors import floored_curve
from ..parameters import parameter
from .abstract import AbstractIntegrableRate

RATE_FLOOR = 1e-10
_EARLIEST = 1e-8
_DIVERGED = 1e12


@final
class PowerLaw(AbstractIntegrableRate):
    """rate(t) = max(amplitude · t^exponent + offset, 1e-10): ageing or start-up, with a plateau.

    - `amplitude`: unit of the rate times s^(−exponent); fits keep it > 0;
    - `exponent`: dimensionless; fits keep it within (−2, 2);
    - `offset`: unit of the rate; may be negative if the rate stays ≥ 0.

    Where the rate is below the floor at some of the times that it is asked for, its derivatives are 0 there; where it
    is at all of them, they are those without the floor, so that a fit can leave it again (`floored_curve`).
    t < 1e-8 s counts as 1e-8 s, so that the rate and its derivatives are finite at t = 0 for any exponent. The
    closed-form integral is that of the power law without both floors.

    Limits: exponent 0 is `Constant`; from t = 0 the integral diverges for exponents ≤ −1.

    Source: He et al., PNAS 121 (2024) e2401162121, the course in time of the transport coefficient and the shear
    rate.
    """

    amplitude: Float[Array, ""] = parameter("{unit}·s^−exponent", (0.0, jnp.inf))
    exponent: Float[Array, ""] = parameter("", (-2.0, 2.0), neutral=0.0, exponent_of="amplitude")
    offset: Float[Array, ""] = parameter("{unit}", default=0.0, neutral=0.0, plateau_of="amplitude")

    def __call__(self, t: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        t = jnp.maximum(t, _EARLIEST)
        return floored_curve(self.amplitude * t**self.exponent + self.offset, RATE_FLOOR)

    def integral(self, start: Float[Array, "*#shape"], stop: Float[Array, "*#shape"]) -> Float[Array, "*#shape"]:
        """Exact through exponent = −1. From t = 0 with exponent ≤ −1 it diverges: a very large number stands for it."""
        late, early = jnp.maximum(start, stop), jnp.minimum(start, stop)
        sign = jnp.where(stop >= start, 1.0, -1.0).astype(late.dtype)
        grown = sign * _power_integral(early, late, self.exponent + 1)
        return self.amplitude * grown + self.offset * (stop - start)


def _power_integral(early: Array, late: Array, p: Array) -> Array:
    """∫ t^(p−1) dt from `early` to `late` = late^p · (1 − r^p)/p with r = early/late, also for p = 0 and r = 0."""
    moved, from_zero = late > early, early <= 0
    safe_late = jnp.where(moved, late, 1)
    safe_early = jnp.where(moved & ~from_zero, early, safe_late)
    log_r = -jnp.log1p((safe_late - safe_early) / safe_early)  # keeps the digits of near frames, which log(r) loses
    p_above = jnp.where(p > 1 / _DIVERGED, p, 1)
    whole = jnp.where(p > 1 / _DIVERGED, 1 / p_above, _DIVERGED)
    fraction = jnp.where(from_zero, whole, -log_r * expm1_over(p * log_r))
    return jnp.where(moved, safe_late**p * fraction, 0)


def expm1_over(z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """(e^z − 1)/z, 1 at z = 0, with all its derivatives."""
    small = jnp.abs(z) < 1e-2
    series = 1 + z / 2 * (1 + z / 3 * (1 + z / 4 * (1 + z / 5 * (1 + z / 6 * (1 + z / 7)))))
    safe = jnp.where(small, 1, z)
    return jnp.where(small, series, jnp.expm1(safe) / safe)
