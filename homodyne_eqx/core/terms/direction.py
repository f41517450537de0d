"""The scattering vector against the direction of a motion."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..geometry import Geometry


def q_along(geometry: Geometry, phi0: Float[Array, ""], owner: object) -> Float[Array, ""]:
    """q · cos(φ0 − φ), Å⁻¹: the component of q along the direction φ0, degrees, in one sector.

    **Raises:** `ValueError` if the geometry has no phi.
    """
    require(geometry, owner, "phi")
    return geometry.q * jnp.cos(jnp.deg2rad(phi0 - geometry.phi))


def require(geometry: Geometry, owner: object, *names: str) -> None:
    """Refuse a geometry that lacks what a term needs.

    **Raises:** `ValueError` that names the term and the missing fields.
    """
    missing = [name for name in names if getattr(geometry, name) is None]
    if missing:
        raise ValueError(
            f"{type(owner).__name__} needs {' and '.join(missing)}, which the geometry lacks. "
            f"Pass {'it' if len(missing) == 1 else 'them'}: "
            f"Geometry(q, t, {', '.join(f'{name}=…' for name in missing)})."
        )
