"""Comparing models: the order, what it says in words, and what the command refuses and writes."""

import io
import json
import math
from dataclasses import replace

import pytest
from rich.console import Console

from homodyne_eqx.app.commands.compare import table_of
from homodyne_eqx.app.comparison import Compared, conclusion, model_and_rates, ranked
from homodyne_eqx.app.model_choice import RatesName


def one(name, adequate, free, reduced, spread=0.05):
    return Compared(name, adequate, f"text of {name}.", free, reduced, 1.0, spread)


SMALL, LARGE = one("small", True, 5, 1.04), one("large", True, 9, 0.98)
WRONG, WORSE = one("wrong", False, 3, 1.6), one("worse", False, 12, 3.0)
OPEN = one("open", False, 4, 0.9, math.nan)


def test_what_describes_the_data_comes_first_and_the_simplest_of_it():
    order = ranked([OPEN, WORSE, LARGE, WRONG, SMALL])
    assert [each.name for each in order] == ["small", "large", "wrong", "worse", "open"]
    said = conclusion(order)
    assert "The simplest model that describes the data is small, with 5 free parameters" in said
    assert "large does too; nothing in the data asks for the further parameters" in said
    assert "wrong" not in said


def test_what_was_not_judged_has_no_expectation():
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(table_of([SMALL, replace(SMALL, reduced_chi2=0.97, name="below"), OPEN]))
    lines = console.export_text().splitlines()
    rows = {line.split()[0]: line.split() for line in lines if line.strip()}
    assert rows["small"][-4:] == ["±", "0.05", "0.8", "σ"]
    assert rows["below"][-2:] == ["−0.6", "σ"]
    assert rows["open"][-2:] == ["–", "–"]


def test_models_with_as_many_parameters_are_not_told_apart():
    said = conclusion(ranked([SMALL, one("other", True, 5, 0.97)]))
    assert "The simplest model that describes the data is other" in said
    assert "With as many, small does too: these data do not tell them apart" in said


def test_where_none_describes_the_data_none_is_chosen():
    said = conclusion(ranked([WORSE, OPEN, WRONG]))
    assert said.startswith("None of the models describes the data. wrong comes closest")
    assert "12 standard deviations" in said
    assert "text of wrong." in said
    assert "no model was judged" in conclusion([OPEN])


def test_the_rates_may_stand_behind_a_name():
    assert model_and_rates("static") == {"model": "static"}
    assert model_and_rates("static:constant")["rates"] is RatesName.constant
    assert model_and_rates("mine.py:function") == {"model": "mine.py:function"}
    assert model_and_rates("mine.py:function:power-law")["model"] == "mine.py:function"
    assert one("a/mine.py:function", True, 1, 1.0).folder == "mine.py-function"


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
    assert "The simplest model that describes the data is laminar-flow:constant, with 5 free parameters" in done.stdout
    table = json.loads((out / "comparison.json").read_text(encoding="utf-8"))
    assert [each["status"] for each in table["models"]] == ["adequate", "not adequate"]
    for each in table["models"]:
        result = json.loads((out / each["folder"] / "result.json").read_text(encoding="utf-8"))
        assert result["reduced_chi2"] == each["reduced_chi2"]
        assert sum(parameter["free"] for parameter in result["parameters"].values()) == each["free"]
        assert (out / each["folder"] / "config.toml").is_file()
