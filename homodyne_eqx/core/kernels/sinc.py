"""The two forms of decorrelation by simple shear, and the factor between the rates that they return."""

import math
from typing import ClassVar, final

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from .abstract import AbstractKernel, AbstractSineKernel


@final
class GapAverage(AbstractSineKernel):
    """kernel(y) = sin y / y: scatterers spread evenly over a gap in simple shear.

    y = ½ q L cos(φ0 − φ) Γ is half the phase difference between the walls after a strain Γ. It is the average of exp(i
    q·Δr) over the gap, exact for any strain, so g2 − offset ∝ (sin y / y)². Use it for a shear rate that means what it
    says.
    """

    scale: ClassVar[float] = 1.0

    def of_sine(self, z: Float[Array, "*shape"], sine: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return sinc_from_sine(z, sine)


@final
class SincSquared(AbstractSineKernel):
    """kernel(y) = (sin Φ / Φ)², Φ = y/π = (q L / 2π) cos(φ0 − φ) Γ: the documented form of the homodyne packages.

    It enters g2 as a fourth power. Fitted to what scatterers in simple shear produce, it returns a shear rate too
    large by π/√2 = 2.22 (little strain in a coherence time) to 2.30 (much); see `convert_shear_rate`.
    """

    scale: ClassVar[float] = 1 / math.pi

    def of_sine(self, z: Float[Array, "*shape"], sine: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        sinc = sinc_from_sine(z, sine)
        return sinc * sinc


def sinc_from_sine(z: Float[Array, "*shape"], sine: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """sin z / z given both, by its series for |z| < 0.3, where the quotient loses digits of its derivatives."""
    small = jnp.abs(z) < 0.3
    s = jnp.where(small, z * z, 0)
    series = 1 - s / 6 * (1 - s / 20 * (1 - s / 42 * (1 - s / 72 * (1 - s / 110 * (1 - s / 156)))))
    return jnp.where(small, series, sine / jnp.where(small, 1, z))


def convert_shear_rate(rate: ArrayLike, source: AbstractKernel, target: AbstractKernel) -> Array:
    """The shear rate that `target` needs to decorrelate like `source` does with `rate`, any unit, any shape.

    Matches the initial curvature: exact for little strain, within 4 % up to full decorrelation. Amplitude and offset
    of a shear rate convert alike; its exponent is the same.

    **Raises:** `ValueError` for kernels other than `GapAverage` and `SincSquared`.
    """
    return jnp.asarray(rate) * (_stretch(target) / _stretch(source))


def _stretch(kernel: AbstractKernel) -> float:
    """How many times the true shear rate a fit with this kernel returns."""
    for kind, stretch in ((GapAverage, 1.0), (SincSquared, math.pi / math.sqrt(2))):
        if isinstance(kernel, kind):
            return stretch
    raise ValueError(f"No conversion is known for {type(kernel).__name__}; expected GapAverage or SincSquared.")
