"""A share of the intensity whose amplitude grows or fades exponentially."""

from typing import final

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..floors import floored
from ..parameters import parameter
from .abstract import AbstractRate

_LARGEST_EXPONENT = 50.0


@final
class ExponentialShare(AbstractRate):
    """rate(t) = x²/(x² + (1 − x)²), x = f0·exp(f1·(t − f2)) + f3: the share of the scattered intensity of a component
    whose share x of the amplitude grows or fades exponentially. For `TwoComponents(fraction=…)`.

    - `f0`, `f3`: dimensionless; `f1`: s⁻¹, > 0 for growth; `f2`: s, fixed by default, because a change of f2 has the
      same effect as a change of f0.
    - x is kept within [0, 1]; the limits act on the value alone (`floored`), so that a fit can leave them again. The
      exponent f1·(t − f2) is kept at 50 at most.

    Limits: f1 = 0 is a constant share, in which the data do not distinguish f0 from f3.

    Source: He et al., PNAS 122 (2025) e2514216122: amplitudes x and 1 − x of the two components.
    """

    f0: Float[Array, ""] = parameter("", (0.0, 1.0))
    f1: Float[Array, ""] = parameter("s⁻¹", default=0.0, neutral=0.0)
    f2: Float[Array, ""] = parameter("s", free=False, default=0.0)
    f3: Float[Array, ""] = parameter("", (-1.0, 1.0), default=0.0, neutral=0.0)

    def __call__(self, t: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        grown = jnp.exp(jnp.minimum(self.f1 * (t - self.f2), _LARGEST_EXPONENT))
        x = floored(self.f0 * grown + self.f3, 0.0)
        rest = floored(1 - x, 0.0)
        x = 1 - rest
        return x**2 / (x**2 + rest**2)
