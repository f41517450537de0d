"""Models of other packages: found, fitted, and refused where they are not what they should be."""

import importlib
import json
import sys

import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.app import extensions
from tests.app.steady import TRUTH

SOURCE = '''
import numpy as np
import homodyne_eqx as hx

def layered(data):
    """Diffusion and shear, one contrast a sector."""
    g1 = hx.Diffusion(hx.Constant(1e4)) * hx.Shear(hx.Constant(3e-4), 35.0, hx.GapAverage())
    return hx.TwoTimeModel(g1, hx.ContrastOffset(np.full(data.n_sector, 0.2), np.ones(data.n_sector)))

def term(data):
    return hx.Diffusion(hx.Constant(1e4))

number = 3
'''
ENTRY_POINTS = """[homodyne_eqx.models]
layered = visiting_models:layered
only-a-term = visiting_models:term
number = visiting_models:number
gone = visiting_models:gone
static = visiting_models:layered
"""


def install(folder, name, entry_points):
    """A distribution as an installer leaves it."""
    info = folder / f"{name}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(entry_points)


@pytest.fixture
def visiting(tmp_path, monkeypatch):
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "visiting_models.py").write_text(SOURCE)
    install(folder, "visiting", ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    sys.modules.pop("visiting_models", None)


@pytest.mark.x64
def test_a_model_of_another_package_is_fitted(run, steady_file, visiting):
    options = ["--start", "diffusion.rate=3e4", "--fix", "phi0=20"]
    done = run("fit", steady_file, "--model", "layered", *options, "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    parameters = found["parameters"]
    assert parameters["diffusion.rate"]["value"] == pytest.approx(TRUTH["D0"], rel=0.02)
    assert parameters["diffusion.rate"]["start"] == 3e4
    assert parameters["shear.rate"]["value"] == pytest.approx(TRUTH["gamma_dot_t0"], rel=0.02)
    assert parameters["shear.rate"]["start"] == 3e-4
    assert parameters["phi0"]["value"] == 20.0
    assert not parameters["phi0"]["free"]
    assert parameters["contrast[2]"]["value"] == pytest.approx(TRUTH["contrast"], rel=0.02)
    assert found["start_from"]["contrast"] == "visiting 1.2"
    assert found["start_from"]["diffusion.rate"] == "given"


@pytest.mark.x64
def test_entry_points_of_the_backport_are_taken_too(run, steady_file, visiting):
    """`importlib_metadata`, once imported, answers in the place of the standard library."""
    pytest.importorskip("importlib_metadata")
    done = run("fit", steady_file, "--model", "number", "--quiet")
    assert "is a int" in done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--model", "laminar"], ["'laminar'", "laminar-flow or static", "layered", extensions.GROUP]),
        (["--model", "layered", "--kernel", "sinc-squared"], ["sinc-squared", "layered", "Leave it out"]),
        (["--model", "layered", "--start", "D0=1"], ["'D0'", "diffusion.rate"]),
        (["--model", "only-a-term"], ["visiting 1.2", "Diffusion", "TwoTimeModel"]),
        (["--model", "number"], ["is a int", "function"]),
        (["--model", "gone"], ["visiting_models:gone", "Reinstall"]),
    ],
    ids=lambda x: " ".join(x),
)
@pytest.mark.x64
def test_what_is_refused(run, steady_file, visiting, options, words):
    done = run("fit", steady_file, *options, "--quiet")
    assert done.exit_code == 2
    assert all(word in done.stderr for word in words), done.stderr


def test_two_packages_of_one_name(visiting):
    install(visiting, "another", "[homodyne_eqx.models]\nlayered = elsewhere:model\n")
    importlib.invalidate_caches()
    with pytest.raises(ValueError, match=r"another 1\.2, visiting 1\.2"):
        extensions.find("layered")


def test_the_names_of_the_package_are_its_own(visiting):
    assert extensions.find("static") is None


def test_values_go_where_they_belong():
    g1 = hx.Diffusion(hx.Constant(1.0)) * hx.Ballistic(hx.Constant(2.0))
    model = extensions.InstalledModel("m", "p 1", hx.TwoTimeModel(g1, hx.ContrastOffset(np.array([0.1, 0.2]), 1.0)))
    built = model.build(model.start({"contrast": 0.5, "g1.terms[1].velocity.value": 7.0}).values)
    assert built.g1.terms[0].rate.value == 1.0
    assert built.g1.terms[1].velocity.value == 7.0
    assert built.scaling.contrast.tolist() == [0.5, 0.5]
    assert built.scaling.offset == 1.0


def test_a_path_in_the_model_stands_for_the_name():
    g1 = hx.Diffusion(hx.Constant(1.0)) * hx.Ballistic(hx.Constant(2.0))
    model = extensions.InstalledModel("m", "p 1", hx.TwoTimeModel(g1, hx.ContrastOffset(0.3, 1.0)))
    given = ["g1.terms[0].rate.value=3e4", "ballistic.velocity=1:2", "g1.terms[1].velocity.value", "D0=1"]
    assert model.by_name(given) == ["diffusion.rate=3e4", "ballistic.velocity=1:2", "ballistic.velocity", "D0=1"]
