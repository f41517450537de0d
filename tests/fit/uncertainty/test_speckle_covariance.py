"""Uncertainties for the noise of speckles against the scatter of fits to simulated speckle fields."""

import dataclasses
from typing import final

import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.testing.speckle_fields import speckle_maps

pytestmark = pytest.mark.x64

N_T, N_SECTOR, SPECKLES = 40, 3, 500
GEOMETRY = hx.Geometry(q=np.full(N_SECTOR, 0.01), t=np.arange(N_T) * 0.1, phi=[0.0, 45.0, 90.0])
RATE = 1.0 / (8 * 0.1 * 0.01**2)
TRUTH = hx.TwoTimeModel(hx.Diffusion(RATE), hx.ContrastOffset(0.5, 1.0))
FIELD = np.sqrt(np.asarray(TRUTH(GEOMETRY))[0] * 2 - 2)


def fitted(seed, **options):
    c2 = speckle_maps([FIELD] * N_SECTOR, SPECKLES, seed, n_modes=2, **options)
    data = hx.TwoTimeData(c2, GEOMETRY, sigma=0.05)
    return hx.fit(TRUTH, data), data


def test_the_scatter_of_fits_is_as_stated():
    values, stated, white = [], [], []
    for seed in range(24):
        result, _ = fitted(seed)
        found = hx.speckle_covariance(result, draws=2000)
        values.append([result.parameters[name].value for name in found.names])
        stated.append(list(found.uncertainties.values()))
        white.append(list(found.white_noise_uncertainties.values()))
        assert 0.6 * SPECKLES < np.mean(found.speckles) < 1.5 * SPECKLES
    scatter = np.std(values, axis=0, ddof=1)
    ratio = scatter / np.sqrt(np.mean(np.square(stated), axis=0))
    assert np.all((ratio > 0.65) & (ratio < 1.5)), ratio  # 24 replicates know a scatter to 15 %
    assert np.all(scatter > 2 * np.mean(white, axis=0))


def test_packed_data_have_the_same_and_seeds_reproduce():
    result, data = fitted(1)
    found = hx.speckle_covariance(result, draws=1000)
    packed = hx.speckle_covariance(dataclasses.replace(result, data=None), hx.pack(data), draws=1000)
    np.testing.assert_allclose(packed.covariance, found.covariance, rtol=1e-5)
    again = hx.speckle_covariance(result, draws=1000)
    np.testing.assert_array_equal(again.covariance, found.covariance)
    other = hx.speckle_covariance(result, draws=1000, seed=1)
    assert 0 < np.max(np.abs(other.covariance / found.covariance - 1)) < 0.5


@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_sigma_that_is_wrong_by_a_factor_drops_out(factor):
    result, data = fitted(2)
    found = hx.speckle_covariance(result, draws=1000)
    other = hx.fit(TRUTH, dataclasses.replace(data, sigma=0.05 * factor))
    scaled = hx.speckle_covariance(other, draws=1000)
    np.testing.assert_allclose(scaled.covariance, found.covariance, rtol=1e-3)


def test_where_noise_is_white_both_agree():
    generator = np.random.default_rng(7)
    noise = 0.02 * generator.standard_normal((N_SECTOR, N_T, N_T))
    c2 = np.asarray(TRUTH(GEOMETRY)) + np.tril(noise, -1) + np.swapaxes(np.tril(noise, -1), 1, 2)
    result = hx.fit(TRUTH, hx.TwoTimeData(c2, GEOMETRY, sigma=0.02))
    found = hx.speckle_covariance(result)
    for name, uncertainty in found.uncertainties.items():
        assert uncertainty == pytest.approx(found.white_noise_uncertainties[name], rel=0.12)


def test_photons_are_found_and_a_parameter_at_a_bound_has_no_uncertainty():
    c2 = speckle_maps([FIELD] * N_SECTOR, SPECKLES, 3, n_modes=2, photons=1.0)
    data = hx.TwoTimeData(c2, GEOMETRY, sigma=0.1)
    above = hx.TwoTimeModel(hx.Diffusion(RATE), hx.ContrastOffset(0.5, 1.1))
    result = hx.fit(above, data, bounds={"offset": (1.05, None)})
    found = hx.speckle_covariance(hx.fit(TRUTH, data), draws=1000)
    assert 1.0 < np.median(found.photon_noise) < 4.0  # 1/(photons · contrast) = 2
    at_bound = hx.speckle_covariance(result, draws=1000)
    assert result.parameters["offset"].at_bound
    assert np.isnan(at_bound.uncertainties["offset"])
    assert np.isfinite(at_bound.uncertainties["diffusion.rate"])


def test_what_is_missing_is_asked_for():
    result, data = fitted(1)
    with pytest.raises(ValueError, match="packed"):
        hx.speckle_covariance(dataclasses.replace(result, data=None))
    robust = hx.fit(TRUTH, data, loss=hx.Huber())
    with pytest.raises(ValueError, match="loss=Huber"):
        hx.speckle_covariance(robust)
    assert np.all(np.isfinite(hx.speckle_covariance(robust, loss=hx.Huber(), draws=1000).covariance))


def test_bounds_beyond_those_of_the_fields_do_no_harm():
    """A contrast below 0, which the field of a contrast excludes and the caller allowed."""
    noise = np.tril(0.02 * np.random.default_rng(4).standard_normal((N_SECTOR, N_T, N_T)), -1)
    c2 = 2 - np.asarray(TRUTH(GEOMETRY)) + noise + np.swapaxes(noise, 1, 2)
    data = hx.TwoTimeData(c2, GEOMETRY, sigma=0.02)
    result = hx.fit(TRUTH, data, bounds={"contrast": (None, None)})
    assert result.parameters["contrast"].value < 0
    assert all(0 < x < np.inf for x in hx.speckle_covariance(result, draws=1000).uncertainties.values())


@final
class Box(hx.AbstractFieldDetection):
    """Full correlation at lags below a limit and none beyond, which no field has."""

    def nodes(self, g1, geometry):
        return g1.nodes(geometry)

    def field(self, g1, node_i, node_j, sector):
        return jnp.where(g1.pair(node_i, node_j, sector) > 0.7, 1.0, 0.0)


def test_a_correlation_that_no_field_has_is_said():
    model = hx.TwoTimeModel(hx.Diffusion(RATE), hx.ContrastOffset(0.5, 1.0), Box())
    noise = np.tril(0.02 * np.random.default_rng(5).standard_normal((N_SECTOR, N_T, N_T)), -1)
    c2 = np.asarray(model(GEOMETRY)) + noise + np.swapaxes(noise, 1, 2)
    result = hx.fit(model, hx.TwoTimeData(c2, GEOMETRY, sigma=0.02), fixed=["diffusion.rate"])
    found = hx.speckle_covariance(result, draws=1000)
    assert len(found.notes) == N_SECTOR
    assert "no field" in found.notes[0]
    assert hx.speckle_covariance(fitted(1)[0], draws=1000).notes == ()
