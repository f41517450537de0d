"""The unknowns of a solver, for parameters with bounds: of a solver that knows bounds, and of one that does not."""

import abc
from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .interval import from_interval, inside, to_interval
from .powers_of_time import PowersOfTime


class AbstractUnknowns(eqx.Module):
    """Unknowns y, 0 at the start, that stand for parameters.

    All of shape (n_params,): `low`, `high`, `start` in the units of the parameters, and `scale`, by which y is
    multiplied.
    """

    low: eqx.AbstractVar[Float[Array, " n_params"]]
    high: eqx.AbstractVar[Float[Array, " n_params"]]
    start: eqx.AbstractVar[Float[Array, " n_params"]]
    scale: eqx.AbstractVar[Float[Array, " n_params"]]

    @abc.abstractmethod
    def parameters(self, y: Float[Array, " n_params"]) -> Float[Array, " n_params"]:
        """The parameters that unknowns stand for, within their bounds."""

    @abc.abstractmethod
    def slope(self, y: Float[Array, " n_params"]) -> Float[Array, " n_params"]:
        """dθ/dy."""

    @abc.abstractmethod
    def around(
        self, start: Float[Array, " n_params"], unit: Float[Array, " n_params"], first_step_size: float = 1.0
    ) -> "AbstractUnknowns":
        """The same bounds with y = 0 at `start`, where a change of 1 in y changes the parameters by `unit`.

        **Arguments:** `first_step_size`: the change of √χ² in one parameter that a change of 1 in y means.
        """

    @abc.abstractmethod
    def options(self) -> dict[str, Any]:
        """The `options` of a solver of Optimistix for these unknowns."""

    @property
    @abc.abstractmethod
    def ends_exactly(self) -> bool:
        """Whether a parameter that is driven to its bound ends exactly there."""


@final
class BoxUnknowns(AbstractUnknowns):
    """θ = start + scale · y within its bounds, exactly on one where y is, for `BoundedLevenbergMarquardt`.

    A start may be on a bound. `first_step_size`: see `around`; `powers`: along which curves steps go.
    """

    low: Float[Array, " n_params"]
    high: Float[Array, " n_params"]
    start: Float[Array, " n_params"]
    scale: Float[Array, " n_params"]
    first_step_size: Float[Array, ""]
    powers: PowersOfTime

    def parameters(self, y: Float[Array, " n_params"]) -> Float[Array, " n_params"]:
        lower, upper = self._limits()
        moved = jnp.clip(self.start + self.scale * y, self.low, self.high)
        return jnp.where(y <= lower, self.low, jnp.where(y >= upper, self.high, moved))

    def slope(self, y: Float[Array, " n_params"]) -> Float[Array, " n_params"]:
        return self.scale

    def around(
        self, start: Float[Array, " n_params"], unit: Float[Array, " n_params"], first_step_size: float = 1.0
    ) -> "BoxUnknowns":
        size = jnp.asarray(first_step_size, start.dtype)
        return BoxUnknowns(self.low, self.high, jnp.clip(start, self.low, self.high), unit, size, self.powers)

    def options(self) -> dict[str, Any]:
        """The bounds of y, a first step that may change √χ² in one parameter by about `first_step_size`, and the curves
        that steps follow."""
        lower, upper = self._limits()
        size = self.first_step_size
        return {"lower": lower, "upper": upper, "damping": 1 / size**2, "scale": 1 / size, "moved": self.moved}

    def moved(self, y: Float[Array, " n_params"], step: Float[Array, " n_params"]) -> Float[Array, " n_params"]:
        """The unknowns after a step, which may lie beyond their bounds."""
        return (self.powers.moved(self.start + self.scale * y, self.scale * step) - self.start) / self.scale

    @property
    def ends_exactly(self) -> bool:
        return True

    def _limits(self) -> tuple[Array, Array]:
        return (self.low - self.start) / self.scale, (self.high - self.start) / self.scale


@final
class IntervalUnknowns(AbstractUnknowns):
    """θ = to_interval(v0 + scale · y), for solvers that know of no bounds: every y stands for parameters within theirs.

    `start` lies strictly inside: one on a bound is moved off it. `scale` is in units of v.
    """

    low: Float[Array, " n_params"]
    high: Float[Array, " n_params"]
    start: Float[Array, " n_params"]
    scale: Float[Array, " n_params"]

    def parameters(self, y: Float[Array, " n_params"]) -> Float[Array, " n_params"]:
        v0 = from_interval(self.start, self.low, self.high, self.start)
        return to_interval(v0 + self.scale * y, self.low, self.high, self.start)

    def slope(self, y: Float[Array, " n_params"]) -> Float[Array, " n_params"]:
        return jax.jvp(self.parameters, (y,), (jnp.ones_like(y),))[1]

    @eqx.filter_jit
    def around(
        self, start: Float[Array, " n_params"], unit: Float[Array, " n_params"], first_step_size: float = 1.0
    ) -> "IntervalUnknowns":
        start = inside(start, self.low, self.high)
        here = IntervalUnknowns(self.low, self.high, start, jnp.ones_like(start))
        return IntervalUnknowns(self.low, self.high, start, unit / here.slope(jnp.zeros_like(start)))

    def options(self) -> dict[str, Any]:
        """Nothing: the bounds are in the unknowns themselves."""
        return {}

    @property
    def ends_exactly(self) -> bool:
        return False
