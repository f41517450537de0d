"""Exponential decay in the accumulated amount: Brownian motion."""

from typing import final

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..floors import floored
from .abstract import AbstractDifferenceKernel

_LARGEST_EXPONENT = 700.0


@final
class Exponential(AbstractDifferenceKernel):
    """kernel(x) = exp(−x), with the exponent kept in [−700, 0].

    x = ½ q² ∫ J dt for scatterers whose displacement along q is Gaussian with variance ∫ J dt.
    """

    def __call__(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return jnp.exp(-jnp.minimum(floored(x, 0.0), _LARGEST_EXPONENT))
