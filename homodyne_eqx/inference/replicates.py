"""Several fits of one model to repeated measurements: their mean, its uncertainty, and whether they agree."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np

from ..fit.result.fit_result import FitResult
from ..fit.result.numbers import number_texts, uncertainty_text
from .estimate_table import estimate_table
from .scatter import nearest_turns, scatter_covariance

FEWEST = 3
_UNLIKELY = 0.01
_ONE_SIGMA = math.erf(math.sqrt(0.5))


@final
class Consistency(NamedTuple):
    """Comparison of the scatter of values with their stated uncertainties.

    - `chi2`: Σ ((value − weighted mean)/uncertainty)²; `degrees_of_freedom`: number of values less 1;
    - `probability`: that χ² is at least as large by chance, 0 to 1. Near 0 the values differ by more than stated; near
      1 they differ by less.
    """

    chi2: float
    degrees_of_freedom: int
    probability: float


@final
@dataclass(frozen=True, repr=False)
class Replicates:
    """The joint estimate from several independent fits of the same free parameters; `print` shows a table.

    - `names`, `units`: of the free parameters; `kind`: of the fitted data, "scan" or "block"; `labels`: of each fit;
    - `fitted`: the values, (n, n_free), angles within half a period of those of the first fit; `stated`: the
      uncertainty that each fit states, (n, n_free);
    - `values`: the mean, (n_free,); `covariance`: of the mean, (n_free, n_free), and `single_covariance`: of a single
      fit, both from the scatter alone, with the denominator n − 1. From n fits these have a rank of at most n − 1;
    - `uncertainties`, `single_uncertainties`: name → 1σ of the mean and of a single fit;
    - `consistency`: name → `Consistency` of the scatter with the stated uncertainties;
    - `notes`: further remarks; `results`: the fits.

    All hold for the given values of fixed parameters. A parameter that is at a bound in any of the fits has covariances
    NaN; the covariances of the others hold for fits with that bound.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    kind: str
    labels: tuple[str, ...]
    fitted: np.ndarray
    stated: np.ndarray
    at_bound: np.ndarray
    notes: tuple[str, ...]
    results: tuple[FitResult, ...]

    @property
    def n(self) -> int:
        return len(self.fitted)

    @property
    def values(self) -> np.ndarray:
        return np.mean(self.fitted, axis=0)

    @property
    def single_covariance(self) -> np.ndarray:
        return scatter_covariance(self.fitted, np.any(self.at_bound, axis=0))

    @property
    def covariance(self) -> np.ndarray:
        return self.single_covariance / self.n

    @property
    def uncertainties(self) -> Mapping[str, float]:
        return self._by_name(np.sqrt(np.diagonal(self.covariance)))

    @property
    def single_uncertainties(self) -> Mapping[str, float]:
        return self._by_name(np.sqrt(np.diagonal(self.single_covariance)))

    @property
    def consistency(self) -> Mapping[str, Consistency]:
        from scipy.special import chdtrc

        usable = np.all(np.isfinite(self.stated) & (self.stated > 0), axis=0)
        weights = np.where(usable, self.stated, np.nan) ** -2.0
        mean = np.sum(weights * self.fitted, axis=0) / np.sum(weights, axis=0)
        chi2 = np.sum(weights * (self.fitted - mean) ** 2, axis=0)
        of_each = zip(self.names, chi2.tolist(), chdtrc(self.n - 1, chi2).tolist(), strict=True)
        return {name: Consistency(each, self.n - 1, probability) for name, each, probability in of_each}

    def intervals(self, probability: float | int = _ONE_SIGMA) -> Mapping[str, tuple[float, float]]:
        """Name → (low, high) that covers the true value with this probability: mean ± t · uncertainty.

        t is that of Student's distribution with n − 1 degrees of freedom: with the 1σ of few fits, an interval of ± 1σ
        covers less than 68 %. It holds for independent fits with Gaussian scatter.

        **Raises:** `ValueError` for a probability that is not between 0 and 1.
        """
        from scipy.special import stdtrit

        if not 0 < probability < 1:
            raise ValueError(f"probability is {probability}; expected a number between 0 and 1, 0.95 for example.")
        t = float(stdtrit(self.n - 1, (1 + probability) / 2))
        half = t * np.sqrt(np.diagonal(self.covariance))
        return {
            name: (float(value - width), float(value + width))
            for name, value, width in zip(self.names, self.values, half, strict=True)
        }

    def __str__(self) -> str:
        heading = ("parameter", "mean", "± mean", f"± {self.kind}", "stated", "χ²", "p", "unit")
        consistency, single = self.consistency, self.single_uncertainties
        stated = np.sqrt(np.mean(self.stated**2, axis=0))
        rows = []
        for k, (name, unit) in enumerate(zip(self.names, self.units, strict=True)):
            sigma, found = self.uncertainties[name], consistency[name]
            texts = number_texts(float(self.values[k]), sigma, single[name], float(stated[k]))
            rows.append((name, *texts, uncertainty_text(found.chi2), uncertainty_text(found.probability), unit))
        first = f"{self.n} {self.kind}s; χ² has {self.n - 1} degrees of freedom; stated: root mean square of their 1σ."
        return estimate_table(heading, rows, (first, *self._said(), *(f"note: {note}" for note in self.notes)))

    __repr__ = __str__

    def _said(self) -> list[str]:
        found = self.consistency
        more = [name for name, x in found.items() if x.probability < _UNLIKELY]
        less = [name for name, x in found.items() if x.probability > 1 - _UNLIKELY]
        bound = [name for name, any_at in zip(self.names, np.any(self.at_bound, axis=0), strict=True) if any_at]
        said = []
        if more:
            said.append(f"The {self.kind}s differ by more than their uncertainties say: {_listed(more)}.")
        if less:
            said.append(f"The {self.kind}s differ by less than their uncertainties say: {_listed(less)}.")
        if bound:
            said.append(f"At a bound in some of the {self.kind}s, so without uncertainty: {_listed(bound)}.")
        return said

    def _by_name(self, values: np.ndarray) -> Mapping[str, float]:
        return dict(zip(self.names, values.tolist(), strict=True))


def from_replicates(results: Iterable[FitResult]) -> Replicates:
    """Mean and covariance of the parameters from fits of one model to repeated scans, and whether the scans agree.

    The covariance is that of the scatter from scan to scan, for any cause: noise of any kind, and differences of the
    sample, the beam or the alignment. It does not include an error that all scans share.

    **Arguments:** `results`: at least 3 results of `fit`, of the same model with the same free parameters, to scans
    that are independent of each other.

    Angles count as the same after one period. Components that can be exchanged must have the same order in all results.
    From n scans the relative error of 1σ is 1/√(2(n − 1)), 27 % for 8 scans; see `Replicates.intervals` for intervals
    with Student's t.

    **Returns:** `Replicates`. **Raises:** `ValueError` for fewer than 3 results, for free parameters that differ, and
    for results that did not converge.
    """
    results = tuple(results)
    return replicates_of(results, "scan", tuple(f"result {k}" for k in range(len(results))), ())


def replicates_of(
    results: Sequence[FitResult], kind: str, labels: tuple[str, ...], notes: tuple[str, ...]
) -> Replicates:
    """Check and collect results; arguments as the fields of `Replicates`. **Raises:** as `from_replicates`."""
    if len(results) < FEWEST:
        raise ValueError(
            f"The number of results is {len(results)}; expected at least {FEWEST}, since fewer do not tell how values "
            "scatter. Fit more scans, or ask speckle_covariance of one result."
        )
    names = results[0].free_names
    for label, result in zip(labels, results, strict=True):
        if result.free_names != names:
            raise ValueError(
                f"{label} has the free parameters {', '.join(result.free_names)}; {labels[0]} has {', '.join(names)}. "
                "Fit the same model with the same free parameters to every scan."
            )
    failed = [
        f"{label} ({result.ended})" for label, result in zip(labels, results, strict=True) if not result.converged
    ]
    if failed:
        raise ValueError(
            f"Not converged: {', '.join(failed)}; expected converged fits alone. Read their message, fit them again "
            "from another start or with fewer free parameters, or leave them out."
        )
    free = [[result.parameters[name] for name in names] for result in results]
    fitted = np.array([[p.value for p in each] for each in free])
    periods = np.array([np.inf if p.period is None else p.period for p in free[0]])
    return Replicates(
        names=names,
        units=tuple(p.unit for p in free[0]),
        kind=kind,
        labels=labels,
        fitted=nearest_turns(fitted, fitted[0], periods),
        stated=np.array([[p.uncertainty for p in each] for each in free]),
        at_bound=np.array([[p.at_bound for p in each] for each in free]),
        notes=(*notes, *_fixed_elsewhere(results)),
        results=tuple(results),
    )


def _fixed_elsewhere(results: Sequence[FitResult]) -> list[str]:
    """A note where parameters were fixed at other values in one fit than in another."""
    first = {name: p.value for name, p in results[0].parameters.items() if not p.free}
    differ = [
        name
        for name, value in first.items()
        if any(name not in result.parameters or result.parameters[name].value != value for result in results)
    ]
    return [f"fixed at values that differ: {_listed(differ)}; the scatter includes that"] if differ else []


def _listed(names: Sequence[str], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
