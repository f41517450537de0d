"""Contrast and offset: from |g1|² to g2."""

import abc
from typing import final

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from .geometry import Geometry
from .parameters import parameter


class AbstractScaling(eqx.Module):
    """The linear step from |g1|² to g2, one pair of numbers a sector."""

    @abc.abstractmethod
    def __call__(self, geometry: Geometry) -> tuple[Float[Array, " n_sector"], Float[Array, " n_sector"]]:
        """Contrast and offset of each sector, dimensionless."""


@final
class ContrastOffset(AbstractScaling):
    """g2 = offset + contrast · |g1|², one pair for all sectors (scalars) or one a sector (arrays of shape `(n_sector,)`).

    - `contrast`: the speckle contrast β, dimensionless, 0 to 1 (somewhat more in noisy data); fits keep it > 0.
    - `offset`: the baseline, dimensionless, near 1.
    """

    contrast: Float[Array, "*sector"] = parameter("", (0.0, jnp.inf))
    offset: Float[Array, "*sector"] = parameter("")

    def __call__(self, geometry: Geometry) -> tuple[Float[Array, " n_sector"], Float[Array, " n_sector"]]:
        return tuple(_a_sector(name, getattr(self, name), geometry.n_sector) for name in ("contrast", "offset"))


def _a_sector(name: str, x: Array, n_sector: int) -> Array:
    if x.shape not in ((), (1,), (n_sector,)):
        raise ValueError(f"{name} has shape {x.shape}; expected a scalar or one value for each of {n_sector} sectors.")
    return jnp.broadcast_to(x, (n_sector,))
