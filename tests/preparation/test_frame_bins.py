"""Bins of frames beside loops over their pairs, simulated speckles, and the mean of an exponential in closed form."""

import dataclasses

import numpy as np
import pytest

import homodyne_eqx as hx

N, SIZE = 45, 4
BINS = N // SIZE


def data_of(c2, sigma=0.02, first=0, **fields):
    n = c2.shape[-1]
    geometry = hx.Geometry(q=np.full(len(c2), 0.005), t=0.1 * (first + np.arange(n)), gap=1e6, phi=10.0, dt=0.1)
    return hx.TwoTimeData(c2, geometry, sigma=sigma, **fields)


def noisy(n_sector=2, n=N, sigma=0.02, seed=3):
    noise = np.triu(sigma * np.random.default_rng(seed).standard_normal((n_sector, n, n)), 1)
    lag = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    c2 = 1 + 0.3 * np.exp(-lag / 15.0) + noise + noise.swapaxes(1, 2)
    c2[:, np.arange(n), np.arange(n)] += 5.0
    return c2


@pytest.mark.parametrize("as_map", [False, True])
def test_each_block_is_the_weighted_mean_of_the_pairs_that_count(as_map):
    rng = np.random.default_rng(7)
    mask = np.triu(rng.random((2, N, N)) < 0.35, 1)
    mask |= mask.swapaxes(1, 2)
    sigma = 0.02 * np.exp(0.5 * rng.standard_normal((2, N, N))) if as_map else np.array([0.02, 0.03])
    data = data_of(noisy(), sigma, mask=mask)
    found = hx.binned(data, SIZE, sigma=0.01)
    assert found.shape == (2, BINS, BINS)
    absent = 0
    for k in range(2):
        for a in range(BINS):
            for b in range(BINS):
                pairs = [
                    (i, j)
                    for i in range(a * SIZE, (a + 1) * SIZE)
                    for j in range(b * SIZE, (b + 1) * SIZE)
                    if i != j and not mask[k, i, j]
                ]
                weight = [sigma[k, i, j] ** -2 if as_map else 1.0 for i, j in pairs]
                mean = np.average([data.c2[k, i, j] for i, j in pairs], weights=weight)
                counts = a != b and len(pairs) >= SIZE**2 / 2
                assert found.map_and_excluded(k)[1][a, b] != counts
                absent += a != b and not counts
                if counts or a == b:
                    assert found.c2[k, a, b] == pytest.approx(mean, rel=1e-12)
    assert absent > 5
    assert found.excluded.masked == absent
    assert found.excluded.not_finite == 0


def test_times_are_means_and_the_origin_stays():
    data = data_of(noisy(), first=7, provenance=hx.Provenance(frames=(7, 7 + N)))
    found = hx.binned(data, SIZE, sigma=0.01)
    t = 0.1 * (7 + np.arange(BINS * SIZE)).reshape(BINS, SIZE).mean(axis=1)
    np.testing.assert_allclose(found.geometry.t, t, rtol=1e-6)
    assert float(found.geometry.dt) == pytest.approx(SIZE * 0.1)
    assert found.provenance.frames == (7, 7 + BINS * SIZE)
    assert found.provenance.steps == (f"binned: {SIZE} frames each, {BINS} bins; the last 1 frames left out",)
    later = found.select(frames=(2, 9))
    assert later.provenance.frames == (7 + 2 * SIZE, 7 + 9 * SIZE)
    assert later.provenance.steps[-1] == f"kept 28 of {BINS * SIZE} frames: 15 to 42"
    np.testing.assert_allclose(later.geometry.t, t[2:9], rtol=1e-6)
    again = hx.binned(found, 2, sigma=0.01)
    assert again.provenance.frames_each == 2 * SIZE
    np.testing.assert_allclose(again.geometry.t, t[: BINS // 2 * 2].reshape(-1, 2).mean(1), rtol=1e-6)
    jitter = 0.1 * np.arange(N) + 0.002 * np.random.default_rng(0).random(N)
    stated = dataclasses.replace(data, geometry=data.geometry.with_times(jitter, 0.1))  # counts for every step
    np.testing.assert_allclose(hx.binned(stated, SIZE, sigma=0.01).geometry.intervals, SIZE * 0.1, rtol=1e-6)
    uneven = dataclasses.replace(data, geometry=data.geometry.with_times(np.arange(N) ** 1.5 + 0.0))
    np.testing.assert_allclose(
        hx.binned(uneven, 5, sigma=0.01).geometry.intervals,
        np.diff((np.arange(N) ** 1.5).reshape(-1, 5).mean(1)),
        rtol=1e-6,
    )


@pytest.mark.x64
def test_an_exponential_keeps_its_rate_and_its_contrast_grows_by_the_mean_over_a_bin():
    lag = np.abs(np.subtract.outer(np.arange(60), np.arange(60)))
    for rate, noted in ((0.02, False), (0.3, True)):
        found = hx.binned(data_of(1 + 0.3 * np.exp(-rate * lag)[None]), 4, sigma=0.01)
        within = np.arange(4) - 1.5
        larger = np.mean(np.exp(rate * within)) * np.mean(np.exp(-rate * within))
        bins = np.abs(np.subtract.outer(np.arange(15), np.arange(15)))
        off = bins > 0
        expected = 1 + 0.3 * larger * np.exp(-4 * rate * bins)
        np.testing.assert_allclose(found.c2[0][off], expected[off], rtol=1e-12)
        assert larger == pytest.approx(1 + (4 * rate) ** 2 / 12, rel=0.1)
        assert bool([note for note in found.notes if "bins of 4 frames are wide" in note]) == noted


@pytest.mark.parametrize(("decay", "photons"), [(3.0, None), (20.0, None), (20.0, 0.3)])
def test_sigma_is_the_scatter_of_the_bins_for_noise_of_speckles_and_of_photons(decay, photons):
    """Over 10 simulated data sets: of photon noise less than half is left, of that of slow speckles nearly all."""
    field = np.exp(-np.abs(np.subtract.outer(np.arange(96), np.arange(96))) / decay)
    stated, far, before = [], [], []
    i, j = np.triu_indices(24, 16)
    for seed in range(10):
        data = data_of(hx.testing.speckle_maps([field] * 2, 300, seed, photons=photons), sigma="estimate")
        found = hx.binned(data, 4)
        stated.append(found.sigma)
        before.append(data.sigma)
        far.append(found.c2[:, i, j])
    scatter = np.sqrt(np.mean(np.var(np.concatenate(far), axis=0, ddof=1)))
    assert np.sqrt(np.mean(np.square(stated))) == pytest.approx(scatter, rel=0.15)
    share = np.mean(stated) / np.mean(before)
    low, high = {3.0: (0.5, 0.85), 20.0: (0.8, 1.0)}[decay] if photons is None else (0.25, 0.5)
    assert low <= share <= high
    assert "for bins of 4 frames" in found.sigma_source


def test_lazy_data_stay_lazy_and_agree():
    @dataclasses.dataclass
    class Stack:
        maps: np.ndarray

        shape = property(lambda self: self.maps.shape)
        dtype = property(lambda self: self.maps.dtype)

        def __getitem__(self, k):
            return self.maps[k]

    data = data_of(noisy(n=80)).excluding(frames=[3, 20, 21, 22])
    lazy = hx.binned(dataclasses.replace(data, c2=Stack(np.asarray(data.c2))), SIZE)
    found = hx.binned(data, SIZE)
    assert lazy.is_lazy
    np.testing.assert_array_equal(lazy.in_memory().c2, found.c2)
    np.testing.assert_allclose(lazy.sigma, found.sigma)
    assert lazy.excluded == found.excluded
    # Three bad frames of four exclude their bin as bad; one of four does not.
    assert found.excluded.bad_frames == 2 * 2 * 19
    assert found.excluded.not_finite == found.excluded.masked == 0
    float32 = hx.binned(data_of(noisy().astype(np.float32)), SIZE, sigma=0.01)
    assert float32.c2.dtype == np.float32


@pytest.mark.parametrize("frames", [0, 1, -2, 16, 2.0, "4", True])
def test_numbers_of_frames_that_cannot_be(frames):
    with pytest.raises(hx.errors.NotASelection, match=r"bin_frames is .*; expected a whole number from 2 to 15"):
        hx.binned(data_of(noisy()), frames)


def test_too_few_bins_for_an_estimate_of_the_noise_are_refused_with_what_to_do():
    with pytest.raises(hx.errors.NoiseOfBinsUnknown, match=r"Bin fewer frames.* Pass bin_frames=<fewer>"):
        hx.binned(data_of(noisy()), 10)
    assert hx.binned(data_of(noisy()), 10, sigma=0.005).n_t == 4


def test_a_block_of_which_more_than_half_is_not_finite_does_not_count():
    c2 = noisy(1)
    c2[0, 0:4, 20:22] = c2[0, 20:22, 0:4] = np.nan  # half of a block
    c2[0, 4:8, 20:23] = c2[0, 20:23, 4:8] = np.nan  # three quarters of one
    excluded = hx.binned(data_of(c2), SIZE, sigma=0.01).map_and_excluded(0)[1]
    assert not excluded[0, 5]
    assert excluded[1, 5]
