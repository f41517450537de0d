"""Fits to one-time data and to pairs: values, uncertainties, verdict, what is kept of them, and what cannot be done."""

import re
from pathlib import Path

import numpy as np
import pytest

import homodyne_eqx as hx

Q = np.array([0.002, 0.003, 0.005])
TAU = np.geomspace(1e-3, 20, 30)
D, CONTRAST, SIGMA = 2e4, 0.25, 0.002


def g2_of(exponent=1.0):
    """Diffusion, by numpy alone."""
    return 1 + CONTRAST * np.exp(-2 * (D * Q[:, None] ** 2 * TAU) ** exponent)


def noisy(g2, seed=0, **changed):
    noise = SIGMA * np.random.default_rng(seed).standard_normal(g2.shape)
    return hx.OneTimeData(TAU, g2 + noise, **{"q": Q, "sigma": SIGMA, **changed})


def model(term=None):
    return hx.TwoTimeModel(term or hx.Diffusion(hx.StokesEinstein(5e3)), hx.ContrastOffset(0.2, 1.0))


@pytest.fixture(scope="module")
def result():
    return hx.fit(model(), noisy(g2_of()))


@pytest.mark.x64
def test_one_model_for_all_q_finds_the_diffusion_coefficient(result):
    assert result.converged
    found = result.parameters["diffusion.rate.diffusion"]
    assert abs(found.value - D) < 4 * found.uncertainty
    # By numpy: the least-squares error bar of D, contrast and offset from a dense Jacobian.
    decay = np.exp(-2 * D * Q[:, None] ** 2 * TAU).ravel()
    slope = CONTRAST * (-2 * (Q[:, None] ** 2 * TAU).ravel()) * decay
    rows = np.stack([slope, decay, np.ones_like(decay)], axis=1) / SIGMA
    expected = np.sqrt(np.linalg.inv(rows.T @ rows)[0, 0])
    assert found.uncertainty == pytest.approx(expected, rel=0.05)
    assert found.uncertainty == pytest.approx(found.white_noise_uncertainty, rel=1e-10)


@pytest.mark.x64
def test_the_result_says_what_its_uncertainties_take_for_granted(result):
    assert result.verdict.adequate
    assert result.verdict.expected_reduced_chi2 == 1.0
    assert result.verdict.spread == pytest.approx(np.sqrt(2 / (90 - 3)))
    assert "independent from value to value" in result.assumption
    assert result.assumption in str(result)
    assert "0 masked of 90 values" in str(result)


@pytest.mark.x64
def test_values_beside_the_model_and_sectors(result):
    fitted = result.fitted_pairs
    np.testing.assert_allclose(fitted.lag, np.tile(TAU, 3))
    assert np.all(np.isnan(fitted.age))
    assert np.sum(fitted.residual**2) == pytest.approx(result.chi2)
    np.testing.assert_allclose(fitted.model, g2_of().ravel(), atol=4 * SIGMA)
    own = fitted.of_sector(1).residual
    assert result.sectors[1].reduced_chi2 == pytest.approx(np.mean(own**2))
    assert [sector.q for sector in result.sectors] == pytest.approx(Q)
    with pytest.raises(ValueError, match="no maps: OneTimeData were fitted"):
        result.maps(0)
    with pytest.raises(TypeError, match="no speckles are drawn"):
        hx.speckle_covariance(result)
    with pytest.raises(TypeError, match="expected TwoTimeData, whose speckles"):
        hx.bootstrap(result)


@pytest.mark.x64
def test_it_is_saved_and_comes_back_and_its_data_too(result, tmp_path):
    result.save(tmp_path / "out")
    again = hx.FitResult.load(tmp_path / "out")
    assert str(again) == str(result)
    assert again.sectors == result.sectors
    np.testing.assert_array_equal(again.fitted_pairs.residual, result.fitted_pairs.residual)
    data = hx.load(tmp_path / "out" / "result.h5")
    assert isinstance(data, hx.OneTimeData)
    np.testing.assert_array_equal(data.g2, result.data.g2)
    np.testing.assert_array_equal(data.pairs.sigma, result.data.pairs.sigma)


@pytest.mark.x64
def test_a_model_that_does_not_describe_them_is_not_adequate_and_says_so():
    found = hx.fit(model(), noisy(g2_of(exponent=0.7)))
    assert not found.verdict.adequate
    assert "if these errors are right, the model does not describe the data" in found.verdict.text
    assert "neighbouring lags are correlated" in found.verdict.text


@pytest.mark.x64
@pytest.mark.slow
def test_a_power_of_the_lag_and_a_start_far_away():
    found = hx.fit(model(hx.AnomalousDiffusion(1e2, 1.5)), noisy(g2_of()))
    assert found.parameters["anomalous_diffusion.exponent"].value == pytest.approx(1, abs=0.03)
    assert found.parameters["anomalous_diffusion.coefficient"].value == pytest.approx(2 * D, rel=0.05)


@pytest.mark.x64
@pytest.mark.slow
def test_the_rates_of_the_sectors_follow_q():
    rates = model(hx.Relaxation(hx.PerSector([0.1, 0.1, 0.1])))
    law = hx.rate_law(hx.fit(rates, noisy(g2_of())))
    assert abs(law.D - D) < 4 * law.D_uncertainty
    assert abs(law.exponent - 2) < 4 * law.exponent_uncertainty
    assert law.chi2 < 20
    assert "Γ = D q²: D = " in str(law)


@pytest.mark.x64
@pytest.mark.slow
def test_pairs_with_covariances_have_the_error_bars_of_correlated_noise():
    """A mean of n values with noise of correlation r has the variance (1 + (n − 1) r)/n, not 1/n."""
    n, r = 40, 0.5
    geometry = hx.Geometry(q=[0.003], t=np.arange(float(n + 1)))
    covariance = SIGMA**2 * (r + (1 - r) * np.eye(n))
    value = 1 + np.linalg.cholesky(covariance) @ np.random.default_rng(1).standard_normal(n)
    data = hx.PairData(value, geometry, np.arange(1, n + 1), 0, 0, covariances=[covariance])
    flat = hx.TwoTimeModel(hx.Static(), hx.ContrastOffset(0.0, 1.0))
    found = hx.fit(flat, data, free=["offset"])
    assert found.parameters["offset"].uncertainty == pytest.approx(SIGMA * np.sqrt((1 + (n - 1) * r) / n), rel=1e-6)
    assert found.parameters["offset"].white_noise_uncertainty == pytest.approx(SIGMA / np.sqrt(n), rel=1e-6)
    # Of χ² the mean is taken out: n − 1 − (n − 1) r of n − 1 degrees of freedom.
    assert found.verdict.expected_reduced_chi2 == pytest.approx(1 - r)
    assert "with the covariances that the data state" in found.assumption


@pytest.mark.x64
@pytest.mark.slow
def test_the_page_on_one_time_data_runs():
    page = (Path(__file__).parents[2] / "docs" / "one_time.md").read_text(encoding="utf-8")
    namespace = {}
    for source in re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
        exec(source, namespace)
    assert abs(namespace["law"].D - 1.5e4) < 4 * namespace["law"].D_uncertainty
    D = namespace["one_D"].parameters["diffusion.rate.diffusion"]
    assert abs(D.value - 1.5e4) < 4 * D.uncertainty
    assert namespace["pairs"].excluded.used == np.count_nonzero(namespace["later"] < 200)
