"""Directional derivatives of functions of a whole PyTree, for derivative rules that are given tangents."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array


def tangent_along(function: Callable[[Any], Array], tree: Any, tangents: Any) -> Array:
    """The derivative of `function(tree)` along `tangents`.

    **Arguments:** `tangents`: a PyTree like `tree`, with None for a leaf that does not change, as the rules of
    `eqx.filter_custom_jvp` are given them.
    """
    arrays, static = eqx.partition(tree, eqx.is_inexact_array)

    def filled(x: Array | None, t: Array | None) -> Array | None:
        return None if x is None else jnp.zeros_like(x) if t is None else t

    direction = jax.tree.map(filled, arrays, tangents, is_leaf=lambda x: x is None)
    return jax.jvp(lambda a: function(eqx.combine(a, static)), (arrays,), (direction,))[1]
