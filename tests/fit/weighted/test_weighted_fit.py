"""Weights for the noise of speckles: against brute force, and over repeated simulations of speckle fields."""

import json

import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.fit.weighted.sectors_at import sectors_at

N_SECTOR, SPECKLES, TAU = 3, 800, 10.0
RATE = 1.0 / (TAU * 0.1 * 0.01**2)
MODEL = hx.TwoTimeModel(hx.Diffusion(RATE), hx.ContrastOffset(1.0, 1.0))


def geometry(n_t, n_sector=N_SECTOR):
    return hx.Geometry(q=np.full(n_sector, 0.01), t=np.arange(n_t) * 0.1)


def simulated(seed, n_t=40, n_sector=N_SECTOR, speckles=SPECKLES, exponent=1.0, **options):
    lag = np.abs(np.subtract.outer(np.arange(n_t), np.arange(n_t))) / TAU
    fields = [np.exp(-(lag**exponent) / 2)] * n_sector
    maps = hx.testing.speckle_maps(fields, speckles, seed, **options)
    return hx.TwoTimeData(maps, geometry(n_t, n_sector), sigma=0.05)


def values_of(result):
    return np.array([result.parameters[name].value for name in result.free_names])


@pytest.fixture(scope="module")
def data():
    return simulated(0)


@pytest.fixture(scope="module")
def plain(data):
    return hx.fit(MODEL, data)


@pytest.fixture(scope="module")
def weighted(data):
    return hx.fit(MODEL, data, weights="speckle")


def test_the_estimate_is_the_weighted_one_and_both_are_there(plain, weighted):
    assert (plain.weights, plain.guard, weighted.weights) == ("independent", None, "speckle")
    assert weighted.guard.passed
    assert 0 < weighted.guard.statistic <= weighted.guard.threshold
    least_squares, speckle = weighted.estimates["independent"], weighted.estimates["speckle"]
    np.testing.assert_allclose(least_squares.values, values_of(plain), rtol=1e-4)
    np.testing.assert_array_equal(speckle.values, values_of(weighted))
    np.testing.assert_array_equal(speckle.covariance, weighted.covariance)
    name = "diffusion.rate"
    assert speckle[name] == weighted.parameters[name].value
    assert speckle.uncertainties[name] == pytest.approx(weighted.parameters[name].uncertainty)
    assert speckle.uncertainties[name] < 0.8 * least_squares.uncertainties[name]
    assert abs(speckle[name] - RATE) < 4 * speckle.uncertainties[name]


def test_the_model_and_all_that_follows_are_at_the_weighted_estimate(plain, weighted):
    rate = weighted.parameters["diffusion.rate"]
    assert float(weighted.model.g1.rate.value) == pytest.approx(rate.value, rel=1e-6)
    assert weighted.derived["mean J"].value == pytest.approx(rate.value, rel=1e-5)
    assert weighted.derived["mean J"].uncertainty == pytest.approx(rate.uncertainty, rel=1e-4)
    residual = [weighted.maps(k).residual for k in range(N_SECTOR)]
    pairs = np.tril_indices(40, -1)
    assert weighted.chi2 == pytest.approx(sum(np.sum(r[pairs] ** 2) for r in residual), rel=1e-4)
    assert weighted.chi2 >= plain.chi2 * (1 - 1e-6)
    assert weighted.converged
    assert weighted.seconds["weights"] > 0
    (row,) = (row for row in weighted.summary() if row.group == "weights")
    assert row.value_text.startswith("speckle, uncertainties ")
    assert row.value_text in str(weighted)
    assert not any(row.group == "weights" for row in plain.summary())


def test_it_is_saved_and_loaded(weighted, tmp_path):
    weighted.save(tmp_path / "fit")
    loaded = hx.FitResult.load(tmp_path / "fit")
    assert (loaded.weights, loaded.guard) == (weighted.weights, weighted.guard)
    for kind, estimate in weighted.estimates.items():
        assert loaded.estimates[kind].names == estimate.names
        np.testing.assert_allclose(loaded.estimates[kind].values, estimate.values)
        np.testing.assert_allclose(loaded.estimates[kind].covariance, estimate.covariance)
    np.testing.assert_allclose(loaded.covariance, weighted.covariance)
    assert str(loaded) == str(weighted)
    document = json.loads((tmp_path / "fit" / "result.json").read_text())
    assert document["weights"] == "speckle"
    assert document["guard"]["passed"] is True


@pytest.mark.x64
def test_the_sums_are_those_of_brute_force():
    """Sixteen frames, of which one is excluded and nine pixels are masked, with the full covariance of the pixels."""
    n_t, n_sector = 17, 2
    maps, mask = simulated(1, n_t, n_sector).c2, np.ones((n_sector, n_t, n_t), bool)
    pairs = np.column_stack(np.tril_indices(n_t, -1))
    for k in range(n_sector):
        for i, j in np.random.default_rng(k).permutation(pairs)[:9]:
            mask[k, i, j] = mask[k, j, i] = False
    maps = np.where(mask, np.asarray(maps), np.nan)
    data = hx.TwoTimeData(maps, geometry(n_t, n_sector), sigma=0.05).excluding(frames=[6])
    result = hx.fit(MODEL, data)
    noise = result.spread.args[1]
    names, start = result.free_names, values_of(result)

    def at(values):
        v = dict(zip(names, values, strict=True))
        model = hx.TwoTimeModel(hx.Diffusion(v["diffusion.rate"]), hx.ContrastOffset(v["contrast"], v["offset"]))
        return np.asarray(model(geometry(n_t, n_sector)))

    steps = np.diag(1e-4 * np.abs(start))
    sectors = sectors_at(result.model, hx.pack(data), noise)
    i, j = (pair[(pairs[:, 0] != 6) & (pairs[:, 1] != 6)] for pair in pairs.T)
    contrast, offset = (result.parameters[name].value for name in ("contrast", "offset"))
    for k, sector in enumerate(sectors):
        there = mask[k, i, j]
        a, b = i[there], j[there]
        slopes = np.stack([(at(start + s) - at(start - s))[k][a, b] / (2 * s.sum()) for s in steps])
        K = (at(start)[k] - offset) / contrast + max(sector.photon_noise, 0.01) * np.eye(n_t)
        covariance = contrast**2 * (K[np.ix_(a, a)] * K[np.ix_(b, b)] + K[np.ix_(a, b)] * K[np.ix_(b, a)])
        weights = np.linalg.solve(covariance, slopes.T)
        normal, vector = slopes @ weights, (maps[k] - at(start)[k])[a, b] @ weights
        size = np.sqrt(np.diagonal(normal))
        np.testing.assert_allclose(sector.normal / np.outer(size, size), normal / np.outer(size, size), atol=3e-3)
        scale = np.max(np.abs(vector / size))
        np.testing.assert_allclose(sector.vector / size / scale, vector / size / scale, atol=5e-3)


@pytest.mark.x64
def test_a_decay_that_the_model_has_not_keeps_equal_weights():
    data = simulated(2, speckles=8000, exponent=0.85)
    result = hx.fit(MODEL, data, weights="speckle")
    assert (result.weights, result.guard.passed) == ("independent", False)
    assert result.guard.statistic > 2 * result.guard.threshold
    np.testing.assert_allclose(values_of(result), values_of(hx.fit(MODEL, data)), rtol=1e-6)
    np.testing.assert_array_equal(result.covariance, result.estimates["independent"].covariance)
    assert not result.verdict.adequate
    assert "equal weights are kept" in result.verdict.text


@pytest.mark.x64
def test_a_contrast_that_falls_keeps_equal_weights():
    share = np.sqrt(np.linspace(1, 0.6, 40))
    maps = 1 + (np.asarray(simulated(3, speckles=8000).c2) - 1) * np.outer(share, share)
    result = hx.fit(MODEL, hx.TwoTimeData(maps, geometry(40), sigma=0.05), weights="speckle")
    assert result.weights == "independent"
    assert "contrast falls more with the age of the sample" in result.verdict.text


@pytest.mark.x64
def test_bounds_hold(data, weighted):
    """The others are where they are with the parameter fixed there, and conditional on it."""
    best = weighted.parameters["contrast"].value
    bound = best - 2 * weighted.parameters["contrast"].uncertainty
    at = hx.TwoTimeModel(hx.Diffusion(RATE), hx.ContrastOffset(bound - 0.01, 1.0))
    result = hx.fit(at, data, weights="speckle", bounds={"contrast": (0.0, bound)})
    contrast, rate = result.parameters["contrast"], result.parameters["diffusion.rate"]
    assert result.weights == "speckle"
    assert contrast.value == bound
    assert contrast.at_bound
    assert np.isnan(contrast.uncertainty)
    held = hx.TwoTimeModel(hx.Diffusion(RATE), hx.ContrastOffset(bound, 1.0))
    fixed = hx.fit(held, data, weights="speckle", fixed=["contrast"])
    assert rate.value == pytest.approx(fixed.parameters["diffusion.rate"].value, abs=0.1 * rate.uncertainty)
    assert rate.uncertainty == pytest.approx(fixed.parameters["diffusion.rate"].uncertainty, rel=0.1)


@pytest.mark.slow
@pytest.mark.x64
def test_a_prior_counts_with_its_own_width(data, weighted):
    """A prior counts as a datum beside those of the maps, whose own uncertainty is that of the fit without it."""
    name = "diffusion.rate"
    free = weighted.parameters[name]
    sigma = free.uncertainty
    prior = hx.Normal(free.value + 2 * sigma, sigma)
    result = hx.fit(MODEL, data, weights="speckle", priors={name: prior})
    assert result.parameters[name].value == pytest.approx(free.value + sigma, abs=0.25 * sigma)
    assert result.parameters[name].uncertainty == pytest.approx(sigma / np.sqrt(2), rel=0.1)


def test_what_it_cannot_do_is_said(data):
    pairs = hx.OneTimeData([0.1, 0.2, 0.3], [[1.5, 1.2, 1.1]], q=[0.01], sigma=0.01)
    with pytest.raises(TypeError, match="OneTimeData; speckle noise is known only for whole maps"):
        hx.fit(MODEL, pairs, weights="speckle")
    with pytest.raises(ValueError, match="with the loss Huber, which has weights of its own"):
        hx.fit(MODEL, data, weights="speckle", loss=hx.Huber())
    with pytest.raises(ValueError, match="weights is 'speckles'; expected 'independent' or 'speckle'"):
        hx.fit(MODEL, data, weights="speckles")
    with pytest.raises(ValueError, match="a joint fit has"):
        hx.fit(MODEL, [data, data], weights="speckle")


def test_the_covariance_of_least_squares_is_not_taken_for_it(weighted):
    with pytest.raises(ValueError, match=r"That of the fit is result\.covariance"):
        hx.speckle_covariance(weighted)


@pytest.mark.slow
@pytest.mark.x64
def test_errors_are_smaller_and_as_stated():
    off, stated, passed = [], [], 0
    for seed in range(30):
        result = hx.fit(MODEL, simulated(100 + seed, 80), weights="speckle")
        both = [result.estimates[kind] for kind in ("independent", "speckle")]
        off.append([each["diffusion.rate"] - RATE for each in both])
        stated.append([each.uncertainties["diffusion.rate"] for each in both])
        passed += result.guard.passed
    scatter = np.std(off, axis=0, ddof=1)
    assert scatter[0] / scatter[1] > 1.5
    assert abs(np.mean(off, axis=0)[1]) < 0.5 * scatter[1]
    assert np.all(np.abs(scatter / np.sqrt(np.mean(np.square(stated), axis=0)) - 1) < 0.35)
    assert passed >= 29
