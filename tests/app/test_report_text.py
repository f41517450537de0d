"""Numbers as they are printed, assignments as they are read, and folders as they are replaced."""

import math

import pytest
from hypothesis import given, strategies as st

from homodyne_eqx.app.assignments import fixed, intervals, values
from homodyne_eqx.app.output_folder import whole_folder
from homodyne_eqx.engine.compilation_cache import cache_folder
from homodyne_eqx.fit.result.numbers import number_texts, seconds_text, uncertainty_text, value_text


@pytest.mark.parametrize(
    ("value", "uncertainty", "text"),
    [
        (13974.02, 2.5, "13974.0"),
        (13974.02, 250.0, "13970"),
        (0.328440, 3.4e-5, "0.328440"),
        (25.0503, 0.013, "25.050"),
        (9.94607e-5, 2.3e-8, "9.9461e-05"),
        (-0.4936, 0.045, "−0.494"),
        (2.5e8, 3e6, "2.500e+08"),
        (0.0, math.nan, "0"),
        (1234.5678, math.nan, "1234.57"),
        (3.0, math.inf, "3"),
        (math.nan, 1.0, "nan"),
    ],
)
def test_no_more_digits_than_the_uncertainty_allows(value, uncertainty, text):
    assert value_text(value, uncertainty) == text


def test_uncertainties_and_seconds():
    assert uncertainty_text(2.345e-8) == "2.3e-08"
    assert uncertainty_text(math.inf) == "–"
    assert [uncertainty_text(x) for x in (123.4, 99.96, 0.0123, 5e7)] == ["120", "100", "0.012", "5e+07"]


@pytest.mark.parametrize(
    ("numbers", "texts"),
    [
        ((13974.02, 70.3), ("13974", "70")),
        ((13974.02, 250.0, 2235.0), ("13970", "250", "2240")),
        ((13974.02, 99.9), ("13970", "100")),
        ((9.94607e-5, 4.3e-7, 9.1e-6), ("9.946e-05", "0.043e-05", "0.910e-05")),
        ((-9.94607e-5, 4.3e-7), ("−9.946e-05", "0.043e-05")),
        ((2.5e8, 3e6), ("2.500e+08", "0.030e+08")),
        ((2.0e-7, 3.2e-5), ("0.0e-05", "3.2e-05")),
        ((0.3, 2.5e7), ("0.0e+07", "2.5e+07")),
        ((-0.004, 1.2), ("0.0", "1.2")),
        ((9.999e8, 1e7), ("1.000e+09", "0.010e+09")),
        ((0.0, 120.0), ("0", "120")),
        ((0.328440, 3.4e-5), ("0.328440", "0.000034")),
        ((1.0, 1e-15), ("1.000000000000", "1e-15")),
        ((3.0, math.inf), ("3", "–")),
        ((-3.0, math.nan), ("−3", "–")),
    ],
)
def test_a_value_and_its_uncertainties_have_the_same_exponent_and_decimals(numbers, texts):
    assert number_texts(*numbers) == texts


@given(st.floats(-1e12, 1e12), st.floats(1e-9, 1e12))
def test_what_is_shown_is_what_was_given_to_two_digits_of_the_uncertainty(value, uncertainty):
    shown, sigma = number_texts(value, uncertainty)
    assert "-" not in shown.split("e")[0]
    if shown.partition("e")[2] == sigma.partition("e")[2]:
        assert len(shown.partition("e")[0].partition(".")[2]) == len(sigma.partition("e")[0].partition(".")[2])
    assert abs(float(sigma) - uncertainty) <= 0.0501 * uncertainty
    assert abs(float(shown.replace("−", "-")) - value) <= 0.0501 * uncertainty + 1e-12 * abs(value) + 1e-12
    assert (seconds_text(0.123), seconds_text(12.34)) == ("0.12 s", "12.3 s")


def test_assignments():
    known = ("D0", "alpha", "phi0")
    assert values("--start", ["D0=1e4", "phi0=-12.5"], known) == {"D0": 1e4, "phi0": -12.5}
    assert fixed("--fix", ["alpha", "phi0=3"], known) == {"alpha": None, "phi0": 3.0}
    assert intervals("--bound", ["D0=0:", "alpha=:1", "phi0=-9:9"], known) == {
        "D0": (0.0, None),
        "alpha": (None, 1.0),
        "phi0": (-9.0, 9.0),
    }


def test_a_folder_takes_the_place_of_the_former_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "out"
    with whole_folder(path) as partial:
        (partial / "result.json").write_text("1")
        assert not path.exists()
    with pytest.raises(FileNotFoundError), whole_folder(path, force=True) as partial:
        (partial / "missing" / "result.json").write_text("2")
    assert (path / "result.json").read_text() == "1"
    with whole_folder(path, force=True) as partial:
        (partial / "result.h5").write_text("3")
    assert [entry.name for entry in path.iterdir()] == ["result.h5"]
    assert [entry.name for entry in path.parent.iterdir()] == ["out"]
    (tmp_path / "empty").mkdir()
    with whole_folder(tmp_path / "empty") as partial:
        (partial / "result.json").write_text("4")
    assert (tmp_path / "empty" / "result.json").read_text() == "4"


def test_where_compiled_programs_are_kept(monkeypatch, tmp_path):
    for name in ("JAX_COMPILATION_CACHE_DIR", "HOMODYNE_EQX_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "homodyne_eqx"
    monkeypatch.setenv("HOMODYNE_EQX_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
    monkeypatch.setenv("HOMODYNE_EQX_CACHE", "off")
    assert cache_folder() is None
