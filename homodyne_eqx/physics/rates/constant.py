"""A rate that does not change."""

from typing import Any, ClassVar, final

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..parameters import parameter
from .abstract import AbstractIntegrableRate, AbstractRate


@final
class Constant(AbstractIntegrableRate):
    """rate(t) = value: steady motion.

    - `value`: unit of the rate; fits keep it > 0.

    Limits: its integral grows in proportion to the lag, so that a map depends on the lag alone. Derivation: steady
    state.
    """

    steady: ClassVar[bool] = True

    value: Float[Array, ""] = parameter("{unit}", (0.0, jnp.inf), in_name=False)

    def __call__(self, t: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return jnp.broadcast_to(self.value, t.shape)

    def integral(self, start: Float[Array, "*#shape"], stop: Float[Array, "*#shape"]) -> Float[Array, "*#shape"]:
        return self.value * (stop - start)


def as_rate(x: Any) -> AbstractRate:
    """A rate unchanged; a number as a `Constant`.

    **Raises:** `TypeError` for anything else, for example a term.
    """
    if isinstance(x, AbstractRate):
        return x
    if jnp.isscalar(x) or getattr(x, "shape", None) == ():
        return Constant(x)
    raise TypeError(
        f"A {type(x).__name__} stands where a rate is expected; pass a rate, such as PowerLaw(…), or a number."
    )
