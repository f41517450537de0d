"""A rate that a small neural network learns."""

from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ..parameters import component
from .abstract import AbstractRate

_EARLIEST = 1e-8


@final
class Network(AbstractRate):
    """rate(t) = scale · softplus(network(ln(t/time))) / ln 2: positive for all weights, smooth in log time.

    **Arguments:**

    - `scale`: the size of the rate, in its unit, > 0; `time`: a typical time, s, > 0. They fix the units of a
      network that works with numbers of order 1, and are no parameters.
    - `key`: a `jax.random` key, from which the weights are drawn; `width`, `depth`: of the multilayer perceptron
      (tanh).

    Times below 1e-8 s count as that. Accumulate with `GaussLegendre()` or `Trapezoid()`.

    Limits: a network that returns 0 is the constant rate `scale`. Derivation: softplus(x) = ln(1 + eˣ) maps all
    numbers to those > 0, and is ln 2 at x = 0.
    """

    network: eqx.nn.MLP = component("")
    scale: float = component("{unit}", static=True)
    time: float = component("s", static=True)

    def __init__(self, scale: float, time: float, key: PRNGKeyArray, width: int = 16, depth: int = 2):
        for name, value in (("scale", scale), ("time", time)):
            if not value > 0:
                raise ValueError(f"Network was given {name} = {value}; expected a number > 0.")
        self.network = eqx.nn.MLP("scalar", "scalar", width, depth, activation=jnp.tanh, key=key)
        self.scale, self.time = float(scale), float(time)

    def __call__(self, t: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        position = jnp.log(jnp.maximum(t, _EARLIEST) / self.time)
        values = jax.vmap(self.network)(position.ravel()).reshape(t.shape)
        return self.scale / jnp.log(2.0).astype(t.dtype) * jax.nn.softplus(values)
