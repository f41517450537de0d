"""The sums of all sectors: where the weighted fit goes from here, and the covariance of where it ends."""

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np

from ...noise.weighted_sector import WeightedSector

_RCOND = 1e-10
_LEAST_SHARE = 0.02


@final
@dataclass(frozen=True)
class WeightedSums:
    """The weighted normal equations at one set of parameters, priors included.

    - `sectors`; `speckles`: how many each has, (n_sector,);
    - `prior_matrix`, (n_free, n_free), and `prior_vector`, (n_free,): what priors add; `vector` is minus the slope.
    """

    sectors: tuple[WeightedSector, ...]
    speckles: np.ndarray
    prior_matrix: np.ndarray
    prior_vector: np.ndarray

    @cached_property
    def shares(self) -> np.ndarray:
        """The factor of the sums of each sector, (n_sector,): its number of speckles, over one factor of all
        by which the variance of a pull is above that of Gaussian intensities."""
        ratios = []
        for sector in self.sectors:
            n_active, size = sector.active.size, np.diagonal(sector.normal)
            there = size > 0
            ratios += list(np.diagonal(sector.pulls)[len(sector.pulls) - n_active :][there] / size[there])
        return self.speckles / (np.median(ratios) if ratios else 1.0)

    @property
    def _n(self) -> int:
        return len(self.prior_vector)

    @cached_property
    def matrix(self) -> np.ndarray:
        """N, (n_free, n_free); of pixels that are missing it need not be quite symmetric."""
        total = self.prior_matrix.copy()
        for sector, share in zip(self.sectors, self.shares, strict=True):
            total[np.ix_(sector.active, sector.active)] += share * sector.normal
        return total

    @cached_property
    def vector(self) -> np.ndarray:
        """The right side, (n_free,)."""
        total = self.prior_vector.copy()
        for sector, share in zip(self.sectors, self.shares, strict=True):
            total[sector.active] += share * sector.vector
        return total

    @property
    def is_finite(self) -> bool:
        return bool(np.all(np.isfinite(self.matrix)) and np.all(np.isfinite(self.vector)))

    def step(self, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The least of ½ step N step − vector step within low ≤ step ≤ high, (n_free,), and which parameters it
        holds at a bound: −1 at the lower one, 1 at the upper one, else 0."""
        step = self._inverse_of(np.ones(self._n, bool)) @ self.vector
        if np.all((step >= low) & (step <= high)):
            return step, np.zeros(self._n, int)
        from scipy.optimize import lsq_linear

        size = self._size
        values, vectors = np.linalg.eigh((self.matrix + self.matrix.T) / 2 / np.outer(size, size))
        root = np.sqrt(np.maximum(values, _RCOND * values[-1]))
        found = lsq_linear(
            root[:, None] * vectors.T,
            vectors.T @ (self.vector / size) / root,
            bounds=(np.minimum(low, 0) * size, np.maximum(high, 0) * size),
            method="bvls",
        )
        held = np.asarray(found.active_mask, int)
        return np.where(held < 0, low, np.where(held > 0, high, found.x / size)), held

    def covariance(self, at_bound: np.ndarray) -> np.ndarray:
        """The covariance of the weighted estimate, (n_free, n_free); NaN for parameters at a bound."""
        inverse = self._inverse_of(~at_bound)
        total = inverse @ self.prior_matrix @ inverse.T
        for sector, share, P in self._each():
            n_active = sector.active.size
            onto = share * inverse[:, sector.active]
            total += onto @ sector.pulls[-n_active:, -n_active:] @ onto.T / P if n_active else 0
        total[at_bound] = total[:, at_bound] = np.nan
        return total

    def distance(
        self, difference: np.ndarray, at_bound: np.ndarray, inverse: np.ndarray, sigma: np.ndarray
    ) -> tuple[float, int]:
        """The square of the difference between weighted and least-squares estimate in units of its covariance, and of
        how many degrees of freedom. Directions in which both must agree say nothing, and are left out.

        **Arguments:** `at_bound`: which parameters are in either; `inverse`, `sigma`: N⁻¹ and 1σ of least squares.
        """
        weighted = self._inverse_of(~at_bound)
        of_prior = weighted - inverse
        covariance = of_prior @ self.prior_matrix @ of_prior.T
        for sector, share, P in self._each():
            onto = np.concatenate([-inverse, share * weighted[:, sector.active]], axis=1)
            covariance += onto @ sector.pulls @ onto.T / P
        known = ~at_bound & np.isfinite(sigma) & (sigma > 0)
        if not np.any(known):
            return 0.0, 0
        scaled = covariance[np.ix_(known, known)] / np.outer(sigma[known], sigma[known])
        values, vectors = np.linalg.eigh(scaled)
        along, told = vectors.T @ (difference[known] / sigma[known]), values > _LEAST_SHARE
        return float(np.sum(along[told] ** 2 / values[told])), int(np.count_nonzero(told))

    @property
    def _size(self) -> np.ndarray:
        diagonal = np.diagonal(self.matrix)
        return np.sqrt(np.where(diagonal > 0, diagonal, 1))

    def _inverse_of(self, inside: np.ndarray) -> np.ndarray:
        """N⁻¹ over some parameters, 0 for the others, (n_free, n_free)."""
        whole, size = np.zeros((self._n, self._n)), self._size[inside]
        among = np.ix_(inside, inside)
        whole[among] = np.linalg.pinv(self.matrix[among] / np.outer(size, size), rcond=_RCOND) / np.outer(size, size)
        return whole

    def _each(self):
        return zip(self.sectors, self.shares, self.speckles, strict=True)
