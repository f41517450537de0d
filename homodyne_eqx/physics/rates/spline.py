"""Free-form rates: splines in log rate against log time."""

from typing import final

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..construction_checks import check_structure
from ..floors import floored
from ..parameters import parameter
from .abstract import AbstractRate
from .power_law import RATE_FLOOR


def _knots(knots: object) -> tuple[float, ...]:
    times = tuple(float(t) for t in np.asarray(knots).ravel())
    if len(times) < 2 or times[0] <= 0 or np.any(np.diff(times) <= 0):
        raise ValueError(f"A spline was given knots = {times}; expected two or more increasing times > 0, in s.")
    return times


@final
class Spline(AbstractRate):
    """rate(t) = exp(S(ln t)), S(ln knots) = ln values: S is the natural cubic spline, twice differentiable.

    - `knots`: times, s, > 0 and increasing, best log-spaced (`np.geomspace`); fixed, no parameters. Before the first
      knot and after the last knot the rate is constant.
    - `values`: the rate at each knot, in its unit, shape `(n_knots,)`; fits keep them > 0.

    Positive. Accumulate with `GaussLegendre()` or `Trapezoid()`.

    Limits: two knots make a power law between them. Derivation: of the curves through the knots the natural spline
    has the least ∫ S″² d ln t.
    """

    knots: tuple[float, ...] = eqx.field(static=True, converter=_knots)
    values: Float[Array, " n_knots"] = parameter("{unit}", (0.0, jnp.inf))

    def __check_init__(self):
        check_structure(self)
        if self.values.shape != (len(self.knots),):
            raise ValueError(
                f"Spline was given {len(self.knots)} knots and values of shape {self.values.shape}; "
                "expected one for each knot."
            )

    def __call__(self, t: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        heights = jnp.log(floored(self.values, RATE_FLOOR))
        slopes = jnp.asarray(_natural_slopes(np.log(self.knots)), heights.dtype) @ heights
        return jnp.exp(_hermite(self.knots, heights, slopes, t))


@final
class MonotoneSpline(AbstractRate):
    """rate(t) = first · exp(± S(ln t)), S(ln knots) = cumsum(steps): only falls (−), or only rises (+), and is
    positive.

    - `knots`: as in `Spline`;
    - `first`: the rate at the first knot, in its unit; fits keep it > 0;
    - `steps`: by how much ln rate falls (or rises) from each knot to the next, dimensionless, shape `(n_knots −
      1,)`; fits keep them > 0;
    - `rising`: True if the rate rises; by default it falls.

    S is a cubic between each two knots, 0 at the first. Its slopes are harmonic means of those on both sides, which
    keeps it monotone and is smooth in the steps as long as they are positive. Accumulate with `GaussLegendre()` or
    `Trapezoid()`.

    Limits: steps → 0 is `Constant`. Source: Fritsch and Butland, SIAM J. Sci. Stat. Comput. 5 (1984) 300.
    """

    knots: tuple[float, ...] = eqx.field(static=True, converter=_knots)
    first: Float[Array, ""] = parameter("{unit}", (0.0, jnp.inf))
    steps: Float[Array, " n_steps"] = parameter("", (0.0, jnp.inf))
    rising: bool = eqx.field(static=True, default=False)

    def __check_init__(self):
        check_structure(self)
        if self.steps.shape != (len(self.knots) - 1,):
            raise ValueError(
                f"MonotoneSpline was given {len(self.knots)} knots and steps of shape {self.steps.shape}; expected one "
                f"between each two knots, ({len(self.knots) - 1},)."
            )

    def __call__(self, t: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        steps = floored(self.steps, RATE_FLOOR)
        grown = jnp.concatenate([jnp.zeros_like(steps[:1]), jnp.cumsum(steps)])
        chords = steps / jnp.asarray(np.diff(np.log(self.knots)), steps.dtype)
        inner = 2 * chords[:-1] * chords[1:] / (chords[:-1] + chords[1:])
        slopes = jnp.concatenate([chords[:1], inner, chords[-1:]])
        sign = 1 if self.rising else -1
        return floored(self.first, RATE_FLOOR) * jnp.exp(sign * _hermite(self.knots, grown, slopes, t))


def _hermite(knots: tuple[float, ...], heights: Array, slopes: Array, t: Array) -> Array:
    """The piecewise cubic in ln t with these heights and slopes at the knots, constant outside them."""
    x = jnp.log(jnp.clip(t, knots[0], knots[-1]))
    positions = jnp.log(jnp.asarray(knots, x.dtype))
    k = jnp.clip(jnp.searchsorted(positions, x, side="right") - 1, 0, len(knots) - 2)
    step = positions[k + 1] - positions[k]
    s = (x - positions[k]) / step
    value = heights[k] * (1 - s) ** 2 * (1 + 2 * s) + heights[k + 1] * s**2 * (3 - 2 * s)
    return value + step * s * (1 - s) * (slopes[k] * (1 - s) - slopes[k + 1] * s)


def _natural_slopes(x: np.ndarray) -> np.ndarray:
    """The matrix from heights to slopes of the natural cubic spline: second derivative continuous, 0 at both ends."""
    n, h = len(x), np.diff(x)
    left, right = np.zeros((n, n)), np.zeros((n, n))
    for k in range(n):
        for side in (k - 1, k):  # the intervals before and after knot k
            if 0 <= side < n - 1:
                left[k, k] += 2 / h[side]
                left[k, 2 * side + 1 - k] += 1 / h[side]
                right[k, side] -= 3 / h[side] ** 2
                right[k, side + 1] += 3 / h[side] ** 2
    return np.linalg.solve(left, right)
