"""Rates that are known from elsewhere."""

from typing import ClassVar, final

from jaxtyping import Array, Float

from ..parameters import component, stop_gradient
from .abstract import AbstractIntegrableRate, AbstractRate, closed_form


@final
class FrozenRate(AbstractIntegrableRate):
    """f(t) = rate(t): with its parameters fixed. No derivative reaches them, and no fit moves them.

    - `rate`: the rate that is known from elsewhere, in the unit of the term that holds it.

    Limits: its value is that of the rate. Derivation: an identity.
    """

    steady: ClassVar[bool] = True

    rate: AbstractRate = component(free=False)

    def __call__(self, t: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return stop_gradient(self.rate)(t)

    def integral(self, start: Float[Array, "*#shape"], stop: Float[Array, "*#shape"]) -> Float[Array, "*#shape"]:
        return closed_form(stop_gradient(self.rate), start, stop)
