"""The code of the page on inference runs, and finds what the page says."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "inference.md"


@pytest.mark.x64
@pytest.mark.slow
def test_the_code_of_the_page_finds_what_it_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    found = {}
    for block in blocks:
        exec(block, found)
    comparison = found["comparison"]
    assert [each.name for each in comparison] == ["GapAverage", "SincSquared", "static"]
    assert comparison.undecided == ("SincSquared",)
    assert comparison.test("GapAverage", "static").probability < 1e-6
    assert found["low"] < 25.0 < found["high"]
    sigma = found["result"].parameters["phi0"].uncertainty
    assert 0.6 < (found["high"] - found["low"]) / (2 * 1.96 * sigma) < 1.6
    assert (tmp_path / "contour.png").is_file()
    printed = re.findall(r"^(?:GapAverage|SincSquared|static) .*$", capsys.readouterr().out, re.MULTILINE)
    assert [line.split() for line in printed[:4]] == [
        line.split()
        for line in re.findall(r"^(?:GapAverage|SincSquared|static) .*$", PAGE.read_text("utf-8"), re.MULTILINE)
    ]
