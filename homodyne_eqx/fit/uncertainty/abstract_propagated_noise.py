"""Noise whose covariance of the parameters follows from the normal equations and the covariance of their right side."""

import abc
from functools import cached_property

import numpy as np

from ..solve.quadratic import Quadratic
from .abstract_noise import AbstractNoise
from .covariance import Inverse, covariance, inverse, square_root


class AbstractPropagatedNoise(AbstractNoise):
    """The end of a fit with the normal equations N, b, priors included, and V, the covariance of b: N⁻¹ V N⁻¹.

    A subclass is a dataclass with the fields `at_bound`, which free parameters ended at a bound, (n_free,), and
    `normal`, the normal equations at the end.
    """

    at_bound: np.ndarray
    normal: Quadratic

    @property
    @abc.abstractmethod
    def variance_of_pulls(self) -> np.ndarray:
        """V, the covariance of b under the noise of the data and of the priors, (n_free, n_free)."""

    @cached_property
    def white_noise_covariance(self) -> np.ndarray:
        """N⁻¹, (n_free, n_free): NaN for parameters at a bound, infinite for those not determined."""
        return covariance(self.normal, self.at_bound)

    @cached_property
    def directions(self) -> Inverse:
        """N⁻¹ taken apart."""
        return inverse(self.normal, self.at_bound)

    @cached_property
    def inverse(self) -> np.ndarray:
        """N⁻¹, (n_free, n_free), 0 for parameters at a bound and for what the data do not determine."""
        return self.directions.embedded

    @cached_property
    def scatter(self) -> np.ndarray:
        """N⁻¹ √V, (n_free, n_free), whose product with its own transpose is N⁻¹ V N⁻¹.

        That product has no negative variance and no correlation beyond ±1, where parameters are nearly degenerate, too.
        """
        return self.inverse @ square_root(self.variance_of_pulls)

    @cached_property
    def covariance(self) -> np.ndarray:
        """N⁻¹ V N⁻¹, (n_free, n_free); NaN and infinite where that of white noise is."""
        white = self.white_noise_covariance
        if not self.is_known or not len(white):
            return white
        return np.where(np.isfinite(white), self.scatter @ self.scatter.T, white)

    def white_noise_variance(self, slope: np.ndarray) -> float:
        """The variance of slope · parameters if the noise of every value were independent."""
        return self.directions.variance(slope) if np.any(slope[self.directions.inside]) else np.nan

    def variance(self, slope: np.ndarray) -> float:
        """The variance of slope · parameters, of the slopes (n_free,) of a quantity: infinite if it leans on what the
        data do not determine, NaN if only on parameters at a bound or on none."""
        white = self.white_noise_variance(slope)
        if not np.isfinite(white) or not self.is_known:
            return white
        return float(np.sum((slope @ self.scatter) ** 2))
