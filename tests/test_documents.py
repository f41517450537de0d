"""The examples of the documents run, and statements in two places agree."""

import ast
import re
import runpy
import tomllib
from datetime import date
from importlib.metadata import version
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx
from tests.pages import DOCS, blocks

ROOT = Path(__file__).parent.parent
NAMES = ("homodyne_eqx", "homodyne", "xpcsjax")
CITATION = (ROOT / "CITATION.cff").read_text(encoding="utf-8")


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
    assert f"\nversion: {hx.__version__}\n" in CITATION
    newest = re.search(r"^## ([\d.]+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == hx.__version__


def date_of_release(changelog: str) -> str | None:
    """The date in the heading of the newest version, which has none before it is released."""
    heading = re.search(r"^## [\d.]+, (.+)$", changelog, re.MULTILINE)[1]
    if heading == "not yet released":
        return None
    return date.fromisoformat(heading).isoformat()


def test_a_release_has_one_date_and_what_is_not_released_has_none():
    assert date_of_release("# Changelog\n\n## 0.3.0, 2026-11-28\n\n## 0.2.0, 2026-01-01\n") == "2026-11-28"
    assert date_of_release("## 0.3.0, not yet released\n\n## 0.2.0, 2026-01-01\n") is None
    with pytest.raises(ValueError, match="isoformat"):
        date_of_release("## 0.3.0, soon\n")
    stated = re.search(r"^date-released: *['\"]?(\S+?)['\"]?$", CITATION, re.MULTILINE)
    assert date_of_release((ROOT / "CHANGELOG.md").read_text(encoding="utf-8")) == (stated and stated[1])


def test_the_citation_states_what_its_format_asks_for_and_what_the_project_says():
    yaml = pytest.importorskip("yaml")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load(CITATION)
    assert {"cff-version", "message", "title", "authors"} <= set(citation)  # required by version 1.2.0 of the format
    assert citation["cff-version"] == "1.2.0"
    assert citation["license"] == project["license"]
    assert [each["name"] for each in citation["authors"]] == [each["name"] for each in project["authors"]]
    assert citation["title"].startswith("homodyne_eqx: ")
    for reference in citation["references"]:
        assert {"type", "title", "authors"} <= set(reference)  # required as well
        assert re.fullmatch(r"10\.\d{4,9}/\S+", reference["doi"])


def pages_with(language: str) -> list[str]:
    pages = (page.relative_to(DOCS) for page in sorted(DOCS.rglob("*.md")))
    return [str(page) for page in pages if blocks(page, language)]


@pytest.mark.parametrize("page", pages_with("python"))
def test_the_code_of_each_page_is_run_by_a_test_and_names_what_there_is(page):
    tests = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    quoted = re.compile(rf"[\"'/]{re.escape(page.rpartition('/')[2])}[\"']")
    assert page == "index.md" or any(quoted.search(test) for test in tests)  # the README has the code of the first page
    for code in blocks(page, "python"):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "hx":
                assert hasattr(hx, node.attr), f"{page} uses hx.{node.attr}"


@pytest.mark.parametrize("page", pages_with("text"))
def test_no_code_passes_for_text(page):
    for text in blocks(page, "text"):
        assert not re.search(r"^ *(import|from) \w+", text, re.MULTILINE)


def test_the_commands_for_the_examples_name_scripts_and_options_that_there_are():
    text = "\n".join(page.read_text(encoding="utf-8") for page in [*DOCS.rglob("*.md"), ROOT / "README.md"])
    shown = re.findall(r"python ((?:examples|benchmarks)/\S+?\.py)((?: [\w.-]+)*)", text)
    assert {"examples/quickstart.py", "examples/ageing_map.py", "examples/embedding/free_form_rate.py"} <= dict(
        shown
    ).keys()
    for script, words in shown:
        source = (ROOT / script).read_text(encoding="utf-8")
        for module in re.findall(
            r"^from (\w+) import", source, re.MULTILINE
        ):  # options may be those of a script beside
            beside = (ROOT / script).parent / f"{module}.py"
            source += beside.read_text(encoding="utf-8") if beside.is_file() else ""
        for flag in (word for word in words.split() if word.startswith("-")):
            assert f'"{flag}"' in source, f"{script} {words}"


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
