"""The bundled colloid, judged by a least-squares fit that shares no code with the package."""

import numpy as np
import pytest

from homodyne_eqx import datasets

TRUTH = datasets.SHEARED_COLLOID_TRUTH


@pytest.fixture(scope="module")
def colloid():
    return datasets.sheared_colloid()


def lag_averages(colloid):
    """Mean of each map at each lag > 0, `(n_sector, n_lag)`, with the number of pairs that it holds."""
    n_t = colloid.n_t
    means = [[np.diagonal(c2, k).mean(dtype=np.float64) for k in range(1, n_t)] for c2 in colloid.c2]
    return np.array(means), np.arange(n_t - 1, 0, -1)


def fitted(colloid, shear_factor):
    """J (Å²/s), shear rate (s⁻¹) and phi0 (degrees), with contrast and offset of each sector eliminated linearly."""
    from scipy.optimize import least_squares

    means, pairs = lag_averages(colloid)
    q, gap = TRUTH["q"], TRUTH["gap"]
    phi, weight = np.asarray(colloid.geometry.phi), np.sqrt(pairs)
    lag = 0.1 * np.arange(1, colloid.n_t)

    def residual(parameters):
        rate, shear, phi0 = parameters * [1e4, 1e-4, 10.0]
        y = q * gap / 2 * np.cos(np.radians(phi0 - phi))[:, None] * shear * lag
        decay = np.exp(-(q**2) * rate * lag) * shear_factor(y)
        rows = []
        for mean, basis in zip(means, decay):
            design = np.stack([basis, np.ones_like(basis)], axis=1) * weight[:, None]
            scaling = np.linalg.lstsq(design, mean * weight, rcond=None)[0]
            rows.append(design @ scaling - mean * weight)
        return np.concatenate(rows)

    solution = least_squares(residual, [0.7, 1.5, 1.8])
    return solution.x * [1e4, 1e-4, 10.0]


def test_the_average_over_the_gap_returns_what_was_simulated(colloid):
    rate, shear, phi0 = fitted(colloid, lambda y: np.sinc(y / np.pi) ** 2)
    assert rate == pytest.approx(TRUTH["J"], rel=0.03)
    assert rate == pytest.approx(2 * TRUTH["stokes_einstein"], rel=0.03)
    assert shear == pytest.approx(TRUTH["shear_rate"], rel=0.03)
    assert phi0 == pytest.approx(TRUTH["phi0"], abs=1.0)


def test_the_documented_form_returns_a_shear_rate_two_times_too_large(colloid):
    """(sin Φ/Φ)⁴ with Φ = y/π, whatever the noise: π/√2 = 2.22 for weak shear, up to 2.30 for strong."""
    _, shear, _ = fitted(colloid, lambda y: np.sinc(y / np.pi**2) ** 4)
    assert 2.2 < shear / TRUTH["shear_rate"] < 2.3


def test_the_diagonal_is_raw_and_holds_the_shot_noise(colloid):
    means, _ = lag_averages(colloid)
    diagonal = np.diagonal(colloid.c2, axis1=1, axis2=2).mean()
    contrast = 1 / TRUTH["speckles_per_pixel"]
    assert diagonal == pytest.approx(1 + contrast * (1 - 1 / TRUTH["particles"]) + 1 / TRUTH["photons"], abs=3e-3)
    assert diagonal > means[:, 0].max()


def test_it_comes_with_its_truth_noise_and_gap(colloid):
    stored = colloid.provenance.metadata
    assert {key: stored[key] for key in TRUTH} == dict(TRUTH)
    assert colloid.n_sector >= 6
    assert colloid.n_t >= 100
    np.testing.assert_allclose(colloid.geometry.gap, TRUTH["gap"])
    np.testing.assert_allclose(colloid.geometry.q, TRUTH["q"])
    assert colloid.sigma_source.startswith("estimated")
    assert np.all((colloid.scalar_sigma > 5e-4) & (colloid.scalar_sigma < 5e-3))
    across = np.abs(np.cos(np.radians(np.asarray(colloid.geometry.phi) - TRUTH["phi0"])))
    assert across.min() < 0.1
    assert across.max() > 0.9


def test_its_file_is_small_and_its_sector_map_not_the_identity():
    import h5py

    path = datasets.sheared_colloid_path()
    assert path.stat().st_size < 2_000_000
    with h5py.File(path) as file:
        mapping = file["xpcs/qmap/dynamic_index_mapping"][()]
        n_q, n_phi = file["xpcs/qmap/dynamic_num_pts"][()]
    assert len(mapping) < n_q * n_phi
    assert not np.array_equal(mapping, np.arange(len(mapping)))
