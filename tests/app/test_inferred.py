"""The files of `profile` and `sample` in the folder of a result, and their part of the reports."""

import json
import os

import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.app import inferred
from homodyne_eqx.app.html_report.report import report_text
from homodyne_eqx.inference.profiles import from_document
from tests.app.made_inference import NAMES, made_contour, made_posterior, made_profile
from tests.app.steady import DT, FRAMES, GAP, PHI, SIGMA, Q, steady_maps


def test_profiles_and_contours_come_back_as_they_were(tmp_path):
    profile, contour = made_profile(notes=("a note",)), made_contour()
    for each, levels in ((profile, (0.9, 0.5)), (contour, (0.5,))):
        path = inferred.write_profile(tmp_path, each, levels)
        assert path.parent.name == "profiles"
    (second, of_second), (first, of_first) = inferred.inferred_in(tmp_path).profiles
    assert (of_first, of_second) == ((0.9, 0.5), (0.5,))
    np.testing.assert_allclose(first.interval(0.9), profile.interval(0.9), rtol=1e-12)
    np.testing.assert_allclose(first.interval(), (19, 22), atol=1e-9)
    assert (first.notes, first.names, first.ends) == (profile.notes, NAMES, ("level", "level"))
    np.testing.assert_allclose(second.contour(0.9), contour.contour(0.9), rtol=1e-12)
    assert first.text((0.9,)) == profile.text((0.9,))
    assert "90 %" in first.text((0.9,))
    assert second.text((0.5,)) == contour.text((0.5,))


def test_a_contour_says_between_which_values_it_lies():
    """For two independent parameters 95 % are within 2.45 σ (χ² of two degrees of freedom: 5.99)."""
    said = str(made_contour()).splitlines()
    assert max(map(len, said)) <= 80
    (row,) = (line.split() for line in said if line.startswith("phi0") and "95 %" in line)
    assert [float(x) for x in row[3:5]] == pytest.approx([20 - 0.5 * 2.448, 20 + 0.5 * 2.448], abs=0.02)


def test_what_never_ends_is_null_in_the_file(tmp_path):
    open_above = hx.Profile(
        "x", "", 0.0, 1.0, np.array([-3.0, 0.0, 50.0]), np.array([9.0, 0.0, 0.2]), ("x",), np.zeros((3, 1)),
        ("level", "open"),
    )  # fmt: skip
    path = inferred.write_profile(tmp_path, open_above, (0.9,))
    (interval,) = json.loads(path.read_text(encoding="utf-8"))["intervals"]
    assert interval["high"] is None
    assert interval["low"] == pytest.approx(-1.645, abs=1e-3)
    assert inferred.inferred_in(tmp_path).profiles[0][0].interval(0.9)[1] == np.inf


def test_names_of_files_are_plain(tmp_path):
    assert inferred.profile_file(tmp_path, ["contrast[3]"]).name == "contrast-3.json"
    assert inferred.profile_file(tmp_path, ["diffusion.rate", "phi0"]).name == "diffusion.rate_and_phi0.json"
    assert inferred.profile_file(tmp_path, ["../../x"]).parent == tmp_path / "profiles"


def test_a_former_one_is_replaced_by_force_alone(tmp_path):
    inferred.check_profile(tmp_path, ["phi0"], False)
    inferred.write_profile(tmp_path, made_profile(), (0.9,))
    with pytest.raises(FileExistsError, match="--force"):
        inferred.check_profile(tmp_path, ["phi0"], False)
    inferred.check_profile(tmp_path, ["phi0"], True)
    inferred.check_profile(tmp_path, ["alpha"], False)
    (tmp_path / "posterior").mkdir()
    inferred.check_posterior(tmp_path, False)
    (tmp_path / "posterior" / "thesis.tex").touch()
    with pytest.raises(FileExistsError, match=r"thesis\.tex"):
        inferred.check_posterior(tmp_path, True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to_is_refused_at_once(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match="Copy the folder"):
        inferred.check_profile(tmp_path, ["phi0"], False)
    tmp_path.chmod(0o700)


@pytest.mark.parametrize("text", ["{", "[]", '{"kind": "profile"}', '{"kind": "posterior"}', '{"kind": "contour"}'])
def test_a_damaged_file_is_named(tmp_path, text):
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "phi0.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"phi0\.json"):
        inferred.inferred_in(tmp_path)


def test_the_document_of_something_else_is_refused():
    with pytest.raises(ValueError, match="expected a profile or a contour"):
        from_document({"kind": "result"})


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_arviz_opens_the_draws_with_their_units(tmp_path):
    arviz = pytest.importorskip("arviz")
    posterior = made_posterior()
    inferred.write_posterior(tmp_path, posterior, False, {"seed": 5})
    found = arviz.from_netcdf(str(tmp_path / "posterior" / "posterior.nc"))
    np.testing.assert_array_equal(found.posterior["phi0"].values, posterior.draws[:, :, 1])
    assert found.posterior["D0"].attrs["units"] == "Å²/s"
    summary = json.loads((tmp_path / "posterior" / "summary.json").read_text(encoding="utf-8"))
    assert summary["seed"] == 5
    assert (summary["chains"], summary["draws"], summary["reliable"]) == (2, 300, True)
    of_phi0 = summary["parameters"]["phi0"]
    assert of_phi0["stated"] is None
    assert of_phi0["mean"] == pytest.approx(np.mean(posterior.draws[:, :, 1]))
    assert sum(of_phi0["histogram"]["counts"]) == 600
    narrow, wide = of_phi0["intervals"]
    draws = posterior.draws[:, :, 1]
    assert np.mean((draws > narrow["low"]) & (draws < narrow["high"])) == pytest.approx(0.6827, abs=0.005)
    assert np.mean((draws > wide["low"]) & (draws < wide["high"])) == pytest.approx(0.95, abs=0.005)
    assert inferred.inferred_in(tmp_path).texts() == [str(posterior)]


def test_the_pictures_are_drawn(tmp_path):
    for each in (made_profile(), made_contour()):
        path = inferred.write_profile(tmp_path, each, (0.68,))
        assert inferred.draw_profile(path, each).read_bytes().startswith(b"\x89PNG")
    (tmp_path / "posterior").mkdir()
    assert inferred.draw_posterior(tmp_path, made_posterior()).stat().st_size > 5_000
    again = inferred.write_profile(tmp_path, made_profile(), (0.68,))
    assert not again.with_suffix(".png").exists(), "the picture of the former profile is left beside the new numbers"


@pytest.mark.x64
def test_the_report_has_sections_of_what_there_is():
    geometry = hx.Geometry(q=Q, phi=PHI, gap=GAP, t=DT * np.arange(FRAMES), dt=DT)
    data = hx.TwoTimeData(steady_maps(), geometry, sigma=SIGMA)
    model = hx.TwoTimeModel(hx.Diffusion(2e4), hx.ContrastOffset(0.3, 1.0))
    result = hx.fit(model, data, sample=False, scan=False)
    without = report_text(result)
    assert "Profiles of" not in without
    assert "Posterior of" not in without
    profiles = [(made_profile(), (0.9,)), (made_contour(), (0.5,))]
    found = inferred.Inferred(profiles, made_posterior(divergences=3).document())
    page = report_text(result, inferred=found)
    for word in (
        "Profiles of parameters",
        "Posterior of the parameters",
        "3 of 600 steps diverged",
        'id="profile-1"',
        "90 %",
    ):
        assert word in page
        assert word not in without
    charts = json.loads(page.split('id="charts">')[1].split("</script>")[0])
    profile, contour = charts["profiles"]
    assert profile["intervals"] == [{"level": "90 %", "ends": pytest.approx([20 - 1.645, 20 + 2 * 1.645], abs=2e-3)}]
    assert contour["lines"][0]["line"][0] == pytest.approx(contour["lines"][0]["ellipse"][0][::5], abs=0.5)
    first, second = charts["marginals"]
    widths = np.diff(first["edges"])
    assert np.sum(widths * first["density"]) == pytest.approx(1, abs=1e-3)
    assert np.trapezoid(first["normal"], first["x"]) == pytest.approx(1, abs=1e-3)
    assert second["normal"] == []
