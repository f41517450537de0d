"""The uncertainty from the noise of scattered pairs and of one-time data: their errors are taken as given."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import equinox as eqx
import numpy as np

from ...engine import PackedPairs
from ...engine.losses import AbstractLoss
from ...engine.pair_reductions import pair_residuals
from ...noise.sector_noise import SectorNoise
from ...physics.model import TwoTimeModel
from ..solve.quadratic import Quadratic
from .abstract_propagated_noise import AbstractPropagatedNoise

INDEPENDENT = (
    "Uncertainties are 1σ for errors of the data that are independent from value to value and of the size that sigma "
    "states, and for a model that is right."
)
CORRELATED = (
    "Uncertainties are 1σ for errors of the data with the covariances that the data state, and for a model that is "
    "right."
)


@final
@dataclass(frozen=True)
class NoiseOfPairs(AbstractPropagatedNoise):
    """The end of a fit to pairs, from which the covariance of its parameters follows.

    - `model`: as fitted; `packed`: the data; `loss`; `free`: which leaves of the model are free;
    - `at_bound`: which of their elements ended at a bound, (n_free,); `normal`: the normal equations at the
      end, with `prior_information`, what priors have added to their matrix, (n_free, n_free).
    """

    model: TwoTimeModel
    packed: PackedPairs
    loss: AbstractLoss
    free: Any
    at_bound: np.ndarray
    normal: Quadratic
    prior_information: np.ndarray

    @property
    def sectors(self) -> tuple[SectorNoise, ...]:
        """`None`: no speckles are counted."""
        return ()

    @property
    def speckles(self) -> np.ndarray:
        """No speckles are counted: the size of the noise is that of sigma."""
        return np.zeros(0)

    @property
    def assumption(self) -> str:
        """The assumptions of the uncertainties, in words."""
        return INDEPENDENT if self.packed.covariances is None else CORRELATED

    @property
    def is_known(self) -> bool:
        return self.normal.is_finite

    @property
    def n_rows(self) -> int:
        """The number of values and priors."""
        return len(self.residuals) + int(np.count_nonzero(np.diagonal(self.prior_information)))

    @cached_property
    def residuals(self) -> np.ndarray:
        """(data − g2)/σ of every value that counts, (n,)."""
        return self._found[0]

    @cached_property
    def sector(self) -> np.ndarray:
        """The sector of each of them, (n,)."""
        return np.asarray(self.packed.sector).ravel()[self._counts]

    @cached_property
    def covariances(self) -> tuple[np.ndarray, ...] | None:
        """Covariances of the noise of the residuals of each sector; `None` for independent noise of variance 1."""
        if self.packed.covariances is None:
            return None
        sigma = np.asarray(self.packed.weights, float).ravel()[self._counts] ** -0.5
        of = [sigma[self.sector == k] for k in range(self.packed.geometry.n_sector)]
        return tuple(np.asarray(c, float) / np.outer(s, s) for c, s in zip(self.packed.covariances, of, strict=True))

    @cached_property
    def variance_of_pulls(self) -> np.ndarray:
        """The covariance of b of the normal equations under the noise of the data and of the priors, (n_free,
        n_free)."""
        if self.covariances is None:
            return self.normal.matrix
        jacobian, by_sector = self._found[1], range(self.packed.geometry.n_sector)
        parts = [jacobian[self.sector == k] for k in by_sector]
        of_sectors = [j.T @ c @ j for j, c in zip(parts, self.covariances, strict=True)]
        return np.sum(of_sectors, axis=0) + self.prior_information

    @property
    def _counts(self) -> np.ndarray:
        return ~np.isnan(np.asarray(self.packed.values).ravel())

    @cached_property
    def _found(self) -> tuple[np.ndarray, np.ndarray]:
        """(data − g2)/σ, (n,), and ∂g2/∂parameters / σ, (n, n_free), of every value that counts."""
        residual, jacobian = eqx.filter_jit(pair_residuals)(self.model, self.packed, self.free)
        n_free = jacobian.shape[1]
        root = np.sqrt(np.asarray(self.packed.weights, float).ravel()[self._counts])
        slopes = np.moveaxis(np.asarray(jacobian, float), 1, 2).reshape(-1, n_free)[self._counts]
        return -np.asarray(residual, float).ravel()[self._counts] * root, slopes * root[:, None]
