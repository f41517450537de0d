"""From a rate to its integral up to each frame."""

import abc
from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .floors import floored
from .geometry import Geometry
from .rates import AbstractRate, Events, RateSum, closed_form


class AbstractAccumulation(eqx.Module):
    """The rule that integrates a rate over the frames. Only differences between frames have a meaning.

    Under every rule, `Events` are integrated in closed form: they can be shorter than a frame, and the points of a rule
    would miss them.
    """

    @abc.abstractmethod
    def __call__(self, rate: AbstractRate, geometry: Geometry) -> Float[Array, " n_t"]:
        """∫ rate dt up to each frame, from a frame of the rule's choice; unit of the rate times s."""


@final
class Trapezoid(AbstractAccumulation):
    """∫ f dt = Σ_k ½ (f_k + f_{k+1}) Δt_k: the documented rule, on the real spacing of the frames, with f the rate.

    The rate is evaluated at max(t, half the first spacing), so that a negative exponent is finite at t = 0. For such a
    rate the rule falls short of the integral: 0.99 of it for exponent −0.3, 0.88 for −2/3, 0.46 for −0.9 (100 frames).
    """

    def __call__(self, rate: AbstractRate, geometry: Geometry) -> Float[Array, " n_t"]:
        if _holds_events(rate):
            return _by_summand(self, rate, geometry)
        f = rate(floored(geometry.t, geometry.time_floor))
        steps = (f[:-1] + f[1:]) / 2 * geometry.intervals
        return jnp.concatenate([jnp.zeros_like(f[:1]), jnp.cumsum(steps)])


@final
class Exact(AbstractAccumulation):
    """The integral in closed form, for rates that have one; counted from the middle frame, which keeps rounding small.

    **Raises:** `TypeError` for a rate, or a part of one, without a closed form.
    """

    def __call__(self, rate: AbstractRate, geometry: Geometry) -> Float[Array, " n_t"]:
        return closed_form(rate, geometry.t[geometry.n_t // 2], geometry.t)


@final
class GaussLegendre(AbstractAccumulation):
    """Gauss–Legendre quadrature between each frame and the next, for rates without a closed form (a spline, a network).

    Exact for polynomials of degree 2·order − 1 between frames; never evaluates a rate at t = 0. A rate that diverges
    there like t^alpha, alpha < 0, converges slowly in the first interval alone: use `Exact()`.

    - `order`: points in each interval, ≥ 1.
    """

    order: int = eqx.field(static=True, default=3)

    def __check_init__(self):
        if self.order < 1:
            raise ValueError(
                f"GaussLegendre was given order = {self.order}; expected at least 1 point in each interval."
            )

    def __call__(self, rate: AbstractRate, geometry: Geometry) -> Float[Array, " n_t"]:
        if _holds_events(rate):
            return _by_summand(self, rate, geometry)
        points, weights = (jnp.asarray(x, geometry.t.dtype) for x in np.polynomial.legendre.leggauss(self.order))
        steps = geometry.intervals / 2
        f = rate(geometry.t[:-1, None] + steps[:, None] * (1 + points[None, :]))
        return jnp.concatenate([jnp.zeros_like(steps[:1]), jnp.cumsum(steps * (f @ weights))])


def _holds_events(rate: AbstractRate) -> bool:
    is_events = lambda x: isinstance(x, Events)  # noqa: E731
    return any(is_events(x) for x in jax.tree.leaves(rate, is_leaf=is_events))


def _by_summand(rule: AbstractAccumulation, rate: AbstractRate, geometry: Geometry) -> Float[Array, " n_t"]:
    """The summands that hold events in closed form, the others by the rule."""
    summands = rate.rates if isinstance(rate, RateSum) else (rate,)
    first, *others = ((Exact() if _holds_events(r) else rule)(r, geometry) for r in summands)
    return sum(others, first)
