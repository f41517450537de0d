"""The contract of a rate, how fast an amount accumulates, as a function of time; rates add, and scale by a number."""

import abc
from typing import ClassVar, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from ..construction_checks import check_structure, described
from ..equation import equation
from ..parameters import component, parameter
from ..per_sector import PerSector


class AbstractRate(eqx.Module):
    """The rate of an amount at time t: a transport coefficient J(t) in Å²/s, a shear rate in 1/s, a velocity in Å/s.

    The unit of a rate is that of the term that holds it. Rates can be added (`a + b`) and scaled (`2.0 * a`).

    `steady`: True if the rate is the same at all times for all parameters, provided that the rates inside it are.
    Without this statement a rate counts as changing with time.
    """

    steady: ClassVar[bool] = False

    def __check_init__(self):
        check_structure(self)

    @abc.abstractmethod
    def __call__(self, t: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """The rate at each time `t`, s (any shape, ≥ 0); finite and differentiable at t = 0, too."""

    def __add__(self, other: object) -> "AbstractRate":
        return rate_sum(self, other)

    def __radd__(self, other: object) -> "AbstractRate":
        return self + other

    def __mul__(self, factor: ArrayLike | PerSector) -> "AbstractRate":
        numbers = jax.Array | np.ndarray | np.generic | float | int | PerSector
        if not (isinstance(factor, numbers) and getattr(factor, "shape", ()) == ()):
            raise TypeError(
                f"Cannot multiply {type(self).__name__}, a rate, by {described(factor)}; expected one number, as in "
                "2.0 * rate. Rates add, a + b; terms multiply, so a rate goes into a term first: Diffusion(rate)."
            )
        return Scaled(self, factor)

    def __rmul__(self, factor: ArrayLike | PerSector) -> "AbstractRate":
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


@final
class RateSum(AbstractIntegrableRate):
    """rate(t) = Σ_k `rates[k](t)`: processes that act at once. `a + b` builds it, flat.

    - `rates`: one or more rates, of one unit.

    Its integral is the sum of their integrals. Limits: the sum of one rate is that rate. Derivation: amounts that
    accumulate independently add up.
    """

    steady: ClassVar[bool] = True

    rates: tuple[AbstractRate, ...] = component(converter=tuple)

    def __check_init__(self):
        if not self.rates:
            raise ValueError("RateSum was given no rate; expected at least one.")

    def __call__(self, t: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return sum((rate(t) for rate in self.rates[1:]), self.rates[0](t))

    def integral(self, start: Float[Array, "*#shape"], stop: Float[Array, "*#shape"]) -> Float[Array, "*#shape"]:
        first, *others = (closed_form(rate, start, stop) for rate in self.rates)
        return sum(others, first)


def rate_sum(a: AbstractRate, b: object) -> RateSum:
    """The flat sum of two rates or sums.

    **Raises:** `TypeError` that names both sides if `b` is not a rate.
    """
    if not isinstance(b, AbstractRate):
        raise TypeError(
            f"Cannot add {described(b)} to {type(a).__name__}, a rate; expected a rate on both sides, for a number "
            "Constant(…)."
        )
    summands = [rate.rates if isinstance(rate, RateSum) else (rate,) for rate in (a, b)]
    return RateSum((*summands[0], *summands[1]))


@final
class Scaled(AbstractIntegrableRate):
    """f(t) = factor · rate(t): a known course in time of unknown size. `2.0 * rate` builds it.

    - `rate`: the course in time. If its own amplitude is free, fix it with `FrozenRate`, because the data determine
      only the product of amplitude and factor;
    - `factor`: dimensionless; fits keep it > 0.

    Limits: factor 1 is the rate itself. Derivation: integrals are linear, so that its integral is factor times that
    of the rate.
    """

    steady: ClassVar[bool] = True

    rate: AbstractRate = component()
    factor: Float[Array, ""] = parameter("", (0.0, jnp.inf))

    def __call__(self, t: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return self.factor * self.rate(t)

    def integral(self, start: Float[Array, "*#shape"], stop: Float[Array, "*#shape"]) -> Float[Array, "*#shape"]:
        return self.factor * closed_form(self.rate, start, stop)
