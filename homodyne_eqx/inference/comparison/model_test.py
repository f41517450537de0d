"""A test whether the data distinguish two models."""

import math
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ...engine.losses import AbstractLoss
from ...fit.result.fit_result import FitResult
from ..weighted_chi2 import weighted_chi2
from .entry import ComparedModel, determined, ratios
from .noise_along import variance_along


@final
@dataclass(frozen=True)
class ModelTest:
    """A test whether the data distinguish two models.

    - `first`, `second`: names; `nested`: True if the first is a special case of the second, for some values of its
      parameters;
    - `statistic`: for nested models the decrease of χ² from the first to the second, in units of the noise of its
      additional parameters, with `degrees` of freedom, not always a whole number; otherwise Δχ² in units of its
      standard deviation;
    - `probability`: that the statistic is as large by chance: for nested models if the first is right, otherwise if
      both describe the data equally well.
    """

    first: str
    second: str
    nested: bool
    statistic: float
    degrees: float
    probability: float

    def __str__(self) -> str:
        p = f"p = {self.probability:.2g}" if self.probability >= 1e-6 else "p < 1e-6"
        if self.nested:
            return (
                f"{self.second} against {self.first}, which is a special case of it: χ² falls by "
                f"{self.statistic:.3g} times "
                f"the noise, {self.degrees:.2g} expected, {p}"
            )
        return f"{self.first} against {self.second}: Δχ² is {abs(self.statistic):.2g} of its standard deviations, {p}"


def nested_test(smaller: ComparedModel, larger: ComparedModel) -> ModelTest:
    """The test of a model against one that it is a case of.

    The difference of χ² is distributed as Σ w χ²₁; w are the ratios of the covariance of the further parameters to that
    for white noise (Rotnitzky and Jewell, Biometrika 77, 485 (1990)).
    """
    assert isinstance(smaller.result, FitResult)
    assert isinstance(larger.result, FitResult)
    fallen = smaller.result.chi2 - larger.result.chi2
    expected = weighted_chi2(_weights(smaller.result, larger.result))
    statistic, p = max(fallen, 0.0) / expected.scale, expected.probability(fallen)
    return ModelTest(smaller.name, larger.name, True, statistic, expected.degrees, p)


def _weights(smaller: FitResult, larger: FitResult) -> np.ndarray:
    """Of the parameters that the larger model has beyond the smaller one; where these cannot be told by name, as many
    times the mean of all."""
    known, names = determined(larger), larger.free_names
    further = [k for k in known if names[k] not in smaller.free_names]
    n = len(larger.free_names) - len(smaller.free_names)
    if len(further) > n:
        neutral = [k for k in further if larger.parameters[names[k]].neutral is not None]
        further = neutral if len(neutral) == n else []
    chosen = further or known
    C, W = (m[np.ix_(chosen, chosen)] for m in (larger.covariance, larger.white_noise_covariance))
    found = ratios(C, W) if len(chosen) else np.ones(1)
    return found if further else np.full(max(n, 1), np.mean(found))


def test_apart(first: ComparedModel, second: ComparedModel, data: Any, loss: AbstractLoss | None) -> ModelTest:
    """The test of two models of which none is a case of the other (Vuong, Econometrica 57, 307 (1989)).

    Δχ² = Σ w (2 (data − g2) + Δg2) Δg2 over the pairs has the variance 4 var Σ w Δg2 · noise, worked out from drawn
    speckles, and that of what the parameters of both fit to the noise is added.
    """
    assert isinstance(first.result, FitResult)
    assert isinstance(second.result, FitResult)
    along = variance_along(first.result, second.result, data, loss)
    of_parameters = 0.0
    for result in (first.result, second.result):
        known = determined(result)
        C, W = (m[np.ix_(known, known)] for m in (result.covariance, result.white_noise_covariance))
        of_parameters += 2 * float(np.sum(ratios(C, W) ** 2))
    statistic = (first.result.chi2 - second.result.chi2) / math.sqrt(4 * along + of_parameters)
    return ModelTest(first.name, second.name, False, statistic, math.nan, math.erfc(abs(statistic) / math.sqrt(2)))
