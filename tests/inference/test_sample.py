"""Posteriors against the covariance of a fit, bounds, priors and conjugate theory."""

import dataclasses

import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.inference.posterior.posterior import Posterior
from homodyne_eqx.testing.speckle_fields import speckle_maps

pytest.importorskip("numpyro")
pytestmark = [pytest.mark.x64, pytest.mark.slow]

N_T = 20
GEOMETRY = hx.Geometry(q=[0.01, 0.01], t=0.1 * np.arange(N_T))
RATE = 1.0 / (5 * 0.1 * 0.01**2)
MODEL = hx.TwoTimeModel(hx.Diffusion(RATE), hx.ContrastOffset(1.0, 1.0))
QUICK = {"estimate": False, "stages": ()}


def data_of(seed):
    field = np.sqrt(np.asarray(MODEL(GEOMETRY))[0] - 1)
    return hx.TwoTimeData(speckle_maps([field] * 2, 2000, seed), GEOMETRY, sigma=0.05)


@pytest.fixture(scope="module")
def result():
    return hx.fit(MODEL, data_of(0), **QUICK)


@pytest.fixture(scope="module")
def posterior(result):
    return hx.sample(result, draws=400, chains=2)


def test_it_is_as_wide_as_the_covariance_and_may_be_trusted(result, posterior):
    assert posterior.draws.shape == (2, 400, 3)
    assert posterior.divergences == 0
    assert posterior.reliable, posterior.doubts
    ratio = np.sqrt(np.diagonal(posterior.covariance) / np.diagonal(result.covariance))
    np.testing.assert_allclose(ratio, 1, atol=0.15)  # 400 or more effective draws know it to 4 %
    correlation = np.corrcoef(posterior.flat.T)
    np.testing.assert_allclose(correlation, result.correlations, atol=0.15)
    for name in result.free_names:
        p = result.parameters[name]
        assert abs(posterior.mean[name] - p.value) < 0.5 * p.uncertainty
        low, high = posterior.interval(name, 0.95)
        assert (high - low) / (3.92 * p.uncertainty) == pytest.approx(1, abs=0.15)
    assert max(map(len, str(posterior).splitlines())) <= 80
    assert "may be trusted" in str(posterior)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_arviz_gets_the_draws_with_their_units(posterior):
    pytest.importorskip("arviz")
    found = posterior.inference_data().posterior
    assert found["diffusion.rate"].attrs["units"] == "Å²/s"
    np.testing.assert_array_equal(found["offset"].values, posterior.draws[:, :, 2])


def test_predictions_have_the_bands_of_the_fit(result, posterior):
    of_fit, of_draws = hx.predict(result, GEOMETRY), hx.predict(posterior, GEOMETRY)
    ratio = (of_draws.high - of_draws.low)[0, 1:, 0] / (of_fit.high - of_fit.low)[0, 1:, 0]
    np.testing.assert_allclose(ratio, 1, atol=0.35)  # of 200 draws
    rate = of_draws.rates["J"]
    assert rate.low[0] < result.parameters["diffusion.rate"].value < rate.high[0]


def test_draws_keep_within_a_bound_that_cuts_the_posterior():
    free = hx.fit(MODEL, data_of(0), **QUICK).parameters["offset"]
    bound = free.value - 0.5 * free.uncertainty
    start = hx.TwoTimeModel(MODEL.g1, hx.ContrastOffset(1.0, bound + free.uncertainty))
    cut = hx.fit(start, data_of(0), bounds={"offset": (bound, None)}, **QUICK)
    found = hx.sample(cut, draws=400, chains=2)
    offset = found.flat[:, found.names.index("offset")]
    assert np.min(offset) >= bound
    # the mean of a normal distribution that is cut 0.5σ below its middle
    assert np.mean(offset) == pytest.approx(free.value + 0.509 * free.uncertainty, abs=0.15 * free.uncertainty)


def test_what_cannot_be_sampled_is_refused(result):
    with pytest.raises(ValueError, match="1 chains of 500 draws"):
        hx.sample(result, chains=1)
    with pytest.raises(ValueError, match="step limit"):
        hx.sample(dataclasses.replace(result, ended=hx.Ended.STEP_LIMIT))


def test_doubts_are_said():
    draws = np.random.default_rng(0).standard_normal((2, 10, 1))
    doubtful = Posterior(
        ("x",), ("Å",), draws, np.zeros((2, 10)), 3, {"x": 1.3}, {"x": 12.0}, np.zeros(1), np.ones(1), None, 1.0
    )
    assert not doubtful.reliable
    text = " ".join(str(doubtful).split())
    for said in ("3 of 20 steps diverged", "do not agree on x", "Fewer than 100 independent draws of x"):
        assert said in text
