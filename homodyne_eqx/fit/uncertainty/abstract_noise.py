"""The interface of the noise of a fit, for a result."""

import abc

import numpy as np

from ...noise.sector_noise import SectorNoise


class AbstractNoise(abc.ABC):
    """The noise of the data of a fit, sector by sector, and the uncertainty of the free parameters."""

    @property
    @abc.abstractmethod
    def sectors(self) -> tuple[SectorNoise, ...]:
        """The noise of the speckles of each sector; empty where it is not known, and of data that are no maps."""

    @property
    @abc.abstractmethod
    def speckles(self) -> np.ndarray:
        """The estimated number of independent speckles of each sector, (n_sector,); empty for data that are no maps."""

    @property
    @abc.abstractmethod
    def assumption(self) -> str:
        """The assumptions of the uncertainties, in words."""

    @property
    @abc.abstractmethod
    def is_known(self) -> bool:
        """Whether anything is known of the noise: not where a fit has ended at no finite χ²."""

    @property
    @abc.abstractmethod
    def covariance(self) -> np.ndarray:
        """The covariance of the free parameters under the noise of the data, (n_free, n_free)."""

    @property
    @abc.abstractmethod
    def white_noise_covariance(self) -> np.ndarray:
        """The same if the noise of every pair of frames were independent."""

    @abc.abstractmethod
    def variance(self, slope: np.ndarray) -> float:
        """The variance of slope · parameters, of the slopes (n_free,) of a quantity: infinite if it leans on what the
        data do not determine, NaN if only on parameters at a bound or on none."""

    @abc.abstractmethod
    def white_noise_variance(self, slope: np.ndarray) -> float:
        """The same if the noise of every pair of frames were independent."""

    def uncertainty(self, k: int) -> float:
        """1σ of free parameter number k."""
        return float(np.sqrt(self.covariance[k, k]))
