"""Whole fits: the truth within its uncertainty, the minimum of an independent solver, and honest endings."""

import itertools
import json
import pickle

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optimistix as optx
import pytest
import scipy.optimize

import homodyne_eqx as hx
from homodyne_eqx.fit.solve import levenberg_marquardt as solver_module

X64 = jax.config.jax_enable_x64
TRUTH = {
    "D0": 3e4,
    "alpha": -0.3,
    "D_offset": 2e3,
    "gamma_dot_t0": 2e-3,
    "beta": 0.2,
    "gamma_dot_t_offset": 2e-4,
    "phi0": 10.0,
}
START = {
    "D0": 4e4,
    "alpha": -0.2,
    "D_offset": 1.5e3,
    "gamma_dot_t0": 1.5e-3,
    "beta": 0.25,
    "gamma_dot_t_offset": 1.5e-4,
    "phi0": 14.0,
}
PHI = np.array([95.0, 20.0, 150.0, 60.0])
N_T = 40
SIGMA = 0.005


def geometry(t=None, phi=PHI):
    return hx.Geometry(q=0.0054, t=0.05 * np.arange(N_T) if t is None else t, phi=phi, gap=2e6)


def model(values=TRUTH, n_sector=4, **changed):
    scaling = {"contrast": np.full(n_sector, 0.3), "offset": np.full(n_sector, 1.0)}
    return hx.laminar_flow(**{**values, **scaling, "kernel": hx.GapAverage(), **changed})


def simulated(where=None, truth=None, seed=0, sigma=SIGMA, **options):
    where, truth = where or geometry(), truth or model()
    g2 = np.array(eqx.filter_jit(truth)(where), dtype=float)
    noise = np.tril(np.random.default_rng(seed).normal(size=g2.shape) * sigma, -1)
    return hx.TwoTimeData(g2 + noise + noise.transpose(0, 2, 1), where, **{"sigma": sigma or 1.0, **options})


def assert_truth(result, truth=TRUTH, within=4.0):
    for name, value in truth.items():
        p = result.parameters[name]
        assert abs(p.value - value) < within * p.uncertainty, str(p)


@pytest.mark.x64
@pytest.mark.slow
def test_the_truth_within_its_uncertainty_and_the_minimum_of_scipy():
    data = simulated()
    result = hx.fit(model(START), data)
    assert result.converged, result.message
    assert_truth(result)
    assert result.degrees_of_freedom == 4 * N_T * (N_T - 1) // 2 - 15
    assert abs(result.reduced_chi2 - 1) < 5 * np.sqrt(2 / result.degrees_of_freedom)

    i, j = np.tril_indices(N_T, -1)
    d = np.asarray(data.c2)[:, i, j]

    @jax.jit
    def residual(v):
        g2 = hx.from_parameter_vector(v[:7], v[7:11], v[11:], kernel=hx.GapAverage())(data.geometry)
        return ((g2[:, i, j] - d) / SIGMA).ravel()

    scale = np.abs([*START.values(), *[0.3] * 4, *[1.0] * 4])
    at = scipy.optimize.least_squares(
        lambda u: np.asarray(residual(u * scale)),
        np.array([p.value for p in result.parameters.values()]) / scale,
        jac=lambda u: np.asarray(jax.jacfwd(residual)(u * scale)) * scale,
        xtol=1e-12, ftol=1e-12, gtol=1e-12,
    )  # fmt: skip
    assert result.chi2 <= 2 * at.cost * (1 + 1e-9)
    covariance = np.linalg.inv(at.jac.T @ at.jac) * np.outer(scale, scale)
    np.testing.assert_allclose(
        np.sqrt(np.diagonal(result.white_noise_covariance)), np.sqrt(np.diagonal(covariance)), rtol=1e-2
    )


@pytest.mark.x64
@pytest.mark.slow
def test_uncertainties_are_the_scatter_of_replicates():
    fits = [hx.fit(model(), simulated(seed=seed), fixed=["D_offset", "gamma_dot_t_offset"]) for seed in range(24)]
    for name in ("D0", "alpha", "gamma_dot_t0", "phi0", "contrast[0]"):
        values = np.array([f.parameters[name].value for f in fits])
        claimed = np.mean([f.parameters[name].uncertainty for f in fits])
        assert 0.6 < np.std(values, ddof=1) / claimed < 1.6, name


@pytest.mark.x64
@pytest.mark.slow
def test_elimination_and_coarse_start_give_the_same_result():
    data = simulated()
    plain = hx.fit(model(START), data)
    for options in ({"eliminate_scaling": True}, {"coarse": 3}):
        other = hx.fit(model(START), data, **options)
        assert other.converged, other.message
        np.testing.assert_allclose(other.chi2, plain.chi2, rtol=1e-8)
        for name, p in plain.parameters.items():
            assert abs(other.parameters[name].value - p.value) < 0.02 * p.uncertainty, name
            np.testing.assert_allclose(other.parameters[name].uncertainty, p.uncertainty, rtol=0.02)


def test_elimination_under_a_robust_loss_is_refused():
    with pytest.raises(ValueError, match="closed form under Squares only"):
        hx.fit(model(START), simulated(), loss=hx.Cauchy(), eliminate_scaling=True)


@pytest.mark.x64
def test_non_uniform_times_unsorted_sectors_and_missing_pixels_do_no_harm():
    t = np.cumsum(np.random.default_rng(5).uniform(0.01, 0.09, N_T))
    clean = simulated(geometry(t))
    c2 = np.array(clean.c2)
    c2[:, 7, :] = c2[:, :, 7] = np.nan
    c2[:, np.arange(N_T), np.arange(N_T)] = 1.9
    result = hx.fit(model(START), hx.TwoTimeData(c2, clean.geometry, sigma=SIGMA))
    assert result.converged, result.message
    assert_truth(result)
    assert result.to_dict()["excluded"]["not_finite"] > 0


@pytest.mark.x64
def test_noise_free_data_return_the_truth():
    held = {name: TRUTH[name] for name in ("D_offset", "gamma_dot_t_offset")}
    result = hx.fit(model({**START, **held}), simulated(sigma=0.0), tolerance=1e-14, fixed=[*held])
    assert result.converged, result.message
    for name, value in {**TRUTH, "contrast[2]": 0.3, "offset[0]": 1.0}.items():
        assert result.parameters[name].value == pytest.approx(value, rel=1e-5), name
    assert result.chi2 < 1e-12


@pytest.mark.x64
@pytest.mark.slow
def test_outliers_pull_less_under_a_robust_loss():
    data = simulated()
    c2 = np.array(data.c2)
    rng = np.random.default_rng(1)
    for k, i, j in zip(rng.integers(0, 4, 60), rng.integers(20, 40, 60), rng.integers(0, 19, 60), strict=True):
        c2[k, i, j] = c2[k, j, i] = c2[k, i, j] + 0.3
    spoilt = hx.TwoTimeData(c2, data.geometry, sigma=SIGMA)
    robust, plain = hx.fit(model(START), spoilt, loss=hx.Cauchy()), hx.fit(model(START), spoilt)
    assert robust.converged, robust.message
    off = lambda r: abs(r.parameters["offset[1]"].value - 1)  # noqa: E731
    assert off(robust) < 0.3 * off(plain)


@pytest.mark.x64
def test_fits_of_one_shape_compile_once(monkeypatch):
    data = simulated()
    hx.fit(model(START), data)
    counted = []
    original = solver_module.residual

    def counting(*arguments):
        counted.append(1)
        return original(*arguments)

    monkeypatch.setattr(solver_module, "residual", counting)
    hx.fit(model(START), simulated(seed=1), bounds={"D0": (1.0, 1e7)})
    first = len(counted)
    hx.fit(model(TRUTH), simulated(seed=2), bounds={"alpha": (-1.0, 1.0)})
    hx.fit(model(START), simulated(seed=3, mask=np.arange(N_T) == 7))
    assert len(counted) == first


@pytest.mark.x64
class TestEndings:
    def test_the_step_limit_is_not_convergence(self):
        result = hx.fit(model(START), simulated(), max_steps=2)
        assert not result.converged
        assert result.ended == "step limit"
        assert "NOT CONVERGED" in str(result)

    @pytest.mark.slow
    def test_a_parameter_that_the_data_do_not_determine_is_named(self):
        across = simulated(geometry(phi=np.full(4, 100.0)))
        result = hx.fit(model(TRUTH), across, free=["D0", "gamma_dot_t0"], fixed=["phi0"])
        assert not result.converged
        assert result.ended == "undetermined"
        assert "gamma_dot_t0" in result.message

    def test_ctrl_c_keeps_the_best_state(self):
        def stop(iteration):
            if iteration.number == 3:
                raise KeyboardInterrupt

        result = hx.fit(model(START), simulated(), callback=stop)
        assert not result.converged
        assert result.ended == "interrupted"
        assert result.chi2 < result.history[0].chi2

    def test_a_parameter_on_its_bound_is_marked(self):
        result = hx.fit(model(START, alpha=0.0), simulated(), bounds={"alpha": (-0.1, 1.0)})
        p = result.parameters["alpha"]
        assert p.at_bound
        assert abs(p.value + 0.1) < 1e-3
        assert np.isnan(p.uncertainty)
        assert result.converged, result.message

    def test_fewer_pairs_than_parameters(self):
        with pytest.raises(ValueError, match="cannot determine"):
            hx.fit(model(), simulated().select(frames=(0, 2)))

    def test_a_model_of_another_number_of_sectors(self):
        with pytest.raises(ValueError, match="sectors"):
            hx.fit(model(n_sector=3), simulated())

    def test_starting_at_the_minimum_is_convergence(self):
        data = simulated()
        again = hx.fit(hx.fit(model(START), data).model, data)
        assert again.converged
        assert len(again.history) <= 3


@pytest.mark.x64
def test_the_history_falls_and_the_callback_sees_it():
    seen = []
    result = hx.fit(model(START), simulated(), callback=seen.append)
    assert tuple(seen) == result.history
    chi2 = [iteration.chi2 for iteration in seen[1:]]
    assert all(b <= a * (1 + 1e-12) for a, b in itertools.pairwise(chi2))


@pytest.mark.x64
def test_mean_rates_are_computed_when_asked_for_also_from_a_stored_result():
    result = hx.fit(model(START), simulated())
    assert "derived" not in vars(result)
    found = pickle.loads(pickle.dumps(result)).derived["mean J"]
    t, value = np.maximum(np.asarray(geometry().t), 0.025), {name: p.value for name, p in result.parameters.items()}
    rate = value["D0"] * t ** value["alpha"] + value["D_offset"]
    assert found.value == pytest.approx(np.mean((rate[1:] + rate[:-1]) / 2), rel=1e-9)
    assert found.unit == "Å²/s"
    assert result.derived["mean J"] == found
    scatter = [hx.fit(model(START), simulated(seed=k)).derived["mean J"].value for k in range(1, 13)]
    assert np.std(scatter, ddof=1) == pytest.approx(found.uncertainty, rel=0.6)


@pytest.mark.x64
def test_the_result_is_saved_whole_and_never_over_another(tmp_path):
    result = hx.fit(model(START), simulated())
    path = result.save(tmp_path / "result.json")
    found = json.loads(path.read_text())
    assert found["converged"] is True
    assert found["kernel"] == "GapAverage"
    assert found["parameters"]["D0"]["value"] == result.parameters["D0"].value
    assert found["parameters"]["D0"]["unit"] == "Å²/s^(1+alpha)"
    assert found["degrees_of_freedom"] == result.degrees_of_freedom
    with pytest.raises(FileExistsError):
        result.save(path)


def test_it_works_in_the_precision_of_the_run():
    result = hx.fit(model(START), simulated(), fixed=["D_offset", "gamma_dot_t_offset"])
    assert result.chi2 / result.degrees_of_freedom < 1.2
    for name in ("gamma_dot_t0", "phi0"):
        p = result.parameters[name]
        assert abs(p.value - TRUTH[name]) < 6 * p.uncertainty + 0.02 * abs(TRUTH[name]), str(p)


@pytest.mark.x64
@pytest.mark.standard_promotion
@pytest.mark.slow
def test_descent_reaches_the_minimum_of_the_fit():
    g1 = hx.Diffusion(hx.Constant(4e4)) * hx.Shear(hx.Constant(1.5e-3), 12.0, hx.GapAverage())
    start = hx.TwoTimeModel(g1, hx.ContrastOffset(0.28, 1.01))
    truth = eqx.tree_at(
        lambda m: (m.g1.terms[0].rate.value, m.scaling), start, (jnp.asarray(3e4), hx.ContrastOffset(0.3, 1.0))
    )
    data = hx.pack(simulated(truth=truth))
    plain, descended = hx.fit(start, data), hx.descend(start, data, steps=150)
    assert descended.converged, descended.message
    np.testing.assert_allclose(descended.chi2, plain.chi2, rtol=1e-5)
    short = hx.descend(start, data, steps=3)
    assert not short.converged


@pytest.mark.parametrize("solver", [None, "dogleg"])
@pytest.mark.slow
def test_the_chi_squared_of_a_step_is_that_of_its_parameters(solver):
    """Step by step and in the end, where a fit is cut short too."""
    data = simulated()
    chosen = None if solver is None else optx.Dogleg(rtol=1e-8, atol=1e-8)
    result = hx.fit(model(START), data, solver=chosen, max_steps=4)
    assert result.ended == hx.Ended.STEP_LIMIT
    packed, free = hx.pack(data), [p.name for p in result.parameters.values() if p.free]
    for step in result.history[1:]:
        at = dict(zip(free, step.parameters, strict=True))
        scaling = {name: np.array([at[f"{name}[{k}]"] for k in range(4)]) for name in ("contrast", "offset")}
        there = model({name: at[name] for name in TRUTH}, **scaling)
        assert step.chi2 == pytest.approx(float(hx.chi_squared(there, packed)), rel=1e-6 if X64 else 1e-3)
    assert result.chi2 == pytest.approx(float(hx.chi_squared(result.model, packed)), rel=1e-6 if X64 else 1e-3)
