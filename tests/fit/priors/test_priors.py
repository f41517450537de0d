"""Priors: minimum and covariance of a dense least-squares problem with one row more, and honest errors."""

import jax
import jax.numpy as jnp
import numpy as np
import optimistix as optx
import pytest
import scipy.optimize

import homodyne_eqx as hx
from homodyne_eqx.engine import NormalEquations
from homodyne_eqx.fit.free_parameters import choose_free
from homodyne_eqx.fit.priors.prior import prior_of
from homodyne_eqx.fit.priors.prior_rows import prior_information, prior_rows, prior_vector

X64 = jax.config.jax_enable_x64
Q, N_T, DT, RATE, SIGMA = 0.01, 40, 0.1, 4e3, 0.02
T = DT * np.arange(N_T)
TAU = T[:, None] - T[None, :]
LATER = np.tril_indices(N_T, -1)


def g2(rate, contrast, offset):
    return offset + contrast * np.exp(-(Q**2) * rate * np.abs(TAU))


@pytest.fixture(scope="module")
def data():
    noise = np.tril(np.random.default_rng(5).normal(size=(N_T, N_T)) * SIGMA, -1)
    c2 = (g2(RATE, 0.3, 1.0) + noise + noise.T)[None]
    return hx.TwoTimeData(c2, hx.Geometry(q=Q, t=T), sigma=SIGMA)


def model(rate=3e3):
    return hx.TwoTimeModel(hx.Diffusion(rate), hx.ContrastOffset(jnp.array([0.2]), jnp.array([1.1])))


@pytest.fixture(scope="module")
def without(data):
    return hx.fit(model(), data)


def dense_fit(data, row):
    """scipy over all pairs i > j and one row more, of (rate, contrast, offset)."""

    def residual(x):
        return np.append((g2(*x) - data.c2[0])[LATER] / SIGMA, row(*x))

    return scipy.optimize.least_squares(residual, [3e3, 0.2, 1.1], x_scale="jac", xtol=1e-15, ftol=1e-15, gtol=1e-15)


PRIORS = [
    ("diffusion.rate", hx.Normal(4.4e3, 150.0), lambda rate, contrast, offset: (rate - 4.4e3) / 150.0),
    ("diffusion.rate", hx.LogNormal(4.4e3, 0.03), lambda rate, contrast, offset: np.log(rate / 4.4e3) / 0.03),
    ("contrast", hx.Normal(0.31, 2e-3), lambda rate, contrast, offset: (contrast - 0.31) / 2e-3),
    ("offset[0]", hx.Normal(1.002, 5e-4), lambda rate, contrast, offset: (offset - 1.002) / 5e-4),
]


class TestOneDatumMore:
    @pytest.mark.parametrize(
        ("name", "prior", "row"), [*PRIORS[:2], *(pytest.param(*each, marks=pytest.mark.slow) for each in PRIORS[2:])]
    )
    def test_minimum_chi2_and_white_noise_errors_are_those_of_a_dense_fit(self, data, name, prior, row):
        result = hx.fit(model(), data, priors={name: prior})
        expected = dense_fit(data, row)
        values = [p.value for p in result.parameters.values()]
        sigmas = np.sqrt(np.diagonal(np.linalg.inv(expected.jac.T @ expected.jac)))
        found = [p.white_noise_uncertainty for p in result.parameters.values()]
        assert result.converged
        np.testing.assert_allclose(values, expected.x, rtol=1e-6 if X64 else 2e-4)
        np.testing.assert_allclose(found, sigmas, rtol=1e-4 if X64 else 2e-2)
        assert result.chi2 == pytest.approx(2 * expected.cost, rel=1e-8 if X64 else 1e-3)
        assert result.degrees_of_freedom == len(LATER[0]) + 1 - 3

    def test_a_sharp_prior_holds_and_the_error_is_its_own(self, data):
        result = hx.fit(model(), data, priors={"diffusion.rate": hx.Normal(4.05e3, 4.05e3 * 1e-4)})
        rate = result.parameters["diffusion.rate"]
        assert rate.value == pytest.approx(4.05e3, rel=1e-4)
        assert rate.uncertainty == pytest.approx(4.05e3 * 1e-4, rel=0.02)

    def test_a_wide_prior_changes_nothing(self, data, without):
        result = hx.fit(model(), data, priors={"diffusion.rate": hx.Normal(1e3, 1e9)})
        rate, other = result.parameters["diffusion.rate"], without.parameters["diffusion.rate"]
        assert rate.value == pytest.approx(other.value, rel=1e-5 if X64 else 1e-3)
        assert rate.uncertainty == pytest.approx(other.uncertainty, rel=1e-3 if X64 else 2e-2)

    def test_a_parameter_that_the_data_do_not_determine_has_its_prior(self, data):
        """The shear of a sector across the flow has no effect: its prior alone says what it is."""
        sheared = hx.laminar_flow(
            D0=3e3, alpha=0.0, D_offset=0.0, gamma_dot_t0=1e-3, beta=0.0, gamma_dot_t_offset=0.0, phi0=0.0,
            contrast=jnp.array([0.2]), offset=jnp.array([1.1]), kernel=hx.GapAverage(),
        )  # fmt: skip
        across = hx.TwoTimeData(data.c2, hx.Geometry(q=Q, t=T, phi=np.array([90.0]), gap=2e6), sigma=SIGMA)
        free = ["D0", "gamma_dot_t0", "contrast", "offset"]
        prior = {"gamma_dot_t0": hx.Normal(2e-3, 1e-4)}
        result = hx.fit(sheared, across, free=free, priors=prior)
        shear = result.parameters["gamma_dot_t0"]
        assert result.converged
        assert shear.value == pytest.approx(2e-3, rel=1e-5)
        assert shear.uncertainty == pytest.approx(1e-4, rel=1e-3)

    @pytest.mark.slow
    @pytest.mark.x64
    def test_all_fits_and_solvers_agree(self, data):
        prior = {"diffusion.rate": hx.LogNormal(4.4e3, 0.03)}
        expected = hx.fit(model(), data, priors=prior)
        rate = expected.parameters["diffusion.rate"].value
        together = hx.fit_many(model(), [data, data], priors=prior)[1]
        problem = hx.least_squares_problem(model(), data, priors=prior)
        solver = optx.LevenbergMarquardt(rtol=1e-10, atol=1e-8)
        found = optx.least_squares(hx.residual, solver, problem.start, problem, has_aux=True).value
        assert together.parameters["diffusion.rate"].value == pytest.approx(rate, rel=1e-6)
        assert together.chi2 == pytest.approx(expected.chi2, rel=1e-9)
        assert float(problem.parameters(found)[0]) == pytest.approx(rate, rel=1e-6)

    @pytest.mark.slow
    @pytest.mark.standard_promotion
    @pytest.mark.x64
    def test_descent_agrees(self, data):
        prior = {"diffusion.rate": hx.LogNormal(4.4e3, 0.03)}
        expected = hx.fit(model(), data, priors=prior).parameters["diffusion.rate"].value
        found = hx.descend(model(), data, steps=100, priors=prior)
        assert found.parameters["diffusion.rate"].value == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("logarithmic", [False, True])
def test_the_rows_have_the_derivatives_of_finite_differences(logarithmic):
    prior = hx.LogNormal(2.0, 0.4) if logarithmic else hx.Normal(2.0, 0.4)
    p = hx.Parameter("x", "x", 1.5, "", prior=prior)
    rows, x, h = prior_rows([p]), np.array([1.5]), 1e-2
    at = lambda v: float(rows.chi2(jnp.asarray(v, float)))  # noqa: E731
    zero = NormalEquations(jnp.zeros((1, 1)), jnp.zeros(1), jnp.zeros(()))
    added = rows.added_to(zero, jnp.asarray(x, float))
    slope = (at(x + h) - at(x - h)) / (2 * h)
    assert 2 * float(added.vector[0]) == pytest.approx(slope, rel=1e-3)
    assert float(added.chi2) == pytest.approx(at(x))
    assert float(added.vector[0]) == pytest.approx(prior_vector([p], x)[0], rel=1e-5)
    assert float(added.matrix[0, 0]) == pytest.approx(prior_information([p], x)[0, 0], rel=1e-5)
    row_slope = (prior.distance(1.5 + h) - prior.distance(1.5 - h)) / (2 * h)
    assert float(added.matrix[0, 0]) == pytest.approx(row_slope**2, rel=1e-3)


class TestBounds:
    def test_a_uniform_prior_is_a_pair_of_bounds(self, data, without):
        result = hx.fit(model(), data, priors={"diffusion.rate": hx.Uniform(1e3, 3.5e3)})
        rate = result.parameters["diffusion.rate"]
        assert (rate.value, rate.at_bound) == (3.5e3, True)
        assert result.degrees_of_freedom == without.degrees_of_freedom

    def test_a_log_normal_one_keeps_a_value_positive(self):
        chosen = choose_free(model(), None, (), None, {"diffusion.rate": hx.LogNormal(1.0, 20.0)})
        assert 0 < chosen.free[0].low < 1e-20


class TestWhatIsSaid:
    def test_the_summary_and_a_saved_result_state_the_prior(self, data, tmp_path):
        prior = hx.Normal(4.4e3, 150.0)
        result = hx.fit(model(), data, priors={"diffusion.rate": prior})
        away = (result.parameters["diffusion.rate"].value - 4.4e3) / 150.0
        (said,) = [row for row in result.summary() if row.name == "prior"]
        assert "diffusion.rate has the prior Normal(4400, 150)" in said.value_text
        assert f"{abs(away):.2g} σ" in said.value_text
        loaded = hx.FitResult.load(result.save(tmp_path / "out"))
        assert loaded.parameters["diffusion.rate"].prior == prior
        assert loaded.summary() == result.summary()
        found = hx.speckle_covariance(loaded)
        np.testing.assert_allclose(found.covariance, result.covariance, rtol=1e-3 if X64 else 5e-2)

    @pytest.mark.parametrize("prior", [hx.Normal(1, 2), hx.LogNormal(3, 0.5), hx.Uniform(-1, 4)])
    def test_a_prior_comes_back_from_its_plain_values(self, prior):
        assert prior_of(prior.to_dict()) == prior


class TestErrors:
    @pytest.mark.parametrize(
        ("make", "text"),
        [
            (lambda: hx.Normal(1, 0), "sigma of Normal is 0; expected a number > 0"),
            (lambda: hx.Normal(float("nan"), 1), "mean of Normal is nan"),
            (lambda: hx.LogNormal(-1, 1), "median of LogNormal is -1"),
            (lambda: hx.Uniform(2, 1), "low < high"),
        ],
    )
    def test_impossible_numbers(self, make, text):
        with pytest.raises(ValueError, match=text):
            make()

    @pytest.mark.parametrize(
        ("options", "error", "text"),
        [
            ({"priors": {"rate": hx.Normal(1, 1)}}, ValueError, "priors names rate, which the model does not have"),
            ({"priors": {"diffusion.rate": (1, 2)}}, TypeError, "Normal|AbstractPrior"),
            ({"priors": {"offset": hx.Normal(1, 1)}, "fixed": ["offset"]}, ValueError, "is fixed"),
            ({"priors": {"diffusion.rate": hx.Uniform(-9, -8)}}, ValueError, "no values within its bounds"),
            ({"priors": {"diffusion.rate": hx.Uniform(1, 2)}}, ValueError, "start value of diffusion.rate is 3000"),
            ({"priors": {"offset": hx.Normal(1, 1)}, "eliminate_scaling": True}, ValueError, "does not include priors"),
        ],
    )
    def test_what_cannot_be(self, data, options, error, text):
        with pytest.raises(error, match=text):
            hx.fit(model(), data, **options)
