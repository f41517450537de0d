"""The distribution of Σ w χ²₁: a difference of χ² where the noise is correlated, a sum of squares of unequal size."""

from typing import NamedTuple, final

import numpy as np


@final
class WeightedChi2(NamedTuple):
    """`scale` · χ² of `degrees` of freedom, not a whole number, with the mean and the variance of Σ w χ²₁.

    Satterthwaite, Biometrics Bulletin 2, 110 (1946); of likelihoods of correlated data: Rotnitzky and Jewell,
    Biometrika 77, 485 (1990).
    """

    scale: float
    degrees: float

    def probability(self, value: float) -> float:
        """The probability that the sum is at least as large by chance, 0 to 1."""
        from scipy.special import gammaincc

        return float(gammaincc(self.degrees / 2, max(value, 0.0) / (2 * self.scale)))


def weighted_chi2(weights: np.ndarray) -> WeightedChi2:
    """**Arguments:** `weights`: w, > 0, (n,), n at least 1."""
    total, squares = float(np.sum(weights)), float(np.sum(weights**2))
    return WeightedChi2(squares / total, total**2 / squares)


def quantile_of_chi2(probability: float | int, degrees: int) -> float:
    """The value that χ² of so many degrees of freedom does not exceed with this probability."""
    from scipy.special import gammaincinv

    return float(2 * gammaincinv(degrees / 2, probability))
