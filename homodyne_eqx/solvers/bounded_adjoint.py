"""Derivatives of a solution some of whose unknowns are at a bound."""

import inspect
from collections.abc import Callable
from typing import Any, final

import equinox.internal as eqxi
import jax.numpy as jnp
import lineax as lx
import numpy as np
import optimistix as optx
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree
from optimistix.internal import implicit_jvp

from .box import flat_like

_OPTIONS = 4


@final
class BoundedImplicitAdjoint(optx.AbstractAdjoint):
    """The implicit function theorem with the bounds of `options`, for `optx.least_squares` and `optx.minimise`.

    ```python
    found = optx.least_squares(fn, solver, y0, args, options=options, adjoint=hx.BoundedImplicitAdjoint())
    ```

    An unknown that is held at a bound moves only with the bound; the others follow from the condition that their slope
    stays 0. `optx.ImplicitAdjoint` takes every slope as 0, which is right only if no unknown is held. If an unknown is
    on its bound with a slope of 0, the solution has no derivative; the unknown then counts as free.
    """

    linear_solver: lx.AbstractLinearSolver = lx.AutoLinearSolver(well_posed=None)

    def apply(self, primal_fn: Callable, rewrite_fn: Callable, inputs: PyTree, tags: frozenset[object]) -> Any:
        inputs = (*inputs, _lax_while_loop)
        # Optimistix wants plain functions, as they are where nothing checks their types.
        primal, conditions = inspect.unwrap(_primal), inspect.unwrap(_conditions)
        return implicit_jvp(primal, conditions, (primal_fn, rewrite_fn, inputs), frozenset(), self.linear_solver)


def _primal(inputs: PyTree) -> PyTree:
    primal_fn, _, rest = inputs
    return primal_fn(rest)


def _conditions(root: PyTree, residual: PyTree, inputs: PyTree) -> PyTree:
    """0 at a solution: the slope in each unknown that is free, the distance from the bound in each that is held."""
    _, rewrite_fn, rest = inputs
    slopes = rewrite_fn(root, residual, rest)
    slope, unravel = ravel_pytree(slopes)
    y, options = ravel_pytree(root)[0], rest[_OPTIONS]
    low = flat_like(options.get("lower", -np.inf), root, "lower")
    high = flat_like(options.get("upper", np.inf), root, "upper")
    held_low, held_high = (y <= low) & (slope > 0), (y >= high) & (slope < 0)
    from_low = y - jnp.where(held_low, low, 0)
    from_high = y - jnp.where(held_high, high, 0)
    return unravel(jnp.where(held_low, from_low, jnp.where(held_high, from_high, slope)))


def _lax_while_loop(*arguments: Any, **options: Any) -> Any:

    return eqxi.while_loop(*arguments, **options, kind="lax")
