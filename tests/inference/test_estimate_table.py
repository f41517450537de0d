"""A table that fits a terminal."""

from homodyne_eqx.inference.estimate_table import MOST_COLUMNS, estimate_table

HEADING = ("parameter", "value", "± 1σ", "unit")


def test_no_line_is_too_long_and_no_number_is_cut():
    rows = [("a.very.long.name" * 8, "1234567", "0.000012", "Å²/s"), ("offset", "1.0", "0.1", "")]
    text = estimate_table(HEADING, rows, ["A sentence of many words. " * 10])
    lines = text.splitlines()
    assert max(map(len, lines)) <= MOST_COLUMNS
    assert lines[2].endswith("…  1234567  0.000012  Å²/s")
    assert lines[3].split() == ["offset", "1.0", "0.1"]


def test_of_many_rows_the_first_are_shown():
    rows = [(f"contrast[{k}]", "1.0", "0.1", "") for k in range(45)]
    lines = estimate_table(HEADING, rows, ()).splitlines()
    assert len(lines) == 2 + 30 + 1
    assert lines[-1] == "… and 15 more in .names"
