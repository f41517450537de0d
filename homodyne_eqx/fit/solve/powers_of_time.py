"""Steps that change the exponent of a power of time and leave the rate at a typical time as it was, and its slope."""

from collections import Counter
from collections.abc import Sequence
from typing import final

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

_LEAST_SHARE = 0.1


@final
class PowersOfTime(eqx.Module):
    """The parameters that are amplitudes of powers of time, A t^α, and the time τ at which each is held.

    A step along straight lines in A and α changes A τ^α by exp(Δα ln τ), by orders of magnitude where τ is far from
    1 s. Along these steps A τ^α and α change in proportion, as both together do where the data determine the rate at τ:
    (A, α) goes to ((A + ΔA + A ln τ Δα) τ^−Δα, α + Δα), which is (A + ΔA, α + Δα) to first order.

    With a plateau C, A t^α + C, the data determine the rate at τ, R + C with R = A τ^α, and its slope in ln t there,
    αR. For α → 0 both stay the same while A and C grow without limit against each other. So along these steps R + C and
    αR change in proportion. Such a step leaves at least a tenth of α, and keeps its sign. Where the slope changes its
    sign, or C does not move (on its bound), the step is that without a plateau.

    - `exponent_at`: for each parameter the number of its exponent, its own number where it has none;
    - `plateau_at`: of each amplitude whose exponent and plateau are its own: the numbers of amplitude, exponent and
      plateau;
    - `t`: times of the frames, s, (n,): τ is the geometric mean of those above 0.
    """

    exponent_at: tuple[int, ...] = eqx.field(static=True)
    plateau_at: tuple[tuple[int, int, int], ...] = eqx.field(static=True)
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
        log_time = self.log_time.astype(step.dtype)
        turned = log_time * step[np.array(self.exponent_at)]
        moved = (parameters + step + parameters * turned) * jnp.exp(-turned)
        for places in self.plateau_at:
            at, number = np.array(places), places[0]
            along = _with_plateau(parameters[at], step[at], log_time[number])
            slope_stays = (along[0] > 0) & (parameters[number] > 0) & (step[places[2]] != 0)
            moved = moved.at[at].set(jnp.where(slope_stays, along, moved[at]))
        return moved


def _with_plateau(law: Float[Array, "3"], step: Float[Array, "3"], log_time: Float[Array, ""]) -> Float[Array, "3"]:
    """A, α and C after a step along which R + C and αR change in proportion; A ≤ 0 where αR changes its sign, or is
    0."""
    (A, alpha, C), (dA, d_alpha, dC) = law, step
    R, dR = A * jnp.exp(alpha * log_time), (dA + A * log_time * d_alpha) * jnp.exp(alpha * log_time)
    sign = jnp.sign(alpha)
    new_alpha = sign * jnp.maximum(sign * (alpha + d_alpha), _LEAST_SHARE * jnp.abs(alpha))
    new_R = jnp.where(alpha == 0, 0, (alpha * R + d_alpha * R + alpha * dR) / jnp.where(alpha == 0, 1, new_alpha))
    return jnp.stack([new_R * jnp.exp(-new_alpha * log_time), new_alpha, C + dC + R + dR - new_R])


def powers_of_time(
    names: Sequence[str], exponents: Sequence[str], t: Float[Array, " n"], plateaus: Sequence[str] = ()
) -> PowersOfTime:
    """Those among parameters of these names, with the names of their exponents and plateaus. **Arguments:** `t`: as in
    the class."""
    number = {name: k for k, name in enumerate(names)}
    shared = [name for name, count in (Counter(exponents) + Counter(plateaus)).items() if count > 1]
    plateau_at = tuple(
        (k, number[exponent], number[plateau])
        for k, (exponent, plateau) in enumerate(zip(exponents, plateaus or [""] * len(names), strict=True))
        if exponent in number and plateau in number and not {exponent, plateau} & {*shared}
    )
    return PowersOfTime(tuple(number.get(exponent, k) for k, exponent in enumerate(exponents)), plateau_at, t)
