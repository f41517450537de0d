"""`homodyne-eqx fit`: the numbers it finds, what it writes, and how it ends."""

import hashlib
import json
import math

import h5py
import numpy as np
import pytest

from homodyne_eqx.fit import FitResult
from tests.app.steady import FRAMES, GAP, PHI, SIGMA, TRUTH, Q, steady_maps

pytestmark = pytest.mark.x64

MAIN = ("--rates", "constant")


def test_it_finds_what_was_put_in_and_writes_it_down(run, steady_file, tmp_path):
    out = tmp_path / "results" / "first"
    done = run("fit", steady_file, *MAIN, "--output", out)
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in out.iterdir()) == [
        *("config.toml", "curves.csv", "figures", "report.html", "result.h5", "result.json"),
    ]
    assert {path.name for path in (out / "figures").iterdir()} == {
        f"{name}.png" for name in ("maps", "g2", "frames", "rates", "correlations", "history")
    }
    result = json.loads((out / "result.json").read_text(encoding="utf-8"))
    for name in ("D0", "gamma_dot_t0", "phi0"):
        found = result["parameters"][name]
        assert abs(found["value"] - TRUTH[name]) < 4 * found["uncertainty"]
        assert 0 < found["uncertainty"] < 0.05 * abs(TRUTH[name])
        assert f"{name} " in done.stdout
    assert result["parameters"]["D0"]["unit"] == "Å²/s^(1+alpha)"
    assert not result["parameters"]["alpha"]["free"]
    assert result["converged"] is True
    assert result["kernel"] == "GapAverage"
    pairs = len(PHI) * FRAMES * (FRAMES - 1) // 2
    assert result["degrees_of_freedom"] == pairs - 3 - 2 * len(PHI)
    assert result["reduced_chi2"] == pytest.approx(1, abs=5 * math.sqrt(2 / pairs))
    assert result["reduced_chi2"] == pytest.approx(result["chi2"] / result["degrees_of_freedom"])
    assert result["excluded"]["diagonal"] == len(PHI) * FRAMES
    assert result["excluded"]["not_finite"] == 0
    assert result["input"]["sha256"] == hashlib.sha256(steady_file.read_bytes()).hexdigest()
    assert result["input"]["path"] == str(steady_file)
    assert result["versions"]["jax"]
    assert "at its minimum" in result["message"]


def test_the_maps_it_writes_are_the_data_the_model_and_their_difference(run, steady_file, tmp_path):
    out = tmp_path / "out"
    assert run("fit", steady_file, *MAIN, "--output", out, "--no-figures", "--quiet").exit_code == 0
    assert not (out / "figures").exists()
    with h5py.File(out / "result.h5") as file:
        c2, model, residual = (file[f"maps/{name}"][()] for name in ("c2", "model", "residual"))
        assert file["geometry/q"].attrs["unit"] == "Å⁻¹"
        np.testing.assert_allclose(file["geometry/phi"], PHI)
        names = [name.decode() for name in file["parameters/free_names"][()]]
        covariance = file["parameters/covariance"][()]
    np.testing.assert_allclose(c2, steady_maps(), atol=1e-6)
    off_diagonal = ~np.eye(FRAMES, dtype=bool)
    np.testing.assert_allclose(residual[:, off_diagonal], ((c2 - model) / SIGMA)[:, off_diagonal], atol=2e-4)
    assert np.all(np.isnan(residual[:, ~off_diagonal]))
    result = json.loads((out / "result.json").read_text(encoding="utf-8"))
    lower = np.tril(np.ones((FRAMES, FRAMES), bool), -1)
    assert np.sum(np.square(residual[:, lower])) == pytest.approx(result["chi2"], rel=1e-5)
    sigma = math.sqrt(covariance[names.index("D0"), names.index("D0")])
    assert sigma == pytest.approx(result["parameters"]["D0"]["uncertainty"])


def test_json_is_all_there_is_on_stdout(run, steady_file):
    done = run("fit", steady_file, *MAIN, "--json")
    result = json.loads(done.stdout)
    assert result["parameters"]["phi0"]["value"] == pytest.approx(TRUTH["phi0"], abs=2)
    assert "D0" in done.stderr


def test_quiet_says_nothing(run, steady_file):
    done = run("fit", steady_file, *MAIN, "--quiet")
    assert done.exit_code == 0
    assert done.output == ""


@pytest.mark.slow
def test_the_documented_kernel_needs_a_larger_shear_rate(run, steady_file):
    rates = {}
    for kernel in ("gap-average", "sinc-squared"):
        result = json.loads(run("fit", steady_file, *MAIN, "--kernel", kernel, "--json").stdout)
        rates[result["kernel"]] = result["parameters"]["gamma_dot_t0"]["value"]
    assert 2.2 < rates["SincSquared"] / rates["GapAverage"] < 2.31


def test_starts_holds_and_bounds_are_heeded(run, steady_file):
    options = ["--start", "D0=3e4", "--fix", "phi0=25", "--bound", "gamma_dot_t0=1e-5:1.5e-4", "--scaling", "common"]
    done = run("fit", steady_file, *MAIN, *options, "--json")
    parameters = json.loads(done.stdout)["parameters"]
    assert parameters["D0"]["start"] == 3e4
    assert (parameters["phi0"]["value"], parameters["phi0"]["free"]) == (25.0, False)
    assert parameters["gamma_dot_t0"]["value"] <= 1.5e-4
    assert parameters["gamma_dot_t0"]["at_bound"]
    assert "contrast" in parameters


def test_a_selection_is_all_that_is_fitted(run, steady_file):
    done = run("fit", steady_file, "--model", "static", *MAIN, "--phi", 60, 120, "--frames", 5, 30, "--json")
    result = json.loads(done.stdout)
    assert result["excluded"]["total"] == 2 * 25 * 25
    assert result["input"]["frames"] == [5, 30]


def test_what_does_not_converge_ends_with_1(run, steady_file, tmp_path):
    out = tmp_path / "out"
    options = ["--start", "D0=4e4", "--start", "gamma_dot_t0=5e-4", "--max-steps", 1, "--no-figures", "--output", out]
    done = run("fit", steady_file, *MAIN, *options)
    assert done.exit_code == 1
    assert "not converged" in done.stdout
    assert json.loads((out / "result.json").read_text(encoding="utf-8"))["converged"] is False


def test_ctrl_c_keeps_the_best_so_far(run, steady_file, tmp_path, monkeypatch):
    from homodyne_eqx.app.progress import FitProgress

    def interrupt(self, step):
        if step.number == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(FitProgress, "__call__", interrupt)
    out = tmp_path / "out"
    done = run("fit", steady_file, *MAIN, "--output", out, "--no-figures", "--start", "D0=4e4")
    assert done.exit_code == 130
    assert "interrupted" in done.stdout
    result = json.loads((out / "result.json").read_text(encoding="utf-8"))
    assert (result["ended"], result["converged"]) == ("interrupted", False)
    assert result["iterations"] == 3


def test_results_are_not_replaced_unasked(run, steady_file, tmp_path):
    out = tmp_path / "out"
    once = ["fit", steady_file, *MAIN, "--output", out, "--no-figures", "--quiet"]
    assert run(*once).exit_code == 0
    before = (out / "result.json").read_bytes()
    again = run(*once)
    assert again.exit_code == 2
    assert "--force" in again.stderr
    assert (out / "result.json").read_bytes() == before
    assert run(*once, "--force").exit_code == 0
    assert (out / "result.json").read_bytes() != before


def test_results_stay_and_are_printed_when_drawing_fails(run, steady_file, tmp_path, monkeypatch):
    from homodyne_eqx.app import fitting

    def fail(*_, **__):
        raise OSError("No space left on device")

    monkeypatch.setattr(fitting, "draw_figures", fail)
    done = run("fit", steady_file, *MAIN, "--output", tmp_path / "out", "--no-report")
    assert done.exit_code == 2
    assert "No space left" in done.stderr
    assert "converged" in done.stdout
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "config.toml",
        "curves.csv",
        "result.h5",
        "result.json",
    ]


def test_results_are_written_before_anything_is_said_of_them(run, steady_file, tmp_path, monkeypatch):
    from homodyne_eqx.app import report

    there = []
    monkeypatch.setattr(report, "print_result", lambda *_: there.extend((tmp_path / "out").iterdir()))
    assert run("fit", steady_file, *MAIN, "--output", tmp_path / "out", "--no-figures").exit_code == 0
    assert {path.name for path in there} == {"config.toml", "curves.csv", "result.h5", "result.json"}


def test_nothing_is_left_behind_when_writing_fails(run, steady_file, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError("No space left on device")

    monkeypatch.setattr(FitResult, "save", fail)
    done = run("fit", steady_file, *MAIN, "--output", tmp_path / "out", "--quiet")
    assert done.exit_code == 2
    assert "No space left" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [steady_file.name]


def test_what_the_file_lacks_comes_from_options(run, altered):
    path = altered({"entry/instrument/detector_1/frame_time": None})
    found = json.loads(run("fit", path, *MAIN, "--frame-time", 0.2, "--json").stdout)
    assert found["parameters"]["D0"]["value"] == pytest.approx(TRUTH["D0"] / 2, rel=0.05)


def test_shear_in_units_of_the_gap(run, altered):
    """A file without gap takes it from the option; half the gap needs twice the rate."""
    path = altered({"homodyne_eqx/gap": None})
    found = json.loads(run("fit", path, *MAIN, "--gap", GAP / 2, "--json").stdout)
    assert found["parameters"]["gamma_dot_t0"]["value"] == pytest.approx(2 * TRUTH["gamma_dot_t0"], rel=0.05)
    assert Q == 0.005
