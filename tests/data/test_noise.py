"""Noise estimated on request: right for white noise, robust, and honest about where it came from."""

import numpy as np
import pytest

from homodyne_eqx.data import TwoTimeData
from homodyne_eqx.physics.geometry import Geometry


def decaying_maps(sigma, n_t=90, decay=12.0, slope=0.0, seed=3):
    """exp(−lag/decay) maps with symmetric white noise of the given standard deviations, and a slow linear loss."""
    rng = np.random.default_rng(seed)
    lag = np.abs(np.subtract.outer(np.arange(n_t), np.arange(n_t)))
    noise = rng.standard_normal((len(sigma), n_t, n_t))
    noise = np.triu(noise) + np.triu(noise, 1).swapaxes(1, 2)
    return 1 + 0.3 * np.exp(-lag / decay) - slope * lag / n_t + np.asarray(sigma)[:, None, None] * noise


def with_noise_estimated(c2, **options):
    geometry = Geometry(q=np.full(len(c2), 0.01), t=np.arange(c2.shape[1]) * 0.1)
    return TwoTimeData(c2, geometry, sigma="estimate", **options)


def test_it_finds_the_noise_of_each_map():
    truth = np.array([0.004, 0.01, 0.03])
    data = with_noise_estimated(decaying_maps(truth))
    np.testing.assert_allclose(data.scalar_sigma, truth, rtol=0.15)
    assert data.sigma_source == "estimated: 1.4826 × MAD of each map at lags of 60 to 89 frames about a line in the lag"
    assert data.sigma_source in repr(data)
    assert data.select(sectors=[1]).sigma_source == data.sigma_source


def test_it_is_not_moved_by_outliers_masked_pixels_or_a_slow_decay():
    c2 = decaying_maps([0.01], slope=0.5)
    c2[0, 2, 85] = c2[0, 85, 2] = 30.0
    c2[0, 1, 84] = np.nan
    mask = np.zeros(90, bool)
    mask[[3, 80]] = True
    c2[0, mask] = c2[0, :, mask] = 7.0
    np.testing.assert_allclose(with_noise_estimated(c2, mask=mask).sigma, 0.01, rtol=0.15)


def test_it_refuses_what_it_cannot_estimate():
    with pytest.raises(ValueError, match=r"at least 20\. Pass sigma=<value>"):
        with_noise_estimated(decaying_maps([0.01], n_t=10))
    with pytest.raises(ValueError, match="sector 0 does not scatter"):
        with_noise_estimated(np.ones((1, 40, 40)))
