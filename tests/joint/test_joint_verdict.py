"""The verdict on a joint fit, from those on its data sets."""

import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.fit import FitResult
from homodyne_eqx.fit.solve.ended import Ended
from homodyne_eqx.fit.solve.minimise import Outcome
from homodyne_eqx.fit.solve.quadratic import Quadratic
from homodyne_eqx.fit.uncertainty.noise_of_fit import NoiseOfFit
from homodyne_eqx.fit.verdict.finding import Finding, Kind
from homodyne_eqx.fit.verdict.verdict import Verdict
from homodyne_eqx.joint import build_joint_result
from homodyne_eqx.joint.agreement import Agreement
from tests.holding import holding


def verdict(adequate=True, text="as the noise.", expected=1.0, spread=0.1, size=1.0):
    findings = () if adequate else (Finding(Kind.SIZE, text, size),)
    return Verdict(adequate, text, expected, spread, None, None, (), findings)


def joint(verdicts, degrees, agreements=(), ended=Ended.CONVERGED):
    results = {
        label: holding(FitResult, verdict=each, degrees_of_freedom=n, chi2=1.0)
        for label, each, n in zip("ab", verdicts, degrees, strict=True)
    }
    of_labels = {each.label: each for each in agreements}
    return holding(hx.JointResult, results=results, ended=ended, agreements=of_labels, degrees_of_freedom=sum(degrees))


def test_the_expected_chi2_is_that_of_all_values_together():
    found = joint([verdict(expected=1.0, spread=0.1), verdict(expected=4.0, spread=0.3)], [100, 300]).verdict
    assert found.adequate
    assert found.expected_reduced_chi2 == pytest.approx((100 + 4 * 300) / 400)
    assert found.spread == pytest.approx(np.hypot(0.1 * 100, 0.3 * 300) / 400)
    assert found.text == "the residuals of all 2 data sets are those of the noise."


@pytest.mark.parametrize(("chi2", "agrees"), [(9.9, True), (10.1, False)])
def test_data_sets_that_do_not_agree_are_told_with_what_to_let_differ(chi2, agrees):
    apart = Agreement("a", chi2, 2, 10.0, "diffusion.rate[1]", "Å²/s", 3.0, 0.1, 3.5, 5.0)
    found = joint([verdict(), verdict()], [100, 100], [apart]).verdict
    assert (apart.agrees, found.adequate) == (agrees, agrees)
    assert f"they {'agree' if agrees else 'do not agree'} (χ² {chi2:.3g} of 2" in str(apart)
    if agrees:
        assert found.text.endswith("those of the noise, and they agree.")
    else:
        assert found.text == str(apart)
        assert [(r.action, r.names) for r in found.remedies] == [("separate", ("diffusion.rate",))]
        assert found.findings[0].size == pytest.approx(1.01)


def test_a_data_set_that_is_not_described_is_told_by_its_label():
    found = joint([verdict(), verdict(False, "too large.", size=3.0)], [100, 100]).verdict
    assert (found.adequate, found.text) == (False, "b: too large.")
    assert [(each.kind, each.size) for each in found.findings] == [(Kind.SET, 3.0)]
    assert "not judged" in joint([verdict(), verdict()], [1, 1], ended=Ended.STALLED).verdict.text


def test_each_is_judged_by_its_own_fit_or_else_by_its_share(monkeypatch):
    asked = []
    monkeypatch.setattr(build_joint_result, "judged", lambda *given: asked.append(given) or verdict())
    share = Outcome(Ended.CONVERGED, np.zeros(1), Quadratic(np.eye(1), np.zeros(1), 150.0), (), np.zeros(1, bool), 0.0)
    noise = object.__new__(NoiseOfFit)
    own = holding(FitResult, ended=Ended.UNDETERMINED, verdict=verdict(text="alone."))
    assert build_joint_result._verdict_of(noise, share, 100, own).text == "alone."
    assert asked == []
    for alone in (None, holding(FitResult, ended=Ended.STEP_LIMIT)):
        build_joint_result._verdict_of(noise, share, 100, alone)
        assert asked.pop() == (noise, Ended.CONVERGED, 1.5, 100)
