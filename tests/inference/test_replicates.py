"""Estimates from several results: of results with made-up values, and of fits to simulated scans."""

import dataclasses

import numpy as np
import pytest

import homodyne_eqx as hx

N_T, N_SECTOR, SIGMA = 16, 2, 0.02
GEOMETRY = hx.Geometry(q=np.full(N_SECTOR, 0.01), t=np.arange(N_T) * 0.1, phi=[0.0, 60.0])
TRUTH = hx.TwoTimeModel(hx.Diffusion(1e4), hx.ContrastOffset(0.5, 1.0))


def scan(seed, model=TRUTH, sigma=SIGMA):
    noise = np.tril(SIGMA * np.random.default_rng(seed).standard_normal((N_SECTOR, N_T, N_T)), -1)
    return hx.TwoTimeData(np.asarray(model(GEOMETRY)) + noise + np.swapaxes(noise, 1, 2), GEOMETRY, sigma=sigma)


@pytest.fixture(scope="module")
def fitted():
    return hx.fit(TRUTH, scan(0))


def changed(result, **by_name):
    """A result whose parameters have other fields: name (with _ for .) → fields."""
    parameters = dict(result.parameters.items())
    for name, fields in by_name.items():
        name = name.replace("_rate", ".rate")
        parameters[name] = dataclasses.replace(parameters[name], **fields)
    return dataclasses.replace(result, parameters=parameters)


def with_values(result, values, uncertainty=1.0):
    return [changed(result, contrast={"value": value, "spread": uncertainty}) for value in values]


def test_mean_covariances_and_consistency_worked_out_by_hand(fitted):
    found = hx.from_replicates(with_values(fitted, [1.0, 2.0, 3.0, 6.0], uncertainty=0.5))
    k = found.names.index("contrast")
    assert found.names == fitted.free_names
    assert found.values[k] == pytest.approx(3.0)
    assert found.single_covariance[k, k] == pytest.approx(14 / 3)  # (4 + 1 + 0 + 9)/3
    assert found.covariance[k, k] == pytest.approx(14 / 12)
    assert found.uncertainties["contrast"] == pytest.approx((14 / 12) ** 0.5)
    assert found.single_uncertainties["contrast"] == pytest.approx((14 / 3) ** 0.5)
    chi2, degrees_of_freedom, probability = found.consistency["contrast"]
    assert chi2 == pytest.approx(56)
    assert degrees_of_freedom == 3
    assert probability == pytest.approx(4.2e-12, rel=0.02)  # of tables of χ²


def test_chi2_is_about_the_weighted_mean(fitted):
    """Two values that agree within their own small errors, and one far away that knows nothing."""
    results = [*with_values(fitted, [1.0, 1.1], 0.1), *with_values(fitted, [90.0], 1e3)]
    assert hx.from_replicates(results).consistency["contrast"].chi2 == pytest.approx(0.5, abs=0.02)


def test_the_interval_of_few_scans_is_that_of_student(fitted):
    found = hx.from_replicates(with_values(fitted, np.arange(8.0)))
    low, high = found.intervals(0.95)["contrast"]
    assert (high - low) / 2 / found.uncertainties["contrast"] == pytest.approx(2.365, abs=1e-3)  # of tables, n = 8
    low, high = found.intervals()["contrast"]
    assert (high - low) / 2 / found.uncertainties["contrast"] == pytest.approx(1.077, abs=2e-3)
    with pytest.raises(ValueError, match=r"probability is 95.*between 0 and 1"):
        found.intervals(95)


@pytest.mark.x64
def test_scans_with_independent_noise_agree_and_cover_the_truth():
    """χ² of 11 degrees of freedom is between 3.05 and 24.7 in 98 % of cases; three parameters share their noise."""
    results = [hx.fit(TRUTH, scan(seed)) for seed in range(12)]
    found = hx.from_replicates(results)
    for name, (low, high) in found.intervals(0.999).items():
        assert low < results[0].parameters[name].start < high
        assert 2 < found.consistency[name].chi2 < 28
        stated = np.mean([result.parameters[name].uncertainty for result in results])
        assert 0.5 < found.single_uncertainties[name] / stated < 1.7


@pytest.mark.x64
def test_a_sample_that_differs_from_scan_to_scan_is_noticed():
    models = [hx.TwoTimeModel(hx.Diffusion(rate), hx.ContrastOffset(0.5, 1.0)) for rate in (0.6e4, 1e4, 1.4e4, 1.8e4)]
    found = hx.from_replicates(hx.fit(TRUTH, scan(seed, model)) for seed, model in enumerate(models))
    assert found.consistency["diffusion.rate"].probability < 1e-6
    assert found.consistency["contrast"].probability > 1e-3
    assert "differ by more than their uncertainties say: diffusion.rate." in " ".join(str(found).split())


def test_an_angle_on_either_side_of_a_turn_is_one_direction(fitted):
    values = [89.0, -89.0, 90.0]
    results = [changed(fitted, contrast={"value": value, "period": 180.0}) for value in values]
    found = hx.from_replicates(results)
    assert found.values[found.names.index("contrast")] == pytest.approx(90.0)


def test_at_a_bound_there_is_no_covariance(fitted):
    results = with_values(fitted, [1.0, 2.0, 3.0])
    results[1] = changed(results[1], contrast={"value": 2.0, "at_bound": True, "spread": np.nan})
    found = hx.from_replicates(results)
    assert np.isnan(found.uncertainties["contrast"])
    assert np.isnan(found.consistency["contrast"].chi2)
    assert np.isfinite(found.uncertainties["offset"])
    assert "At a bound in some of the scans" in str(found)


def test_the_table_fits_a_terminal(fitted):
    text = str(hx.from_replicates(with_values(fitted, [1.0, 2.0, 4.0])))
    assert max(map(len, text.splitlines())) <= 80
    assert "3 scans; χ² has 2 degrees of freedom" in text
    line = next(line for line in text.splitlines() if line.startswith("contrast"))
    assert line.split()[1:5] == ["2.33", "0.88", "1.53", "1.00"]


def test_what_cannot_be_combined_is_refused(fitted):
    with pytest.raises(ValueError, match="number of results is 2; expected at least 3"):
        hx.from_replicates([fitted, fitted])
    other = changed(fitted, contrast={"free": False})
    with pytest.raises(ValueError, match=r"result 2 has the free parameters diffusion.rate, offset; result 0 has"):
        hx.from_replicates([fitted, fitted, other, fitted])
    stopped = dataclasses.replace(fitted, ended=hx.Ended.STEP_LIMIT)
    with pytest.raises(ValueError, match=r"Not converged: result 1 \(step limit\), result 3 \(step limit\);"):
        hx.from_replicates([fitted, stopped, fitted, stopped])


def test_parameters_that_are_fixed_elsewhere_are_said(fitted):
    held = [changed(fitted, contrast={"free": False, "value": value}) for value in (0.4, 0.4, 0.5)]
    assert "fixed at values that differ: contrast" in hx.from_replicates(held).notes[0]
    assert not hx.from_replicates([held[0]] * 3).notes
