"""The rate of a sinusoidal amount: oscillatory strain."""

from typing import final

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..parameters import parameter
from .abstract import AbstractIntegrableRate


@final
class Oscillating(AbstractIntegrableRate):
    """rate(t) = amplitude · ω · cos(ω t + phase), ω = angular_frequency: an amount that oscillates.

    - `amplitude`: of the accumulated amount (the strain amplitude γ0), unit of the rate times s; fits keep it > 0;
    - `angular_frequency`: ω = 2π f, rad/s; fits keep it > 0;
    - `phase`: degrees, 0 unless given.

    Accumulate it with `Exact()`: the trapezoid on frames loses a factor (ωΔt/2)·cot(ωΔt/2) of the amplitude.

    Limits: ω → 0 is no motion. Derivation: the derivative in time of amplitude · sin(ω t + phase).
    """

    amplitude: Float[Array, ""] = parameter("{unit}·s", (0.0, jnp.inf))
    angular_frequency: Float[Array, ""] = parameter("rad/s", (0.0, jnp.inf), scan="frequency")
    phase: Float[Array, ""] = parameter("deg", scan="phase", period=180.0, default=0.0)

    def __call__(self, t: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        angle = self.angular_frequency * t + jnp.deg2rad(self.phase)
        return self.amplitude * self.angular_frequency * jnp.cos(angle)

    def integral(self, start: Float[Array, "*#shape"], stop: Float[Array, "*#shape"]) -> Float[Array, "*#shape"]:
        # sin b − sin a as a product, which keeps its digits for near-equal times.
        middle = self.angular_frequency * ((start + stop) / 2) + jnp.deg2rad(self.phase)
        return 2 * self.amplitude * jnp.cos(middle) * jnp.sin(self.angular_frequency * ((stop - start) / 2))
