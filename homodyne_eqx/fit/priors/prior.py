"""Priors of parameters."""

import abc
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, final

_FAR = 30.0
_SMALLEST = 1e-30


@dataclass(frozen=True)
class AbstractPrior(abc.ABC):
    """The knowledge of a parameter before the fit. A prior that `counts` adds ((f(value) − centre)/scale)² to χ², like
    one more measured value; f is ln if the prior is `logarithmic`.
    """

    counts: ClassVar[bool] = True
    logarithmic: ClassVar[bool] = False

    @property
    @abc.abstractmethod
    def centre(self) -> float:
        """The f(value) at which the prior is largest."""

    @property
    @abc.abstractmethod
    def scale(self) -> float:
        """1σ of f(value)."""

    @property
    @abc.abstractmethod
    def limits(self) -> tuple[float, float]:
        """The range of values that the prior allows."""

    @property
    @abc.abstractmethod
    def log_norm(self) -> float:
        """The logarithm of the largest density of f(value)."""

    def distance(self, value: float) -> float:
        """The distance of a value from the centre in σ, with its sign; 0 for a prior that does not count."""
        if not self.counts:
            return 0.0
        return ((math.log(value) if self.logarithmic else value) - self.centre) / self.scale

    def to_dict(self) -> dict[str, Any]:
        """The prior as plain values, from which `prior_of` makes it again."""
        return {"name": type(self).__name__, **asdict(self)}

    def __str__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{x:g}' for x in asdict(self).values())})"


@final
@dataclass(frozen=True)
class Normal(AbstractPrior):
    """A value is known as `mean` ± `sigma` (1σ > 0), both in the unit of the parameter.

    **Raises:** `ValueError` for numbers that are not finite, and for sigma ≤ 0.
    """

    mean: float | int
    sigma: float | int

    def __post_init__(self):
        _take_numbers(self)
        _check_positive(self, "sigma", self.sigma)

    @property
    def centre(self) -> float:
        return self.mean

    @property
    def scale(self) -> float:
        return self.sigma

    @property
    def limits(self) -> tuple[float, float]:
        return -math.inf, math.inf

    @property
    def log_norm(self) -> float:
        return -math.log(self.sigma * math.sqrt(2 * math.pi))


@final
@dataclass(frozen=True)
class LogNormal(AbstractPrior):
    """A value > 0 is known up to a factor: its logarithm is that of `median` ± `sigma`; sigma = ln 2 is a factor of 2.

    `median` is in the unit of the parameter, `sigma` is a number > 0.

    **Raises:** `ValueError` for numbers that are not finite or not > 0.
    """

    median: float | int
    sigma: float | int
    logarithmic: ClassVar[bool] = True

    def __post_init__(self):
        _take_numbers(self)
        _check_positive(self, "median", self.median)
        _check_positive(self, "sigma", self.sigma)

    @property
    def centre(self) -> float:
        return math.log(self.median)

    @property
    def scale(self) -> float:
        return self.sigma

    @property
    def limits(self) -> tuple[float, float]:
        return max(self.median * math.exp(-min(_FAR * self.sigma, 700.0)), _SMALLEST), math.inf

    @property
    def log_norm(self) -> float:
        return -math.log(self.sigma * math.sqrt(2 * math.pi))


@final
@dataclass(frozen=True)
class Uniform(AbstractPrior):
    """A value lies between `low` and `high`, in the unit of the parameter, with equal probability. It adds nothing to
    χ²: `low` and `high` become bounds of the fit.

    **Raises:** `ValueError` for numbers that are not finite, and unless low < high.
    """

    low: float | int
    high: float | int
    counts: ClassVar[bool] = False

    def __post_init__(self):
        _take_numbers(self)
        if not self.low < self.high:
            raise ValueError(f"{self} has no values between its limits; expected low < high.")

    @property
    def centre(self) -> float:
        return (self.low + self.high) / 2

    @property
    def scale(self) -> float:
        return math.inf

    @property
    def limits(self) -> tuple[float, float]:
        return self.low, self.high

    @property
    def log_norm(self) -> float:
        return -math.log(self.high - self.low)


_KINDS: Mapping[str, type[AbstractPrior]] = {kind.__name__: kind for kind in (Normal, LogNormal, Uniform)}


def prior_of(stored: Mapping[str, Any] | None) -> AbstractPrior | None:
    """The inverse of `to_dict`; `None` for `None`."""
    if stored is None:
        return None
    return _KINDS[stored["name"]](**{name: value for name, value in stored.items() if name != "name"})


def _take_numbers(prior: AbstractPrior) -> None:
    """Every field as a float.

    **Raises:** `TypeError` for what is no number; `ValueError` for what is not finite.
    """
    for name, value in asdict(prior).items():
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise TypeError(f"{name} of {type(prior).__name__} is {value!r}; expected a number.") from None
        if not math.isfinite(number):
            raise ValueError(f"{name} of {type(prior).__name__} is {number}; expected a finite number.")
        object.__setattr__(prior, name, number)


def _check_positive(prior: AbstractPrior, name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name} of {type(prior).__name__} is {value:g}; expected a number > 0.")
