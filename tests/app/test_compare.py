"""Comparing models on the command line: names of models, and what the command says, refuses and writes."""

import json
import math

import pytest

from homodyne_eqx.app.compared_models import folder_of, model_and_rates, settings_of_models
from homodyne_eqx.app.fit_settings import FitSettings
from homodyne_eqx.app.html_report.comparison import write_comparison
from homodyne_eqx.app.model_choice import RatesName
from homodyne_eqx.inference import ComparedModel, Comparison, ModelTest


def test_the_rates_may_stand_behind_a_name():
    assert model_and_rates("static") == {"model": "static"}
    assert model_and_rates("static:constant")["rates"] is RatesName.constant
    assert model_and_rates("static:spline")["rates"] is RatesName.spline
    assert model_and_rates("mine.py:function") == {"model": "mine.py:function"}
    assert model_and_rates("mine.py:function:power-law")["model"] == "mine.py:function"
    assert folder_of("a/mine.py:function") == "mine.py-function"


def test_what_is_said_of_a_parameter_is_for_the_models_that_have_it():
    given = FitSettings(start=("D0=1e4", "phi0=3", "contrast=0.3"), fix=("alpha",), bound=("stretching=0.5:1.5",))
    found = settings_of_models(given, ["static:spline", "laminar-flow", "stretched-static"], None)
    assert found["static:spline"].start == ("contrast=0.3",)
    assert found["laminar-flow"].start == given.start
    assert found["stretched-static"].start == ("D0=1e4", "contrast=0.3")
    assert [each.fix for each in found.values()] == [(), ("alpha",), ("alpha",)]
    assert [each.bound for each in found.values()] == [(), (), given.bound]
    with pytest.raises(ValueError, match=r"--start names 'ph0', which none of the models has. Did you mean phi0\?"):
        settings_of_models(FitSettings(start=("ph0=1",)), ["static", "laminar-flow"], None)


@pytest.mark.x64
def test_names_of_a_model_from_a_file_are_known_with_the_data(steady_data, tmp_path):
    path = tmp_path / "mine.py"
    source = "import homodyne_eqx as hx\ndef mine(data):\n    return hx.TwoTimeModel({}, hx.ContrastOffset(0.3, 1.0))\n"
    path.write_text(source.format("hx.Diffusion(2e4)"), encoding="utf-8")
    names = ["static", f"{path}:mine"]
    given = FitSettings(start=("diffusion.rate=1e4", "D0=2e4"), fix=("g1.rate.value",))
    assert settings_of_models(given, names, None)[names[1]].start == given.start, "not known before the data are read"
    found = settings_of_models(given, names, steady_data)
    assert [found[name].start for name in names] == [("D0=2e4",), ("diffusion.rate=1e4",)]
    assert found[names[1]].fix == given.fix, "a path stands for a name"
    with pytest.raises(ValueError, match="none of the models has"):
        settings_of_models(FitSettings(fix=("phi0",)), names, steady_data)


def test_the_settings_may_stand_in_a_file_and_a_wrong_one_is_found_there(run, tmp_path):
    path = tmp_path / "my.toml"
    path.write_text('[model]\nname = "ballistic"\n\n[parameters.phi00]\nfix = true\n', encoding="utf-8")
    models = ("--model", "static", "--model", "laminar-flow")
    done = run("compare", "none.hdf", "--config", path, *models)
    assert done.exit_code == 2
    assert "Did you mean phi0?" in done.stderr
    assert "my.toml, line 4" in done.stderr
    path.write_text('[model]\nname = "ballistic"\n[output]\nfolder = "out"\n', encoding="utf-8")
    done = run("compare", tmp_path / "none.hdf", "--config", path, *models)
    assert done.exit_code == 2
    assert "none.hdf" in done.stderr


def compared(second="not adequate", probability=1e-9):
    one = {"result": None, "free": 5, "penalty": 5.0, "expected": 1.0, "spread": 0.1, "text": "Bad."}
    first = {"adequate": True, "reduced_chi2": 1.01, "delta_chi2": 0.0, "delta_aic": 0.0, "delta_bic": 0.0}
    other = {"adequate": second == "adequate", "reduced_chi2": 2.5}
    other |= {"delta_chi2": -3.0, "delta_aic": 7.0, "delta_bic": math.nan}
    models = (ComparedModel(name="a <b>", **one, **first), ComparedModel(name="b", **one, **other))
    test = ModelTest("a <b>", "b", False, -3.0, math.nan, probability)
    return Comparison(models, (test,), 0.01, 1.2, 1000.0)


def test_the_page_of_a_comparison_says_which_is_best_and_links_the_reports(tmp_path):
    links = {"a <b>": "a-b/report.html", "b": "b c/report.html"}
    path = write_comparison(compared(), tmp_path / "c.html", links, b"picture", ["compare", "a file.hdf"])
    page = path.read_text(encoding="utf-8")
    assert "a &lt;b&gt; describes the data best" in page
    assert 'href="b%20c/report.html"' in page
    assert "homodyne-eqx compare &#39;a file.hdf&#39;" in page
    assert "base64,cGljdHVyZQ==" in page
    assert '<td class="number">−3</td><td class="number">7</td><td class="number">–</td>' in page
    open_one = compared("adequate", 0.4)
    page = write_comparison(open_one, path, links, None, []).read_text(encoding="utf-8")
    assert "the data cannot tell it from b" in page
    assert "<img" not in page


def test_what_cannot_be_compared_is_refused(run, tmp_path):
    assert "expected two models or more" in run("compare", "none.hdf", "--model", "static", "--model", "static").stderr
    done = run("compare", "none.hdf", "--model", "static", "--model", "statik")
    assert done.exit_code == 2
    assert "statik" in done.stderr
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").touch()
    models = ("--model", "static", "--model", "static:constant")
    done = run("compare", "none.hdf", *models, "--output", tmp_path / "out", "--force")
    assert done.exit_code == 2
    assert "thesis.tex" in done.stderr


@pytest.mark.x64
@pytest.mark.slow
def test_a_flow_is_told_from_rest(run, steady_file, tmp_path):
    out = tmp_path / "out"
    models = ("--model", "static:constant", "--model", "laminar-flow:constant")
    more = ("--scaling", "common", "--start", "phi0=15", "--json")
    done = run("compare", steady_file, *models, *more, "--output", out)
    assert done.exit_code == 0, done.output
    assert "laminar-flow:constant describes the data, with 5 free parameters" in done.stderr
    assert done.stdout.isascii()
    assert json.loads(done.stdout) == json.loads((out / "comparison.json").read_text(encoding="utf-8"))
    assert (out / "comparison.png").stat().st_size > 10_000
    assert "laminar-flow:constant describes the data best" in (out / "comparison.html").read_text(encoding="utf-8")
    table = json.loads((out / "comparison.json").read_text(encoding="utf-8"))
    assert [each["status"] for each in table["models"]] == ["adequate", "not adequate"]
    assert table["models"][1]["delta_aic"] > 10
    (test,) = table["tests"]
    assert (test["nested"], test["first"]) == (True, "static:constant")
    assert test["probability"] < 1e-6
    for each in table["models"]:
        result = json.loads((out / each["folder"] / "result.json").read_text(encoding="utf-8"))
        assert result["reduced_chi2"] == each["reduced_chi2"]
        assert sum(parameter["free"] for parameter in result["parameters"].values()) == each["free"]
        assert (out / each["folder"] / "config.toml").is_file()
        assert f"{each['folder']}/report.html" in (out / "comparison.html").read_text(encoding="utf-8")
        assert (out / each["folder"] / "report.html").is_file()
        starts = {name: fields["start"] for name, fields in result["parameters"].items()}
        assert starts.get("phi0", 15) == 15
    again = run("compare", steady_file, *models, "--output", out)
    assert again.exit_code == 2
    assert "--force" in again.stderr
