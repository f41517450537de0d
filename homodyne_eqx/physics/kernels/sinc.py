"""The two forms of decorrelation by simple shear, and the factor between the rates that they return."""

import math
from typing import ClassVar, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Bool, Float

from .abstract import AbstractKernel, AbstractSineKernel


@final
class GapAverage(AbstractSineKernel):
    """kernel(y) = sin y / y: scatterers spread evenly over a gap in simple shear.

    y = ½ q L cos(φ0 − φ) Γ, dimensionless, is half the phase difference between the walls after a strain Γ. Exact for
    any strain, so g2 − offset ∝ (sin y / y)². A fit with this kernel returns the true shear rate.

    Limits: 1 − y²/6 for small y; at most 1/y for large. Derivation: the average of exp(i q·Δr) over the gap is that
    of exp(2i y s) over depths s from −½ to ½.
    """

    changes_rate: ClassVar[bool] = True
    scale: ClassVar[float] = 1.0

    def of_sine(self, z: Float[Array, "*shape"], sine: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return sinc_from_sine(z, sine)


@final
class SincSquared(AbstractSineKernel):
    """kernel(y) = (sin Φ / Φ)², Φ = y/π: the documented form of the homodyne packages, Φ = (q L / 2π) cos(φ0 − φ) Γ.

    It enters g2 as a fourth power. Fitted to data of scatterers in simple shear, it returns a shear rate that is too
    large by a factor of π/√2 = 2.22 for small strain and of 2.30 for large strain, all other parameters being fixed;
    see `convert_shear_rate`.

    Limits: 1 − Φ²/3 for small Φ; at most 1/Φ² for large.

    Source: He et al., PNAS 121 (2024) e2401162121.
    """

    changes_rate: ClassVar[bool] = True
    scale: ClassVar[float] = 1 / math.pi

    def of_sine(self, z: Float[Array, "*shape"], sine: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        sinc = sinc_from_sine(z, sine)
        return sinc * sinc


_SERIES = [(-1) ** k / math.factorial(2 * k + 1) for k in range(4)]
_SERIES_OF_SLOPE = [2 * k * (-1) ** k / math.factorial(2 * k + 1) for k in range(1, 5)]


@jax.custom_jvp
def sinc_from_sine(z: Float[Array, "*shape"], sine: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """sin z / z given both, by its series near 0, where the quotient loses digits of its derivatives.

    Value and derivative share one division.
    """
    small = _is_small(z)
    return jnp.where(small, _polynomial(_SERIES, jnp.where(small, z * z, 0)), sine * _reciprocal(z))


@sinc_from_sine.defjvp
def _sinc_jvp(primals, tangents):
    (z, sine), (t_z, t_sine) = primals, tangents
    value, small = sinc_from_sine(z, sine), _is_small(z)
    slope = z * _polynomial(_SERIES_OF_SLOPE, jnp.where(small, z * z, 0))
    return value, jnp.where(small, slope * t_z, (t_sine - value * t_z) * _reciprocal(z))


def _is_small(z: Float[Array, "*shape"]) -> Bool[Array, "*shape"]:
    """The arguments for which four terms of the series are exact to rounding."""
    return jnp.abs(z) < (0.05 if z.dtype == jnp.float64 else 0.3)


def _polynomial(coefficients: list[float], x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Σ c_k x^k by Horner's rule."""
    *lower, last, highest = coefficients
    total = last + highest * x
    for c in reversed(lower):
        total = c + x * total
    return total


def _reciprocal(z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """1/z away from 0, 1 near it."""
    return 1 / jnp.where(_is_small(z), 1, z)


def convert_shear_rate(rate: ArrayLike, source: AbstractKernel, target: AbstractKernel) -> Array:
    """The shear rate at which `target` gives the same decorrelation as `source` at `rate`; in the unit and shape of
    `rate`.

    Matches the initial curvature: exact for little strain, within 4 % up to full decorrelation. Amplitude and offset
    of a shear rate convert alike; its exponent is the same.

    **Raises:** `ValueError` for kernels other than `GapAverage` and `SincSquared`.
    """
    return jnp.asarray(rate) * (_stretch(target) / _stretch(source))


def _stretch(kernel: AbstractKernel) -> float:
    """The ratio of the shear rate that a fit with this kernel returns to the true one."""
    for kind, stretch in ((GapAverage, 1.0), (SincSquared, math.pi / math.sqrt(2))):
        if isinstance(kernel, kind):
            return stretch
    raise ValueError(f"No conversion is known for {type(kernel).__name__}; expected GapAverage or SincSquared.")
