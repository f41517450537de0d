"""The page on files names every layout with its options, and its examples run."""

import re
from pathlib import Path

import numpy as np
import pytest

from homodyne_eqx.data.formats import READERS
from tests.data.layouts import decaying_maps

PAGE = (Path(__file__).parents[2] / "docs" / "files.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_every_layout_is_in_the_table_with_its_options(reader):
    (row,) = re.findall(rf"^\| `{reader.name}` \|.*$", PAGE, re.MULTILINE)
    options = row.strip("| ").split(" | ")[-1]
    alike = {"the same, and `analysis`": "aps-u", "as `aps-u`": "aps-u", "the same": "npz"}
    named = set(re.findall(r"`(\w+)`", options)) - {"aps"}
    if options in alike:
        (other,) = re.findall(rf"^\| `{alike[options]}` \|.*$", PAGE, re.MULTILINE)
        named |= set(re.findall(r"`(\w+)`", other.strip("| ").split(" | ")[-1]))
    assert named == {option.name for option in reader.options}


def test_the_example_of_own_arrays_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files, arrays = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    namespace = {}
    exec(arrays, namespace)
    assert namespace["data"].shape == (1, 100, 100)
    assert not namespace["data"].notes
    np.save("maps.npy", decaying_maps(1))
    lines = [
        line for line in files.splitlines() if "maps.npy" in line or "hx.save" in line or line.startswith("import")
    ]
    exec("\n".join(lines), namespace)
    assert namespace["hx"].load("kept.hdf").n_sector == 1
