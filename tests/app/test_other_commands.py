"""`inspect`, `simulate`, `plot`, `--help`, `--version`, and the installed script with `demo`."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import homodyne_eqx
from homodyne_eqx import datasets
from homodyne_eqx.app.configuration import read_config, settings_of

SETTINGS = {
    "D0": 1e4,
    "alpha": -0.3,
    "D_offset": 50.0,
    "gamma_dot_t0": 2e-4,
    "beta": 0.1,
    "gamma_dot_t_offset": 1e-5,
    "phi0": 10.0,
    "contrast": 0.25,
    "offset": 1.02,
}


def simulate(path, *more):
    settings = [part for name, value in SETTINGS.items() for part in ("--set", f"{name}={value}")]
    place = ["--q", 0.004, "--q", 0.008, "--phi", 0, "--phi", 60, "--gap", 1e6]
    measured = ["--frames", 30, "--dt", 0.2, "--noise", 0.01]
    return ["simulate", path, *settings, *place, *measured, *more]


@pytest.mark.x64
def test_a_simulated_file_holds_the_model_the_noise_and_its_origin(run, tmp_path):
    path = tmp_path / "s.hdf"
    assert run(*simulate(path, "--seed", 4, "--first-frame", 10, "--accumulation", "exact")).exit_code == 0
    data = homodyne_eqx.load(path)
    t = 0.2 * (10 + np.arange(30))
    np.testing.assert_allclose(data.geometry.t, t, rtol=1e-6)
    assert data.n_sector == 4
    metadata = data.provenance.metadata
    assert "model" in metadata["simulated"]
    assert "not from particles" in metadata["simulated"]
    assert (metadata["seed"], metadata["true_D0"], metadata["kernel"]) == (4, 1e4, "gap-average")
    # The same by numpy, with closed integrals of the power laws.
    moved = SETTINGS["D0"] * t**0.7 / 0.7 + SETTINGS["D_offset"] * t
    strain = SETTINGS["gamma_dot_t0"] * t**1.1 / 1.1 + SETTINGS["gamma_dot_t_offset"] * t
    lag = lambda x: np.abs(np.subtract.outer(x, x))  # noqa: E731
    residuals = []
    for k in range(4):
        q, phi = float(data.geometry.q[k]), float(data.geometry.phi[k])
        y = q * 1e6 / 2 * np.cos(np.radians(10 - phi)) * lag(strain)
        expected = 1.02 + 0.25 * np.exp(-(q**2) * lag(moved)) * np.sinc(y / np.pi) ** 2
        residuals.append((data.c2[k] - expected)[np.tril_indices(30, -1)])
        np.testing.assert_allclose(data.c2[k], data.c2[k].T)
        np.testing.assert_allclose(np.diagonal(data.c2[k]), 1.27, rtol=1e-6)
    residuals = np.concatenate(residuals)
    assert residuals.std() == pytest.approx(0.01, rel=5 / np.sqrt(2 * residuals.size))
    assert abs(residuals.mean()) < 5 * 0.01 / np.sqrt(residuals.size)


@pytest.mark.x64
def test_the_seed_makes_the_noise(run, tmp_path):
    maps = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert run(*simulate(tmp_path / f"{name}.hdf", "--seed", seed)).exit_code == 0
        maps.append(homodyne_eqx.load(tmp_path / f"{name}.hdf").c2)
    assert np.array_equal(maps[0], maps[1])
    assert not np.array_equal(maps[0], maps[2])
    assert run(*simulate(tmp_path / "a.hdf")).exit_code == 2
    assert run(*simulate(tmp_path / "a.hdf", "--force")).exit_code == 0


@pytest.mark.x64
def test_inspect_tells_what_is_there_and_how_to_fit_it(run, steady_file, altered):
    said = run("inspect", steady_file).stdout
    for word in ("aps-u", "3 sectors", "40 frames", "0.1 s", "2e+06 Å", "0.005", "110", "120 on the diagonal"):
        assert word in said, said
    assert f"homodyne-eqx fit {steady_file} --model laminar-flow --output" in said
    bare = run("inspect", altered({"homodyne_eqx/sigma": None, "homodyne_eqx/gap": None})).stdout
    assert "none in the file; --sigma estimate would take" in bare
    assert "--gap <Å> --sigma estimate" in bare


@pytest.mark.x64
@pytest.mark.slow
def test_plot_draws_again(run, steady_file, tmp_path):
    out = tmp_path / "out"
    assert run("fit", steady_file, "--rates", "constant", "--output", out, "--no-figures", "--quiet").exit_code == 0
    assert run("plot", out).exit_code == 0
    assert (out / "figures" / "maps.png").stat().st_size > 10_000
    refused = run("plot", out)
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert run("plot", out, "--force", "--sector", 1).exit_code == 0
    assert [path.name for path in (out / "figures").iterdir()] == ["sector_1.png"]
    wrong = run("plot", out, "--force", "--colours", "no-such-colours")
    assert wrong.exit_code == 2
    assert "viridis" in wrong.stderr
    assert [path.name for path in (out / "figures").iterdir()] == ["sector_1.png"]
    again = run("plot", out / "result.h5", "--format", "pdf", "--output", tmp_path / "pdf")
    assert again.exit_code == 0
    assert (tmp_path / "pdf" / "maps.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("command", ["demo", "fit", "simulate", "inspect", "plot"])
@pytest.mark.parametrize("width", [80, 100])
def test_help_fits_the_terminal_and_ends_with_examples(run, command, width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    said = run(command, "--help")
    assert said.exit_code == 0
    assert max(len(line) for line in said.stdout.splitlines()) <= width
    assert f"homodyne-eqx {command}" in said.stdout.split("Examples")[1]


def test_version_and_what_holds_for_all_commands(run):
    assert run("--version").stdout.strip() == f"homodyne_eqx {homodyne_eqx.__version__}"
    said = run("--help").stdout
    for word in ("HOMODYNE_EQX_CACHE", "float64", "130"):
        assert word in said


def script(folder, *arguments):
    environment = {**os.environ, "COLUMNS": "80", "HOMODYNE_EQX_CACHE": str(folder / "cache")}
    command = [sys.executable, "-m", "homodyne_eqx.app.main", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_demo_returns_the_truth_and_shows_the_other_kernel(tmp_path):
    done = script(tmp_path, "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
    assert "simulated" in done.stdout
    result = json.loads((tmp_path / "homodyne-eqx-demo" / "result.json").read_text(encoding="utf-8"))
    truth = datasets.SHEARED_COLLOID_TRUTH
    for name, key in (("D0", "J"), ("gamma_dot_t0", "shear_rate")):
        assert result["parameters"][name]["value"] == pytest.approx(truth[key], rel=0.03)
    assert result["parameters"]["phi0"]["value"] == pytest.approx(truth["phi0"], abs=1)
    rows = [line.split() for line in done.stdout.splitlines()]
    (documented,) = (row for row in rows if row[:1] == ["SincSquared"] and len(row) == 4)
    assert 2.2 < float(documented[2]) < 2.3
    figures = {path.name for path in (tmp_path / "homodyne-eqx-demo" / "figures").iterdir()}
    names = ("maps", "cuts", "g2", "frames", "rates", "correlations", "history")
    assert figures == {f"{name}.png" for name in names}
    assert any((tmp_path / "cache").iterdir())
    config = settings_of(read_config(tmp_path / "homodyne-eqx-demo" / "config.toml"))
    assert (config.model, config.rates.value) == ("laminar-flow", "constant")
    assert f"D0={result['parameters']['D0']['start']!r}" in config.start
    assert "alpha" in config.fix


def test_a_process_ends_with_the_code_and_no_traceback(tmp_path):
    done = script(tmp_path, "fit", "missing.hdf")
    assert done.returncode == 2
    assert "missing.hdf" in done.stderr
    assert "Traceback" not in done.stderr
