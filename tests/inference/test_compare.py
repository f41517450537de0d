"""Comparison of models against simulated speckle fields, textbooks for white noise, and brute force."""

import dataclasses
import math

import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.fit import FitResult
from homodyne_eqx.fit.free_parameters import choose_free
from homodyne_eqx.fit.verdict.verdict import Verdict
from homodyne_eqx.inference.comparison import cross_validation
from homodyne_eqx.inference.comparison.compare import _entries, _ranked
from homodyne_eqx.inference.comparison.comparison import Comparison
from homodyne_eqx.inference.comparison.entry import ComparedModel, Criteria
from homodyne_eqx.inference.comparison.model_test import ModelTest
from homodyne_eqx.inference.comparison.noise_along import variance_along
from homodyne_eqx.inference.weighted_chi2 import quantile_of_chi2, weighted_chi2
from homodyne_eqx.physics.dense_map import two_time_map
from homodyne_eqx.physics.model import FieldOfModel
from homodyne_eqx.testing.speckle_fields import speckle_maps
from tests.holding import holding

N_T, N_SECTOR, SPECKLES = 24, 3, 300
GEOMETRY = hx.Geometry(q=np.full(N_SECTOR, 0.01), t=np.arange(N_T) * 0.1, phi=[0.0, 60.0, 120.0], gap=2e6)
RATE = 1.0 / (6 * 0.1 * 0.01**2)
SCALING = hx.ContrastOffset(1.0, 1.0)
REST = hx.TwoTimeModel(hx.Diffusion(RATE), SCALING)
FLOW = hx.TwoTimeModel(hx.Diffusion(RATE) * hx.Shear(4e-4, phi0=10.0, kernel=hx.GapAverage()), SCALING)
QUICK = {"estimate": False, "stages": ()}


def data_of(model, seed=0, speckles=SPECKLES):
    fields = [np.asarray(field) for field in two_time_map(FieldOfModel(model), GEOMETRY)]
    return hx.TwoTimeData(speckle_maps(fields, speckles, seed), GEOMETRY, sigma=0.05)


def with_white_noise(model, seed=0, sigma=0.02):
    noise = np.tril(sigma * np.random.default_rng(seed).standard_normal((N_SECTOR, N_T, N_T)), -1)
    return hx.TwoTimeData(np.asarray(model(GEOMETRY)) + noise + noise.swapaxes(1, 2), GEOMETRY, sigma=sigma)


def fits_to(data):
    return {"flow": hx.fit(FLOW, data, **QUICK), "rest": hx.fit(REST, data, **QUICK)}


@pytest.fixture(scope="module")
def at_rest():
    return fits_to(data_of(REST))


def one(name, adequate, aic, free=5, judged=True):
    spread = 0.05 if judged else math.nan
    aic = aic if judged else math.nan
    return ComparedModel(name, None, adequate, f"Text of {name}.", free, 5.0, 1.0, 1.0, spread, aic, aic, aic)


@pytest.mark.x64
def test_a_sum_of_one_or_of_equal_squares_is_exact_and_others_are_near_a_simulation():
    assert weighted_chi2(np.array([3.0])).probability(12.0) == pytest.approx(math.erfc(math.sqrt(2)))
    assert weighted_chi2(np.array([3.0, 3.0])).probability(12.0) == pytest.approx(math.exp(-2))
    weights = np.array([5.0, 2.0, 0.5])
    sums = weights @ np.random.default_rng(0).standard_normal((3, 200_000)) ** 2
    for value in (10.0, 25.0):
        assert weighted_chi2(weights).probability(value) == pytest.approx(np.mean(sums > value), rel=0.12)
    assert quantile_of_chi2(0.6827, 1) == pytest.approx(1, abs=1e-3)
    assert math.exp(-quantile_of_chi2(0.95, 2) / 2) == pytest.approx(0.05)


def test_what_describes_the_data_comes_first_then_the_least_aic_and_never_in_vain_before_a_case_of_it():
    small, large = one("small", True, 4.0, 3), one("large", True, 0.0, 5)
    wrong, open_ = one("wrong", False, 1.0), one("open", False, 0.0, judged=False)
    given = [open_, wrong, large, small]
    assert [e.name for e in _ranked(given, [])] == ["large", "small", "wrong", "open"]
    in_vain = ModelTest("small", "large", True, 3.0, 2.0, 0.2)
    order = _ranked(given, [in_vain])
    assert [e.name for e in order] == ["small", "large", "wrong", "open"]
    found = Comparison(tuple(order), (in_vain,), 0.01, 1.0, 100.0)
    assert "The data do not need the additional parameters of large (p = 0.2)" in found.conclusion
    assert "wrong" not in found.conclusion
    none = Comparison((wrong, open_), (), 0.01, 1.0, 100.0)
    assert none.conclusion.startswith("None of the models describes the data. wrong comes closest. Text of wrong.")
    assert "no model was judged" in Comparison((open_,), (), 0.01, 1.0, math.nan).conclusion


def test_differences_of_criteria_are_in_units_of_the_noise_of_a_parameter():
    verdict = Verdict(True, "", 1.0, 0.05, None, None)
    ended = {"small": hx.Ended.CONVERGED, "large": hx.Ended.UNDETERMINED, "stopped": hx.Ended.STEP_LIMIT}
    results = {
        n: holding(FitResult, ended=e, verdict=verdict, chi2=1e3, degrees_of_freedom=1000) for n, e in ended.items()
    }
    found = {
        "small": Criteria(1010.0, 3, 6.0, 400.0),
        "large": Criteria(1000.0, 5, 10.0, 400.0),
        "stopped": Criteria(900.0, 5, 10.0, 400.0),
    }
    entries, factor, n_independent = _entries(results, found)
    assert (factor, n_independent) == (2.0, 400.0)
    small, large, stopped = entries
    assert (small.delta_chi2, large.delta_chi2) == (5.0, 0.0)
    assert (small.delta_aic, large.delta_aic) == (1.0, 0.0)
    bic = np.array([1010 + 6 * math.log(400), 1000 + 10 * math.log(400)]) / 2
    assert (small.delta_bic, large.delta_bic) == pytest.approx(tuple(bic - bic.min()))
    assert all(math.isnan(x) for x in (stopped.delta_chi2, stopped.delta_aic, stopped.delta_bic))
    assert (small.penalty, small.free, small.expected, small.spread) == pytest.approx((3.0, 3, 1.0, 0.05))


@pytest.mark.x64
@pytest.mark.parametrize(("what", "folds"), [("sectors", 3), ("frames", 4)])
def test_what_is_left_out_is_hidden_from_the_fit_and_counts_alone(monkeypatch, what, folds):
    data, fitted = with_white_noise(REST), []

    class Remembering:
        def __init__(self, *options):
            pass

        def minimum(self, parameters, packed):
            fitted.append(packed)
            return REST, None

    monkeypatch.setattr(cross_validation, "Minimiser", Remembering)
    parameters = {p.name: p for p in choose_free(REST, None, (), None).parameters}
    result = holding(FitResult, model=REST, parameters=parameters, data=data, loss="Squares")
    found = cross_validation.held_out_chi2(result, what, folds, None, None)
    lower = np.tril(np.ones((N_T, N_T), bool), -1)
    squares = np.zeros(0)
    for part, kept in enumerate(fitted):
        block = np.arange(N_T) * folds // N_T == part
        out = np.arange(3) == part if what == "sectors" else np.zeros(3, bool)
        out = out[:, None, None] | (block[:, None] | block if what == "frames" else False)
        assert int(kept.n_pairs) == np.count_nonzero(~out & lower)
        pixels = np.broadcast_to(out & lower, data.shape)
        M, values = (np.asarray(x)[pixels] for x in (REST(GEOMETRY), data.c2))
        rows = np.stack([M, np.ones_like(M)], axis=1)  # contrast and offset at their best for what was left out
        squares = np.append(squares, (values - rows @ np.linalg.lstsq(rows, values, rcond=None)[0]) ** 2)
    assert found == pytest.approx(np.mean(squares) / 0.02**2, rel=1e-6)


@pytest.mark.parametrize(
    ("probability", "told"), [(0.4, "the data do not distinguish it"), (1e-4, "is distinguished from it")]
)
def test_it_is_said_whether_the_data_can_tell(probability, told):
    test = ModelTest("a", "b", False, -1.0, math.nan, probability)
    found = Comparison((one("a", True, 0.0), one("b", True, 1.0)), (test,), 0.01, 1.0, 100.0)
    assert told in found.conclusion
    assert found.undecided == (("b",) if probability > 0.01 else ())


@pytest.mark.x64
@pytest.mark.slow
def test_a_flow_is_not_asked_for_where_nothing_flows(at_rest):
    found = hx.compare(at_rest)
    assert [each.name for each in found] == ["rest", "flow"]
    test = found.test("flow", "rest")
    assert test.nested
    assert test.probability > 0.01
    assert 1 < test.degrees < 2.01
    assert "The data do not need the additional parameters of flow" in found.conclusion
    assert max(map(len, str(found).splitlines())) <= 80
    assert found.factor > 10  # χ² falls by more than that of independent pixels
    assert found["rest"] is found.best
    assert {row.group for row in found.summary()} == {"verdict", "rest", "flow", "notes"}
    packed = {name: dataclasses.replace(result, data=None) for name, result in at_rest.items()}
    again = hx.compare(packed, hx.pack(at_rest["rest"].data))
    assert again["flow"].delta_aic == pytest.approx(found["flow"].delta_aic, rel=1e-6)
    assert again.test("flow", "rest").probability == pytest.approx(test.probability, rel=1e-6)


@pytest.mark.x64
@pytest.mark.slow
def test_a_flow_is_found_where_there_is_one():
    found = hx.compare(fits_to(data_of(FLOW, speckles=4 * SPECKLES)))
    assert found.best.name == "flow"
    assert found.test("flow", "rest").probability < 1e-4
    assert found["rest"].delta_aic > 10


@pytest.mark.x64
@pytest.mark.slow
def test_for_white_noise_the_criteria_are_those_of_textbooks():
    results = fits_to(with_white_noise(REST))
    found = hx.compare(results)
    assert found.factor == pytest.approx(1, abs=0.15)
    for name, result in results.items():
        free = len(result.free_names)
        aic = (result.chi2 + 2 * free) - min(r.chi2 + 2 * len(r.free_names) for r in results.values())
        assert found[name].delta_aic == pytest.approx(aic, abs=0.5)
    assert found.n_independent == pytest.approx(results["rest"].degrees_of_freedom, rel=0.01)


@pytest.mark.x64
@pytest.mark.slow
def test_the_spread_of_the_difference_is_that_over_simulated_data(at_rest):
    """Σ w Δg2 · noise over maps that are simulated from the truth, by brute force."""
    near = hx.TwoTimeModel(hx.Diffusion(1.2 * RATE, kernel=hx.Stretched(0.9)), SCALING)
    other = hx.fit(near, at_rest["rest"].data, fixed=["diffusion.kernel.exponent"], **QUICK)
    rest = at_rest["rest"]
    apart = np.asarray(rest.model(GEOMETRY)) - np.asarray(other.model(GEOMETRY))
    apart = np.tril(apart / 0.05**2, -1)
    truth = np.asarray(REST(GEOMETRY))
    sums = [np.sum(apart * (np.asarray(data_of(REST, seed).c2) - truth)) for seed in range(400)]
    found = variance_along(rest, other, None, None)
    assert math.sqrt(found) == pytest.approx(np.std(sums), rel=0.25)  # speckles found to 10 %, draws, 400 replicates


@pytest.mark.x64
@pytest.mark.slow
def test_cases_are_found_whatever_their_parameters_are_called():
    data = with_white_noise(REST)
    changing = hx.TwoTimeModel(hx.Diffusion(hx.PowerLaw(RATE, 0.1, 0.0)), SCALING)
    stretched = hx.TwoTimeModel(hx.Diffusion(RATE, kernel=hx.Stretched(0.9)), SCALING)
    results = {"steady": hx.fit(REST, data, **QUICK), "ageing": hx.fit(changing, data, fixed=["D_offset"], **QUICK)}
    results["stretched"] = hx.fit(stretched, data, **QUICK)
    found = hx.compare(results)
    assert found.best.name == "steady"
    for name in ("ageing", "stretched"):
        test = found.test("steady", name)
        assert (test.nested, test.first) == (True, "steady")
        fallen = results["steady"].chi2 - results[name].chi2
        assert test.statistic == pytest.approx(max(fallen, 0), rel=0.25, abs=0.01)
        assert test.degrees == pytest.approx(1)
    assert found.test("ageing", "stretched") is None


@pytest.mark.x64
@pytest.mark.slow
@pytest.mark.parametrize("what", ["sectors", "frames"])
def test_left_out_data_are_predicted_by_a_fit_to_the_others(at_rest, what):
    rest, data = at_rest["rest"], at_rest["rest"].data
    found = hx.compare(at_rest, held_out=what, folds=3)
    cost, count, lower = 0.0, 0, np.tril(np.ones((N_T, N_T), bool), -1)
    for part in range(3):
        if what == "sectors":
            kept = data.select(sectors=[k for k in range(3) if k != part])
            pixels = np.zeros((3, N_T, N_T), bool)
            pixels[part] = lower
        else:
            block = np.arange(N_T) // (N_T // 3) == part
            kept = data.excluding(frames=block)
            pixels = np.broadcast_to(lower & (block[:, None] | block), (3, N_T, N_T))
        fitted = hx.fit(rest.model, kept, **QUICK)
        decay = np.asarray(hx.TwoTimeModel(fitted.model.g1, hx.ContrastOffset(1.0, 0.0))(GEOMETRY))
        rows = np.stack([np.ones(np.sum(pixels)), decay[pixels]], axis=1)
        values = np.asarray(data.c2)[pixels]
        residual = values - rows @ np.linalg.lstsq(rows, values, rcond=None)[0]
        cost, count = cost + np.sum(residual**2) / 0.05**2, count + np.sum(pixels)
    assert found["rest"].held_out == pytest.approx(cost / count, rel=1e-4)
    assert "left out" in str(found)


@pytest.mark.x64
@pytest.mark.slow
def test_what_cannot_be_compared_is_refused(at_rest):
    with pytest.raises(ValueError, match="one result or none"):
        hx.compare({"rest": at_rest["rest"]})
    with pytest.raises(ValueError, match="level is 1"):
        hx.compare(at_rest, level=1)
    other = dataclasses.replace(at_rest["flow"], data=data_of(REST, 1))
    with pytest.raises(ValueError, match="flow was fitted to other data than rest"):
        hx.compare({"rest": at_rest["rest"], "flow": other})
    maps = np.array(at_rest["rest"].data.c2)
    maps[-1, 5, 2] = maps[-1, 2, 5] = 1.01 * maps[-1, 5, 2]  # one pixel of the last sector
    other = dataclasses.replace(at_rest["flow"], data=hx.TwoTimeData(maps, GEOMETRY, sigma=0.05))
    with pytest.raises(ValueError, match="flow was fitted to other data than rest"):
        hx.compare({"rest": at_rest["rest"], "flow": other})
    with pytest.raises(ValueError, match="held_out is 'rows'"):
        hx.compare(at_rest, held_out="rows")
