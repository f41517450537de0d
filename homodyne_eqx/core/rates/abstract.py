"""The contract of a rate: a function of time that something accumulates by."""

import abc

import equinox as eqx
from jaxtyping import Array, ArrayLike, Float

from ..equation import equation


class AbstractRate(eqx.Module):
    """How fast an amount grows at time t: a transport coefficient J(t) in Å²/s, a shear rate in 1/s, a velocity in Å/s.

    A rate does not know its unit; the term that holds it does. Rates add (`a + b`) and scale (`2.0 * a`).
    """

    @abc.abstractmethod
    def __call__(self, t: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """The rate at each time `t`, s (any shape, > 0)."""

    def __add__(self, other: object) -> "AbstractRate":
        from .composed import rate_sum

        return rate_sum(self, other)

    def __mul__(self, factor: ArrayLike) -> "AbstractRate":
        from .composed import Scaled

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
