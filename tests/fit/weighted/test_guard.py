"""When weights for the noise of speckles are not taken, and what they leave uncertain, on given numbers."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import chi2

import homodyne_eqx as hx
from homodyne_eqx.fit.free_parameters import choose_free
from homodyne_eqx.fit.solve.ended import Ended
from homodyne_eqx.fit.solve.minimise import Outcome
from homodyne_eqx.fit.solve.quadratic import Quadratic
from homodyne_eqx.fit.uncertainty.noise_of_fit import NoiseOfFit
from homodyne_eqx.fit.weighted import weighted_descent as descent_module
from homodyne_eqx.fit.weighted.guard import guard_of
from homodyne_eqx.fit.weighted.weighted_descent import Descent, weighted_descent
from homodyne_eqx.fit.weighted.weighted_sums import WeightedSums
from homodyne_eqx.noise.weighted_fit import WeightedFit
from homodyne_eqx.noise.weighted_sector import WeightedSector
from tests.holding import holding


def guard(statistic=1.0, degrees=2, settled=True, photons=(0.1,), common=np.zeros(6)):
    sums = SimpleNamespace(
        distance=lambda *_: (statistic, degrees), sectors=[SimpleNamespace(photon_noise=x) for x in photons]
    )
    normal = Quadratic(np.eye(2), np.zeros(2), 1.0)
    weighted = holding(WeightedFit, departures=np.zeros((1, 6)), common_departures=np.asarray(common, float))
    noise = holding(
        NoiseOfFit, sectors=(), at_bound=np.zeros(2, bool), normal=normal, prior_information=np.zeros((2, 2)),
        weighted_fit=weighted,
    )  # fmt: skip
    outcome = Outcome(Ended.CONVERGED, np.zeros(2), normal, (), np.zeros(2, bool), 0.0)
    return guard_of(Descent(np.ones(2), np.zeros(2, bool), sums, settled), outcome, noise)


@pytest.mark.parametrize("degrees", [1, 4])
def test_a_right_model_is_refused_once_in_a_thousand_times(degrees):
    limit = chi2.isf(1e-3, degrees)
    found = guard(0.99 * limit, degrees)
    assert found.passed
    assert found.threshold == pytest.approx(limit)
    assert found.sentence.startswith("equal weights lead to the same parameters within the noise")
    found = guard(1.01 * limit, degrees)
    assert not found.passed
    assert "lead to other parameters than equal weights" in found.sentence


def test_what_has_not_settled_or_departs_or_is_of_photons_alone_keeps_equal_weights():
    assert guard(settled=False).passed is False
    assert not guard(np.nan).passed
    assert guard(photons=(1.0, 29.0, 1e3)).passed  # the median counts
    found = guard(photons=(1.0, 31.0, 1e3))
    assert (found.passed, "photons make 31 times" in found.sentence) == (False, True)
    assert guard(common=4.9 * np.eye(6)[2]).passed
    found = guard(common=5.1 * np.eye(6)[2])
    assert (found.passed, "equal weights are kept: the decay is faster" in found.sentence) == (False, True)


def test_the_covariance_of_weights_that_fit_the_noise_is_the_inverse_of_their_sums():
    """The weights of P speckles are P/κ, if the covariance of their pulls is κ times the normal equations."""
    rng = np.random.default_rng(0)
    root = rng.standard_normal((2, 3, 8))
    normal = [x @ x.T for x in root]
    kappa, speckles = 3.0, np.array([400.0, 900.0])
    active = [np.array([0, 1, 3]), np.array([0, 2, 3])]
    sectors = []
    for places, of_one in zip(active, normal, strict=True):
        pulls = np.zeros((7, 7))  # four parameters of least squares, then the three of this sector
        pulls[4:, 4:] = kappa * of_one
        sectors.append(WeightedSector(places, of_one, np.ones(3), pulls, 0.1))
    prior = np.diag([0.0, 0.0, 50.0, 0.0])
    sums = WeightedSums(tuple(sectors), speckles, prior, np.zeros(4))
    total = prior.copy()
    for places, of_one, P in zip(active, normal, speckles, strict=True):
        total[np.ix_(places, places)] += P / kappa * of_one
    np.testing.assert_allclose(sums.matrix, total)
    np.testing.assert_allclose(sums.covariance(np.zeros(4, bool)), np.linalg.inv(total), rtol=1e-6)
    at_bound = np.array([False, True, False, False])
    among = np.ix_(~at_bound, ~at_bound)
    found = sums.covariance(at_bound)
    np.testing.assert_allclose(found[among], np.linalg.inv(total[among]), rtol=1e-6)
    assert np.all(np.isnan(found[1]))


@pytest.mark.parametrize(("bounds", "value", "held"), [((0.0, 9e3), 5e3, False), ((0.0, 4e3), 4e3, True)])
def test_where_the_data_say_nothing_the_prior_and_the_bounds_decide(monkeypatch, bounds, value, held):
    monkeypatch.setattr(descent_module, "sectors_at", lambda *_: ())
    model = hx.TwoTimeModel(hx.Diffusion(3e3), hx.ContrastOffset(0.3, 1.0))
    geometry = hx.Geometry(q=0.01, t=np.arange(3.0))
    packed = hx.pack(hx.TwoTimeData(np.ones((1, 3, 3)) + 0.1 * np.eye(3), geometry, sigma=0.1))
    name = "diffusion.rate"
    chosen = choose_free(model, [name], (), {name: bounds}, {name: hx.Normal(5e3, 2e3)})
    normal = Quadratic(np.array([[1e-6]]), np.zeros(1), 1.0)
    noise = holding(
        NoiseOfFit, model=model, free=chosen.filter, sectors=(), speckles=np.zeros(0), normal=normal,
        at_bound=np.zeros(1, bool), prior_information=np.zeros((1, 1)),
    )  # fmt: skip
    outcome = Outcome(Ended.CONVERGED, np.array([3e3]), normal, (), np.zeros(1, bool), 0.0)
    found = weighted_descent(chosen.free, outcome, packed, noise)
    assert (found.parameters[0], found.at_bound[0]) == (pytest.approx(value), held)
