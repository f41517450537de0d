"""Steps that change the exponent of a power of time and leave the rate at a typical time as it was."""

from collections.abc import Sequence
from typing import Any, final

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


@final
class PowersOfTime(eqx.Module):
    """Which parameters are amplitudes of powers of time, A t^α, and at which time τ these are held.

    A step along straight lines in A and α changes A τ^α by exp(Δα ln τ), by orders of magnitude where τ is far from
    1 s. Along these steps A τ^α and α change in proportion, as both together do where the data determine the rate at τ:
    (A, α) goes to ((A + ΔA + A ln τ Δα) τ^−Δα, α + Δα), which is (A + ΔA, α + Δα) to first order.

    - `exponent_at`: for each parameter the number of its exponent, its own number where it has none, (n_params,);
    - `log_time`: ln τ, of τ in s, 0 where there is no exponent, (n_params,).
    """

    exponent_at: tuple[int, ...] = eqx.field(static=True)
    log_time: Float[Array, " n_params"]

    def moved(
        self, parameters: Float[Array, " n_params"], step: Float[Array, " n_params"]
    ) -> Float[Array, " n_params"]:
        """The parameters after a step."""
        turned = self.log_time * step[np.array(self.exponent_at)]
        return (parameters + step + parameters * turned) * jnp.exp(-turned)


def powers_of_time(names: Sequence[str], exponents: Sequence[str], t: Float[Array, " n"], dtype: Any) -> PowersOfTime:
    """Those among parameters of these names, with the names of their exponents.

    **Arguments:** `t`: times of the frames, s; τ is the geometric mean of those above 0.
    """
    number = {name: k for k, name in enumerate(names)}
    at = tuple(number.get(exponent, k) for k, exponent in enumerate(exponents))
    later = t > 0
    count = jnp.maximum(jnp.sum(later), 1).astype(t.dtype)
    log_time = jnp.sum(jnp.where(later, jnp.log(jnp.where(later, t, 1)), 0)) / count
    has_one = jnp.asarray([there != k for k, there in enumerate(at)])
    return PowersOfTime(at, jnp.where(has_one, log_time, 0).astype(dtype))
