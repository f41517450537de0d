"""The uncertainty of shared parameters from the noise of several data sets."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np

from ..fit.solve.quadratic import Quadratic
from ..fit.uncertainty.abstract_noise import AbstractNoise
from ..fit.uncertainty.abstract_propagated_noise import AbstractPropagatedNoise
from ..fit.uncertainty.covariance import inverse
from ..fit.uncertainty.noise_of_fit import NoiseOfFit
from ..fit.uncertainty.noise_of_pairs import NoiseOfPairs
from ..noise.sector_noise import SectorNoise


@final
@dataclass(frozen=True)
class JointNoise(AbstractPropagatedNoise):
    """The noise of all data sets, which is independent from one to another.

    - `each`: of the data sets; `places`: where the free parameters of each are among those of the joint fit;
    - `at_bound`: which of these ended at a bound, (n_free,); `normal`: the normal equations, priors included, of which
      `prior_information` is the part of the priors, (n_free, n_free).
    """

    each: tuple[NoiseOfFit | NoiseOfPairs, ...]
    places: tuple[tuple[int, ...], ...]
    at_bound: np.ndarray
    normal: Quadratic
    prior_information: np.ndarray

    @cached_property
    def sectors(self) -> tuple[SectorNoise, ...]:
        return tuple(sector for noise in self.each for sector in noise.sectors)

    @cached_property
    def speckles(self) -> np.ndarray:
        return np.concatenate([noise.speckles for noise in self.each])

    @property
    def assumption(self) -> str:
        return " ".join(dict.fromkeys(noise.assumption for noise in self.each))

    @cached_property
    def is_known(self) -> bool:
        return all(noise.is_known for noise in self.each)

    @cached_property
    def pulls(self) -> tuple[np.ndarray, ...]:
        """The covariance of b of the normal equations of each data set, in the joint parameters, (n_free, n_free)."""
        return tuple(
            embedded(noise.variance_of_pulls, places, len(self.at_bound))
            for noise, places in zip(self.each, self.places, strict=True)
        )

    @cached_property
    def variance_of_pulls(self) -> np.ndarray:
        return np.sum(self.pulls, axis=0) + self.prior_information

    def own_inverse(self, k: int) -> np.ndarray:
        """N⁻¹ of data set k alone, priors included, in the parameters of the joint fit; 0 where it knows nothing."""
        places = np.array(self.places[k])
        own = self.each[k].normal
        matrix = own.matrix + self.prior_information[np.ix_(places, places)]
        found = inverse(own._replace(matrix=matrix), self.at_bound[places])
        return embedded(found.embedded, self.places[k], len(self.at_bound))


@final
@dataclass(frozen=True)
class ShareOfNoise(AbstractNoise):
    """The noise of data set `number` of a joint fit, with the uncertainty that all of them together leave."""

    joint: JointNoise
    number: int

    @property
    def own(self) -> NoiseOfFit | NoiseOfPairs:
        """The noise of this data set."""
        return self.joint.each[self.number]

    @property
    def sectors(self) -> tuple[SectorNoise, ...]:
        return self.own.sectors

    @property
    def speckles(self) -> np.ndarray:
        return self.own.speckles

    @property
    def assumption(self) -> str:
        return self.own.assumption

    @property
    def is_known(self) -> bool:
        return self.joint.is_known

    @property
    def covariance(self) -> np.ndarray:
        return self.joint.covariance[self._block]

    @property
    def white_noise_covariance(self) -> np.ndarray:
        return self.joint.white_noise_covariance[self._block]

    def variance(self, slope: np.ndarray) -> float:
        return self.joint.variance(self._of_all(slope))

    def white_noise_variance(self, slope: np.ndarray) -> float:
        return self.joint.white_noise_variance(self._of_all(slope))

    @property
    def _block(self) -> tuple[np.ndarray, ...]:
        places = self.joint.places[self.number]
        return np.ix_(places, places)

    def _of_all(self, slope: np.ndarray) -> np.ndarray:
        found = np.zeros(len(self.joint.at_bound))
        found[list(self.joint.places[self.number])] = slope
        return found


def embedded(matrix: np.ndarray, places: Sequence[int], n: int) -> np.ndarray:
    """A matrix of some parameters in one of all, (n, n), 0 elsewhere."""
    found = np.zeros((n, n))
    found[np.ix_(places, places)] = matrix
    return found
