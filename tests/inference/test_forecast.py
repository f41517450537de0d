"""Predictions and designs against finite differences, fits to simulated speckle fields, and the posterior."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.inference.forecast.expected_uncertainty import _intensities
from homodyne_eqx.testing.speckle_fields import speckle_maps

N_T = 20
GEOMETRY = hx.Geometry(q=[0.01, 0.01], t=0.1 * np.arange(N_T), phi=[0.0, 90.0], gap=2e6)
RATE = 1.0 / (5 * 0.1 * 0.01**2)
MODEL = hx.TwoTimeModel(hx.Diffusion(RATE), hx.ContrastOffset(1.0, 1.0))
QUICK = {"estimate": False, "stages": ()}


def data_of(seed):
    fields = [np.sqrt(g2 - 1) for g2 in np.asarray(MODEL(GEOMETRY))]
    return hx.TwoTimeData(speckle_maps(fields, 300, seed), GEOMETRY, sigma=0.05)


@pytest.fixture(scope="module")
def result():
    return hx.fit(MODEL, data_of(0), **QUICK)


@pytest.mark.x64
@pytest.mark.slow
def test_bands_are_those_of_finite_differences(result):
    later = hx.Geometry(q=[0.02], t=0.05 * np.arange(7))
    found = hx.predict(result, later)
    values = np.array([result.parameters[name].value for name in result.free_names])

    def g2(v):
        return np.asarray(
            hx.TwoTimeModel(hx.Diffusion(float(v[0])), hx.ContrastOffset(float(v[1]), float(v[2])))(later)
        )

    np.testing.assert_allclose(found.maps, g2(values), rtol=1e-12)
    steps = 1e-5 * values
    slopes = np.stack([(g2(values + d) - g2(values - d)) / (2 * d[k]) for k, d in enumerate(np.diag(steps))], axis=-1)
    sigma = np.sqrt(np.einsum("sija,ab,sijb->sij", slopes, result.covariance, slopes))
    np.testing.assert_allclose(found.high - found.maps, sigma, rtol=1e-5)
    wide = hx.predict(result, later, level=0.95)
    np.testing.assert_allclose(wide.maps - wide.low, 1.95996 * sigma, rtol=1e-4)
    cut, curve = found.cut(0, 2), found.curve(0)
    np.testing.assert_allclose(cut.x, later.t[2:] - later.t[2])
    np.testing.assert_allclose(cut.value, found.maps[0, 2, 2:])
    diagonals = [np.mean(np.diagonal(found.maps[0], k)) for k in range(7)]
    np.testing.assert_allclose(curve.value, diagonals, rtol=1e-12)
    of_steady = [sigma[0, 0, k] for k in range(7)]  # at every age the same
    np.testing.assert_allclose(curve.high - curve.value, of_steady, rtol=1e-5)
    rate = found.rates["J"]
    np.testing.assert_allclose(rate.high - rate.value, result.parameters["diffusion.rate"].uncertainty, rtol=1e-9)


@pytest.mark.x64
@pytest.mark.slow
def test_contrast_of_sectors_that_were_not_measured_is_the_mean(result):
    by_sector = hx.TwoTimeModel(MODEL.g1, hx.ContrastOffset(np.ones(2), np.ones(2)))
    fitted = hx.fit(by_sector, result.data, **QUICK)
    found = hx.predict(fitted, hx.Geometry(q=[0.01, 0.02, 0.03], t=0.1 * np.arange(4)))
    contrast, offset = (np.mean(np.asarray(x)) for x in (fitted.model.scaling.contrast, fitted.model.scaling.offset))
    np.testing.assert_allclose(found.maps[:, 0, 0], contrast + offset)
    assert found.notes == ("contrast and offset are the means of all sectors that were fitted",)


@pytest.mark.x64
@pytest.mark.slow
def test_the_expected_uncertainty_is_the_scatter_of_fits(result):
    expected = np.asarray(hx.expected_covariance(MODEL, GEOMETRY, speckles=300, draws=4000))
    fits = [hx.fit(MODEL, data_of(seed), **QUICK) for seed in range(40)]
    values = np.array([[fit.parameters[name].value for name in fit.free_names] for fit in fits])
    np.testing.assert_allclose(np.std(values, axis=0, ddof=1) / np.sqrt(np.diagonal(expected)), 1, atol=0.3)  # ± 11 %
    of_fit = np.sqrt(np.diagonal(result.covariance) / np.diagonal(expected))
    np.testing.assert_allclose(of_fit, 1, atol=0.35)


@pytest.mark.parametrize(("photons", "added"), [(None, 0.0), (5.0, 1 / 5), (0.5, 2.0)])
def test_intensities_scatter_by_contrast_and_by_one_over_the_photons(photons, added):
    field, key = jnp.eye(4) + 0.5 * (1 - jnp.eye(4)), jax.random.key(0)
    x = np.asarray(_intensities(field, jnp.asarray(0.5), 2, photons, 20_000, key))
    np.testing.assert_allclose(np.mean(x, axis=1), 0.0, atol=0.04)
    expected = 0.5 * np.asarray(field) ** 2 + added * np.eye(4)
    np.testing.assert_allclose(np.cov(x), expected, atol=0.05 * (1 + added))


@pytest.mark.x64
def test_photons_add_noise_and_speckles_take_it_away():
    small = hx.Geometry(q=[0.01], t=0.1 * np.arange(8))
    common = {"parameter": "diffusion.rate", "draws": 400}
    one = float(hx.expected_uncertainty(MODEL, small, speckles=100, **common))
    assert float(hx.expected_uncertainty(MODEL, small, speckles=400, **common)) == pytest.approx(one / 2, rel=1e-9)
    assert float(hx.expected_uncertainty(MODEL, small, speckles=100, photons=1.0, **common)) > 1.1 * one
    with pytest.raises(ValueError, match=r"phi0 is not free\. Free are diffusion.rate, contrast, offset"):
        hx.expected_uncertainty(MODEL, small, "phi0", speckles=1)
    with pytest.raises(ValueError, match="has no parameter gap"):
        hx.expected_uncertainty(MODEL, small, "offset", speckles=1, fixed=["gap"])


@pytest.mark.x64
@pytest.mark.slow
def test_the_gradient_in_the_geometry_is_that_of_finite_differences():
    model = hx.TwoTimeModel(hx.Diffusion(RATE) * hx.Shear(3e-4, 10.0, hx.GapAverage()), hx.ContrastOffset(0.5, 1.0))

    @eqx.filter_jit
    def sigma(angle, dt):
        geometry = hx.Geometry(
            q=0.01, t=dt * jnp.arange(12.0), phi=jnp.stack([angle, angle + 60, angle + 120]), gap=2e6
        )
        return hx.expected_uncertainty(model, geometry, "shear.rate", speckles=1000, modes=2, draws=300)

    at = (jnp.asarray(5.0), jnp.asarray(0.1))
    for k, step in ((0, 1e-2), (1, 1e-5)):
        slope = float(jax.grad(sigma, argnums=k)(*at))
        moved = [float(sigma(*(x + sign * step if n == k else x for n, x in enumerate(at)))) for sign in (1, -1)]
        assert slope == pytest.approx((moved[0] - moved[1]) / (2 * step), rel=1e-3)


@pytest.mark.x64
@pytest.mark.slow
def test_designs_are_ranked_and_say_what_they_expect():
    """Along the flow the shear shows, across it does not."""
    model = hx.TwoTimeModel(hx.Diffusion(RATE) * hx.Shear(3e-4, 10.0, hx.GapAverage()), hx.ContrastOffset(0.5, 1.0))
    t = 0.1 * np.arange(12)
    geometries = {
        "across": hx.Geometry(q=0.01, t=t, phi=[95.0, 100.0, 105.0], gap=2e6),
        "spread": hx.Geometry(q=0.01, t=t, phi=[10.0, 55.0, 100.0], gap=2e6),
    }
    found = hx.design(model, geometries, "shear.rate", speckles=1000, fixed=["phi0"], draws=300)
    assert [each.name for each in found] == ["spread", "across"]
    assert found.best.uncertainty == pytest.approx(
        float(
            hx.expected_uncertainty(model, geometries["spread"], "shear.rate", speckles=1000, fixed=["phi0"], draws=300)
        ),
        rel=1e-6,
    )
    assert max(map(len, str(found).splitlines())) <= 80
    fewer = hx.design(
        model, geometries, "shear.rate", speckles={"spread": 1, "across": 1000}, fixed=["phi0"], draws=300
    )
    assert dict(zip([e.name for e in fewer], [e.uncertainty for e in fewer], strict=True))["spread"] == pytest.approx(
        found.best.uncertainty * 1000**0.5, rel=1e-6
    )


def test_what_cannot_be_predicted_is_refused():
    with pytest.raises(ValueError, match="geometries is empty"):
        hx.design(MODEL, [], "offset", speckles=1)


@pytest.mark.x64
@pytest.mark.slow
def test_a_fit_without_an_end_predicts_nothing(result):
    with pytest.raises(ValueError, match="step limit"):
        hx.predict(dataclasses.replace(result, ended=hx.Ended.STEP_LIMIT), GEOMETRY)
    with pytest.raises(ValueError, match="level is 2"):
        hx.predict(result, GEOMETRY, level=2)
