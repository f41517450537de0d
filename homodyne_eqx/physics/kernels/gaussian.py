"""Gaussian decay in the accumulated amount: motion at constant, normally distributed velocities."""

from typing import final

import jax.numpy as jnp
from jaxtyping import Array, Float

from .abstract import AbstractDifferenceKernel


@final
class Gaussian(AbstractDifferenceKernel):
    """kernel(x) = exp(−x²/2): constant velocities, normally distributed over the scatterers.

    It enters g2 squared, as exp(−x²).

    Limits: 1 − x²/2 for small x. Derivation: the average of exp(i x ξ) over ξ of a standard normal distribution; x
    is the phase at one standard deviation, dimensionless.
    """

    def __call__(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return jnp.exp(-(x * x) / 2)
