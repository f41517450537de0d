"""The derivative of a function of a whole PyTree along a change of it, for rules that are given tangents."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array


def tangent_along(function: Callable[[Any], Array], of: Any, tangents: Any) -> Array:
    """The derivative of a function of a PyTree along a change of it.

    **Arguments:** `tangents`: as a rule of `eqx.filter_custom_jvp` is given them, None where nothing changes.
    """
    arrays, static = eqx.partition(of, eqx.is_inexact_array)

    def filled(x: Array | None, t: Array | None) -> Array | None:
        return None if x is None else jnp.zeros_like(x) if t is None else t

    along = jax.tree.map(filled, arrays, tangents, is_leaf=lambda x: x is None)
    return jax.jvp(lambda a: function(eqx.combine(a, static)), (arrays,), (along,))[1]
