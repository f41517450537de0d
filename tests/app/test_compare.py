"""Comparing models on the command line: names of models, and what the command says, refuses and writes."""

import json

import pytest

from homodyne_eqx.app.compared_models import folder_of, model_and_rates
from homodyne_eqx.app.model_choice import RatesName


def test_the_rates_may_stand_behind_a_name():
    assert model_and_rates("static") == {"model": "static"}
    assert model_and_rates("static:constant")["rates"] is RatesName.constant
    assert model_and_rates("mine.py:function") == {"model": "mine.py:function"}
    assert model_and_rates("mine.py:function:power-law")["model"] == "mine.py:function"
    assert folder_of("a/mine.py:function") == "mine.py-function"


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
    done = run("compare", steady_file, *models, "--scaling", "common", "--output", out)
    assert done.exit_code == 0, done.output
    assert "laminar-flow:constant describes the data, with 5 free parameters" in done.stdout
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
