"""The scattering vector against the direction of a motion."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..geometry import Geometry


def q_along(geometry: Geometry, phi0: Float[Array, ""], owner: object) -> Float[Array, ""]:
    """q · cos(φ0 − φ), Å⁻¹: the component of q along the direction φ0, degrees, in one sector.

    **Raises:** `ValueError` if the geometry has no phi.
    """
    if geometry.phi is None:
        raise _lacking(geometry, owner, "phi")
    return geometry.q * jnp.cos(jnp.deg2rad(phi0 - geometry.phi))


def phase_across_gap(geometry: Geometry, phi0: Float[Array, ""], owner: object) -> Float[Array, ""]:
    """q L cos(φ0 − φ): the phase between the walls after a strain of 1 along φ0, degrees, in one sector.

    **Raises:** `ValueError` if the geometry has no gap or no phi.
    """
    if geometry.gap is None:
        raise _lacking(geometry, owner, "gap", "phi")
    return q_along(geometry, phi0, owner) * geometry.gap


def _lacking(geometry: Geometry, owner: object, *names: str) -> ValueError:
    """The error that names the term and the missing fields."""
    missing = [name for name in names if getattr(geometry, name) is None]
    return ValueError(
        f"{type(owner).__name__} needs {' and '.join(missing)}, which the geometry lacks. "
        f"Pass {'it' if len(missing) == 1 else 'them'}: "
        f"Geometry(q, t, {', '.join(f'{name}=…' for name in missing)})."
    )
