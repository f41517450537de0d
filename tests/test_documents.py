"""The examples of the documents run, and statements in two places agree."""

import re
import runpy
import tomllib
from importlib.metadata import version
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx

ROOT = Path(__file__).parent.parent
NAMES = ("homodyne_eqx", "homodyne", "xpcsjax")


def python_blocks(name: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def test_the_term_of_the_contribution_guide_works():
    (source,) = python_blocks("CONTRIBUTING.md")
    preamble = (
        "from typing import ClassVar, final\n"
        "import jax.numpy as jnp\n"
        "from jaxtyping import Array, Float\n"
        "from homodyne_eqx.physics.geometry import Geometry, Sector\n"
        "from homodyne_eqx.physics.parameters import parameter\n"
        "from homodyne_eqx.physics.terms import AbstractTerm, Nodes\n"
    )
    namespace = {}
    exec(preamble + source, namespace)
    spread = namespace["VelocitySpread"](speed=40.0)
    geometry = hx.Geometry(q=0.01, t=np.array([0.0, 1.0, 2.5, 4.0]))
    model = hx.TwoTimeModel(spread, hx.ContrastOffset(contrast=0.5, offset=1.0))
    lag = np.abs(np.subtract.outer(geometry.t, geometry.t))
    # The velocity spread is Gaussian, so g1 is its characteristic function: the mean of cos(q v τ) over velocities.
    velocity = 40.0 * np.random.default_rng(1).standard_normal(200_000)
    g1 = np.vectorize(lambda tau: np.mean(np.cos(0.01 * velocity * tau)))(lag)
    np.testing.assert_allclose(model(geometry)[0], 1 + 0.5 * g1**2, atol=5e-3)
    gradient = eqx.filter_grad(lambda m: jnp.sum(m(geometry)))(model)
    assert all(jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))


@pytest.mark.x64
def test_the_rates_of_the_page_on_terms_are_what_it_says():
    namespace = {}
    (source,) = python_blocks("docs/terms.md")
    exec(source, namespace)
    assert namespace["result"].converged
    stated = [float(x) for x in re.findall(r"# ([\d., ]+):", source)[0].split(",")]
    np.testing.assert_allclose(namespace["rates"], stated, rtol=0.02)


@pytest.mark.parametrize(
    "page",
    ["README.md", "CONTRIBUTING.md", *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md")))],
)
def test_code_fits_a_page(page):
    """Within 76 characters, so that a program is not wrapped; a printed line may take the whole width."""
    found = re.findall(
        r"^( *)```(\w*).*?\n(.*?)^\1```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    too_long = [
        line
        for indent, language, code in found
        for line in code.splitlines()
        if len(line.removeprefix(indent)) > (100 if language == "text" else 76)
    ]
    assert too_long == []


def test_the_site_and_the_readme_show_the_same_example():
    assert python_blocks("README.md") == python_blocks("docs/index.md")


@pytest.mark.x64
def test_the_example_of_the_readme_runs_and_converges(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    namespace = {}
    (source,) = python_blocks("README.md")
    assert 'jax.config.update("jax_enable_x64", True)' in source  # in float32 it ends before the minimum
    exec(source, namespace)
    assert namespace["result"].converged, namespace["result"].message
    assert namespace["g2"].shape == namespace["data"].c2.shape
    assert "χ²" in capsys.readouterr().out
    assert (tmp_path / "sheared_colloid.json").is_file()


def test_a_fit_that_missed_the_minimum_is_marked_as_failed_on_the_page_of_benchmarks():
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("|") and "χ² " in line]
    fits = [row for row in rows if row[1].startswith("fit")]
    assert len(fits) > 6
    for _, _, *sides, ratios in fits:
        chi2 = [float(found[1]) if (found := re.search(r"χ² ([\d.]+)", side)) else None for side in sides]
        lowest = min(value for value in chi2 if value is not None)
        for side, value, ratio in zip(sides[1:], chi2[1:], ratios.split(" / "), strict=True):
            failed = value is not None and value > 1.01 * lowest
            assert ("**failed**" in side) == failed
            assert (ratio == "–") == (failed or value is None)


def test_the_chart_of_benchmarks_shows_the_times_of_its_page_and_which_fits_failed():
    namespace = runpy.run_path(str(ROOT / "benchmarks" / "engine_chart.py"))
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert str(namespace["PICTURE"]) in page
    shown = namespace["seconds_of"](page)
    assert shown["homodyne_eqx", "chi2"].keys() == {"a", "b", "c", "d"}
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if "| fit again |" in line]
    marked = {
        (package, row[0]) for row in rows for package, cell in zip(NAMES, row[2:5], strict=True) if "failed" in cell
    }
    assert {(name, size) for name in NAMES for size, (_, bad) in shown[name, "fit again"].items() if bad} == marked


def test_one_version():
    assert hx.__version__ == version("homodyne-eqx")
    assert f"\nversion: {hx.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    newest = re.search(r"^## ([\d.]+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == hx.__version__


def test_what_is_installed_is_pinned():
    """Every requirement of pyproject.toml, extras included, has its tested version in constraints.txt."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = project["dependencies"] + [r for extra in project["optional-dependencies"].values() for r in extra]
    names = {normal(re.match(r"[\w.-]+", requirement)[0]) for requirement in required} - {"homodyne-eqx"}
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {normal(line.split("==")[0]) for line in lines if "==" in line}
    assert names <= pinned
    assert not [line for line in lines if "://" in line or " @ " in line]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
