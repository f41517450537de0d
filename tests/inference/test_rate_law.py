"""The law Γ(q) of rates with known errors, against weighted means by hand and against scatter."""

import numpy as np
import pytest

from homodyne_eqx.inference.rate_law import law_of

Q = np.array([0.002, 0.004, 0.008])


def test_the_diffusion_coefficient_is_the_weighted_mean_of_rate_over_q2():
    rates, sigma = 1e4 * Q**2 * [1.0, 1.1, 0.98], 1e4 * Q**2 * [0.1, 0.05, 0.01]
    law = law_of(Q, rates, np.diag(sigma**2))
    weight = (Q**2 / sigma) ** 2
    assert pytest.approx(np.sum(weight * rates / Q**2) / np.sum(weight)) == law.D
    assert law.D_uncertainty == pytest.approx(np.sum(weight) ** -0.5)
    assert law.chi2 == pytest.approx(np.sum(((rates - law.D * Q**2) / sigma) ** 2))


def test_the_exponent_is_that_of_the_rates():
    law = law_of(Q, 3e5 * Q**2.6, np.diag((0.01 * Q**2.6) ** 2))
    assert law.exponent == pytest.approx(2.6)


def test_its_error_bars_are_the_scatter_of_rates_with_correlated_errors():
    rng = np.random.default_rng(0)
    true, relative = 2e4 * Q**2, 0.03 * (0.6 + 0.4 * np.eye(3))
    covariance = relative**2 * np.outer(true, true)
    root = np.linalg.cholesky(covariance)
    laws = [law_of(Q, true + root @ rng.standard_normal(3), covariance) for _ in range(600)]
    for name, sigma, truth in (("D", "D_uncertainty", 2e4), ("exponent", "exponent_uncertainty", 2.0)):
        pulls = np.array([(getattr(law, name) - truth) / getattr(law, sigma) for law in laws])
        assert np.std(pulls) == pytest.approx(1, abs=0.1)
    assert np.mean([law.chi2 for law in laws]) == pytest.approx(2, abs=0.3)


def test_what_is_not_determined_is_left_out_and_named():
    covariance = np.diag([1e-6, np.inf, 1e-6])
    law = law_of(Q, 1e4 * Q**2, covariance)
    assert law.left_out == (1,)
    assert "without sectors 1" in str(law)
    with pytest.raises(ValueError, match="1 rates are determined; expected at least 2"):
        law_of(Q, 1e4 * Q**2, np.diag([np.inf, np.inf, 1e-6]))


def test_a_single_q_has_no_exponent():
    law = law_of(np.full(2, 0.003), np.array([0.1, 0.12]), np.eye(2) * 1e-4)
    assert np.isnan(law.exponent)
    assert "exponent" not in str(law)
