"""Fits of models with tied parameters: one free parameter in place of two."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import least_squares

import homodyne_eqx as hx

N_T, SIGMA = 20, 0.01
FIXED = ["D_offset", "gamma_dot_t_offset"]
TRUTH = {"D0": 2000.0, "alpha": -0.3, "gamma_dot_t0": 1e-3, "phi0": 20.0, "contrast": 0.3, "offset": 1.0}


def model(D0=2300.0, alpha=-0.1, beta=0.1, gamma_dot_t0=9e-4, phi0=25.0, contrast=0.3, offset=1.0):
    return hx.laminar_flow(
        D0=D0, alpha=alpha, D_offset=0.0, gamma_dot_t0=gamma_dot_t0, beta=beta, gamma_dot_t_offset=0.0, phi0=phi0,
        contrast=contrast, offset=offset, kernel=hx.SincSquared(),
    )  # fmt: skip


def geometry(q=0.01, dt=0.1):
    return hx.Geometry(q=q, t=dt * (0.5 + np.arange(N_T)), phi=np.array([0.0, 60.0, 120.0]), gap=2e6)


def data_set(where, seed=0):
    g2 = np.asarray(eqx.filter_jit(lambda m: m(where))(model(beta=-0.3, **TRUTH)), float)
    noise = np.tril(np.random.default_rng(seed).normal(scale=SIGMA, size=g2.shape), -1)
    return hx.TwoTimeData(g2 + noise + noise.swapaxes(1, 2), where, sigma=SIGMA)


def tied():
    return hx.tie(model(), {"beta": "alpha"})


@pytest.fixture(scope="module")
def data():
    return data_set(geometry())


@pytest.fixture(scope="module")
def result(data):
    return hx.fit(tied(), data, fixed=FIXED, estimate=False)


def dense_fit(data):
    """Values and 1σ of D0, α = β, γ̇0, φ0, contrast and offset, from all pairs at once, by SciPy."""
    names = ["D0", "alpha", "gamma_dot_t0", "phi0", "contrast", "offset"]
    i, j = np.tril_indices(N_T, -1)
    maps = eqx.filter_jit(lambda m: m(data.geometry))

    def residual(x):
        values = dict(zip(names, x * size, strict=True))
        found = np.asarray(maps(model(beta=values["alpha"], **values)), float)
        return ((found - data.c2)[:, i, j] / SIGMA).ravel()

    size = np.abs([TRUTH[name] for name in names])
    found = least_squares(residual, np.sign([TRUTH[name] for name in names]), jac="3-point", xtol=1e-12)
    covariance = np.linalg.inv(found.jac.T @ found.jac)
    return dict(zip(names, zip(found.x * size, np.sqrt(np.diagonal(covariance)) * size, strict=True), strict=True))


@pytest.mark.x64
def test_values_and_uncertainties_are_those_of_one_parameter(result, data):
    assert result.converged
    expected = dense_fit(data)
    for name, (value, sigma) in expected.items():
        found = result.parameters[name]
        assert found.value == pytest.approx(value, abs=0.01 * sigma)
        assert found.white_noise_uncertainty == pytest.approx(sigma, rel=1e-3)


def test_the_tied_one_has_value_and_uncertainty_of_the_other_one(result):
    other, tied_one = result.parameters["alpha"], result.parameters["beta"]
    assert "beta" not in result.free_names
    assert (tied_one.free, tied_one.tied_to) == (False, "alpha")
    assert tied_one.value == other.value == float(result.model.g1.terms[1].rate.exponent)
    assert tied_one.uncertainty == other.uncertainty > 0
    assert result.covariance.shape == (6, 6)


def test_the_report_says_so_and_warns_of_no_correlation(result):
    rows = {row.name: row for row in result.summary()}
    assert rows["beta"].status == "tied"
    assert rows["beta"].uncertainty == rows["alpha"].uncertainty
    assert rows["tied"].value == "beta is tied to alpha."
    assert "beta" not in rows["conditional"].value
    assert "beta" not in getattr(rows.get("correlation"), "value_text", "")


def test_it_is_stored_and_loaded(result, data, tmp_path):
    result.save(tmp_path / "fit")
    again = hx.FitResult.load(tmp_path / "fit")
    assert again.parameters["beta"].tied_to == "alpha"
    assert again.parameters["beta"].value == result.parameters["beta"].value
    assert again.parameters["beta"].uncertainty == pytest.approx(result.parameters["beta"].uncertainty)
    of_both = lambda m: [term.rate.exponent for term in m.g1.terms]  # noqa: E731
    moved = eqx.tree_at(lambda m: of_both(m)[0], again.model, jnp.array(0.2))
    expected = eqx.tree_at(of_both, dataclasses.replace(again.model, ties=()), [jnp.array(0.2)] * 2)
    packed = hx.pack(data)
    assert float(hx.chi_squared(moved, packed)) == pytest.approx(float(hx.chi_squared(expected, packed)), rel=1e-5)


def test_a_tied_parameter_stays_within_the_bounds_of_both_and_of_the_user(data):
    bounds = {"alpha": (-0.2, 0.4)}
    found = hx.fit(tied(), data, fixed=FIXED, bounds=bounds, estimate=False)
    assert found.parameters["alpha"].at_bound
    assert found.parameters["beta"].at_bound
    assert found.parameters["beta"].value == pytest.approx(-0.2)
    by_default = hx.least_squares_problem(tied(), data, fixed=FIXED, box=True).unknowns
    apart = hx.least_squares_problem(model(), data, fixed=FIXED, box=True)
    k, m = apart.names.index("alpha"), apart.names.index("beta")
    assert by_default.low[k] == max(apart.unknowns.low[k], apart.unknowns.low[m])


@pytest.mark.parametrize("option", ["fixed", "free", "bounds", "priors", "starts"])
def test_options_take_the_name_of_the_other_one(data, option):
    given = {"bounds": {"beta": (0.0, 1.0)}, "priors": {"beta": hx.Normal(0.0, 1.0)}, "starts": [{"beta": 0.1}]}
    with pytest.raises(ValueError, match=f"{option} names beta, which is"):
        hx.fit(tied(), data, **{option: given.get(option, ["beta", "D0"])})


def test_contrast_and_offset_that_are_tied_have_no_closed_form(data):
    with pytest.raises(ValueError, match="have no closed form"):
        hx.fit(hx.tie(model(alpha=0.3), {"contrast": "alpha"}), data, eliminate_scaling=True)


@pytest.mark.x64
def test_a_contrast_that_is_tied_has_the_uncertainty_of_the_other_parameter(data):
    """In each sector, too. Contrast and reference are fractions; equal ones are an example without physics."""
    term = hx.Diffusion(2000.0)
    start = hx.TwoTimeModel(term, hx.ContrastOffset(0.3, 1.0), hx.PartialHeterodyne(0.3))
    reference = next(name for name in hx.least_squares_problem(start, data).names if "reference" in name)
    found = hx.fit(hx.tie(start, {"contrast": reference}), data, estimate=False)
    assert found.parameters["contrast"].uncertainty > 0
    for sector in found.sectors:
        assert sector.contrast == pytest.approx(found.parameters[reference].value)
        assert sector.contrast_uncertainty == pytest.approx(found.parameters[reference].uncertainty)


@pytest.mark.x64
def test_problem_density_and_profile_know_it(result, data):
    problem = hx.least_squares_problem(tied(), data, fixed=FIXED)
    assert problem.names == result.free_names
    density = hx.log_density(tied(), data, fixed=FIXED)
    assert density.names == result.free_names
    at_minimum = jnp.array([result.parameters[name].value for name in density.names])
    slope = jax.grad(density)(at_minimum) * jnp.sqrt(jnp.diagonal(result.white_noise_covariance))
    assert jnp.max(jnp.abs(slope)) < 1e-2
    with pytest.raises(ValueError, match="beta is not free"):
        hx.profile(result, "beta")


@pytest.mark.slow
@pytest.mark.x64
def test_many_data_sets_at_once_know_it(result, data):
    (many,) = hx.fit_many(tied(), [data], fixed=FIXED)
    assert many.parameters["beta"].value == pytest.approx(result.parameters["alpha"].value, rel=1e-4)
    assert many.parameters["beta"].tied_to == "alpha"


@pytest.mark.slow
@pytest.mark.x64
def test_a_joint_fit_shares_or_separates_both(data):
    second = data_set(geometry(0.012, 0.08), seed=1)
    together = hx.fit(tied(), [data, second], fixed=FIXED, estimate=False)
    assert "beta" not in together.free_names
    assert "beta" in together.shared
    assert together.parameters["beta"].value == together.parameters["alpha"].value
    assert together.parameters["beta"].uncertainty == together.parameters["alpha"].uncertainty
    assert abs(together.parameters["alpha"].value + 0.3) < 4 * together.parameters["alpha"].uncertainty
    assert "beta is tied to alpha." in str(together)
    apart = hx.fit(tied(), [data, second], fixed=FIXED, separate=["alpha"], estimate=False)
    assert apart.parameters["data[1].beta"].tied_to == "data[1].alpha"
    assert apart.parameters["data[1].beta"].value == apart.parameters["data[1].alpha"].value
    with pytest.raises(ValueError, match="separate names beta, which is tied to alpha"):
        hx.fit(tied(), [data, second], fixed=FIXED, separate=["beta"])
