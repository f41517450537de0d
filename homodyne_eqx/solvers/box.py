"""Bounds on unknowns as Optimistix states them: `options["lower"]` and `options["upper"]`."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree


def box_of(options: dict[str, Any], y: PyTree) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    """The lower and upper bounds of all elements of `y`, one after the other; infinite where none is given.

    **Raises:** `ValueError` for bounds whose structure or shapes are not those of `y`; where the values are known only
    when the program runs, an error then for a lower bound above the upper one, and for a `y` outside its bounds.
    """
    flat, _ = ravel_pytree(y)
    low = flat_like(options.get("lower", -np.inf), y, "lower")
    high = flat_like(options.get("upper", np.inf), y, "upper")
    low = eqx.error_if(low, ~(low <= high), "A lower bound exceeds the upper one, or is NaN. Give lower ≤ upper.")
    outside = jnp.any((flat < low) | (flat > high))
    return eqx.error_if(low, outside, "The start y0 lies outside its bounds. Clip it to them."), high


def flat_like(given: Any, y: PyTree, name: str) -> Float[Array, " n"]:
    """The given values for each element of `y`, one after the other: of the structure of `y`, or one number for all.

    **Raises:** `ValueError` where it is neither.
    """
    flat, _ = ravel_pytree(y)
    structure, expected = jax.tree.structure(given), jax.tree.structure(y)
    if structure == jax.tree.structure(0) and np.ndim(given) == 0:
        return jnp.full(flat.shape, jnp.asarray(given).astype(flat.dtype))
    if structure != expected:
        raise ValueError(
            f"options[{name!r}] is a {structure}; expected one number, or the structure of the unknowns, {expected}."
        )
    leaves = []
    for each, of in zip(jax.tree.leaves(given), jax.tree.leaves(y), strict=True):
        if np.shape(each) not in ((), np.shape(of)):
            raise ValueError(
                f"options[{name!r}] has shape {np.shape(each)}; expected {np.shape(of)}, that of the unknowns."
            )
        leaves.append(jnp.broadcast_to(jnp.asarray(each).astype(flat.dtype), np.shape(of)).ravel())
    return jnp.concatenate(leaves)
