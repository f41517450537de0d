"""The verdict on a fit of which weights for the noise of speckles were asked."""

from collections.abc import Callable
from dataclasses import replace

from ..result.summary_row import Remedy
from ..verdict.finding import Finding, Kind
from ..verdict.verdict import Verdict, capital
from .estimate import Guard


def guarded_verdict(guard: Guard, judgement: Callable[[], Verdict]) -> Verdict:
    """The verdict on least squares, and, where the guard has found that the model does not hold, that it has."""
    verdict = judgement()
    if guard.passed or not guard.statistic > guard.threshold:
        return verdict
    finding = Finding(Kind.UNSPECIFIC, guard.sentence, guard.statistic / guard.threshold, (Remedy("other_model"),))
    others = tuple(each for each in verdict.findings if each.kind != Kind.UNSPECIFIC)
    said = f"{verdict.text} " if others else ""
    return replace(
        verdict,
        adequate=False,
        text=said + capital(guard.sentence),
        remedies=tuple(dict.fromkeys((*verdict.remedies, *finding.remedies))),
        findings=(*others, finding),
    )
