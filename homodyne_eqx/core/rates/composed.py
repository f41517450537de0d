"""Rates made of rates: sums, multiples, and rates held fixed."""

from typing import TypeVar, final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..parameters import parameter, part
from ..structure import described
from .abstract import AbstractIntegrableRate, AbstractRate, closed_form

_Module = TypeVar("_Module", bound=eqx.Module)


@final
class RateSum(AbstractIntegrableRate):
    """rate(t) = Σ_k rates[k](t): processes that act at once. `a + b` builds it, flat.

    - `rates`: one or more rates, of one unit.

    Its integral is the sum of theirs. Limits: of one rate it is that rate. Derivation: amounts that accumulate
    independently add.
    """

    rates: tuple[AbstractRate, ...] = part(converter=tuple)

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

    - `rate`: the course; hold it with `FrozenRate` where its own amplitude is free, or the two cannot be told apart;
    - `factor`: dimensionless; fits keep it > 0.

    Limits: factor 1 is the rate itself. Derivation: integrals are linear, so that its integral is factor times that
    of the rate.
    """

    rate: AbstractRate = part()
    factor: Float[Array, ""] = parameter("", (0.0, jnp.inf))

    def __call__(self, t: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return self.factor * self.rate(t)

    def integral(self, start: Float[Array, "*#shape"], stop: Float[Array, "*#shape"]) -> Float[Array, "*#shape"]:
        return self.factor * closed_form(self.rate, start, stop)


@final
class FrozenRate(AbstractIntegrableRate):
    """f(t) = rate(t): with its parameters held. No derivative reaches them, and no fit moves them.

    - `rate`: the rate that is known from elsewhere, in the unit of what holds it.

    Limits: to evaluate it, it is the rate itself. Derivation: an identity.
    """

    rate: AbstractRate = part(free=False)

    def __call__(self, t: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return held(self.rate)(t)

    def integral(self, start: Float[Array, "*#shape"], stop: Float[Array, "*#shape"]) -> Float[Array, "*#shape"]:
        return closed_form(held(self.rate), start, stop)


def held(module: _Module) -> _Module:
    """The same module, its arrays constants to differentiation."""
    return jax.tree.map(lambda x: jax.lax.stop_gradient(x) if eqx.is_inexact_array(x) else x, module)
