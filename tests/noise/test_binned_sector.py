"""A sector over runs of frames, against means of the pixels of its maps; with frames and single pairs left out."""

import numpy as np
import pytest

from homodyne_eqx.engine.normal_equations.sector_slopes import ChannelOfSector
from homodyne_eqx.noise.binned_sector import binned_sector
from homodyne_eqx.noise.binning import FrameBins
from homodyne_eqx.noise.evenness import evenness_of
from tests.noise.made_sector import made_sector

N = 11
LAG = np.abs(np.subtract.outer(np.arange(N), np.arange(N)))
FIELD = np.exp(-0.1 * LAG - 0.02 * np.add.outer(np.arange(N), np.arange(N)))
OUT = [3, 7, 8]


@pytest.mark.parametrize("most", [3, N])
@pytest.mark.parametrize("ends", [[N], [2, 5, N]], ids=["one band", "three bands"])
@pytest.mark.parametrize("kind", ["difference", "frames", "model"])
def test_means_over_pairs_of_runs(most, ends, kind):
    generator = np.random.default_rng(1)
    present = ~np.eye(N, dtype=bool)
    present[OUT] = present[:, OUT] = False
    present[0, 1] = present[1, 0] = False
    values = np.where(present, generator.standard_normal((N, N)), 0)
    values = np.tril(values) + np.tril(values).T
    later, earlier = generator.standard_normal((2, N, N))
    channel = ChannelOfSector(kind, np.array([0]), generator.standard_normal((1, N)))
    pair = (later, earlier if kind == "frames" else None)
    sector = made_sector(0.4, 1.1, FIELD, values, 2.0 * present, ends, (channel,), (pair,), np.zeros((2, 1)))
    bins = FrameBins(sector.frames, N, most)
    found = binned_sector(sector, bins)
    kept = [k for k in range(N) if k not in OUT]
    runs = [kept[k * bins.width : (k + 1) * bins.width] for k in range(bins.n)]
    T, (of_channel,) = channel.tangents[0], found.slopes.channels
    for a, rows in enumerate(runs):
        np.testing.assert_allclose(of_channel.tangents[0, a], np.mean(T[rows]))
        for b, columns in enumerate(runs):
            part = np.ix_(rows, columns)
            assert found.counts[a, b] == np.count_nonzero(present[part])
            np.testing.assert_allclose(found.slopes.M[a, b], np.mean(FIELD[part] ** 2))
            np.testing.assert_allclose(of_channel.later[a, b], np.mean(np.tril(later, -1)[part]), rtol=1e-5)
            if kind == "frames":
                np.testing.assert_allclose(of_channel.earlier[a, b], np.mean(np.tril(earlier, -1)[part]), rtol=1e-5)
            expected = np.mean(values[part][present[part]]) if a != b and np.any(present[part]) else 0
            np.testing.assert_allclose(found.residual[a, b], expected, atol=1e-12)
    if kind == "difference":
        np.testing.assert_array_equal(of_channel.earlier, -of_channel.later)
    if kind == "model":
        assert of_channel.earlier is None


def test_noise_that_follows_g2_is_not_even():
    g2 = 1.1 + 0.4 * FIELD**2
    sign = np.random.default_rng(2).choice([-1.0, 1.0], (N, N))
    for of_pixels, even in ((sign, True), (sign * np.sqrt(g2), False)):
        sector = made_sector(0.4, 1.1, FIELD, of_pixels, np.ones((N, N)))
        evenness = evenness_of(sector)
        pairs = np.tril_indices(N, -1)
        assert evenness.n_pairs == len(pairs[0])
        np.testing.assert_allclose(evenness.square, np.sum(of_pixels[pairs] ** 2))
        np.testing.assert_allclose(evenness.log_g2, np.sum(np.log(g2[pairs])))
        np.testing.assert_allclose(evenness.square_over_g2, np.sum(of_pixels[pairs] ** 2 / g2[pairs]))
        assert evenness.is_even == even
