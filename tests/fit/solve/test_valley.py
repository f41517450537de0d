"""A valley without an end is recognised, and left as the message says; what converges is not taken for one."""

import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.fit.result.numbers import number_texts
from homodyne_eqx.fit.solve.iteration import Iteration
from homodyne_eqx.fit.solve.quadratic import Quadratic
from homodyne_eqx.fit.solve.valley import in_valley, running_along

N_T = 60
TIMES = np.arange(N_T) + 0.5


def ageing_data():
    """A rate that falls with the logarithm of the age: the limit of a power law with an offset, for alpha → 0."""
    amount = np.cumsum(0.18 - 0.03 * np.log(TIMES))
    c2 = 1 + 0.3 * np.exp(-np.abs(np.subtract.outer(amount, amount)))
    noise = np.tril(np.random.default_rng(2).normal(size=c2.shape) * 0.15, -1)
    return hx.TwoTimeData((c2 + noise + noise.T)[None], hx.Geometry(q=1.0, t=TIMES), sigma=0.15)


def start():
    rate = hx.PowerLaw(0.1, -0.2, 0.0)
    scaling = hx.ContrastOffset(contrast=np.array([0.3]), offset=np.array([1.0]))
    return hx.TwoTimeModel(hx.Diffusion(rate), scaling)


@pytest.mark.x64
def test_a_rate_that_is_linear_in_log_t_ends_soon_with_the_rate_and_a_remedy_that_works():
    """Such a rate is the limit of alpha → 0, in which D0 and D_offset grow without limit against each other."""
    found = hx.fit(start(), ageing_data())
    assert found.ended == hx.Ended.UNDETERMINED
    assert not found.converged
    assert len(found.history) <= 25
    assert "do not determine D0, D_offset each by itself" in found.message
    assert "Fix D_offset = 0. Over the measured times the data determine J: " in found.message
    mean, curve = found.derived["mean J"], found.curves()["J"]
    assert abs(mean.value - np.mean(0.18 - 0.03 * np.log(TIMES))) < 5 * mean.uncertainty
    assert np.all(np.abs(curve.value - (0.18 - 0.03 * np.log(TIMES))) < 2.5 * (curve.high - curve.low))
    value, sigma = number_texts(float(curve.value[-1]), float(curve.high[-1] - curve.value[-1]))
    assert f"{value} ± {sigma} Å²/s at 59.5 s" in found.message
    for text in (str(found), found.to_dict()["message"]):
        assert "the data determine J: " in text
    obeyed = hx.fit(start(), ageing_data(), fixed=["D_offset"])
    assert obeyed.converged
    assert obeyed.parameters["alpha"].value < -0.1


@pytest.mark.x64
def test_a_constant_rate_seen_late_is_told_as_a_rate():
    """A power law with an offset on a constant rate: whatever its parameters are, the rate is 2e4 to a few per cent."""
    geometry = hx.Geometry(q=0.0054, t=100 + 0.1 * np.arange(60))
    scaling = hx.ContrastOffset(np.full(1, 0.3), np.ones(1))
    g2 = np.asarray(hx.TwoTimeModel(hx.Diffusion(2e4), scaling)(geometry))
    noise = np.tril(np.random.default_rng(0).normal(size=g2.shape) * 0.01, -1)
    data = hx.TwoTimeData(g2 + noise + noise.transpose(0, 2, 1), geometry, sigma=0.01)
    for exponent in (-0.3, 0.1, 0.8):
        law = hx.TwoTimeModel(hx.Diffusion(hx.PowerLaw(1e4, exponent, 100.0)), scaling)
        found = hx.fit(law, data, estimate=False)
        curve = found.curves()["J"]
        assert len(found.history) <= 61
        assert np.all(np.abs(curve.value - 2e4) < 2.5 * (curve.high - curve.value))
        assert found.ended in (hx.Ended.CONVERGED, hx.Ended.UNDETERMINED, hx.Ended.VALLEY)
        assert found.converged or "the data determine J: " in found.message
        correlations = found.correlations[np.isfinite(found.correlations)]
        assert np.all(np.abs(correlations) <= 1 + 1e-12)
        assert "± 0 " not in str(found)


def history(chi2, left, moved):
    return [
        Iteration(k, float(c), float(e), float(m), np.array([float(k), 2.0]), 0.0, 100)
        for k, (c, e, m) in enumerate(zip(chi2, left, moved, strict=True))
    ]


def test_what_is_a_valley_and_what_is_not():
    steps = np.arange(30)
    slow = 1000 - 0.01 * steps
    assert in_valley(history(slow, np.full(30, 5.0), np.full(30, 4.0)))
    assert not in_valley(history(slow[:20], np.full(20, 5.0), np.full(20, 4.0)))
    # χ² falls by what is expected of it; what is expected goes down; nothing moves.
    assert not in_valley(history(1000 - 0.2 * steps, np.full(30, 5.0), np.full(30, 4.0)))
    assert not in_valley(history(slow, 5.0 * 0.9**steps, np.full(30, 4.0)))
    assert not in_valley(history(slow, np.full(30, 5.0), np.full(30, 0.1)))


def test_what_runs_is_what_moves():
    normal = Quadratic(np.diag([1.0, 1.0]), np.zeros(2), 1.0)
    assert running_along(history(np.ones(30), np.ones(30), np.ones(30)), normal) == (0,)
