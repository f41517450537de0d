"""Joint fits of two-time maps, one-time data and pairs: each with its own noise, all with one physics."""

import dataclasses

import numpy as np
import pytest
import sets

import homodyne_eqx as hx

pytestmark = pytest.mark.x64

TAU = np.geomspace(0.01, 30, 25)
Q, CONTRAST, SIGMA = np.array([0.008, 0.012]), 0.2, 0.003


def g2(rate=sets.RATE):
    """exp(−q² rate τ), by numpy alone."""
    return 1 + CONTRAST * np.exp(-(Q[:, None] ** 2) * rate * TAU)


def one_time(rate=sets.RATE, sectors=slice(None)):
    noise = SIGMA * np.random.default_rng(5).standard_normal((2, TAU.size))
    return hx.OneTimeData(TAU, (g2(rate) + noise)[sectors], q=Q[sectors], sigma=SIGMA)


@pytest.fixture(scope="module")
def joint():
    return hx.fit(sets.model(), {"maps": sets.data_set(**sets.FIRST), "g2": one_time()}, estimate=False)


@pytest.mark.slow
class TestMapsAndOneTimeData:
    def test_both_tell_the_rate_and_the_error_is_less_than_of_either(self, joint):
        rate = joint.parameters["diffusion.rate"]
        assert joint.converged
        assert abs(rate.value - sets.RATE) < 4 * rate.uncertainty
        alone = [each.parameters["diffusion.rate"].white_noise_uncertainty for each in joint.alone.values()]
        # N is near the sum over the data sets: contrast and offset are of each alone.
        assert rate.white_noise_uncertainty == pytest.approx(np.sum(np.power(alone, -2.0)) ** -0.5, rel=0.02)
        assert rate.uncertainty < min(each.parameters["diffusion.rate"].uncertainty for each in joint.alone.values())

    def test_each_has_its_own_noise_verdict_and_values(self, joint):
        assert "finite number of speckles" in joint["maps"].assumption
        assert "independent from value to value" in joint["g2"].assumption
        assert joint.verdict.adequate, joint.verdict.text
        assert joint["g2"].verdict.expected_reduced_chi2 == 1.0
        assert np.sum(joint["g2"].fitted_pairs.residual ** 2) == pytest.approx(joint["g2"].chi2)
        assert len(joint["maps"].speckle_covariance.speckles) == 2
        assert len(joint["g2"].speckle_covariance.speckles) == 0
        assert set(joint.agreements) == {"maps", "g2"}

    def test_it_is_saved_and_each_comes_back(self, joint, tmp_path):
        joint.save(tmp_path / "out")
        again = hx.FitResult.load(tmp_path / "out" / "g2")
        assert str(again) == str(joint["g2"])
        assert isinstance(again.data, hx.OneTimeData)


@pytest.mark.slow
def test_two_sets_of_one_sector_are_one_set_of_two():
    whole = hx.fit(sets.model(), one_time())
    parts = hx.fit(sets.model(), [one_time(sectors=slice(0, 1)), one_time(sectors=slice(1, 2))])
    mine, other = parts.parameters["diffusion.rate"], whole.parameters["diffusion.rate"]
    assert mine.value == pytest.approx(other.value, rel=1e-6)
    assert mine.uncertainty == pytest.approx(other.uncertainty, rel=1e-5)
    assert parts.chi2 == pytest.approx(whole.chi2, rel=1e-8)


def test_errors_that_are_correlated_count_as_such():
    """A constant that two sets of pairs share: N⁻¹ Σ V N⁻¹ of a mean, in closed form."""
    n, r, s = 30, 0.5, 0.01
    geometry = hx.Geometry(q=[0.003], t=np.arange(float(n + 1)))
    correlated = s**2 * (r + (1 - r) * np.eye(n))
    rng = np.random.default_rng(3)
    value = 1 + np.stack([np.linalg.cholesky(correlated) @ rng.standard_normal(n), s * rng.standard_normal(n)])
    one = hx.PairData(value[0], geometry, np.arange(1, n + 1), 0, 0, covariances=[correlated])
    two = hx.PairData(value[1], geometry, np.arange(1, n + 1), 0, 0, sigma=s)
    flat = hx.TwoTimeModel(hx.Static(), hx.ContrastOffset(0.0, 1.1))
    found = hx.fit(flat, [one, two], free=["offset"], shared=["offset"], estimate=False)
    offset = found.parameters["offset"]
    assert offset.value == pytest.approx(value.mean(), rel=1e-8)
    N, V = 2 * n / s**2, (n + n * (n - 1) * r + n) / s**2
    assert offset.uncertainty == pytest.approx(np.sqrt(V) / N, rel=1e-6)
    assert offset.white_noise_uncertainty == pytest.approx(N**-0.5, rel=1e-6)


@pytest.mark.slow
def test_sets_that_do_not_agree_are_told():
    found = hx.fit(
        sets.model(), {"maps": sets.data_set(**sets.FIRST), "g2": one_time(rate=2 * sets.RATE)}, estimate=False
    )
    assert not found.verdict.adequate
    assert not all(each.agrees for each in found.agreements.values())


def test_a_model_that_needs_times_is_refused_for_all():
    ageing = dataclasses.replace(sets.model(), g1=hx.Diffusion(hx.PowerLaw(3e3, 0.1, 0.0)))
    with pytest.raises(hx.errors.NeedsTimeOrigin):
        hx.fit(ageing, [sets.data_set(**sets.FIRST), one_time()])
