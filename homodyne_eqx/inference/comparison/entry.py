"""One model of a comparison, with the summary of its fit."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np

from ...fit.result.fit_result import FitResult
from ...joint.joint_result import JointResult


@final
class Criteria(NamedTuple):
    """Criteria of a fit, before it is compared.

    - `free`: the number of free parameters, contrasts and offsets included;
    - `penalty`: tr(N⁻¹V), with N and b of the normal equations and V the covariance of b under the noise of the data:
      the decrease of χ² on average for parameters that fit noise alone. It is `free` for white noise of the size sigma.
      Parameters at a bound, and those that the data do not determine, count as the mean of the others;
    - `n_independent`: how many independent data have a χ² that spreads as that of these data does; NaN where the fit
      was not judged.
    """

    chi2: float
    free: int
    penalty: float
    n_independent: float


@final
@dataclass(frozen=True)
class ComparedModel:
    """One model and the summary of its fit.

    - `name`: the given name; `result`: the result of its fit;
    - `adequate`: whether it describes the data; `text`: why or why not;
    - `free`: the number of free parameters, contrasts and offsets included; `penalty`: the equivalent number of
      parameters for independent data, tr(N⁻¹V)/factor;
    - `reduced_chi2`; `expected`: that of a right model, and its standard deviation `spread`, with speckle noise;
      NaN if the fit was not judged;
    - `delta_chi2`, `delta_aic`, `delta_bic`: less those of the model with the least, in units of the noise of a
      parameter; NaN where the fit did not end at a minimum;
    - `held_out`: mean of (residual/σ)² of data that the model was not fitted to, NaN without `held_out`.
    """

    name: str
    result: Any
    adequate: bool
    text: str
    free: int
    penalty: float
    reduced_chi2: float
    expected: float
    spread: float
    delta_chi2: float
    delta_aic: float
    delta_bic: float
    held_out: float = math.nan

    @property
    def status(self) -> str:
        """`adequate`, `not adequate`, or `not judged` where the fit did not end at a minimum."""
        if self.adequate:
            return "adequate"
        return "not adequate" if math.isfinite(self.delta_aic) else "not judged"

    @property
    def excess(self) -> float:
        """The excess of reduced χ² over its expected value, in standard deviations."""
        return (self.reduced_chi2 - self.expected) / self.spread

    def document(self) -> dict[str, Any]:
        """The same as plain values, for JSON."""
        plain = {name: value for name, value in vars(self).items() if name != "result"}
        return {**plain, "status": self.status, "excess": self.excess}


def criteria_of(result: FitResult | JointResult) -> Criteria:
    """The criteria of the fit of a model.

    V/N is taken from the two covariances of the result: with C = N⁻¹VN⁻¹ and W = N⁻¹, tr(N⁻¹V) = tr(C W⁻¹).
    """
    known = determined(result)
    C, W = (m[np.ix_(known, known)] for m in (result.covariance, result.white_noise_covariance))
    free = len(result.free_names)
    penalty = free * float(np.mean(ratios(C, W))) if known.size else math.nan
    return Criteria(float(result.chi2), free, penalty, _independent(result))


def determined(result: FitResult | JointResult) -> np.ndarray:
    """The free parameters that the data determine and that are not at a bound, by their places, (n,)."""
    both = np.diagonal(result.covariance) + np.diagonal(result.white_noise_covariance)
    return np.flatnonzero(np.isfinite(both) & (np.diagonal(result.white_noise_covariance) > 0))


def ratios(covariance: np.ndarray, white: np.ndarray) -> np.ndarray:
    """The eigenvalues of C W⁻¹, (n,): the ratios of the variances to those of white noise."""
    size = np.sqrt(np.diagonal(white))
    scaled = white / np.outer(size, size)
    values, vectors = np.linalg.eigh(scaled)
    usable = values > 1e-12 * values[-1]
    to_unit = vectors[:, usable] / np.sqrt(values[usable])
    return np.linalg.eigvalsh(to_unit.T @ (covariance / np.outer(size, size)) @ to_unit)


def _independent(result: FitResult | JointResult) -> float:
    """2 (mean of χ²/its standard deviation)², which is the number of degrees of freedom where the noise is white."""
    each = result.results.values() if isinstance(result, JointResult) else [result]
    mean = sum(r.verdict.expected_reduced_chi2 * r.degrees_of_freedom for r in each)
    variance = sum((r.verdict.spread * r.degrees_of_freedom) ** 2 for r in each)
    return float(2 * mean**2 / variance) if variance > 0 else math.nan
