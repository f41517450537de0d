"""Speckles drawn with a given correlation have the moments of such speckles."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from homodyne_eqx.noise.speckle_draws import draws_of_sector, factor_of, is_gaussian, mode_shares, speckle_law

N_T = 6
LAG = np.abs(np.subtract.outer(np.arange(N_T), np.arange(N_T)))
FIELD = np.exp(-0.3 * LAG)
TURNING = FIELD * np.exp(1j * 0.7 * np.subtract.outer(np.arange(N_T), np.arange(N_T)))


@given(contrast=st.floats(0.05, 1.0))
def test_modes_share_the_intensity_such_that_the_contrast_is_met(contrast):
    shares = mode_shares(contrast)
    assert np.all(shares > 0)
    np.testing.assert_allclose(np.sum(shares), 1, rtol=1e-9)
    np.testing.assert_allclose(np.sum(shares**2), contrast, rtol=1e-6)


@pytest.mark.parametrize("field", [FIELD, TURNING], ids=["real", "complex"])
@pytest.mark.parametrize("contrast", [1.0, 0.4, 0.02])
@pytest.mark.parametrize("photon_noise", [0.0, 2.0])
def test_covariance_of_the_intensity(field, contrast, photon_noise):
    M = np.abs(field) ** 2
    correlation = M if is_gaussian(contrast) else field
    law = speckle_law(correlation.copy(), contrast).with_photons(photon_noise, True)
    x = law.draw(np.random.default_rng(3), 60_000)
    expected = contrast * (M + photon_noise * np.eye(N_T))
    np.testing.assert_allclose(np.mean(x, 1), 0, atol=5 * np.sqrt(expected[0, 0] / 60_000))
    np.testing.assert_allclose(np.cov(x), expected, atol=0.05 * expected[0, 0])


@pytest.mark.parametrize("decay", [3.0, 4000.0], ids=["short", "long"])
def test_draws_leave_out_nothing_that_counts(decay):
    """Of 600 frames a short decay reaches some dozens; the product is that with the whole matrix."""
    n_t = 600
    lag = np.abs(np.subtract.outer(np.arange(n_t), np.arange(n_t)))
    law = speckle_law(np.exp(-lag / decay), 1.0)
    width = np.diff(law.reach, axis=1)
    assert np.all(width < 400) if decay < 10 else width[-1] == n_t
    generator = np.random.default_rng(7)
    real, imaginary = (generator.standard_normal((n_t, 20), np.float32) for _ in range(2))
    expected = ((law.factors @ real) ** 2 + (law.factors @ imaginary) ** 2) / 2 - law.mean[:, None]
    np.testing.assert_allclose(law.draw(np.random.default_rng(7), 20), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("n_sector", "n_t", "expected"),
    [(1, 100, 8000), (1, 2000, 8000), (1, 4000, 2000), (1, 8000, 1000), (23, 1001, 347), (100, 8000, 240)],
)
def test_long_runs_take_fewer_draws(n_sector, n_t, expected):
    assert draws_of_sector(8000, n_sector, n_t) == expected


def test_the_fourth_moment_is_that_of_gaussian_fields():
    """⟨x⁴⟩ = 9 for the exponential distribution of a single mode, whose second moment is 1."""
    x = speckle_law(FIELD.copy(), 1.0).draw(np.random.default_rng(1), 200_000)
    np.testing.assert_allclose(np.mean(x.astype(float) ** 4), 9, rtol=0.1)


def test_white_noise_is_the_same_for_all_pairs():
    law = speckle_law(FIELD.copy(), 0.5).with_photons(100.0, False)
    x = law.draw(np.random.default_rng(1), 50_000)
    np.testing.assert_allclose(np.cov(x), 50 * np.eye(N_T), atol=2)


@pytest.mark.parametrize("field", [FIELD, TURNING, np.ones((N_T, N_T))], ids=["real", "complex", "still"])
def test_factors_give_the_correlation(field):
    """That of light that does not change is singular."""
    factor, clipped = factor_of(field.copy())
    assert clipped == 0
    np.testing.assert_array_equal(np.triu(factor, 1), 0)
    np.testing.assert_allclose(factor @ factor.conj().T, field, atol=2e-6)


@pytest.mark.parametrize("decay", [2.0, 1e3, 1e9])
@pytest.mark.parametrize("shape", [1, 2], ids=["exponential", "Gaussian"])
def test_single_precision_finds_factors_of_smooth_decays(decay, shape):
    """For long runs; the factors may add white noise of a thousandth of the variance."""
    lag = np.abs(np.subtract.outer(np.arange(500), np.arange(500)))
    field = np.exp(-((lag / decay) ** shape)).astype(np.float32)
    factor, clipped = factor_of(field.copy())
    assert (clipped, factor.dtype) == (0, np.float32)
    np.testing.assert_allclose(factor @ factor.T, field, atol=1.1e-3)


def test_a_correlation_that_no_field_has_is_clipped_and_said():
    impossible = np.array([[1, 0.9, 0.0], [0.9, 1, 0.9], [0.0, 0.9, 1]])
    factor, clipped = factor_of(impossible.copy())
    assert clipped > 0.05
    assert np.linalg.norm(factor @ factor.T - impossible) < 0.3
    values, vectors = np.linalg.eigh(impossible)
    np.testing.assert_allclose(factor @ factor.T, (vectors * np.maximum(values, 0)) @ vectors.T, atol=1e-12)
