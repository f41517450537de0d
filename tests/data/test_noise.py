"""Noise estimated on request: right for white noise, robust, and honest about where it came from."""

import numpy as np
import pytest

from homodyne_eqx.data import TwoTimeData
from homodyne_eqx.physics.geometry import Geometry
from tests.data.speckle import speckle_maps


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
    assert data.sigma_source == "estimated: scatter of the maps at lags of 60 to 89 frames"
    assert data.sigma_source in repr(data)
    assert data.select(sectors=[1]).sigma_source == data.sigma_source


@pytest.mark.parametrize(("n_sector", "n_t", "decay"), [(4, 90, 8.0), (6, 80, 20.0)])
def test_it_is_the_noise_of_speckles_though_pixels_are_alike(n_sector, n_t, decay):
    # Far from the diagonal a pixel is 1 + the mean of (I_i − 1)(I_j − 1) over the speckles, of variance 1.
    found = [
        np.mean(with_noise_estimated(speckle_maps(seed, n_sector, n_t, decay, speckles=400)).sigma)
        for seed in range(12)
    ]
    assert np.mean(found) == pytest.approx(1 / np.sqrt(400), rel=0.05)


def test_sectors_of_equal_q_have_one_sigma_unless_they_differ():
    c2 = np.concatenate([speckle_maps(k, 1, 80, 6.0, speckles=p) for k, p in enumerate((150, 5000, 150, 150))])
    data = with_noise_estimated(c2)
    assert (
        data.sigma_source
        == "estimated: scatter of the maps at lags of 53 to 79 frames, averaged over sectors of equal q"
    )
    assert len(set(data.sigma[[0, 2, 3]].tolist())) == 1
    np.testing.assert_allclose(data.sigma, 1 / np.sqrt([150, 5000, 150, 150]), rtol=0.25)
    other_q = TwoTimeData(c2[[0, 2, 3]], Geometry(q=[0.01, 0.01, 0.02], t=np.arange(80) * 0.1), sigma="estimate")
    other_gap = TwoTimeData(
        c2[[0, 2, 3]], Geometry(q=0.01, gap=[1e6, 1e6, 2e6], t=np.arange(80) * 0.1), sigma="estimate"
    )
    for sigma in (other_q.sigma, other_gap.sigma):
        assert sigma[0] == sigma[1] != sigma[2]


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
