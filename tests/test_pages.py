"""The code of the pages that lead a reader through the package runs, and the pages quote what it prints."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import pytest

import homodyne_eqx as hx
from tests.pages import blocks

# One process runs them all, since what they share takes a minute.
pytestmark = [pytest.mark.x64, pytest.mark.slow, pytest.mark.standard_promotion, pytest.mark.xdist_group("pages")]

ROOT = Path(__file__).parent.parent
NUMBER = re.compile(r"[-−]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """`run("install.md")`: what the code of the page defines and prints, run from top to bottom in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def of(page):
        namespace = {}
        with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
            for code in blocks(page, "python"):
                # The suite has set the precision.
                exec(compile(re.sub(r"^jax\.config.*\n", "", code, flags=re.M), page, "exec"), namespace)
        return SimpleNamespace(printed=capsys.readouterr().out, **namespace)

    return of


def assert_quoted(quoted: str, printed: str):
    """Each quoted line is printed: the words as they are, the numbers to half a per cent."""
    lines = {" ".join(NUMBER.sub("#", line).split()): line for line in printed.splitlines()}
    for line in quoted.splitlines():
        words = " ".join(NUMBER.sub("#", line).split())
        if words.startswith("converged"):  # what is left of χ² is rounding
            continue
        assert words in lines, f"not printed: {line}"
        values = [[float(x.replace("−", "-")) for x in NUMBER.findall(text)] for text in (line, lines[words])]
        np.testing.assert_allclose(*values, rtol=5e-3, err_msg=line)


def test_the_page_on_installing_runs(run):
    assert hx.__version__ in run("install.md").printed


def test_the_first_fit_is_good_and_printed_as_quoted(run, tmp_path):
    page = run("first_fit.md")
    assert page.result.converged
    assert page.result.verdict.adequate
    (quoted,) = blocks("first_fit.md", "text")
    assert_quoted(quoted, page.printed)
    assert {"result.json", "result.h5", "curves.csv"} <= {path.name for path in (tmp_path / "out").iterdir()}


def test_the_commands_of_the_first_fit_run(tmp_path):
    shutil.copy(hx.datasets.sheared_colloid_path(), tmp_path / "scan_0042.hdf")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOMODYNE_EQX_CACHE": "off", "COLUMNS": "80"}
    (console,) = blocks("first_fit.md", "console")
    commands = re.findall(r"^\$ homodyne-eqx (.+)$", console.replace("\\\n", " "), re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        arguments = [sys.executable, "-m", "homodyne_eqx.app.main", *command.split()]
        done = subprocess.run(arguments, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "look" / "frames.png").is_file()
    assert (tmp_path / "out" / "report.html").is_file()
    assert (tmp_path / "out" / "figures" / "maps.png").is_file()


def test_the_choice_of_a_model_is_what_the_page_says(run):
    page = run("choose_a_model.md")
    text = (ROOT / "docs" / "choose_a_model.md").read_text(encoding="utf-8")
    assert not page.static.verdict.adequate
    assert page.static.verdict.text.split(". ")[0].rstrip(".") in text
    assert page.sheared.verdict.adequate
    assert "flow describes the data" in page.printed
    assert hx.convert_shear_rate(1.0, hx.GapAverage(), hx.SincSquared()) == pytest.approx(2.22, abs=0.01)
    alpha = page.result.parameters["alpha"]
    assert f"−{-alpha.value:.3f} ± {alpha.uncertainty:.3f}" in text


def test_a_result_reads_as_the_page_says(run):
    page = run("read_a_result.md")
    (quoted,) = blocks("read_a_result.md", "text")
    assert_quoted(quoted, page.printed)
    factors = [p.uncertainty / p.white_noise_uncertainty for p in page.result.parameters.values()]
    text = (ROOT / "docs" / "read_a_result.md").read_text(encoding="utf-8")
    assert f"factors of {min(factors):.0f} to {max(factors):.0f}" in text


def test_troubles_show_as_the_page_says(run):
    page = run("troubleshooting.md")
    assert page.ratio == pytest.approx(2.0, rel=1e-3)
    assert page.wrong.verdict.adequate
    assert not page.open_fit.converged
    assert "D_offset" in page.open_fit.message
    assert page.closed.converged
    assert "check the unit" in page.printed
    assert "1 not finite" in page.printed
    assert page.deepest.minima[0].chi2 == min(minimum.chi2 for minimum in page.deepest.minima)


@pytest.mark.parametrize(
    ("wrong", "J", "shear_rate"),
    [({"gap": 0.5}, 1, 2), ({"q": 0.5}, 4, 2), ({"t": 0.5}, 2, 2)],
    ids=["gap", "q", "frame period"],
)
def test_rates_follow_a_wrong_factor_as_the_table_says(wrong, J, shear_rate):
    def maps(factors, J, shear_rate):
        where = {"q": 0.005, "gap": 2.0e6, "t": 0.1 * np.arange(20)}
        geometry = hx.Geometry(phi=[0.0, 40.0], **{name: x * factors.get(name, 1) for name, x in where.items()})
        return hx.TwoTimeModel(hx.Diffusion(J) * hx.Shear(shear_rate, 10.0), hx.ContrastOffset(0.3, 1.0))(geometry)

    np.testing.assert_allclose(maps(wrong, J * 1e4, shear_rate * 1e-4), maps({}, 1e4, 1e-4), rtol=1e-12)
    name = {"gap": "gap", "q": "q", "t": "frame period"}[next(iter(wrong))]
    row = f"| {name} too small | {'as it was' if J == 1 else f'× {J}'} | × {shear_rate} |"
    assert row in (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")


def test_the_normal_equations_are_those_of_the_dense_jacobian(run):
    run("how_it_works.md")


def test_the_weights_for_speckles_gain_what_their_page_says(run):
    page = run("precision.md")
    assert page.result.weights == "speckle"
    assert page.result.guard.passed
    text = (ROOT / "docs" / "precision.md").read_text(encoding="utf-8")
    rows = [
        ("diffusion.rate", "J, Å²/s", 1.0),
        ("shear.rate", "shear rate, 10⁻⁵ s⁻¹", 1e-5),
        ("phi0", "φ0, degrees", 1.0),
    ]
    for name, label, unit in rows:
        columns = re.search(rf"^\| {label} \|.*$", text, re.MULTILINE)[0].split("|")[3:5]
        for column, kind in zip(columns, ("independent", "speckle"), strict=True):
            value, sigma = (float(x.replace(" ", "").replace("\N{NO-BREAK SPACE}", "")) for x in column.split("±"))
            estimate = page.result.estimates[kind]
            assert estimate[name] / unit == pytest.approx(value, abs=sigma / 10)
            assert estimate.uncertainties[name] / unit == pytest.approx(sigma, rel=0.1)


def test_white_noise_uncertainties_are_too_small_as_their_page_says(run):
    ratios = [p.uncertainty / p.white_noise_uncertainty for p in run("uncertainties.md").result.parameters.values()]
    assert min(ratios) > 5
    assert max(ratios) < 70
