"""The endings of a fit: each is reached by a fit, states a remedy, and is a fixed string."""

import json
import pickle

import numpy as np
import optimistix as optx
import pytest
from root_rate import RootRate

import homodyne_eqx as hx

ENDINGS = {"converged", "undetermined", "valley", "stalled", "step limit", "interrupted", "not finite"}
OF_NO_SINGLE_FIT = {"nothing to fit"}
Q, N_T, SIGMA = 0.0054, 15, 0.005


@pytest.fixture(scope="module")
def data():
    """Diffusion with J = 3·10⁴ Å²/s, from its formula."""
    t = 0.05 * np.arange(1, N_T + 1)
    noise = np.tril(SIGMA * np.random.default_rng(0).standard_normal((N_T, N_T)), -1)
    g2 = 1 + 0.3 * np.exp(-(Q**2) * 3e4 * np.abs(np.subtract.outer(t, t))) + noise + noise.T
    return hx.TwoTimeData(g2[None], hx.Geometry(q=Q, t=t), sigma=SIGMA)


def start(rate=4e4):
    return hx.TwoTimeModel(hx.Diffusion(rate), hx.ContrastOffset(0.28, 1.01))


def ended(data, model=None, **options):
    result = hx.fit(start() if model is None else model, data, **options)
    assert isinstance(result.ended, hx.Ended)
    assert result.converged == (result.ended == "converged")
    assert json.loads(json.dumps({"ended": result.ended})) == {"ended": str(result.ended)}
    assert str(result.ended) in ENDINGS
    return result


def test_they_are_the_strings_that_they_were():
    assert {str(ending) for ending in hx.Ended} == ENDINGS | OF_NO_SINGLE_FIT
    assert all(hx.Ended(ending.value) is ending and pickle.loads(pickle.dumps(ending)) is ending for ending in hx.Ended)
    assert f"{hx.Ended.STEP_LIMIT}" == "step limit"


def test_every_ending_says_how_far_it_came():
    for ending in hx.Ended:
        message = ending.message(17, 0.25, "the data do not determine alpha.")
        assert ("17" in message) == (ending not in ("undetermined", "nothing to fit"))
        assert ("determine alpha." in message) == (ending in ("undetermined", "valley", "nothing to fit"))
        assert "{" not in message


def test_converged(data):
    result = ended(data)
    assert result.ended is hx.Ended.CONVERGED
    assert f"after {len(result.history) - 1} steps" in result.message


@pytest.mark.x64
def test_undetermined(data):
    result = ended(data, hx.TwoTimeModel(hx.Diffusion(4e4), hx.ContrastOffset(0.0, 1.01)), fixed=["contrast"])
    assert result.ended is hx.Ended.UNDETERMINED
    assert "do not determine diffusion.rate:" in result.message


@pytest.mark.x64
@pytest.mark.slow
def test_the_remedy_for_a_steady_rate_as_a_power_law_gives_the_right_answer_when_obeyed(data):
    def law(exponent, offset):
        rate = hx.PowerLaw(2e4, exponent, offset)
        return hx.TwoTimeModel(hx.Diffusion(rate), hx.ContrastOffset(0.28, 1.01))

    exact = hx.TwoTimeData(np.asarray(start(3e4)(data.geometry), float), data.geometry, sigma=SIGMA)
    result = ended(exact, law(0.0, 1e4), fixed=["alpha"])
    assert result.ended is hx.Ended.UNDETERMINED
    assert "determine D0, D_offset each by itself: χ² is the same along a line of values." in result.message
    assert "Fix D_offset = 0. Over the measured times the data determine J: 30000 ± " in result.message
    obeyed = ended(exact, law(0.0, 0.0), fixed=["alpha", "D_offset"])
    assert obeyed.converged
    assert obeyed.parameters["D0"].value == pytest.approx(3e4, rel=1e-5)


@pytest.mark.x64
def test_stalled(data):
    """A solver that is content with far too little, each time it starts again."""
    result = ended(data, solver=optx.LevenbergMarquardt(rtol=0.5, atol=0.5), tolerance=1e-12)
    assert result.ended is hx.Ended.STALLED
    assert result.history[-1].expected_decrease > 1e-12


def test_step_limit(data):
    result = ended(data, max_steps=1)
    assert result.ended is hx.Ended.STEP_LIMIT
    assert "limit of 1 steps" in result.message
    assert len(result.history) == 2


def test_interrupted(data):
    def stop(step):
        if step.number == 2:
            raise KeyboardInterrupt

    result = ended(data, callback=stop)
    assert result.ended is hx.Ended.INTERRUPTED
    assert len(result.history) == 3
    assert result.chi2 == result.history[-1].chi2 < result.history[0].chi2


@pytest.mark.x64
def test_not_finite(data):
    """Gauss–Newton takes every step, also beyond x = 0."""
    far = start(RootRate(100.0))
    result = ended(data, far, solver=optx.GaussNewton(1e-8, 1e-8), estimate=False)
    assert result.ended is hx.Ended.NOT_FINITE
    assert result.parameters["g1.rate.x"].value < 0
    assert np.all(np.isnan(result.covariance))
    assert "Set bounds" in result.message
    assert "NOT CONVERGED" in str(hx.fit(far, hx.pack(data), solver=optx.GaussNewton(1e-8, 1e-8), estimate=False))
    kept = ended(data, far, solver=optx.GaussNewton(1e-8, 1e-8), bounds={"g1.rate.x": (0.0, None)})
    assert kept.ended != "not finite"
