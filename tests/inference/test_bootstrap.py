"""The parametric bootstrap against the scatter of fits to simulated speckle fields, and against what it is given."""

import dataclasses
import importlib

import jax
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.testing.speckle_fields import speckle_maps

N_T, N_SECTOR, SPECKLES = 30, 2, 400
GEOMETRY = hx.Geometry(q=np.full(N_SECTOR, 0.01), t=np.arange(N_T) * 0.1, phi=[0.0, 45.0])
RATE = 1.0 / (6 * 0.1 * 0.01**2)
TRUTH = hx.TwoTimeModel(hx.Diffusion(RATE), hx.ContrastOffset(0.5, 1.0))
FIELD = np.sqrt(np.asarray(TRUTH(GEOMETRY))[0] * 2 - 2)


def fitted(seed=0, **options):
    c2 = speckle_maps([FIELD] * N_SECTOR, SPECKLES, seed, n_modes=2)
    return hx.fit(TRUTH, hx.TwoTimeData(c2, GEOMETRY, sigma=0.05, **options))


@pytest.fixture(scope="module")
def result():
    return fitted()


@pytest.mark.x64
@pytest.mark.slow
def test_the_refits_scatter_as_fits_to_simulated_fields(result):
    found = hx.bootstrap(result, n=60, speckles=SPECKLES)
    parameters = [fitted(seed).parameters for seed in range(1, 61)]
    scatter = np.std([[p[name].value for name in found.names] for p in parameters], axis=0, ddof=1)
    ratio = np.sqrt(np.diagonal(found.covariance)) / scatter
    np.testing.assert_allclose(ratio, 1, atol=0.4)  # either is known to 9 %, and the fitted model is off by 1σ itself
    correlation = found.covariance / np.sqrt(np.outer(np.diagonal(found.covariance), np.diagonal(found.covariance)))
    of_fits = np.corrcoef(np.array([[p[name].value for name in found.names] for p in parameters]).T)
    np.testing.assert_allclose(correlation, of_fits, atol=0.45)


@pytest.mark.x64
@pytest.mark.slow
def test_the_uncertainty_falls_with_the_root_of_the_speckles_and_seeds_reproduce(result):
    few, many = (hx.bootstrap(result, n=12, speckles=n) for n in (200, 20_000))
    for name in few.names:
        assert few.uncertainties[name] / many.uncertainties[name] == pytest.approx(10, rel=0.6)
    np.testing.assert_array_equal(few.speckles, [200, 200])
    again = hx.bootstrap(result, n=12, speckles=[200.0, 200.0])
    np.testing.assert_array_equal(again.refits, few.refits)
    other = hx.bootstrap(result, n=12, speckles=200, seed=1)
    assert np.all(other.refits != few.refits)


@pytest.mark.x64
def test_bias_and_covariance_are_of_the_refits(result):
    found = hx.bootstrap(result, n=5)
    assert found.names == result.free_names
    np.testing.assert_allclose(found.values, [result.parameters[name].value for name in found.names])
    np.testing.assert_allclose(found.covariance, np.cov(found.refits.T))
    np.testing.assert_allclose(found.bias, np.mean(found.refits, axis=0) - found.values)
    np.testing.assert_allclose(found.bias_uncertainty, np.std(found.refits, axis=0, ddof=1) / 5**0.5)
    np.testing.assert_allclose(found.speckles, hx.speckle_covariance(result).speckles)
    text = str(found)
    assert max(map(len, text.splitlines())) <= 80
    assert "5 refits to simulated maps of" in text


@pytest.mark.x64
def test_packed_data_and_masks_that_hide_nothing_give_the_same(result):
    found = hx.bootstrap(result, n=3, speckles=300)
    packed = hx.bootstrap(dataclasses.replace(result, data=None), hx.pack(result.data), n=3, speckles=300)
    np.testing.assert_allclose(packed.refits, found.refits, rtol=1e-9)


@pytest.mark.x64
def test_pairs_that_do_not_count_do_not_count_in_the_refits():
    """Without the far lags the offset is known less well."""
    far = np.abs(np.subtract.outer(np.arange(N_T), np.arange(N_T))) > 8
    near = fitted(mask=far)
    found, whole = (hx.bootstrap(r, n=12, speckles=SPECKLES) for r in (near, fitted()))
    assert found.uncertainties["offset"] > 1.5 * whole.uncertainties["offset"]


@pytest.mark.x64
@pytest.mark.slow
def test_where_noise_is_white_it_is_that_of_the_normal_equations():
    geometry = hx.Geometry(q=0.01, t=np.arange(60) * 0.1)
    noise = np.tril(0.02 * np.random.default_rng(7).standard_normal((1, 60, 60)), -1)
    c2 = np.asarray(TRUTH(geometry)) + noise + np.swapaxes(noise, 1, 2)
    result = hx.fit(TRUTH, hx.TwoTimeData(c2, geometry, sigma=0.02))
    of_speckles = hx.speckle_covariance(result)
    assert np.all(of_speckles.white)
    found = hx.bootstrap(result, n=30)
    for name, uncertainty in found.uncertainties.items():
        assert uncertainty == pytest.approx(of_speckles.white_noise_uncertainties[name], rel=0.45)  # known to 13 %
    given = hx.bootstrap(result, n=30, speckles=50)
    np.testing.assert_array_equal(given.refits, found.refits)
    assert "independent from pixel to pixel, for any number of speckles, in sectors [0]" in given.notes[-1]


@pytest.mark.x64
def test_at_a_bound_there_is_no_uncertainty_and_refits_that_end_there_are_counted():
    c2 = speckle_maps([FIELD] * N_SECTOR, SPECKLES, 3, n_modes=2)
    data = hx.TwoTimeData(c2, GEOMETRY, sigma=0.05)
    best = hx.fit(TRUTH, data).parameters["offset"].value
    above = hx.TwoTimeModel(TRUTH.g1, hx.ContrastOffset(0.5, best + 0.05))
    bound = hx.fit(above, data, bounds={"offset": (best + 0.04, None)})
    assert bound.parameters["offset"].at_bound
    found = hx.bootstrap(bound, n=3, speckles=400)
    assert np.isnan(found.uncertainties["offset"])
    assert np.isnan(found.bias[found.names.index("offset")])
    assert np.isfinite(found.uncertainties["diffusion.rate"])
    assert "offset is at a bound in the fit and has no uncertainty" in found.notes
    close = hx.fit(TRUTH, data, bounds={"offset": (best - 1e-4, None)})
    found = hx.bootstrap(close, n=8, speckles=400)
    assert np.all(found.refits[:, found.names.index("offset")] >= best - 1e-4 - 1e-9)
    assert any("offset is at a bound in" in note and "of 8 refits" in note for note in found.notes)


@pytest.mark.x64
@pytest.mark.slow
def test_refits_compile_once(monkeypatch, result):
    hx.bootstrap(result, n=3, speckles=300)
    traced = []
    problem_module = importlib.import_module("homodyne_eqx.fit.problem")
    original = problem_module.normal_equations
    monkeypatch.setattr(problem_module, "normal_equations", lambda *a, **k: traced.append(1) or original(*a, **k))
    hx.bootstrap(result, n=4, speckles=500, seed=3)
    assert not traced
    jax.clear_caches()
    hx.bootstrap(result, n=3, speckles=500)
    once = len(traced)
    jax.clear_caches()
    hx.bootstrap(result, n=6, speckles=500)
    assert len(traced) == 2 * once > 0


def test_what_cannot_be_simulated_is_refused(result):
    with pytest.raises(ValueError, match="did not converge"):
        hx.bootstrap(dataclasses.replace(result, ended=hx.Ended.STEP_LIMIT))
    with pytest.raises(ValueError, match="n is 2; expected at least 3"):
        hx.bootstrap(result, n=2)
    with pytest.raises(ValueError, match="packed data"):
        hx.bootstrap(dataclasses.replace(result, data=None))
    with pytest.raises(ValueError, match=r"speckles has shape \(3,\)"):
        hx.bootstrap(result, speckles=[1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"speckles is 0; expected .* > 0"):
        hx.bootstrap(result, speckles=0)


@pytest.mark.x64
def test_a_robust_loss_is_asked_for_and_used(result):
    robust = hx.fit(TRUTH, result.data, loss=hx.Huber())
    with pytest.raises(ValueError, match="loss=Huber"):
        hx.bootstrap(robust, n=3)
    found = hx.bootstrap(robust, n=3, loss=hx.Huber())
    assert np.all(np.diagonal(found.covariance) > 0)
