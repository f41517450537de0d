"""Contrast and offset: from |g1|² to g2."""

import abc
from typing import ClassVar, final

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .construction_checks import check_structure
from .equation import equation
from .errors import MissingGeometry
from .geometry import Geometry
from .parameters import parameter
from .per_sector import PerSector


class AbstractScaling(eqx.Module):
    """The linear step from |g1|² to g2, one pair of numbers for each sector.

    Contrast and offset are linear in the fields with `linear=True` (`parameter`), in all of them together: a fit moves
    these fields to their best values before its first step. `closed_form`: True if the parameters are exactly one
    contrast, followed by one offset, each a scalar or one value for each sector. A fit can then eliminate them.
    """

    closed_form: ClassVar[bool] = False

    def __check_init__(self):
        check_structure(self)
        for name, value in vars(self).items():
            if isinstance(value, PerSector):
                raise TypeError(
                    f"{type(self).__name__} was given a PerSector as {name}. Contrast and offset of each sector are "
                    "arrays: ContrastOffset(contrast, offset) of shape (n_sector,)."
                )

    @abc.abstractmethod
    def __call__(self, geometry: Geometry) -> tuple[Float[Array, " n_sector"], Float[Array, " n_sector"]]:
        """Contrast and offset of each sector, dimensionless."""

    def __str__(self) -> str:
        return equation(self)


@final
class ContrastOffset(AbstractScaling):
    """g2 = offset + contrast · M: one pair for all sectors (scalars) or one for each sector (arrays `(n_sector,)`).

    - `contrast`: the speckle contrast β, dimensionless, 0 to 1 (somewhat more in noisy data); fits keep it > 0.
    - `offset`: the baseline, dimensionless, near 1.

    M is |g1|², or what a detection makes of g1. Limits: contrast → 0 leaves the baseline. Derivation: pixels that
    average over several speckles lower the contrast at all lags; the mean intensity squared is the baseline.
    """

    closed_form: ClassVar[bool] = True

    contrast: Float[Array, "*sector"] = parameter("", (0.0, jnp.inf), linear=True)
    offset: Float[Array, "*sector"] = parameter("", linear=True)

    def __call__(self, geometry: Geometry) -> tuple[Float[Array, " n_sector"], Float[Array, " n_sector"]]:
        n_sector = geometry.n_sector
        return _a_sector("contrast", self.contrast, n_sector), _a_sector("offset", self.offset, n_sector)


@final
class SmoothScaling(AbstractScaling):
    """g2 = F(offset, offset_harmonics) + F(contrast, contrast_harmonics) · M,
    F(m, h) = m + Σ_k (h_k0 cos(k φ) + h_k1 sin(k φ)): contrast and offset smooth in azimuth.

    - `contrast`, `offset`: the means over φ, dimensionless scalars; fits keep the contrast > 0.
    - `contrast_harmonics`, `offset_harmonics`: pairs (h_k0, h_k1) for k = 1, 2, …, shape `(n, 2)`, dimensionless;
      none unless given. An anisotropy of the beam or the detector has k = 2.

    M is |g1|², or what a detection makes of g1. Limits: no harmonics is `ContrastOffset`. Derivation: a function that
    is periodic and smooth in φ is a short Fourier series.

    **Raises:** `MissingGeometry` if the geometry has no phi.
    """

    contrast: Float[Array, ""] = parameter("", (0.0, jnp.inf), linear=True)
    offset: Float[Array, ""] = parameter("", linear=True)
    contrast_harmonics: Float[Array, "n 2"] = parameter("", linear=True, default_factory=lambda: np.zeros((0, 2)))
    offset_harmonics: Float[Array, "m 2"] = parameter("", linear=True, default_factory=lambda: np.zeros((0, 2)))

    def __check_init__(self):
        check_structure(self)
        for name in ("contrast_harmonics", "offset_harmonics"):
            shape = getattr(self, name).shape
            if len(shape) != 2 or shape[1] != 2:
                raise ValueError(
                    f"SmoothScaling was given {name} of shape {shape}; expected pairs (h_k0, h_k1), (n, 2)."
                )

    def __call__(self, geometry: Geometry) -> tuple[Float[Array, " n_sector"], Float[Array, " n_sector"]]:
        if geometry.phi is None:
            raise MissingGeometry("SmoothScaling", ("phi",))
        phi = jnp.deg2rad(geometry.phi)
        return _harmonic(self.contrast, self.contrast_harmonics, phi), _harmonic(
            self.offset, self.offset_harmonics, phi
        )


def _harmonic(mean: Array, harmonics: Array, phi: Array) -> Array:
    angles = phi[:, None] * jnp.arange(1, harmonics.shape[0] + 1, dtype=phi.dtype)[None, :]
    return mean + jnp.cos(angles) @ harmonics[:, 0] + jnp.sin(angles) @ harmonics[:, 1]


def _a_sector(name: str, x: Array, n_sector: int) -> Array:
    if x.shape not in ((), (1,), (n_sector,)):
        raise ValueError(f"{name} has shape {x.shape}; expected a scalar or one value for each of {n_sector} sectors.")
    return jnp.broadcast_to(x, (n_sector,))
