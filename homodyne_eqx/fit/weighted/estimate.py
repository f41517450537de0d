"""The estimate of a fit with weights of one kind, and the test that decides between two estimates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

INDEPENDENT, SPECKLE = "independent", "speckle"


@final
@dataclass(frozen=True)
class Estimate:
    """The free parameters and their covariance, for the noise of finitely many speckles.

    - `names`, (n_free,); `values`, (n_free,); `covariance`: (n_free, n_free), NaN for parameters at a bound.
    """

    names: tuple[str, ...]
    values: np.ndarray
    covariance: np.ndarray

    @property
    def uncertainties(self) -> Mapping[str, float]:
        """Name → 1σ."""
        return dict(zip(self.names, np.sqrt(np.diagonal(self.covariance)).tolist(), strict=True))

    def __getitem__(self, name: str) -> float:
        """The value of the parameter of this name."""
        return float(self.values[self.names.index(name)])


@final
@dataclass(frozen=True)
class Guard:
    """Whether equal weights and weights for the noise of speckles lead to the same parameters, as of a right model.

    - `statistic`: the square of their difference, in units of its covariance, of so many `degrees` of freedom; NaN
      where there is no weighted estimate; `threshold`: what a right model exceeds once in a thousand times;
    - `passed`: whether the weighted estimate is the result; `sentence`: why, or why not.
    """

    statistic: float
    degrees: int
    threshold: float
    passed: bool
    sentence: str

    def __str__(self) -> str:
        return self.sentence
