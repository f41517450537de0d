"""The uncertainty of a fit with speckle weights under the noise of speckles."""

from dataclasses import dataclass
from typing import final

import numpy as np

from ...noise.sector_noise import SectorNoise
from ..uncertainty.abstract_noise import AbstractNoise
from ..uncertainty.noise_of_fit import NoiseOfFit


@final
@dataclass(frozen=True)
class NoiseOfWeightedFit(AbstractNoise):
    """The end of a weighted fit.

    - `least_squares`: the noise at the end of least squares, which says how many speckles there are;
    - `there`: the same at the end of the weighted fit, for independent noise alone;
    - `weighted_covariance`: of the free parameters, (n_free, n_free), NaN for those at a bound.
    """

    least_squares: NoiseOfFit
    there: NoiseOfFit
    weighted_covariance: np.ndarray

    @property
    def sectors(self) -> tuple[SectorNoise, ...]:
        return self.least_squares.sectors

    @property
    def speckles(self) -> np.ndarray:
        return self.least_squares.speckles

    @property
    def assumption(self) -> str:
        return self.least_squares.assumption

    @property
    def is_known(self) -> bool:
        return self.least_squares.is_known

    @property
    def covariance(self) -> np.ndarray:
        return self.weighted_covariance

    @property
    def white_noise_covariance(self) -> np.ndarray:
        return self.there.white_noise_covariance

    def variance(self, slope: np.ndarray) -> float:
        """The variance of slope · parameters, NaN if these are at a bound, or none."""
        white = self.white_noise_variance(slope)
        if not np.isfinite(white):
            return white
        covariance = np.nan_to_num(self.weighted_covariance)
        return float(slope @ covariance @ slope)

    def white_noise_variance(self, slope: np.ndarray) -> float:
        return self.there.white_noise_variance(slope)
