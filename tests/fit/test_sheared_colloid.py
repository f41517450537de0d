"""Fits of the bundled particle simulation, which knows no correlation model."""

import numpy as np
import pytest

import homodyne_eqx as hx

pytestmark = pytest.mark.x64

TRUTH = hx.datasets.SHEARED_COLLOID_TRUTH
RATE, SHEAR = "diffusion.rate", "shear.rate"


@pytest.fixture(scope="module")
def colloid():
    return hx.datasets.sheared_colloid()


def fitted(data, kernel, factor, turned):
    """From a start that is off by a factor in the rates and by some degrees in φ0."""
    shear = hx.Shear(hx.Constant(TRUTH["shear_rate"] * factor), phi0=TRUTH["phi0"] + turned, kernel=kernel)
    scaling = hx.ContrastOffset(contrast=np.full(data.n_sector, 0.2), offset=np.full(data.n_sector, 1.0))
    model = hx.TwoTimeModel(hx.Diffusion(hx.Constant(TRUTH["J"] * factor)) * shear, scaling)
    result = hx.fit(model, data)
    assert result.converged, result.message
    return result


@pytest.mark.parametrize(
    ("factor", "turned"),
    [pytest.param(1.5, 12.5, id="50 % above", marks=pytest.mark.slow), pytest.param(0.5, -12.5, id="50 % below")],
)
def test_the_average_over_the_gap_returns_what_was_simulated(colloid, factor, turned):
    result = fitted(colloid, hx.GapAverage(), factor, turned)
    assert result.parameters[RATE].value == pytest.approx(TRUTH["J"], rel=0.03)
    assert result.parameters[SHEAR].value == pytest.approx(TRUTH["shear_rate"], rel=0.03)
    assert result.parameters["phi0"].value == pytest.approx(TRUTH["phi0"], abs=1)
    assert result.derived["mean D_SE = J/2"].value == pytest.approx(TRUTH["stokes_einstein"], rel=0.03)
    assert result.kernel == "GapAverage"
    for name, truth in ((RATE, "J"), (SHEAR, "shear_rate"), ("phi0", "phi0")):
        parameter = result.parameters[name]
        assert abs(parameter.value - TRUTH[truth]) < 3 * parameter.uncertainty < 0.05 * TRUTH[truth]
        assert parameter.uncertainty > 5 * parameter.white_noise_uncertainty
    assert result.verdict.adequate, str(result.verdict)


@pytest.mark.slow
def test_the_documented_kernel_returns_a_shear_rate_two_times_too_large(colloid):
    result = fitted(colloid, hx.SincSquared(), 1.5, 12.5)
    assert 2.2 < result.parameters[SHEAR].value / TRUTH["shear_rate"] < 2.3
    assert result.parameters["phi0"].value == pytest.approx(TRUTH["phi0"], abs=1)
    assert result.kernel == "SincSquared"


@pytest.mark.slow
def test_the_conversion_of_the_rate_explains_the_factor(colloid):
    documented = fitted(colloid, hx.SincSquared(), 1.5, 12.5).parameters[SHEAR].value
    converted = float(hx.convert_shear_rate(documented, hx.SincSquared(), hx.GapAverage()))
    assert converted == pytest.approx(TRUTH["shear_rate"], rel=0.04)


def test_a_result_is_saved_with_the_truth_that_the_file_carries(colloid, tmp_path):
    import json

    path = fitted(colloid, hx.GapAverage(), 1.5, 12.5).save(tmp_path / "result.json")
    saved = json.loads(path.read_text(encoding="utf-8"))
    assert saved["data"]["metadata"]["J"] == TRUTH["J"]
    assert saved["data"]["sha256"]
