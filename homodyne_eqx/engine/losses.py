"""The cost of a residual: its square, or less, so that outliers have less influence than in least squares."""

import abc
from typing import ClassVar, final

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..physics.parameters import parameter


class AbstractLoss(eqx.Module):
    """The cost ρ(z) of a squared residual z = (r/σ)²; ρ(z) ≈ z for small z."""

    reweights: ClassVar[bool] = True
    """Whether dρ/dz differs from 1 for any z."""

    @abc.abstractmethod
    def cost(self, z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """ρ(z), z ≥ 0."""

    @abc.abstractmethod
    def slope(self, z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """dρ/dz: the factor by which the weight of a pair is reduced."""


@final
class Squares(AbstractLoss):
    """ρ(z) = z: least squares."""

    reweights: ClassVar[bool] = False

    def cost(self, z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return z

    def slope(self, z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return jnp.ones_like(z)


@final
class SoftL1(AbstractLoss):
    """ρ(z) = 2 s² (√(1 + z/s²) − 1): linear in |r| for large |r|; z = (r/σ)², `scale` s in units of σ, > 0."""

    scale: Float[Array, ""] = parameter(default=1.0)

    def cost(self, z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return 2 * z / (jnp.sqrt(1 + z / self.scale**2) + 1)

    def slope(self, z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return 1 / jnp.sqrt(1 + z / self.scale**2)


@final
class Huber(AbstractLoss):
    """ρ(z) = z for √z ≤ s, 2 s √z − s² beyond: least squares within `scale` s (units of σ), linear outside."""

    scale: Float[Array, ""] = parameter(default=1.345)

    def cost(self, z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        s2 = self.scale**2
        return jnp.where(z <= s2, z, 2 * self.scale * jnp.sqrt(jnp.maximum(z, s2)) - s2)

    def slope(self, z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return self.scale / jnp.sqrt(jnp.maximum(z, self.scale**2))


@final
class Cauchy(AbstractLoss):
    """ρ(z) = s² ln(1 + z/s²): the influence of an outlier falls to 0; `scale` s in units of σ.

    Not convex: start near the solution.
    """

    scale: Float[Array, ""] = parameter(default=2.385)

    def cost(self, z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return self.scale**2 * jnp.log1p(z / self.scale**2)

    def slope(self, z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return 1 / (1 + z / self.scale**2)
