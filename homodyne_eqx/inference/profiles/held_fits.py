"""Fits with some parameters held at given values, all by one compiled program."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, final

import numpy as np

from ...engine.losses import AbstractLoss, Squares
from ...fit.minimiser import Minimiser
from ...fit.problem import NotFiniteAtStart
from ...fit.result.fit_result import FitResult
from ...fit.solve.ended import Ended
from ...fit.solve.levenberg_marquardt import levenberg_marquardt
from ...fit.uncertainty.noise_of_fit import NoiseOfFit
from ...fit.uncertainty.noise_of_pairs import NoiseOfPairs
from ...fit.uncertainty.speckle_covariance import noise_of_result, packed_of
from ..from_the_fit import from_the_fit

_MAX_STEPS = 200
_TOLERANCE = 1e-3


class Held(NamedTuple):
    """The end of a fit with held parameters.

    - `statistic`: χ² less that of the fit, in units of its noise; `values`: of the free parameters, (n_free,), the held
      ones among them; `converged`.
    """

    statistic: float
    values: np.ndarray
    converged: bool


@final
@dataclass(frozen=True)
class HeldFits:
    """**Arguments:** `names`: of the parameters that are held, at values that `at` is given."""

    result: FitResult
    data: Any
    loss: AbstractLoss | None
    names: tuple[str, ...]

    @cached_property
    def places(self) -> list[int]:
        """The places of the held parameters among the free ones."""
        return [self.result.free_names.index(name) for name in self.names]

    @cached_property
    def fitted(self) -> np.ndarray:
        """The free parameters where the fit has ended, (n_free,)."""
        return np.array([self.result.parameters[name].value for name in self.result.free_names])

    @cached_property
    def noise(self) -> NoiseOfFit | NoiseOfPairs:
        """The noise of the fit; the held parameters count as not at a bound."""
        found = noise_of_result(self.result, self.data, self.loss)
        at_bound = found.at_bound.copy()
        at_bound[self.places] = False
        return replace(found, at_bound=at_bound)

    @cached_property
    def covariance(self) -> np.ndarray:
        """The covariance of the held parameters under the noise of the data, (n_held, n_held)."""
        return self.noise.covariance[np.ix_(self.places, self.places)]

    @cached_property
    def white_noise_covariance(self) -> np.ndarray:
        return self.noise.white_noise_covariance[np.ix_(self.places, self.places)]

    def scale(self, values: np.ndarray) -> float:
        """The divisor of Δχ² at held values that makes it the Δχ² of Gaussian noise with the covariance of the fit:
        the ratio of the two quadratic forms along the way from it (Chandler and Bate, Biometrika 94, 167 (2007))."""
        way = values - self.fitted[self.places]
        if not np.any(way):
            return 1.0
        size = np.sqrt(np.diagonal(self.white_noise_covariance))
        unit = way / size
        forms = [
            unit @ np.linalg.solve(m / np.outer(size, size), unit)
            for m in (self.white_noise_covariance, self.covariance)
        ]
        return float(forms[0] / forms[1])

    def at(self, held: np.ndarray, start: np.ndarray) -> Held | None:
        """The fit of the others with the held ones at these values, (n_held,), from a start, (n_free,); `None` where χ²
        is not finite there."""
        values = dict(zip(self.result.free_names, start.tolist(), strict=True))
        fixed = dict(zip(self.names, held.tolist(), strict=True))
        parameters = self._parameters(values, fixed)
        scale = self.scale(held)
        minimiser = replace(self._minimiser, tolerance=_TOLERANCE * min(scale, 1.0))
        try:
            _, outcome = minimiser.minimum(parameters, self._packed)
        except NotFiniteAtStart:
            return None
        if outcome.ended == Ended.INTERRUPTED:
            raise KeyboardInterrupt
        statistic = (float(outcome.normal.chi2) - self.result.chi2) / scale
        return Held(statistic, outcome.parameters, outcome.ended.at_minimum)

    def _parameters(self, start: Mapping[str, float], fixed: Mapping[str, float]) -> Any:
        parameters = from_the_fit(self.result).started(start)
        held = tuple(
            replace(p, low=fixed[p.name], high=fixed[p.name], value=fixed[p.name], start=fixed[p.name])
            if p.name in fixed
            else p
            for p in parameters.parameters
        )
        return replace(parameters, parameters=held)

    @cached_property
    def _packed(self) -> Any:
        return packed_of(self.result, self.data)

    @cached_property
    def _minimiser(self) -> Minimiser:
        loss = self.loss or Squares()
        return Minimiser(self.result.model, loss, levenberg_marquardt(), _MAX_STEPS, None, None, False)
