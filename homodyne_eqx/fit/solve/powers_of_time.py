"""Steps that change the exponent of a power of time and leave the rate at a typical time as it was."""

from collections.abc import Sequence
from typing import final

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


@final
class PowersOfTime(eqx.Module):
    """The parameters that are amplitudes of powers of time, A t^α, and the time τ at which each is held.

    A step along straight lines in A and α changes A τ^α by exp(Δα ln τ), by orders of magnitude where τ is far from
    1 s. Along these steps A τ^α and α change in proportion, as both together do where the data determine the rate at τ:
    (A, α) goes to ((A + ΔA + A ln τ Δα) τ^−Δα, α + Δα), which is (A + ΔA, α + Δα) to first order.

    - `exponent_at`: for each parameter the number of its exponent, its own number where it has none;
    - `t`: times of the frames, s, (n,): τ is the geometric mean of those above 0.
    """

    exponent_at: tuple[int, ...] = eqx.field(static=True)
    t: Float[Array, " n"]

    @property
    def log_time(self) -> Float[Array, " n_params"]:
        """ln τ, of τ in s; 0 where there is no exponent."""
        later = self.t > 0
        count = jnp.maximum(jnp.sum(later), 1).astype(self.t.dtype)
        log_time = jnp.sum(jnp.where(later, jnp.log(jnp.where(later, self.t, 1)), 0)) / count
        has_one = np.array(self.exponent_at) != np.arange(len(self.exponent_at))
        return jnp.where(has_one, log_time, 0)

    def moved(
        self, parameters: Float[Array, " n_params"], step: Float[Array, " n_params"]
    ) -> Float[Array, " n_params"]:
        """The parameters after a step."""
        turned = self.log_time.astype(step.dtype) * step[np.array(self.exponent_at)]
        return (parameters + step + parameters * turned) * jnp.exp(-turned)


def powers_of_time(names: Sequence[str], exponents: Sequence[str], t: Float[Array, " n"]) -> PowersOfTime:
    """The powers of time among parameters of these names, with their exponents. **Arguments:** `t`: as in the class."""
    number = {name: k for k, name in enumerate(names)}
    return PowersOfTime(tuple(number.get(exponent, k) for k, exponent in enumerate(exponents)), t)
