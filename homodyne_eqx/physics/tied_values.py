"""The parameters of a model that have the value of another one, given this value."""

from typing import TypeVar

import equinox as eqx
import jax

from .parameters import parameter_leaves

_Model = TypeVar("_Model", bound=eqx.Module)


def with_tied_values(model: _Model) -> _Model:
    """The model with the value of the other parameter in the place of each tied one; see `tie`. A derivative of the
    result goes to the other parameter.

    **Raises:** `ValueError` for a tied parameter that the model does not have, and for two of different shapes.
    """
    ties = getattr(model, "ties", ())
    if not ties:
        return model
    leaves, tree = jax.tree.flatten(model)
    numbers = [k for k, leaf in enumerate(leaves) if eqx.is_inexact_array(leaf)]
    place = dict(zip([leaf.path for leaf in parameter_leaves(model)], numbers, strict=True))
    for tied, other in ties:
        gone = [path for path in (tied, other) if path not in place]
        if gone:
            raise ValueError(
                f"The model ties {tied} to {other}, and has no {gone[0]}. Build the model anew, and tie its parameters "
                "after all parts are in place."
            )
        if leaves[place[tied]].shape != leaves[place[other]].shape:
            raise ValueError(
                f"{tied} has the shape {leaves[place[tied]].shape}, and {other}, to which it is tied, "
                f"{leaves[place[other]].shape}; expected equal shapes."
            )
        leaves[place[tied]] = leaves[place[other]]
    return jax.tree.unflatten(tree, leaves)
