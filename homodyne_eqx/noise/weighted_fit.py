"""The fit once more with weights for correlated noise, to first order: its end, and the residuals that it leaves.

Least squares and a fit that weights pixels by the inverse of the correlations of their noise have the same mean, if the
model is right. Their difference is a test of the model (Hausman, Econometrica 46, 1251 (1978)); so is what the weighted
fit leaves over along directions that are not of the model.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np

from .directions import DEPARTURES
from .sector_noise import SectorNoise

_LEAST_SHARE = 0.02
_N = len(DEPARTURES)


@final
@dataclass(frozen=True)
class WeightedFit:
    """After a fit by least squares.

    - `sectors`: their noise; `speckles`: how many each has, (n_sector,); `at_bound`: which parameters are, (n_free,);
    - `inverse`: N⁻¹ of least squares, (n_free, n_free), 0 for parameters at a bound; `sigma`: its uncertainties;
    - `prior_information`: what priors have added to N, (n_free, n_free). The weighted fit has no priors.
    """

    sectors: tuple[SectorNoise, ...]
    speckles: np.ndarray
    at_bound: np.ndarray
    inverse: np.ndarray
    sigma: np.ndarray
    prior_information: np.ndarray

    @cached_property
    def shares(self) -> np.ndarray:
        """The factor that turns the weights of each sector into inverse variances, (n_sector,)."""
        found = []
        for sector, speckles in zip(self.sectors, self.speckles, strict=True):
            variance = np.diagonal(sector.pulls)[self._n :]
            size = np.diagonal(sector.overlap)
            there = size > 0
            found.append(speckles / np.median(variance[there] / size[there]) if np.any(there) else 0.0)
        return np.array(found)

    @property
    def _n(self) -> int:
        return len(self.at_bound)

    @cached_property
    def _inverse(self) -> np.ndarray:
        """The inverse of the weighted normal equations, (n_free, n_free), 0 for parameters at a bound."""
        total = np.zeros((self._n, self._n))
        for sector, share in zip(self.sectors, self.shares, strict=True):
            active = sector.active
            total[np.ix_(active, active)] += share * sector.overlap[: active.size, : active.size]
        total[self.at_bound] = 0
        total[:, self.at_bound] = 0
        size = np.sqrt(np.where(np.diagonal(total) > 0, np.diagonal(total), 1))
        return np.linalg.pinv(total / np.outer(size, size), rcond=1e-10, hermitian=True) / np.outer(size, size)

    @cached_property
    def step(self) -> np.ndarray:
        """From the parameters of least squares to those of the weighted fit, (n_free,)."""
        total = np.zeros(self._n)
        for sector, share in zip(self.sectors, self.shares, strict=True):
            total[sector.active] += share * sector.vector[: sector.active.size]
        return self._inverse @ total

    @cached_property
    def step_covariance(self) -> np.ndarray:
        """The covariance of the `step`, if the model is right, (n_free, n_free)."""
        total = self.inverse @ self.prior_information @ self.inverse
        for sector, share, speckles in self._each():
            by_weights = np.zeros((self._n, sector.active.size + _N))
            by_weights[:, : sector.active.size] = share * self._inverse[:, sector.active]
            from_pulls = np.concatenate([-self.inverse, by_weights], axis=1)
            total += from_pulls @ sector.pulls @ from_pulls.T / speckles
        return total

    def guard(self) -> tuple[float, int]:
        """stepᵀ covariance⁻¹ step, and of how many degrees of freedom. Where both fits must agree, the difference says
        nothing, and is left out."""
        size = self.sigma
        known = np.isfinite(size) & (size > 0)
        scaled = self.step_covariance[np.ix_(known, known)] / np.outer(size[known], size[known])
        if not scaled.size:
            return 0.0, 0
        values, vectors = np.linalg.eigh(scaled)
        along = vectors.T @ (self.step[known] / size[known])
        told = values > _LEAST_SHARE
        return float(np.sum(along[told] ** 2 / values[told])), int(np.count_nonzero(told))

    @cached_property
    def departures(self) -> np.ndarray:
        """The rest along each of the `DEPARTURES` in each sector, in units of its 1σ, (n_sector, 6); NaN if a parameter
        of the model accounts for it."""
        covariance = np.zeros((self._n, self._n))
        for sector, share, speckles in self._each():
            active, at = sector.active, np.s_[self._n : self._n + sector.active.size]
            covariance[np.ix_(active, active)] += share**2 * sector.pulls[at, at] / speckles
        covariance = self._inverse @ covariance @ self._inverse
        found = np.full((len(self.sectors), _N), np.nan)
        for k, (sector, share, speckles) in enumerate(self._each()):
            active, n_active = sector.active, sector.active.size
            onto = sector.overlap[n_active:, :n_active]
            left = sector.vector[n_active:] - onto @ self.step[active]
            C = sector.pulls[self._n :, self._n :] / speckles
            cross = share * C[n_active:, :n_active] @ self._inverse[np.ix_(active, active)] @ onto.T
            variance = np.diagonal(
                C[n_active:, n_active:] - cross - cross.T + onto @ covariance[np.ix_(active, active)] @ onto.T
            )
            found[k] = _in_units(left, variance, np.diagonal(C)[n_active:])
        return found

    @cached_property
    def common_departures(self) -> np.ndarray:
        """The same of all sectors together, (6,)."""
        onto, left, whole = np.zeros((_N, self._n)), np.zeros(_N), np.zeros(_N)
        for sector, share, speckles in self._each():
            n_active = sector.active.size
            onto[:, sector.active] += share * sector.overlap[n_active:, :n_active]
            left += share * sector.vector[n_active:]
            whole += share**2 * np.diagonal(sector.pulls)[self._n + n_active :] / speckles
        variance = np.zeros(_N)
        for sector, share, speckles in self._each():
            from_pulls = share * np.concatenate([-onto @ self._inverse[:, sector.active], np.eye(_N)], axis=1)
            C = sector.pulls[self._n :, self._n :] / speckles
            variance += np.einsum("ea,ab,eb->e", from_pulls, C, from_pulls)
        return _in_units(left - onto @ self.step, variance, whole)

    def _each(self):
        return zip(self.sectors, self.shares, self.speckles, strict=True)


def _in_units(left: np.ndarray, variance: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """`left` in units of its 1σ; NaN where that is but little of the `whole` variance."""
    told = variance > _LEAST_SHARE * whole
    return np.where(told, left / np.sqrt(np.where(told, variance, 1)), np.nan)
