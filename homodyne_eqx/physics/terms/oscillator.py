"""Scatterers bound to a place: an overdamped and an underdamped spring."""

from typing import ClassVar, final

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..geometry import Geometry, Sector
from ..kernels.sinc import sinc_from_sine
from ..parameters import parameter
from .abstract import AbstractTerm, Nodes


@final
class OrnsteinUhlenbeck(AbstractTerm):
    """g1 = exp(−q² amplitude² (1 − exp(−τ/time))): Brownian motion about a fixed place, as in a cage or a gel.

    - `amplitude`: σ, Å, the rms displacement along one direction; fits keep it > 0.
    - `time`: relaxation time of the displacement, s, > 0.

    Limits: τ ≪ time is diffusion with J = 2σ²/time; τ → ∞ leaves the plateau exp(−q²σ²), which at one q cannot be
    distinguished from the offset: fit several q, or fix the offset. Derivation: the displacement between two times is
    Gaussian with variance 2σ²(1 − exp(−τ/time)).

    Source: Uhlenbeck and Ornstein, Phys. Rev. 36 (1930) 823.
    """

    steady: ClassVar[bool] = True

    amplitude: Float[Array, ""] = parameter("Å", (0.0, jnp.inf))
    time: Float[Array, ""] = parameter("s", (0.0, jnp.inf))

    stated: ClassVar[tuple] = (("short-time J", "Å²/s", lambda term, geometry: 2 * term.amplitude**2 / term.time),)

    def nodes(self, geometry: Geometry) -> Nodes:
        return Nodes(geometry.t / self.time)

    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        lag = node_i.channels - node_j.channels
        return jnp.exp((sector.q * self.amplitude) ** 2 * jnp.expm1(-lag))


@final
class DampedOscillation(AbstractTerm):
    """g1 = exp(−q² amplitude² (1 − c)), c = exp(−γ τ) (cos(ω τ) + γ/ω sin(ω τ)), γ = damping, ω = angular_frequency:
    a thermal oscillator with friction.

    - `amplitude`: σ, Å, the rms displacement along one direction; fits keep it > 0.
    - `damping`: γ, 1/s, half the friction constant over the mass; fits keep it > 0.
    - `angular_frequency`: ω of the damped oscillation, rad/s; its natural frequency is √(ω² + γ²).

    Limits: ω = 0 is critical damping, beyond which see `OrnsteinUhlenbeck`; τ → ∞ leaves the plateau exp(−q²σ²).
    Derivation: c is the normalised autocorrelation of the displacement in thermal equilibrium; displacements are
    Gaussian with variance 2σ²(1 − c).

    Source: Uhlenbeck and Ornstein, Phys. Rev. 36 (1930) 823, harmonically bound particle.
    """

    steady: ClassVar[bool] = True

    amplitude: Float[Array, ""] = parameter("Å", (0.0, jnp.inf))
    damping: Float[Array, ""] = parameter("s⁻¹", (0.0, jnp.inf))
    angular_frequency: Float[Array, ""] = parameter("rad/s", (0.0, jnp.inf), scan="frequency")

    def nodes(self, geometry: Geometry) -> Nodes:
        return Nodes((self.damping * geometry.t, self.angular_frequency * geometry.t))

    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        decay = node_i.channels[0] - node_j.channels[0]
        angle = node_i.channels[1] - node_j.channels[1]
        c = jnp.exp(-decay) * (jnp.cos(angle) + decay * sinc_from_sine(angle, jnp.sin(angle)))
        return jnp.exp(-((sector.q * self.amplitude) ** 2) * (1 - c))
