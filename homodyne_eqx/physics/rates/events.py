"""Sudden events: yielding, avalanches, a jolt of the sample stage."""

from typing import final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..construction_checks import check_structure
from ..parameters import parameter
from .abstract import AbstractIntegrableRate


@final
class Events(AbstractIntegrableRate):
    """rate(t) = Σ_k amplitudes[k]/duration · N((t − times[k])/duration): sudden events, each spread over a Gaussian N.

    The accumulated amount steps up by `amplitudes[k]` around `times[k]`. Every accumulation takes it in closed form, so
    that an event counts in full however short it is, and the derivative with respect to its time is right and finite.

    - `amplitudes`: unit of the rate times s, shape `(n_events,)`; fits keep them > 0;
    - `times`: s, shape `(n_events,)`;
    - `duration`: standard deviation of the Gaussian, s, > 0, one for all; 1 ms unless given, which is a sharp step for
      longer frames. A fit keeps it fixed unless it is named in `free`. A fit finds the time of an event only from a
      start within a few durations of it: start with a long duration.

    Limits: duration → 0 makes steps. Derivation: N is the standard normal density, whose integral is 1.
    """

    amplitudes: Float[Array, " n_events"] = parameter("{unit}·s", (0.0, jnp.inf))
    times: Float[Array, " n_events"] = parameter("s")
    duration: Float[Array, ""] = parameter("s", (0.0, jnp.inf), free=False, default=1e-3)

    def __check_init__(self):
        check_structure(self)
        if self.amplitudes.ndim != 1 or self.amplitudes.shape != self.times.shape:
            raise ValueError(
                f"Events was given amplitudes of shape {self.amplitudes.shape} and times of shape {self.times.shape}; "
                "expected two 1-D arrays of one length."
            )

    def __call__(self, t: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        z = self._since(t)
        return jnp.exp(-(z**2) / 2) @ (self.amplitudes / (self.duration * jnp.sqrt(2 * jnp.pi)))

    def integral(self, start: Float[Array, "*#shape"], stop: Float[Array, "*#shape"]) -> Float[Array, "*#shape"]:
        start, stop = jnp.broadcast_arrays(start, stop)
        passed = jax.scipy.special.ndtr(self._since(stop)) - jax.scipy.special.ndtr(self._since(start))
        return passed @ self.amplitudes

    def _since(self, t: Array) -> Array:
        """Durations since each event, a trailing axis of events."""
        times = self.times.reshape((1,) * t.ndim + self.times.shape)
        return (t[..., None] - times) / self.duration
