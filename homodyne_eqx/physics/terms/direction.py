"""The scattering vector against the direction of a motion."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..errors import MissingGeometry
from ..geometry import Geometry


def q_along(geometry: Geometry, phi0: Float[Array, ""], owner: object) -> Float[Array, ""]:
    """q · cos(φ0 − φ), Å⁻¹: the component of q along the direction φ0, degrees, in one sector.

    **Raises:** `MissingGeometry` if the geometry has no phi.
    """
    if geometry.phi is None:
        raise MissingGeometry(type(owner).__name__, ("phi",))
    return geometry.q * jnp.cos(jnp.deg2rad(phi0 - geometry.phi))


def phase_across_gap(geometry: Geometry, phi0: Float[Array, ""], owner: object) -> Float[Array, ""]:
    """q L cos(φ0 − φ): the phase between the walls after a strain of 1 along φ0, degrees, in one sector.

    **Raises:** `MissingGeometry` if the geometry has no gap or no phi.
    """
    if geometry.gap is None:
        names = ("gap",) if geometry.phi is not None else ("gap", "phi")
        raise MissingGeometry(type(owner).__name__, names)
    return q_along(geometry, phi0, owner) * geometry.gap
