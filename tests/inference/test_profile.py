"""Profiles of χ² against fits with the parameter fixed, Gaussian theory, bounds and simulated data."""

import dataclasses
import importlib.util
import math

import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.inference.profiles.contour import Contour
from homodyne_eqx.inference.profiles.profile import Profile
from homodyne_eqx.testing.speckle_fields import speckle_maps

N_T, N_SECTOR = 24, 2
GEOMETRY = hx.Geometry(q=np.full(N_SECTOR, 0.01), t=0.1 + np.arange(N_T) * 0.1)
RATE = 1.0 / (6 * 0.1 * 0.01**2)
TRUTH = hx.TwoTimeModel(hx.Diffusion(RATE), hx.ContrastOffset(1.0, 1.0))
CHANGING = hx.TwoTimeModel(hx.Diffusion(hx.PowerLaw(RATE / 2, -0.2, RATE / 2)), hx.ContrastOffset(1.0, 1.0))
QUICK = {"estimate": False, "stages": ()}


def data_of(seed=0):
    field = np.sqrt(np.asarray(TRUTH(GEOMETRY))[0] - 1)
    return hx.TwoTimeData(speckle_maps([field] * N_SECTOR, 400, seed), GEOMETRY, sigma=0.05)


@pytest.fixture(scope="module")
def result():
    return hx.fit(TRUTH, data_of(), **QUICK)


def made(values, statistic, ends=("level", "level"), value=0.0):
    n = len(values)
    return Profile("x", "Å", value, 1.0, np.array(values), np.array(statistic), ("x",), np.zeros((n, 1)), ends)


def test_the_interval_ends_where_the_statistic_is_that_of_chi_squared():
    parabola = np.linspace(-3, 3, 13)
    found = made(parabola, np.where(parabola < 0, parabola**2, parabola**2 / 4))
    np.testing.assert_allclose(found.interval(), (-1, 2), atol=1e-6)
    np.testing.assert_allclose(found.interval(0.8), (-1.2816, 2.5631), atol=1e-3)  # of the normal distribution
    with pytest.raises(ValueError, match=r"ends before. Make it with profile\(…, to=0.99\)"):
        found.interval(0.99)
    with pytest.raises(ValueError, match="level is 1"):
        found.interval(1)
    at_bound = made([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 4.0, 9.0], ("bound", "level"))
    np.testing.assert_allclose(at_bound.interval(0.95), (0, 1.96), atol=1e-3)
    open_above = made([-3.0, 0.0, 5.0, 50.0], [9.0, 0.0, 0.1, 0.2], ("level", "open"))
    assert open_above.interval() == (-1.0, math.inf)
    assert "open" in str(open_above)


@pytest.mark.x64
@pytest.mark.slow
def test_near_the_fit_it_is_the_stated_uncertainty_and_each_point_is_a_fit_with_the_parameter_fixed(result):
    found = hx.profile(result, "diffusion.rate")
    p = result.parameters["diffusion.rate"]
    assert found.sigma == pytest.approx(p.uncertainty, rel=1e-6)
    low, high = found.interval()
    assert (high - low) / 2 == pytest.approx(p.uncertainty, rel=0.1)
    assert max(map(len, str(found).splitlines())) <= 80
    ratio = (p.uncertainty / p.white_noise_uncertainty) ** 2
    for k in (0, -2):
        held = hx.TwoTimeModel(hx.Diffusion(float(found.values[k])), result.model.scaling)
        again = hx.fit(held, result.data, fixed=["diffusion.rate"], **QUICK)
        assert found.statistic[k] == pytest.approx((again.chi2 - result.chi2) / ratio, rel=1e-3)
        assert found.others[k, 2] == pytest.approx(again.parameters["offset"].value, rel=1e-4)


@pytest.mark.x64
def test_fits_that_have_not_ended_at_the_minimum_of_chi_squared_and_names_that_are_not_free_are_refused(result):
    for function in (hx.profile, hx.sample) if _has_sampler() else (hx.profile,):
        more = ("diffusion.rate",) if function is hx.profile else ()
        with pytest.raises(ValueError, match="weights='speckle'"):
            function(dataclasses.replace(result, weights="speckle"), *more)
    with pytest.raises(ValueError, match=r"Did you mean diffusion\.rate\?"):
        hx.profile(result, "difusion.rate")


def _has_sampler():
    return importlib.util.find_spec("numpyro") is not None


@pytest.mark.x64
@pytest.mark.slow
def test_packed_data_and_elements_of_arrays(result):
    model = hx.TwoTimeModel(hx.Diffusion(RATE), hx.ContrastOffset(np.ones(2), np.ones(2)))
    fitted = hx.fit(model, result.data, **QUICK)
    packed = dataclasses.replace(fitted, data=None)
    found = hx.profile(packed, "contrast[1]", hx.pack(result.data))
    sigma = fitted.parameters["contrast[1]"].uncertainty
    np.testing.assert_allclose(np.abs(np.array(found.interval()) - found.value), sigma, rtol=0.15)


@pytest.mark.x64
@pytest.mark.slow
def test_two_parameters_have_the_ellipse_of_the_covariance_where_the_fit_is_linear(result):
    found = hx.profile(result, ("contrast", "offset"), to=0.9, rays=12)
    places = [result.free_names.index(name) for name in ("contrast", "offset")]
    covariance = result.covariance[np.ix_(places, places)]
    way = found.contour(0.68) - found.centre
    distance = np.einsum("ka,ab,kb->k", way, np.linalg.inv(covariance), way)
    across = (np.sqrt(distance[:6]) + np.sqrt(distance[6:])) / 2  # a contour may be shifted, to the next order
    np.testing.assert_allclose(across, math.sqrt(-2 * math.log(0.32)), rtol=0.1)


def test_figures_show_the_profile_and_the_contour():
    pytest.importorskip("matplotlib")
    x = np.linspace(-3, 3, 13)
    (axes,) = made(x, x**2).plot().axes
    assert axes.get_xlabel() == "x  (Å)"
    assert [line.get_label() for line in axes.lines if not line.get_label().startswith("_")] == [
        "covariance", "profile", "68 %", "95 %",
    ]  # fmt: skip
    of_covariance, profile, points = axes.lines[:3]
    drawn = made(x, x**2)
    away = (of_covariance.get_xdata() - drawn.value) / drawn.sigma
    np.testing.assert_allclose(of_covariance.get_ydata(), away**2)
    np.testing.assert_allclose(profile.get_ydata(), profile.get_xdata() ** 2, atol=1e-12)
    np.testing.assert_array_equal(points.get_xydata(), np.stack([x, x**2], axis=1))
    rays = [np.outer([0, 1, 2, 3], [np.cos(a), np.sin(a), 1.0]) for a in np.pi * np.arange(12) / 6]
    found = Contour(("a", "b"), ("Å", ""), np.zeros(2), np.eye(2), tuple(rays))
    np.testing.assert_allclose(np.hypot(*found.contour(0.95).T), math.sqrt(-2 * math.log(0.05)))
    (axes,) = found.plot(width=3.0).axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("a  (Å)", "b")
    radii = [math.sqrt(-2 * math.log(1 - level)) for level in (math.erf(math.sqrt(0.5)), 0.95)]
    for radius, ellipse, line in zip(radii, axes.lines[::2], axes.lines[1::2], strict=False):
        np.testing.assert_allclose(np.hypot(*ellipse.get_xydata().T), radius)
        np.testing.assert_allclose(np.hypot(*line.get_xydata().T), radius)


@pytest.mark.x64
@pytest.mark.slow
def test_in_a_valley_and_at_a_bound_intervals_are_asymmetric_and_contain_the_truth():
    """A power law with an offset on data of a constant rate: exponent and amplitude are one valley."""
    bounds = {"D0": (0.0, None), "D_offset": (0.0, None)}
    fitted = hx.fit(CHANGING, data_of(1), bounds=bounds, **QUICK)
    found = hx.profile(fitted, "D_offset", to=0.95)
    low, high = found.interval(0.95)
    assert low == 0.0  # the bound: no offset at all is as good
    assert high < math.inf
    assert abs((high - found.value) - (found.value - low)) > 0.1 * (high - low)
    alpha = hx.profile(fitted, "alpha", to=0.95)
    low, high = alpha.interval(0.95)
    assert low < 0 < high  # the truth: where the rate is constant the exponent is 0


@pytest.mark.x64
def test_what_cannot_be_profiled_is_refused():
    fitted = hx.fit(TRUTH, data_of(), fixed=["offset"], max_steps=1, **QUICK)
    with pytest.raises(ValueError, match="step limit"):
        hx.profile(fitted, "diffusion.rate")
    done = dataclasses.replace(fitted, ended=hx.Ended.CONVERGED)
    with pytest.raises(ValueError, match=r"offset is not free in this fit\. Free are diffusion.rate, contrast"):
        hx.profile(done, "offset")
    with pytest.raises(ValueError, match="expected one parameter, or two different ones"):
        hx.profile(done, ("contrast", "contrast"))
    with pytest.raises(ValueError, match="to is 2"):
        hx.profile(done, "contrast", to=2)
