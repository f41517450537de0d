"""Putting terms and rates together: the algebra, and what each part does by itself."""

import jax
import numpy as np
import pytest
from scipy.interpolate import CubicSpline

import homodyne_eqx as hx
from homodyne_eqx.physics.detection import DriftingContrast
from homodyne_eqx.physics.rates import MonotoneSpline, RateSum, Scaled, Spline
from homodyne_eqx.physics.scaling import SmoothScaling
from homodyne_eqx.physics.terms import Drift, Static
from homodyne_eqx.testing import pair_values

POWER_LAW = hx.PowerLaw(1e3, -0.5, 10.0)


def test_products_are_flat():
    a, b, c = hx.Diffusion(POWER_LAW), hx.Shear(1e-3, 5.0), Static()
    assert len(((a * b) * (c * a)).terms) == 4


def test_sums_of_rates_are_flat_and_add():
    total = hx.Constant(1.0) + (POWER_LAW + hx.Constant(2.0))
    assert isinstance(total, RateSum)
    assert len(total.rates) == 3
    t = np.array([0.5, 2.0])
    np.testing.assert_allclose(total(jax.numpy.asarray(t)), 3.0 + 1e3 * t**-0.5 + 10.0, rtol=1e-6)


def test_multiples_of_a_rate():
    t = jax.numpy.asarray([0.5, 2.0])
    for twice in (2.0 * POWER_LAW, POWER_LAW * 2.0, Scaled(POWER_LAW, 2.0)):
        np.testing.assert_allclose(twice(t), 2 * POWER_LAW(t), rtol=1e-6)


@pytest.mark.parametrize(
    ("term", "given", "missing"),
    [
        (hx.Shear(1e-3, 5.0), {}, ("gap", "phi")),
        (hx.Shear(1e-3, 5.0), {"phi": 0.0}, ("gap",)),
        (hx.Shear(1e-3, 5.0), {"gap": 1e6}, ("phi",)),
        (Drift(1.0, 5.0), {"gap": 1e6}, ("phi",)),
    ],
)
def test_a_geometry_that_lacks_what_a_term_reads_is_refused(term, given, missing):
    with pytest.raises(hx.errors.MissingGeometry, match=f"{type(term).__name__} needs .*lacks. Pass ") as caught:
        pair_values(term, hx.Geometry(q=0.01, t=np.arange(3.0), **given))
    assert caught.value.owner == type(term).__name__
    assert caught.value.names == missing
    assert tuple(remedy.option for remedy in caught.value.remedies) == missing


def test_a_scaling_and_a_sector_of_finite_width_name_what_they_lack():
    geometry = hx.Geometry(q=0.01, t=np.arange(3.0))
    with pytest.raises(hx.errors.MissingGeometry, match=r"SmoothScaling needs phi.* Pass phi=<degrees>"):
        SmoothScaling(0.3, 1.0)(geometry)
    with pytest.raises(hx.errors.MissingGeometry, match=r"FiniteSector needs phi.*with n_phi=1 it needs q alone"):
        hx.FiniteSector(phi_width=5.0).nodes(Static(), geometry)


def test_contrast_and_offset_of_another_number_of_sectors():
    with pytest.raises(ValueError, match=r"contrast has shape \(2,\).*3 sectors"):
        hx.ContrastOffset(np.ones(2), 1.0)(hx.Geometry(q=np.ones(3), t=np.arange(3.0)))


def test_smooth_scaling_is_a_fourier_series():
    phi = np.array([0.0, 30.0, 90.0])
    scaling = SmoothScaling(0.3, 1.0, np.array([[0.0, 0.0], [0.05, 0.02]]))
    contrast, offset = scaling(hx.Geometry(q=0.01, t=np.arange(3.0), phi=phi))
    expected = 0.3 + 0.05 * np.cos(2 * np.deg2rad(phi)) + 0.02 * np.sin(2 * np.deg2rad(phi))
    np.testing.assert_allclose(contrast, expected, rtol=1e-6)
    np.testing.assert_allclose(offset, 1.0)
    scaling = SmoothScaling(0.3, 1.0, offset_harmonics=np.array([[0.04, -0.03], [0.0, 0.02]]))
    contrast, offset = scaling(hx.Geometry(q=0.01, t=np.arange(3.0), phi=phi))
    expected = (
        1.0 + 0.04 * np.cos(np.deg2rad(phi)) - 0.03 * np.sin(np.deg2rad(phi)) + 0.02 * np.sin(2 * np.deg2rad(phi))
    )
    np.testing.assert_allclose(contrast, 0.3, rtol=1e-6)
    np.testing.assert_allclose(offset, expected, rtol=1e-6)


def test_the_drift_of_contrast_has_unit_geometric_mean():
    t = np.linspace(2.0, 5.0, 2001)
    nodes = DriftingContrast(np.array([0.3, -0.2, 0.1])).nodes(Static(), hx.Geometry(q=0.01, t=t))
    half_log = np.asarray(nodes.channels[1])
    assert np.trapezoid(half_log, t) == pytest.approx(0.0, abs=1e-5)
    assert 2 * half_log[0] == pytest.approx(-0.3 - 0.2 - 0.1, rel=1e-5)


def test_the_contrast_of_a_pair_drifts_by_that_of_both_frames():
    """The logarithm of the factor is the mean of a Legendre series at the two frames."""
    t, series = np.array([0.0, 1.0, 2.5, 4.0]), np.array([0.3, -0.2, 0.1])
    detection = DriftingContrast(series, hx.PartialHeterodyne(0.4))
    g1 = hx.Relaxation(0.3)
    model = hx.TwoTimeModel(g1, hx.ContrastOffset(0.25, 1.1), detection)
    log_contrast = np.polynomial.legendre.legval(t / 2 - 1, [0.0, *series])
    field = 0.6 * np.exp(-0.3 * np.abs(np.subtract.outer(t, t))) + 0.4
    expected = 1.1 + 0.25 * np.exp(np.add.outer(log_contrast, log_contrast) / 2) * field**2
    np.testing.assert_allclose(model(hx.Geometry(q=0.01, t=t))[0], expected, rtol=2e-6)


def test_a_sector_of_finite_width_is_the_mean_over_its_pixels():
    """Full widths in q and in azimuth, of the detection and not of the field."""
    t, g1 = np.array([0.0, 0.4, 1.0]), hx.Diffusion(2e4) * hx.Shear(3e-4, 60.0)
    middle = (np.arange(40) + 0.5) / 40 - 0.5
    q, phi = (x.ravel() for x in np.meshgrid(0.01 + 5e-3 * middle, 20.0 + 40.0 * middle))
    pixels = hx.TwoTimeModel(g1, hx.ContrastOffset(1.0, 0.0))(hx.Geometry(q=q, phi=phi, t=t, gap=1e6))
    sector = hx.Geometry(q=0.01, phi=20.0, t=t, gap=1e6)
    wide = hx.TwoTimeModel(g1, hx.ContrastOffset(1.0, 0.0), hx.FiniteSector(40.0, 5e-3, n_phi=3, n_q=3))
    plain = hx.TwoTimeModel(g1, hx.ContrastOffset(1.0, 0.0))(sector)
    np.testing.assert_allclose(wide(sector)[0], np.mean(pixels, axis=0), atol=1e-3)
    assert np.max(np.abs(plain[0] - np.mean(pixels, axis=0))) > 0.015


@pytest.mark.parametrize("share", [0.0, 1e-6, 1e-3, 0.4, 0.999, 1.0])
def test_the_share_of_a_component_is_that_of_its_intensity_down_to_none(share):
    t = np.array([0.0, 0.5, 2.0])
    geometry = hx.Geometry(q=0.01, t=t, phi=30.0)
    term = hx.TwoComponents(hx.Relaxation(0.3), hx.Relaxation(2.0), share, 150.0, 0.0)
    lag = np.abs(np.subtract.outer(t, t))
    phase = 0.01 * np.cos(np.deg2rad(30.0)) * 150.0 * np.subtract.outer(t, t)
    expected = np.abs((1 - share) * np.exp(-0.3 * lag) + share * np.exp(-2.0 * lag + 1j * phase)) ** 2
    found = hx.TwoTimeModel(term, hx.ContrastOffset(1.0, 0.0))(geometry)[0]
    np.testing.assert_allclose(found, expected, rtol=5e-6)


def test_stokes_einstein_of_a_colloid_in_water():
    """A sphere of 100 nm radius in water at 25 °C: 2.45 µm²/s."""
    from homodyne_eqx.physics.rates import stokes_einstein_coefficient

    assert float(stokes_einstein_coefficient(298.15, 0.89e-3, 1000.0)) * 1e-8 == pytest.approx(2.45, rel=0.01)


def test_a_monotone_spline_is_monotone():
    knots, t = tuple(np.geomspace(0.1, 10, 5)), jax.numpy.asarray(np.geomspace(0.05, 20, 300))
    steps = np.array([0.01, 2.0, 1e-3, 0.7])
    for rising in (False, True):
        values = np.asarray(MonotoneSpline(knots, 3.0, steps, rising)(t))
        growth = np.diff(values) if rising else -np.diff(values)
        assert (growth >= -1e-6).all()
        assert values[-1] / values[0] == pytest.approx(np.exp((1 if rising else -1) * steps.sum()), rel=1e-4)


def test_a_spline_passes_through_its_values_and_two_knots_are_a_power_law():
    knots = tuple(np.geomspace(0.1, 10, 4))
    values = np.array([3.0, 0.5, 2.0, 1.0])
    np.testing.assert_allclose(Spline(knots, values)(jax.numpy.asarray(knots)), values, rtol=1e-5)
    t = np.array([0.2, 1.0, 5.0])
    np.testing.assert_allclose(
        Spline((0.1, 10.0), np.array([4.0, 1.0]))(jax.numpy.asarray(t)),
        4.0 * (t / 0.1) ** (np.log(0.25) / np.log(100)),
        rtol=1e-5,
    )


@pytest.mark.x64
def test_a_spline_is_the_natural_one_of_the_logarithms():
    knots, values = np.geomspace(0.1, 10, 6), np.array([3.0, 0.5, 2.0, 1.0, 4.0, 0.3])
    t = np.geomspace(0.1, 10, 50)
    expected = np.exp(CubicSpline(np.log(knots), np.log(values), bc_type="natural")(np.log(t)))
    np.testing.assert_allclose(Spline(tuple(knots), values)(jax.numpy.asarray(t)), expected, rtol=1e-9)
    outside = Spline(tuple(knots), values)(jax.numpy.asarray([0.0, 0.01, 50.0]))
    np.testing.assert_allclose(outside, [3.0, 3.0, 0.3], rtol=1e-9)
