"""Converged fits: finite uncertainties, steps that are small, in double and in single precision."""

import equinox as eqx
import jax
import numpy as np
import pytest

import homodyne_eqx as hx

X64 = jax.config.jax_enable_x64
N_T = 20


def model(**changed):
    values = {"D0": 3e4, "alpha": 0.0, "D_offset": 0.0, "gamma_dot_t0": 2e-3, "beta": 0.0}
    values |= {"gamma_dot_t_offset": 0.0, "phi0": 10.0, "contrast": np.full(2, 0.3), "offset": np.full(2, 1.0)}
    return hx.laminar_flow(**{**values, **changed}, kernel=hx.GapAverage())


def measured(phi, sigma=0.005, stated=None, seed=0):
    geometry = hx.Geometry(q=0.0054, t=0.05 * np.arange(N_T), phi=np.array(phi), gap=2e6)
    g2 = np.array(eqx.filter_jit(model())(geometry), dtype=float)
    noise = np.tril(np.random.default_rng(seed).normal(size=g2.shape) * sigma, -1)
    return hx.TwoTimeData(g2 + noise + noise.transpose(0, 2, 1), geometry, sigma=stated or sigma)


def assert_honest(result):
    """Converged means a finite uncertainty of every free parameter that is not at a bound."""
    for p in result.parameters.values():
        if result.converged and p.free and not p.at_bound:
            assert np.isfinite(p.white_noise_uncertainty), p.name
            assert p.white_noise_uncertainty > 0


@pytest.mark.parametrize("start", [0.1, *(pytest.param(x, marks=pytest.mark.slow) for x in (2e-3, 1e-9))])
def test_a_shear_rate_across_the_flow_is_undetermined_whatever_its_start(start):
    """cos 90° is 6·10⁻¹⁷ in double and 4·10⁻⁸ in single precision: an effect that is rounding."""
    result = hx.fit(model(gamma_dot_t0=start), measured([100.0, 100.0]), free=["D0", "gamma_dot_t0"])
    assert result.ended == hx.Ended.UNDETERMINED
    assert "gamma_dot_t0" in result.message
    assert "D0" not in result.message
    assert np.isinf(result.parameters["gamma_dot_t0"].white_noise_uncertainty)
    alone = hx.fit(model(gamma_dot_t0=start), measured([100.0, 100.0]), free=["D0"])
    expected = alone.parameters["D0"]
    assert result.parameters["D0"].value == pytest.approx(expected.value, rel=1e-9 if X64 else 1e-4)
    assert result.parameters["D0"].white_noise_uncertainty == pytest.approx(
        expected.white_noise_uncertainty, rel=1e-6 if X64 else 1e-3
    )


@pytest.mark.parametrize("start", [0.0, pytest.param(1e-12, marks=pytest.mark.slow)])
@pytest.mark.slow
def test_a_parameter_with_a_true_effect_is_determined_from_a_start_at_nothing(start):
    result = hx.fit(model(D_offset=start), measured([10.0, 100.0]), free=["D0", "D_offset"], fixed=[])
    assert_honest(result)
    if not result.converged:
        assert result.ended == hx.Ended.UNDETERMINED
    steep = hx.fit(model(alpha=-0.5, D_offset=start), measured([10.0, 100.0]), free=["D_offset"])
    assert steep.converged, steep.message
    assert np.isfinite(steep.parameters["D_offset"].white_noise_uncertainty)


def test_two_parameters_that_do_the_same_are_not_determined():
    """D0 t^alpha at alpha = 0, and D_offset: equal columns, whose difference is rounding."""
    result = hx.fit(model(), measured([10.0, 100.0]), free=["D0", "D_offset"])
    assert result.ended == hx.Ended.UNDETERMINED
    assert "D0, D_offset" in result.message


@pytest.mark.parametrize("stated", [1e-30, 1e-12, 1e-6, 1e6, 1e12, 1e30])
def test_a_sigma_that_is_far_from_the_scatter_ends_in_the_same_minimum_or_says_no(stated):
    """If 1/σ² exceeds the range of the precision, an error says so before anything is called converged."""
    expected = hx.fit(model(D0=4e4), measured([40.0, 100.0]), free=["D0", "phi0"])
    try:
        result = hx.fit(model(D0=4e4), measured([40.0, 100.0], stated=stated), free=["D0", "phi0"])
    except ValueError as error:
        assert "finite" in str(error) or "sigma" in str(error)  # noqa: PT017
        return
    assert_honest(result)
    if result.converged and stated < 0.005:
        for name in ("D0", "phi0"):
            p = expected.parameters[name]
            assert abs(result.parameters[name].value - p.value) < 0.1 * p.white_noise_uncertainty, name


def test_no_error_of_linear_algebra_reaches_the_user():
    """Single pixels that are enormous, a map without variation, a contrast of nothing."""
    usual = measured([10.0, 100.0])
    spoilt = [np.full_like(usual.c2, 1.0), np.where(np.asarray(usual.c2) > 1.29, 1e30, usual.c2)]
    for c2 in spoilt:
        for contrast in (0.0, 1e-20, 0.3):
            start = model(contrast=np.full(2, contrast))
            data = hx.TwoTimeData(np.asarray(c2), usual.geometry, sigma=0.005)
            for free in (["D0", "contrast"], None):
                try:
                    result = hx.fit(start, data, free=free, max_steps=20)
                except ValueError as error:
                    assert "finite" in str(error)  # noqa: PT017
                    continue
                assert_honest(result)
