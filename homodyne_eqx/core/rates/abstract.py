"""The contract of a rate: a function of time that something accumulates by."""

import abc

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from ..equation import equation
from ..structure import check_structure, described


class AbstractRate(eqx.Module):
    """How fast an amount grows at time t: a transport coefficient J(t) in Å²/s, a shear rate in 1/s, a velocity in Å/s.

    A rate does not know its unit; the term that holds it does. Rates add (`a + b`) and scale (`2.0 * a`).
    """

    def __check_init__(self):
        check_structure(self)

    @abc.abstractmethod
    def __call__(self, t: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """The rate at each time `t`, s (any shape, ≥ 0); finite and differentiable at t = 0, too."""

    def __add__(self, other: object) -> "AbstractRate":
        from .composed import rate_sum

        return rate_sum(self, other)

    def __radd__(self, other: object) -> "AbstractRate":
        return self + other

    def __mul__(self, factor: ArrayLike) -> "AbstractRate":
        from .composed import Scaled

        if not (isinstance(factor, jax.Array | np.ndarray | np.generic | float | int) and np.shape(factor) == ()):
            raise TypeError(
                f"Cannot multiply {type(self).__name__}, a rate, by {described(factor)}; expected one number, as in "
                "2.0 * rate. Rates add, a + b; terms multiply, so a rate goes into a term first: Diffusion(rate)."
            )
        return Scaled(self, factor)

    def __rmul__(self, factor: ArrayLike) -> "AbstractRate":
        return self * factor

    def __str__(self) -> str:
        return equation(self)


class AbstractIntegrableRate(AbstractRate):
    """A rate whose integral is known in closed form."""

    @abc.abstractmethod
    def integral(self, start: Float[Array, "*#shape"], stop: Float[Array, "*#shape"]) -> Float[Array, "*#shape"]:
        """∫ rate dt from `start` to `stop`, s (≥ 0, in either order; they broadcast), in the rate's unit times s."""


def closed_form(
    rate: AbstractRate, start: Float[Array, "*#shape"], stop: Float[Array, "*#shape"]
) -> Float[Array, "*#shape"]:
    """∫ rate dt from `start` to `stop` in closed form.

    **Raises:** `TypeError` for a rate without one.
    """
    if not isinstance(rate, AbstractIntegrableRate):
        raise TypeError(
            f"{type(rate).__name__} has no closed-form integral; expected an AbstractIntegrableRate. "
            "Accumulate with GaussLegendre() or Trapezoid()."
        )
    return rate.integral(start, stop)
