"""Drawn noise of maps against maps of simulated speckle fields, pixel by pixel."""

import numpy as np
import pytest

from homodyne_eqx.noise import map_noise as module
from homodyne_eqx.noise.map_noise import map_noise
from homodyne_eqx.noise.speckle_draws import is_gaussian, speckle_law
from homodyne_eqx.testing.speckle_fields import speckle_maps

N_T, SPECKLES = 5, 300
FRAMES = np.arange(N_T)
FIELD = np.exp(-0.3 * np.abs(np.subtract.outer(FRAMES, FRAMES)))
TURNING = FIELD * np.exp(0.7j * np.subtract.outer(FRAMES, FRAMES))
PAIRS = np.tril_indices(N_T, -1)


def law_of(field, contrast, photon_noise=0.0, follows_intensity=True):
    correlation = np.abs(field) ** 2 if is_gaussian(contrast) else field.copy()
    return speckle_law(correlation, contrast).with_photons(photon_noise, follows_intensity)


def drawn(noise, n, seed=0):
    generator = np.random.default_rng(seed)
    return np.array([noise.draw(generator)[PAIRS] for _ in range(n)])


@pytest.mark.parametrize("field", [FIELD, TURNING], ids=["real", "complex"])
@pytest.mark.parametrize(("modes", "photons"), [(1, None), (2, 2.0), (30, None)])
def test_the_covariance_of_all_pairs_is_that_of_simulated_fields(field, modes, photons):
    contrast, offset = 1 / modes, 1.3
    photon_noise = 0.0 if photons is None else 1 / (photons * contrast)
    found = drawn(map_noise(law_of(field, contrast, photon_noise), offset, SPECKLES), 1500)
    maps = [speckle_maps([field], SPECKLES, seed, n_modes=modes, photons=photons)[0][PAIRS] for seed in range(1500)]
    expected = np.cov(offset * np.array(maps).T)
    scale = np.sqrt(np.outer(np.diagonal(expected), np.diagonal(expected)))
    # Each of the correlation coefficients is known to 1/√1500 from either side, and there are 55 of them.
    np.testing.assert_allclose(np.cov(found.T) / scale, expected / scale, atol=0.17)
    # The mean is that of finitely many speckles, of the order 1/SPECKLES.
    bias = np.mean(found, 0) - (offset * np.mean(maps, 0) - offset * (1 + contrast * np.abs(field[PAIRS]) ** 2))
    np.testing.assert_allclose(bias / np.sqrt(np.diagonal(expected) / 1500), 0, atol=5)


def test_noise_is_symmetric_and_falls_with_the_root_of_the_speckles(monkeypatch):
    """Below and above the range that is simulated as well."""
    monkeypatch.setattr(module, "FEWEST_DRAWN", 200)
    monkeypatch.setattr(module, "MOST_DRAWN", 400)
    law = law_of(FIELD, 0.5)
    spread = {n: np.std(drawn(map_noise(law, 1.0, n), 800), axis=0) * np.sqrt(n) for n in (20.5, 300, 5e6)}
    for n in (20.5, 5e6):
        np.testing.assert_allclose(spread[n] / spread[300], 1, atol=0.2)
    noise = map_noise(law, 1.0, 300).draw(np.random.default_rng(1))
    np.testing.assert_allclose(noise, noise.T, atol=1e-6)


def test_white_noise_is_independent_and_as_strong_as_stated():
    """x_i x_j of independent x of variance contrast · photon noise, averaged over the speckles."""
    noise = map_noise(law_of(FIELD, 0.5, 30.0, follows_intensity=False), 1.2, 7.5)
    found = np.cov(drawn(noise, 3000).T)
    np.testing.assert_allclose(found, (1.2 * 0.5 * 30) ** 2 / 7.5 * np.eye(len(found)), atol=0.12 * found[0, 0])
    one = noise.draw(np.random.default_rng(1))
    np.testing.assert_array_equal(one, one.T)


def test_a_correlation_that_no_field_has_adds_no_bias():
    impossible = np.array([[1, 0.9, 0.0], [0.9, 1, 0.9], [0.0, 0.9, 1]])
    noise = map_noise(speckle_law(impossible.copy(), 1.0), 1.0, 20_000)
    generator = np.random.default_rng(0)
    np.testing.assert_allclose(np.mean([noise.draw(generator) for _ in range(20)], axis=0), 0, atol=0.02)


def test_frames_without_light_are_refused():
    with pytest.raises(ValueError, match="without light"):
        drawn(map_noise(law_of(FIELD, 0.5, 4000.0), 1.0, 64), 20)
