"""The contract of a rate: a function of time that something accumulates by."""

import abc

import equinox as eqx
from jaxtyping import Array, Float


class AbstractRate(eqx.Module):
    """How fast an amount grows at time t: a transport coefficient J(t) in Å²/s, a shear rate in 1/s.

    A rate does not know its unit; the term that holds it does.
    """

    @abc.abstractmethod
    def __call__(self, t: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """The rate at each time `t`, s (any shape, > 0)."""


class AbstractIntegrableRate(AbstractRate):
    """A rate whose integral is known in closed form."""

    @abc.abstractmethod
    def integral(self, start: Float[Array, "*#shape"], stop: Float[Array, "*#shape"]) -> Float[Array, "*#shape"]:
        """∫ rate dt from `start` to `stop`, s (broadcast together, ≥ 0, in either order), in the unit of the rate times s."""
