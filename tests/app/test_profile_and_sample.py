"""`homodyne-eqx profile` and `sample`: what they find, write and refuse, and how they end."""

import json
import shutil
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

import homodyne_eqx as hx
from homodyne_eqx.app.stored_fit import stored_fit
from tests.app.made_inference import made_posterior, made_profile
from tests.app.steady import DT, FRAMES, GAP, PHI, SIGMA, Q, steady_maps

pytestmark = pytest.mark.x64

MODEL_FILE = """
from typing import final
import homodyne_eqx as hx
import jax.numpy as jnp
from homodyne_eqx.physics.parameters import parameter
from jaxtyping import Array, Float

@final
class Own(hx.AbstractRate):
    value: Float[Array, ""] = parameter("{unit}")

    def __call__(self, t):
        return self.value + 0 * t

def own(data):
    return hx.TwoTimeModel(hx.Diffusion(Own(2e4)), hx.ContrastOffset(0.3, 1.0))
"""


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A folder that `fit` wrote, with a common contrast and offset, of the right model."""
    from homodyne_eqx.app.command_line import app

    folder = tmp_path_factory.mktemp("fitted")
    geometry = hx.Geometry(q=Q, phi=PHI, gap=GAP, t=DT * np.arange(FRAMES), dt=DT)
    hx.save_aps_u(folder / "steady.hdf", hx.TwoTimeData(steady_maps().astype(np.float32), geometry, sigma=SIGMA))
    given = ("fit", folder / "steady.hdf", "--rates", "constant", "--scaling", "common", "--no-figures", "--quiet")
    done = CliRunner().invoke(app, [*map(str, given), "--output", str(folder / "out")])
    assert done.exit_code == 0, done.output
    (folder / "steady.hdf").unlink()
    return folder / "out"


@pytest.fixture
def out(fitted, tmp_path):
    """A copy of it, to write to."""
    shutil.copytree(fitted, tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def profiled(monkeypatch):
    """The profile is made by hand; what it was asked for is returned in a list."""
    asked = []

    def profile(result, name, **options):
        asked.append((result, name, options))
        return asked_notes.pop() if asked_notes else made_profile()

    asked_notes = []
    monkeypatch.setattr("homodyne_eqx.inference.profile", profile)
    return asked, asked_notes


def test_a_profile_is_printed_written_and_not_replaced_unasked(run, out, profiled):
    done = run("profile", out, "--parameter", "phi0", "--level", 0.9, "--level", 0.5)
    assert done.exit_code == 0, done.output
    (asked,) = profiled[0]
    assert asked[0].parameters["phi0"].value == pytest.approx(20, abs=3)
    assert asked[1:] == ("phi0", {"to": 0.9, "loss": asked[2]["loss"]})
    assert "90 %" in done.stdout
    assert "50 %" in done.stdout
    assert sorted(path.name for path in (out / "profiles").iterdir()) == ["phi0.json", "phi0.png"]
    refused = run("profile", out, "--parameter", "phi0")
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    again = run("profile", out, "--parameter", "phi0", "--force", "--no-figures", "--json")
    levels = [each["level"] for each in json.loads(again.stdout)["intervals"]]
    assert levels == pytest.approx([0.6827, 0.95, 0.99], abs=1e-4)
    assert again.stdout.isascii()
    assert [path.name for path in (out / "profiles").iterdir()] == ["phi0.json"]


def test_two_parameters_are_asked_for_together(run, out, monkeypatch):
    from tests.app.made_inference import made_contour

    asked = []
    monkeypatch.setattr("homodyne_eqx.inference.profile", lambda _, names, **how: asked.append(names) or made_contour())
    done = run("profile", out, "--parameter", "D0", "--parameter", "phi0", "--no-figures")
    assert done.exit_code == 0, done.output
    assert asked == [["D0", "phi0"]]
    assert "95 %" in done.stdout
    assert (out / "profiles" / "D0_and_phi0.json").is_file()


def test_a_profile_that_goes_wrong_ends_with_1(run, out, profiled):
    profiled[1].append(made_profile(notes=("some of the points did not converge",)))
    done = run("profile", out, "--parameter", "phi0", "--no-figures")
    assert done.exit_code == 1
    assert "did not converge" in done.stdout
    assert (out / "profiles" / "phi0.json").is_file()


def test_the_report_follows_and_the_text_has_it_too(run, out, profiled):
    assert run("report", out).exit_code == 0
    assert "How sure" not in (out / "report.html").read_text(encoding="utf-8")
    done = run("profile", out, "--parameter", "phi0", "--no-figures")
    assert "report.html" in done.stdout.splitlines()[-1]
    assert "Profiles of parameters" in (out / "report.html").read_text(encoding="utf-8")
    said = run("report", out, "--text").stdout
    assert said.startswith("TwoTimeData")
    assert "reduced χ²" in said
    assert str(made_profile()) in said
    assert run("report", out, "--text", "--output", "x.html").exit_code == 2
    assert run("fit", "none.hdf", "--output", out, "--force").stderr.count("profiles") == 0, "a fit may replace it"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--parameter", "alpha"), ("alpha is not free", "D0, gamma_dot_t0, phi0, contrast, offset")),
        (("--parameter", "ph0"), ("Did you mean phi0?",)),
        (("--parameter", "D0", "--parameter", "phi0", "--parameter", "offset"), ("expected one, or two",)),
        (("--parameter", "D0", "--level", "95"), ("--level is 95", "between 0 and 1")),
    ],
)
def test_what_cannot_be_profiled_is_refused_with_a_reason(run, fitted, arguments, words):
    done = run("profile", fitted, *arguments)
    assert done.exit_code == 2
    assert all(word in done.stderr for word in words), done.stderr
    assert not (fitted / "profiles").exists()


@pytest.mark.parametrize("command", [("profile", "--parameter", "D0"), ("sample",)])
def test_a_folder_without_a_result_is_refused_with_the_remedy(run, out, tmp_path, command):
    name, *more = command
    if name == "sample":
        pytest.importorskip("numpyro")
    (out / "result.h5").unlink()
    for folder, word in ((out, "Fit again: homodyne-eqx fit FILE"), (tmp_path / "none", "There is no")):
        done = run(name, folder, *more)
        assert done.exit_code == 2
        assert word in done.stderr


def test_a_result_that_is_cut_short_is_refused(run, out):
    whole = (out / "result.h5").read_bytes()
    (out / "result.h5").write_bytes(whole[: len(whole) // 2])
    done = run("profile", out, "--parameter", "D0")
    assert done.exit_code == 2
    assert "damaged" in done.stderr


def test_fits_of_speckle_weights_are_refused(run, out, monkeypatch):
    import homodyne_eqx.app.stored_fit as module

    class Weighted:
        weights, data = "speckle", ()

    monkeypatch.setattr(module.FitResult, "load", lambda *_, **__: Weighted())
    done = run("profile", out, "--parameter", "D0")
    assert done.exit_code == 2
    assert "--weights independent" in done.stderr


def test_the_loss_and_the_model_of_the_fit_come_back(run, steady_file, tmp_path):
    (tmp_path / "mine.py").write_text(MODEL_FILE, encoding="utf-8")
    given = ("--model", f"{tmp_path / 'mine.py'}:own", "--loss", "huber", "--phi", 100, 120, "--no-figures")
    done = run("fit", steady_file, *given, "--output", tmp_path / "own")
    assert done.exit_code in (0, 3), done.output
    del sys.modules["homodyne_eqx_model_of_mine"]  # as in the next process
    found = stored_fit(tmp_path / "own")
    assert type(found.loss).__name__ == "Huber"
    (value,) = (p.value for name, p in found.result.parameters.items() if name.startswith("diffusion"))
    assert type(found.result.model.g1.rate).__name__ == "Own"
    assert float(found.result.model.g1.rate(np.array(1.0))) == pytest.approx(value, rel=1e-12)
    (tmp_path / "own" / "config.toml").unlink()
    with pytest.raises(ValueError, match=r"In Python pass loss=Huber\(…\)"):
        stored_fit(tmp_path / "own")


def test_the_posterior_is_written_and_ends_with_1_where_it_cannot_be_trusted(run, out, monkeypatch):
    pytest.importorskip("arviz")
    pytest.importorskip("numpyro")
    asked = []
    given = [made_posterior(), made_posterior(divergences=2)]
    sample = lambda result, **how: asked.append(how) or given.pop(0)  # noqa: E731
    monkeypatch.setattr("homodyne_eqx.inference.posterior.sample", sample)
    done = run("sample", out, "--draws", 300, "--chains", 3, "--seed", 7, "--warmup", 20, "--json")
    assert done.exit_code == 0, done.output
    assert {**asked[0], "loss": None} == {"draws": 300, "chains": 3, "seed": 7, "warmup": 20, "loss": None}
    assert done.stdout.isascii()
    summary = json.loads(done.stdout)
    assert (summary["seed"], summary["warmup"]) == (7, 20)
    assert "may be trusted" in done.stderr
    names = ["posterior.nc", "posterior.png", "summary.json"]
    assert sorted(path.name for path in (out / "posterior").iterdir()) == names
    refused = run("sample", out)
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    doubtful = run("sample", out, "--force", "--no-figures")
    assert doubtful.exit_code == 1
    assert "2 of 600 steps diverged" in doubtful.stdout


@pytest.mark.parametrize("missing", ["numpyro", "arviz"])
def test_without_the_extra_it_says_how_to_install_it(run, fitted, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    done = run("sample", fitted)
    assert done.exit_code == 2
    assert "pip install 'homodyne-eqx[posterior]'" in done.stderr
    assert not (fitted / "posterior").exists()


@pytest.mark.slow
def test_the_profile_of_a_true_model_holds_the_truth(run, out):
    done = run("profile", out, "--parameter", "phi0", "--json", "--no-figures")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    narrow, wide, _ = found["intervals"]
    sigma = json.loads((out / "result.json").read_text(encoding="utf-8"))["parameters"]["phi0"]["uncertainty"]
    assert (narrow["high"] - narrow["low"]) / 2 == pytest.approx(sigma, rel=0.15)
    assert wide["low"] < 20 < wide["high"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_the_posterior_of_a_true_model_is_as_wide_as_the_fit_states(run, out):
    pytest.importorskip("numpyro")
    arviz = pytest.importorskip("arviz")
    done = run("sample", out, "--draws", 200, "--no-figures")
    assert done.exit_code == 0, done.output
    draws = arviz.from_netcdf(str(out / "posterior" / "posterior.nc")).posterior
    for name, fields in json.loads((out / "result.json").read_text(encoding="utf-8"))["parameters"].items():
        if fields["free"]:
            assert float(draws[name].std()) == pytest.approx(fields["uncertainty"], rel=0.3)
