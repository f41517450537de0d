"""Exponential decay in the accumulated amount: Brownian motion, and its stretched and compressed relatives."""

from typing import ClassVar, final

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..floors import floored
from ..parameters import parameter
from .abstract import AbstractDifferenceKernel

_LARGEST_EXPONENT = 700.0
_SMALLEST_AMOUNT = 1e-20


@final
class Exponential(AbstractDifferenceKernel):
    """kernel(x) = exp(−x): scatterers whose displacement along q is Gaussian, x half its variance times q².

    The exponent is kept in [−700, 0]: below −700 the exponential of a double underflows, and its derivative with it.

    Limits: 1 − x for small x; x < 0, which a rate below 0 can accumulate, counts as 0. Derivation: the average of
    exp(i q Δ) over a Gaussian Δ of variance σ² is exp(−½ q² σ²), here with x = ½ q² σ², dimensionless.
    """

    plain: ClassVar[bool] = True

    def __call__(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return jnp.exp(-jnp.minimum(floored(x, 0.0), _LARGEST_EXPONENT))


@final
class Stretched(AbstractDifferenceKernel):
    """kernel(x) = exp(−x^exponent): Kohlrausch's form, stretched below exponent 1 and compressed above.

    - `exponent`: dimensionless, in (0, 2]: up to 2 the kernel is the average of exp(i q Δ) over displacements Δ.

    Limits: exponent 1 is `Exponential`, exponent 2 is `Gaussian` at √2 x. At x = 0 the value is 1 and the derivative
    is taken as 0; below exponent 1, its limit from the right is infinite. x < 1e-20 counts as 0.

    Source: Williams and Watts, Trans. Faraday Soc. 66 (1970) 80.
    """

    exponent: Float[Array, ""] = parameter("", (0.0, 2.0))

    def __call__(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        counts = x > _SMALLEST_AMOUNT
        power = jnp.exp(self.exponent * jnp.log(jnp.where(counts, x, 1)))
        return jnp.where(counts, jnp.exp(-jnp.minimum(power, _LARGEST_EXPONENT)), 1)
