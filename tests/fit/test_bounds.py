"""Bounds of a fit: a parameter ends exactly on its bound or inside, whatever the start, and never in between."""

from pathlib import Path

import equinox as eqx
import jax
import numpy as np
import optimistix as optx
import pytest

import homodyne_eqx as hx

X64 = jax.config.jax_enable_x64
AGEING_MAP = Path(__file__).parents[2].parent / "shared" / "data" / "ageing" / "c2_ageing_350x350.npy"
SIGMA, N_T = 0.01, 40
TRUTH = {"D0": 0.4, "alpha": -0.5, "D_offset": -0.02}
START = {"D0": 0.1, "alpha": -0.2, "D_offset": 0.0}
SCALING = {"contrast": np.array([0.3]), "offset": np.array([1.0])}


def model(values=START, **changed):
    return hx.static_diffusion(**{**values, **SCALING, **changed})


def measured(truth=TRUTH, seed=2, n_t=N_T):
    """One map of a sample that slows down a little faster than a power of its age, with white noise."""
    geometry = hx.Geometry(q=1.0, t=1.0 + np.arange(n_t))
    g2 = np.array(eqx.filter_jit(model(truth))(geometry), dtype=float)
    noise = np.tril(np.random.default_rng(seed).normal(size=g2.shape) * SIGMA, -1)
    return hx.TwoTimeData(g2 + noise + noise.transpose(0, 2, 1), geometry, sigma=SIGMA)


@pytest.fixture(scope="module")
def data():
    return measured()


@pytest.fixture(scope="module")
def held(data):
    """The minimum on the face of the box where D_offset is at its bound."""
    return hx.fit(model(), data, fixed=["D_offset"], scan=False)


def assert_on_the_bound(result, held):
    assert result.converged, result.message
    offset = result.parameters["D_offset"]
    assert offset.value == 0.0
    assert [name for name, p in result.parameters.items() if p.at_bound] == ["D_offset"]
    assert np.isnan(offset.white_noise_uncertainty)
    assert result.chi2 == pytest.approx(held.chi2, rel=1e-9 if X64 else 1e-4)
    for name in ("D0", "alpha", "contrast[0]", "offset[0]"):
        found, expected = result.parameters[name], held.parameters[name]
        sigma = expected.white_noise_uncertainty
        assert abs(found.value - expected.value) < (0.003 if X64 else 0.1) * sigma, name
        assert found.white_noise_uncertainty == pytest.approx(sigma, rel=1e-3 if X64 else 0.05), name


def test_free_of_bounds_the_data_would_lead_beyond(data):
    """So that the tests below are of a bound that holds something."""
    beyond = hx.fit(model(), data, bounds={"D_offset": (-1.0, None)}, scan=False)
    assert beyond.parameters["D_offset"].value < 0


@pytest.mark.parametrize("start", [0.0, 1e-9, 1e-3, 0.5])
def test_the_start_of_what_ends_on_its_bound_does_not_matter(data, held, start):
    result = hx.fit(model(D_offset=start), data, bounds={"D_offset": (0.0, None)}, scan=False)
    assert_on_the_bound(result, held)
    assert result.notes == ()
    assert result.parameters["D_offset"].start == pytest.approx(start, rel=1e-6)


def test_together_with_the_elimination_of_contrast_and_offset(data, held):
    result = hx.fit(model(), data, bounds={"D_offset": (0.0, None)}, eliminate_scaling=True)
    assert_on_the_bound(result, held)


@pytest.mark.x64
@pytest.mark.parametrize("eliminate", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_bound_on_the_contrast_holds_the_others_follow(data, eliminate):
    bounds = {"contrast": (0.31, 1.0), "D_offset": (0.0, None)}
    start = model(contrast=np.array([0.31]))
    result = hx.fit(start, data, bounds=bounds, eliminate_scaling=eliminate)
    assert result.converged, result.message
    assert result.parameters["contrast[0]"].value == 0.31
    assert result.parameters["contrast[0]"].at_bound
    expected = hx.fit(start, data, fixed=["contrast"], bounds={"D_offset": (0.0, None)})
    assert result.chi2 == pytest.approx(expected.chi2, rel=1e-9)


@pytest.mark.parametrize("start", [0.0, 0.05])
def test_a_parameter_that_starts_on_its_bound_is_released_where_the_data_ask_for_it(start):
    truth = {"D0": 0.4, "alpha": -0.9, "D_offset": 0.1}
    data = measured(truth)
    result = hx.fit(model(D_offset=start), data, bounds={"D_offset": (0.0, None)}, scan=False)
    assert result.converged, result.message
    assert not any(p.at_bound for p in result.parameters.values())
    offset = result.parameters["D_offset"]
    assert 0 < offset.white_noise_uncertainty < offset.value
    assert abs(offset.value - 0.1) < 4 * offset.white_noise_uncertainty
    free = hx.fit(model(truth), data, bounds={"D_offset": (-1.0, None)}, scan=False)
    assert result.chi2 == pytest.approx(free.chi2, rel=1e-8 if X64 else 1e-4)


def test_upper_bounds_and_bounds_on_both_sides(data):
    result = hx.fit(model(alpha=-0.9), data, bounds={"alpha": (-0.9, -0.8), "D_offset": (0.0, 2.0)}, scan=False)
    assert result.converged, result.message
    alpha = result.parameters["alpha"]
    assert alpha.at_bound
    assert alpha.value == np.asarray(-0.8, np.asarray(result.model.g1.rate.exponent).dtype)


@pytest.mark.slow
@pytest.mark.x64
def test_other_solvers_come_close_to_the_bound_and_say_that_the_start_was_moved(data, held):
    solver = optx.LevenbergMarquardt(rtol=1e-10, atol=1e-10)
    result = hx.fit(model(), data, bounds={"D_offset": (0.0, None)}, solver=solver, max_steps=400)
    assert "D_offset started on its bound 0 and was moved" in result.notes[0]
    assert 0 <= result.parameters["D_offset"].value < 1e-3
    assert result.chi2 == pytest.approx(held.chi2, rel=1e-6)


@pytest.mark.x64
def test_handed_out_with_a_box_it_is_solved_by_the_bounded_solver(data, held):
    problem = hx.least_squares_problem(model(), data, bounds={"D_offset": (0.0, None)}, box=True)
    found = optx.least_squares(
        hx.residual, hx.BoundedLevenbergMarquardt(), problem.start, problem, problem.options, has_aux=True
    )
    values = dict(zip(problem.names, np.asarray(problem.parameters(found.value)), strict=True))
    assert values["D_offset"] == 0.0
    assert float(hx.chi_squared(problem.model(found.value), hx.pack(data))) == pytest.approx(held.chi2, rel=1e-9)


@pytest.mark.x64
@pytest.mark.skipif(not AGEING_MAP.is_file(), reason="the measured map is not here")
def test_the_measured_ageing_map_has_a_rate_that_falls_as_the_root_of_age():
    t = 1.0 + np.arange(350)
    data = hx.TwoTimeData(np.load(AGEING_MAP)[None], hx.Geometry(q=1.0, t=t), sigma="estimate")
    start = model(contrast=np.array([0.07]), offset=np.array([1.026]))
    result = hx.fit(start, data, bounds={"D_offset": (0.0, None)})
    assert result.converged, result.message
    assert result.parameters["D_offset"].at_bound
    assert result.parameters["D_offset"].value == 0.0
    alpha = result.parameters["alpha"]
    assert alpha.value == pytest.approx(-0.49, abs=0.03)
    assert 0.02 < alpha.uncertainty < 0.12
