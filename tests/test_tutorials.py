"""The tutorials run from top to bottom, and their code does what their text says."""

import re
from pathlib import Path
from types import ModuleType

import jax
import numpy as np
import pytest

import homodyne_eqx as hx

# One process runs them all, since what they share takes a minute.
pytestmark = [pytest.mark.x64, pytest.mark.slow, pytest.mark.xdist_group("tutorials")]

ROOT = Path(__file__).parent.parent
TUTORIAL = ROOT / "docs" / "tutorials" / "write_your_own_term.md"
FITTING = ROOT / "docs" / "fitting.md"
SEVERAL = ROOT / "docs" / "several_data_sets.md"
OTHER_UNCERTAINTIES = ROOT / "docs" / "other_uncertainties.md"


def python_blocks(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def defined_by(page: Path):
    """The names that a page defines, its blocks run in order; without the switch of precision, which is set already."""
    module = ModuleType(page.stem)
    for block in python_blocks(page):
        exec(compile(re.sub(r"^jax\.config.*\n", "", block, flags=re.M), str(page), "exec"), vars(module))
    return vars(module)


@pytest.fixture(scope="module")
def tutorial():
    return defined_by(TUTORIAL)


@pytest.fixture(scope="module")
def fitting():
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):  # as Optax needs
        return defined_by(FITTING)


@pytest.fixture(scope="module")
def several():
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):  # as Optax needs
        return defined_by(SEVERAL)


def akaike(results):
    return {name: result.chi2 + 2 * len(result.free_names) for name, result in results.items()}


def test_the_term_is_fitted_to_what_was_simulated(tutorial):
    result = tutorial["hopping"]
    assert result.converged
    assert result.parameters["hopping.rate"].value == pytest.approx(0.8, rel=0.02)
    assert result.parameters["hopping.length"].value == pytest.approx(300.0, rel=0.02)
    assert result.reduced_chi2 == pytest.approx(1, abs=0.08)


@pytest.mark.parametrize(
    ("kind", "best"), [("motions", "hopping"), ("rates", "full ageing"), ("detected", "bleaching")]
)
def test_the_comparisons_choose_what_was_simulated(tutorial, kind, best):
    results = tutorial[kind]
    assert all(result.converged for result in results.values())
    found = akaike(results)
    assert all(found[name] > found[best] + 10 for name in results if name != best)
    assert results[best].reduced_chi2 == pytest.approx(1, abs=0.08)


def test_what_the_text_says_of_diffusion(tutorial):
    assert tutorial["motions"]["diffusion"].reduced_chi2 == pytest.approx(8.6, abs=0.1)


def test_the_rate_and_the_detection_return_what_was_simulated(tutorial):
    ageing = tutorial["rates"]["full ageing"].parameters
    assert ageing["diffusion.rate.initial"].value == pytest.approx(4e4, rel=0.03)
    assert ageing["diffusion.rate.time"].value == pytest.approx(1.5, rel=0.06)
    assert ageing["diffusion.rate.initial"].unit == "Å²/s"
    bleaching = tutorial["detected"]["bleaching"].parameters
    assert bleaching["bleaching.share"].value == pytest.approx(0.4, abs=0.02)
    assert bleaching["bleaching.time"].value == pytest.approx(3.0, rel=0.06)


def test_the_terms_of_the_page_have_the_limits_of_the_page(tutorial):
    geometry = hx.Geometry(q=[1e-4, 0.05], t=[0.0, 0.3, 0.7])
    hopping = hx.testing.pair_values(tutorial["Hopping"](2.0, 100.0), geometry)
    lag = np.subtract.outer(np.asarray(geometry.t), np.asarray(geometry.t))[np.tril_indices(3)]
    np.testing.assert_allclose(hopping[0], np.exp(-1e-8 / 2 * 2e4 * lag), rtol=1e-6)
    np.testing.assert_allclose(hopping[1], np.exp(-2 * lag), rtol=1e-4)
    linear = hx.testing.pair_values(
        hx.VelocityProfile(hx.Constant(1e-3), 10.0, tutorial["PowerLawFluid"](1.0)), hx.testing.example_geometry()
    )
    simple = hx.testing.pair_values(hx.Shear(hx.Constant(1e-3), 10.0, hx.GapAverage()), hx.testing.example_geometry())
    np.testing.assert_allclose(np.abs(linear), np.abs(simple), atol=1e-9)


def test_an_optimiser_of_ones_own_and_the_normal_equations_agree_with_the_fit(fitting):
    result = fitting["result"]
    assert result.converged
    assert result.parameters["diffusion.rate"].value == pytest.approx(14000, rel=0.01)
    assert float(fitting["value"]) == pytest.approx(result.chi2 / fitting["packed"].n_pairs, rel=1e-3)
    np.testing.assert_allclose(fitting["covariance"], result.white_noise_covariance, rtol=1e-4)


def test_the_stages_of_the_page_lead_to_the_same_minimum(fitting):
    for name in ("aged", "staged"):
        assert fitting[name].converged
        assert fitting[name].seconds["first_stages"] > 0
        assert fitting[name].chi2 == pytest.approx(fitting["result"].chi2, rel=1e-6)


def test_tied_exponents_are_one_free_parameter(fitting):
    one = fitting["one"]
    assert one.converged
    assert "beta" not in one.free_names
    assert one.parameters["beta"].value == one.parameters["alpha"].value
    assert one.parameters["beta"].uncertainty == one.parameters["alpha"].uncertainty


def test_fitted_rates_follow_the_calibration_as_the_page_says(fitting):
    """J q² and the shear rate times q times the gap are all that the data can tell."""
    np.testing.assert_allclose(fitting["slopes"], [[-2, 0], [-1, -1]], atol=1e-5)


def test_the_other_estimates_of_uncertainty_are_what_their_page_says(capsys):
    page = defined_by(OTHER_UNCERTAINTIES)
    text, shown = OTHER_UNCERTAINTIES.read_text(encoding="utf-8"), capsys.readouterr().out
    for words in ("8 scans;", "4 blocks;", "20 refits", "frames 30–39"):
        assert words in shown
    scans, simulated = page["found"], page["simulated"]
    for name, (low, high) in scans.intervals(0.999).items():
        assert low < page["results"][0].parameters[name].start < high
        assert simulated.uncertainties[name] == pytest.approx(scans.single_uncertainties[name], rel=0.9)
    low, high = scans.intervals(0.95)["contrast"]
    assert f"± {(high - low) / 2 / scans.uncertainties['contrast']:.2f}σ, not ± 1.96σ" in text
    for n, words in ((8, "27 % for 8"), (20, "16 % for 20"), (40, "11 % for 40")):
        assert words.startswith(f"{100 / np.sqrt(2 * (n - 1)):.0f} %")
        assert words in text


def test_data_sets_that_share_their_physics_are_fitted_as_the_page_says(several):
    joint = several["joint"]
    assert joint.converged
    assert joint.verdict.adequate
    assert joint.parameters["diffusion.rate"].value == pytest.approx(14000, rel=0.02)
    assert {"early.contrast[7]", "late.contrast[2]"} <= set(joint.parameters)
    assert several["apart"].parameters["data[1].diffusion.rate"].value == pytest.approx(14000, rel=0.05)
    assert several["both"].free_names[:2] == ("diffusion.rate", "data[0].shear.rate")


def test_priors_rows_and_frozen_parts_do_what_the_page_says(several):
    phi0 = several["known"].parameters["phi0"]
    assert phi0.uncertainty < 0.5
    related, rate, shear = several["related"], several["rate"], several["shear"]
    assert float(related[rate] / related[shear]) == pytest.approx(1.4e8, rel=0.01)
    logarithms = several["logarithms"]
    assert float(np.exp(logarithms.g1.terms[1].phi0)) == pytest.approx(20.0)
    assert float(np.exp(logarithms.g1.terms[0].rate.value)) == pytest.approx(14000, rel=0.05)


def test_the_samples_of_the_page_are_as_wide_as_the_uncertainty(several):
    result, samples = several["result"], np.asarray(several["samples"])
    for k, name in enumerate(result.free_names[:3]):
        p = result.parameters[name]
        assert np.std(samples[:, k]) == pytest.approx(p.uncertainty, rel=0.35), name
        assert abs(np.mean(samples[:, k]) - p.value) < p.uncertainty
