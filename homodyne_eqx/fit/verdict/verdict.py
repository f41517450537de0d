"""Whether a model describes the data, in words that a scientist acts on."""

from dataclasses import dataclass
from typing import final

import numpy as np

from ...noise.lag_scores import LagScores, lag_scores
from ...noise.weighted_fit import WeightedFit
from ...physics.dense_map import reads_of_sector
from ..result.numbers import number_texts
from ..result.summary_row import Remedy
from ..solve.ended import Ended
from ..uncertainty.noise_of_fit import NoiseOfFit
from .bad_frames import frame_findings, worst_frame
from .departures import LIMIT_IN_SECTOR, departure_findings, guard_findings
from .finding import Finding, Kind
from .lags import lag_findings, worst_in_sector
from .size_of_residuals import expected_chi2, size_findings

_SAID = 2
_STATIC_BEFORE_FRAMES = 4.0


@final
@dataclass(frozen=True)
class Verdict:
    """Whether the residuals of a fit are those of the noise of its data.

    - `adequate`: whether nothing was found that the noise does not explain, at a minimum of χ²;
    - `text`: the reason, in one or two sentences; `remedies`: possible remedies; `findings`: all findings, the worst
      first;
    - `expected_reduced_chi2`: the expected value for a right model, and `spread`, its standard deviation; NaN where the
      fit was not judged. For correlated noise the expected value is not 1;
    - `worst_sector`, `worst_frame`: where the residuals are the least like noise, numbered from 0, right models
      included; `None` where the fit was not judged.
    """

    adequate: bool
    text: str
    expected_reduced_chi2: float
    spread: float
    worst_sector: int | None
    worst_frame: int | None
    remedies: tuple[Remedy, ...] = ()
    findings: tuple[Finding, ...] = ()

    def __str__(self) -> str:
        return f"{'adequate' if self.adequate else 'not adequate'}: {self.text}"


def not_judged() -> Verdict:
    """The verdict on a fit that did not end at a minimum."""
    return Verdict(False, "not judged, since the fit did not end at a minimum of χ².", np.nan, np.nan, None, None)


def judge(noise: NoiseOfFit, ended: Ended, reduced_chi2: float, degrees_of_freedom: int) -> Verdict:
    """The verdict on a fit that `ended` so, from the noise of its data."""
    if not ended.at_minimum or not noise.sectors:
        return not_judged()
    weighted, scores = noise.weighted_fit, lag_scores(noise.sectors)
    geometry = noise.data.geometry
    phi = None if geometry.phi is None else np.asarray(geometry.phi, float)
    if phi is not None and (phi.ndim != 1 or reads_of_sector(noise.model, geometry, "phi")):
        phi = None
    findings = _explained(
        [
            *frame_findings(noise.sectors),
            *size_findings(reduced_chi2, noise),
            *departure_findings(weighted, phi),
            *guard_findings(weighted),
            *lag_findings(scores),
        ]
    )
    expected = expected_chi2(noise, degrees_of_freedom)
    said = findings[:_SAID]
    return Verdict(
        adequate=not findings,
        text=" ".join(capital(finding.text) for finding in said) if said else quiet_text(reduced_chi2, *expected),
        expected_reduced_chi2=expected.value,
        spread=expected.spread,
        worst_sector=next((f.sector for f in findings if f.sector is not None), _worst_sector(weighted, scores)),
        worst_frame=next((f.frame for f in findings if f.frame is not None), worst_frame(noise.sectors)),
        remedies=tuple(dict.fromkeys(remedy for finding in said for remedy in finding.remedies)),
        findings=tuple(findings),
    )


def _explained(findings: list[Finding]) -> list[Finding]:
    """The findings, what explains others first, without those that are explained."""
    found = {kind: max((f.size for f in findings if f.kind == kind), default=0.0) for kind in Kind}
    dropped = set()
    if found[Kind.EVERYWHERE] or found[Kind.DIRECTION]:
        dropped.add(Kind.STATIC)
    if found[Kind.EVERYWHERE] > found[Kind.SECTOR]:
        dropped.add(Kind.SECTOR)
    if found[Kind.FRAMES] and _STATIC_BEFORE_FRAMES * found[Kind.STATIC] > found[Kind.FRAMES]:
        dropped.add(Kind.FRAMES)
    elif found[Kind.FRAMES]:  # a bad frame disturbs whatever else is asked of the residuals
        dropped |= set(Kind) - {Kind.FRAMES}
    return sorted((f for f in findings if f.kind not in dropped), key=lambda f: (f.kind, -f.size))


def _worst_sector(weighted: WeightedFit, scores: LagScores) -> int:
    own = np.max(np.nan_to_num(np.abs(weighted.departures)), axis=1) / LIMIT_IN_SECTOR
    return int(np.argmax(np.maximum(own, worst_in_sector(scores))))


def quiet_text(reduced: float, expected: float, spread: float) -> str:
    value, uncertainty = number_texts(expected, spread)
    return f"the residuals are those of the noise: reduced χ² {reduced:.3g}, {value} ± {uncertainty} expected."


def capital(text: str) -> str:
    return text[0].upper() + text[1:]
