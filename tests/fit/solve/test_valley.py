"""A valley without an end is recognised, and left as the message says; what converges is not taken for one."""

import numpy as np
import pytest

import homodyne_eqx as hx
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
def test_a_valley_is_named_within_sixty_steps_and_its_remedy_works():
    found = hx.fit(start(), ageing_data())
    assert found.ended == hx.Ended.VALLEY
    assert not found.converged
    assert len(found.history) <= 61
    assert "D0, alpha, D_offset, which the data do not distinguish" in found.message
    assert "Fix D_offset = 0" in found.message
    assert not found.verdict.adequate
    mean = found.derived["mean J"]
    assert abs(mean.value - np.mean(0.18 - 0.03 * np.log(TIMES))) < 5 * mean.uncertainty
    obeyed = hx.fit(start(), ageing_data(), fixed=["D_offset"])
    assert obeyed.converged
    assert obeyed.parameters["alpha"].value < -0.1


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
