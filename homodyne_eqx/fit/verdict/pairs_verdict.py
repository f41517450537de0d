"""Whether a model describes data of pairs or one-time data, whose errors are known."""

from collections.abc import Iterator
from typing import NamedTuple, final

import numpy as np

from ..result.summary_row import Remedy
from ..solve.ended import Ended
from ..uncertainty.noise_of_pairs import NoiseOfPairs
from .finding import Finding, Kind
from .verdict import Verdict, capital, not_judged, quiet_text

_LIMIT = 5.0
_LEAST = 1.15
_SAID = 2


@final
class _Chi2(NamedTuple):
    """Reduced χ² of some values, what a right model is expected to have, and the standard deviation of that."""

    reduced: float
    expected: float
    spread: float

    @property
    def size(self) -> float:
        """The ratio of the reduced χ² to its limit: the larger of `_LIMIT` spreads and a factor of `_LEAST`."""
        return self.reduced / max(self.expected + _LIMIT * self.spread, self.expected * _LEAST)


def judge_pairs(noise: NoiseOfPairs, ended: Ended, reduced_chi2: float, degrees_of_freedom: int) -> Verdict:
    """The verdict on a fit that `ended` so: χ² of all values and of each sector, beside what the errors of the data
    make of it. Where these are said to be independent and the residuals of neighbouring lags are not, it says so."""
    if not ended.at_minimum or not noise.is_known:
        return not_judged()
    by_sector = [_of_sector(noise, k) for k in range(noise.packed.geometry.n_sector)]
    whole = _of_all(noise, reduced_chi2, degrees_of_freedom)
    findings = [] if noise.loss.reweights else [*_findings(whole, by_sector)]
    said = findings[:_SAID]
    quiet = quiet_text(reduced_chi2, whole.expected, whole.spread)
    return Verdict(
        adequate=not findings,
        text=(" ".join(capital(finding.text) for finding in said) if said else quiet) + _said_of_neighbours(noise),
        expected_reduced_chi2=whole.expected,
        spread=whole.spread,
        worst_sector=int(np.argmax([each.size for each in by_sector])),
        worst_frame=None,
        remedies=tuple(dict.fromkeys(remedy for finding in said for remedy in finding.remedies)),
        findings=tuple(findings),
    )


def _findings(whole: _Chi2, by_sector: list[_Chi2]) -> Iterator[Finding]:
    other = Remedy("other_starts"), Remedy("other_model")
    k = int(np.argmax([each.size for each in by_sector]))
    if whole.size > 1:
        times = (whole.reduced / whole.expected) ** 0.5
        text = (
            f"the residuals are {times:.3g} times as large as the errors of the data: if these errors are right, the "
            "model does not describe the data."
        )
        yield Finding(Kind.SIZE, text, whole.size, other)
    elif len(by_sector) > 1 and by_sector[k].size > 1:
        reduced, expected = by_sector[k].reduced, by_sector[k].expected
        text = f"in sector {k} the reduced χ² is {reduced:.3g}, {expected:.3g} expected."
        yield Finding(Kind.SECTOR, text, by_sector[k].size, other, k)


def _said_of_neighbours(noise: NoiseOfPairs) -> str:
    """A sentence where the residuals of neighbouring lags go together, though the errors are taken as independent."""
    if noise.covariances is not None or not noise.packed.lags_only:
        return ""
    own = [noise.residuals[noise.sector == k] for k in range(noise.packed.geometry.n_sector)]
    products = np.concatenate([r[1:] * r[:-1] for r in own])
    correlation = float(np.mean(products) / np.mean(noise.residuals**2)) if products.size else 0.0
    if not correlation * np.sqrt(products.size) > _LIMIT:
        return ""
    return (
        f" The residuals of neighbouring lags are correlated ({correlation:.2f}), and the uncertainties take them as "
        "independent: these are too small."
    )


def _of_all(noise: NoiseOfPairs, reduced: float, degrees: int) -> _Chi2:
    if noise.covariances is None:
        return _Chi2(reduced, 1.0, float(np.sqrt(2 / degrees)))
    inside, n = noise.directions.inside, noise.n_rows
    taken = np.trace(noise.directions.pseudo_inverse @ noise.variance_of_pulls[np.ix_(inside, inside)])
    squares = sum(float(np.sum(c**2)) for c in noise.covariances)
    return _Chi2(reduced, float(n - taken) / degrees, float(np.sqrt(2 * squares)) / degrees)


def _of_sector(noise: NoiseOfPairs, k: int) -> _Chi2:
    """The reduced χ² of one sector, with the parameters of the fit to all sectors."""
    own = noise.residuals[noise.sector == k]
    squares = len(own) if noise.covariances is None else float(np.sum(noise.covariances[k] ** 2))
    return _Chi2(float(np.mean(own**2)), 1.0, float(np.sqrt(2 * squares)) / len(own))
