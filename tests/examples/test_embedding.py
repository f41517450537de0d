"""The embedding examples, each in small: what it finds is checked against the truth, a fit, or finite differences."""

import importlib.util
import json
import os
import sys
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx

pytestmark = [pytest.mark.x64, pytest.mark.standard_promotion]

ROOT = Path(__file__).parents[2]
AGEING = Path(os.environ.get("HOMODYNE_EQX_AGEING_MAP", ROOT.parent / "shared" / "data" / "ageing"))


def example(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / "embedding" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def is_drawn(path):
    return path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 20_000


@pytest.fixture(scope="module")
def design():
    return example("optimal_design")


@pytest.fixture(scope="module")
def training():
    return example("train_rates_across_maps")


@pytest.fixture(scope="module")
def free_form():
    return example("free_form_rate")


@pytest.fixture
def path(tmp_path):
    pytest.importorskip("matplotlib")
    return tmp_path / "figure.png"


class TestOptimalDesign:
    frames = 16

    @pytest.mark.slow
    def test_the_prediction_is_what_a_fit_states(self, design):
        start = design.start_design()
        predicted = float(design.relative_uncertainty(design.expected(), start, self.frames))
        fitted = design.replicate(start, self.frames, seed=1).parameters["shear.rate"]
        assert fitted.uncertainty / 1e-4 == pytest.approx(predicted, rel=0.15)  # the fit states it where it ended

    def test_the_gradient_is_that_of_finite_differences(self, design):
        start, models = design.start_design()._replace(growth=jnp.asarray(0.3)), design.possible(2, seed=0)
        judged = lambda d: design.mean_log_uncertainty(d, models, self.frames)  # noqa: E731
        gradient = jax.grad(judged)(start)
        for name, slope in gradient._asdict().items():
            up, down = (judged(start._replace(**{name: getattr(start, name) + h})) for h in (1e-4, -1e-4))
            assert float(jnp.sum(slope)) == pytest.approx(float(up - down) / 2e-4, rel=1e-4, abs=1e-8)

    @pytest.mark.slow
    def test_a_descent_improves_the_design_and_draws_it(self, design, path):
        models, start = design.possible(2, seed=0), design.start_design()
        best, history = design.improve(start, models, self.frames, steps=8)
        assert history[-1] < history[0] - 0.05
        design.draw(start, best, models, history, self.frames, path)
        assert is_drawn(path)


class TestTraining:
    @pytest.mark.slow
    def test_a_network_learns_the_rates_of_all_samples(self, training, path, monkeypatch):
        monkeypatch.setattr(training, "SIGMA", 0.01)
        conditions = np.array([[t, c] for t in (20.0, 35.0) for c in (0.05, 0.2)])
        maps = [hx.pack(each) for each in training.measured(conditions, 16, seed=0)]
        stacked = jax.tree.map(lambda *x: jnp.stack(x), *maps)
        trained, history = training.train(conditions, stacked, steps=300)
        assert history[0] > 3
        assert history[-1] == pytest.approx(1, abs=0.15)
        learned = jax.vmap(trained.rates)(jnp.asarray(conditions))
        for found, true in zip(learned, training.true_rates(*conditions.T), strict=True):
            np.testing.assert_allclose(found, true, rtol=0.12)
        alone = [training.fit_alone(each) for each in maps[:1]] + [None] * 3
        J, shear_rate = training.true_rates(*conditions[0])
        assert abs(alone[0][0].value - J) < 4 * alone[0][0].uncertainty
        assert abs(alone[0][1].value - shear_rate) < 4 * alone[0][1].uncertainty
        training.draw(conditions, trained, alone, history, path)
        assert is_drawn(path)

    @pytest.mark.slow
    def test_the_loss_is_the_sum_over_the_maps(self, training):
        conditions = np.array([[10.0, 0.1], [30.0, 0.3]])
        data = training.measured(conditions, 10, seed=0)
        stacked = jax.tree.map(lambda *x: jnp.stack(x), *[hx.pack(each) for each in data])
        start = training.Training(training.RatesOfConditions(jax.random.key(1)), jnp.array([0.3, 0.2]), jnp.ones(2))
        i, j = np.tril_indices(10, -1)
        expected = []
        for k, each in enumerate(data):
            rates = start.rates(jnp.asarray(conditions[k]))
            g2 = np.asarray(training.model_of(*rates, start.contrast[k], start.offset[k])(each.geometry))
            expected.append(np.mean(((each.c2 - g2)[:, i, j] / training.SIGMA) ** 2))
        assert float(start.loss(jnp.asarray(conditions), stacked)) == pytest.approx(np.mean(expected), rel=1e-10)
        gradient = eqx.filter_grad(type(start).loss)(start, jnp.asarray(conditions), stacked)
        assert all(jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))


class TestPosterior:
    @pytest.mark.slow
    def test_it_agrees_with_the_fit_and_with_the_prior(self, path):
        pytest.importorskip("numpyro")
        posterior_example = example("numpyro_posterior")
        data = posterior_example.simulated(16, seed=1)
        packed = hx.pack(data)
        fit = posterior_example.fitted(packed)
        posterior = posterior_example.sampled(packed, warmup=100, samples=120)
        for name, leaf in (("J", "diffusion.rate"), ("contrast", "contrast"), ("offset", "offset")):
            beside, values = fit.parameters[leaf], posterior[name]
            assert abs(values.mean() - beside.value) < beside.uncertainty
            assert 0.6 < values.std() / beside.uncertainty < 1.6
        assert 0.06 < np.log(posterior["viscosity"]).std() < 0.14  # the maps say nothing of it: the prior's 0.1
        product = posterior["radius"] * posterior["viscosity"]
        assert product.std() / product.mean() < 0.5 * posterior["radius"].std() / posterior["radius"].mean()
        assert posterior["noise"].mean() == pytest.approx(1, abs=0.1)
        posterior_example.draw(data, posterior, fit, path)
        assert is_drawn(path)


class TestFreeFormRate:
    @pytest.mark.slow
    def test_a_known_rate_comes_back(self, free_form):
        """J(t) = 0.6 exp(−t/20) + 0.1 per frame, which neither form contains."""
        t = np.arange(40) + 0.5
        total = -12.0 * np.exp(-t / 20) + 0.1 * t
        c2 = 1.03 + 0.06 * np.exp(-np.abs(np.subtract.outer(total, total)))
        noise = np.tril(2e-4 * np.random.default_rng(0).standard_normal(c2.shape))
        geometry = hx.Geometry(q=1.0, t=t)
        packed = hx.pack(hx.TwoTimeData((c2 + noise + np.tril(noise, -1).T)[None], geometry, sigma=2e-4))
        age = np.array([5.0, 12.0, 25.0, 35.0])
        true = (0.6 * np.exp(-age / 20) + 0.1) / 2
        spline = free_form.fit_spline(packed, np.geomspace(3, 39, 5))
        assert spline.converged
        np.testing.assert_allclose(free_form.rate_at(spline, age), true, rtol=0.05)
        assert np.all(free_form.band_at(spline, age) < 0.05 * true)
        network = free_form.fit_network(packed, seed=0, steps=80)
        np.testing.assert_allclose(free_form.rate_at(network, age), true, rtol=0.08)

    def test_the_band_is_the_spread_of_what_the_covariance_draws(self, free_form):
        """A spline is linear in the logarithms of its values, so that draws of them can be pushed through by hand."""
        model = free_form.model_with(hx.Spline([3.0, 30.0], np.array([0.2, 0.1])))
        covariance = np.diag([1e-6, 4e-6, 1.0, 1.0])
        result = type("Result", (), {"model": model, "covariance": covariance})
        draws = np.random.default_rng(1).multivariate_normal([0.2, 0.1], covariance[:2, :2], 20_000)
        weight = np.log(10.0 / 3.0) / np.log(10.0)
        rates = np.exp((1 - weight) * np.log(draws[:, 0]) + weight * np.log(draws[:, 1])) / 2
        assert free_form.band_at(result, np.array([10.0]))[0] == pytest.approx(rates.std(), rel=0.03)

    @pytest.mark.slow
    @pytest.mark.skipif(not (AGEING / "c2_ageing_350x350.npy").is_file(), reason="the measured map is not there")
    def test_the_measured_map(self, free_form, path):
        data = free_form.load_map(AGEING)
        power, spline = free_form.fitted(data), free_form.fit_spline(hx.pack(data), np.geomspace(10, 349, 6))
        assert spline.converged
        assert spline.chi2 < power.chi2
        (fits,) = json.loads((AGEING / "published_kww_fits_by_age.json").read_text()).values()
        ages, gamma = np.array(fits["ages"]["bin_centers"]), np.array(fits["parameters"]["gamma"])
        for low, high in ((60, 120), (120, 180), (180, 240)):
            of_authors = np.median(gamma[(ages >= low) & (ages < high)])
            assert free_form.rate_at(spline, np.array([(low + high) / 2]))[0] == pytest.approx(of_authors, rel=0.25)
        free_form.draw(AGEING, power, spline, [free_form.fit_network(data, seed=0, steps=3)], path)
        assert is_drawn(path)


def test_a_missing_folder_is_said(monkeypatch, capsys):
    free_form = example("free_form_rate")
    monkeypatch.delenv("HOMODYNE_EQX_AGEING_MAP", raising=False)
    monkeypatch.setattr(sys, "argv", ["free_form_rate.py"])
    with pytest.raises(SystemExit):
        free_form.main()
    assert "HOMODYNE_EQX_AGEING_MAP" in capsys.readouterr().err
