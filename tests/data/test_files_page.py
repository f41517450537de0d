"""The page on files names every layout with its options, and its examples run."""

import re
from pathlib import Path

import numpy as np
import pytest

from homodyne_eqx.data.formats import READERS
from tests.data.layouts import decaying_maps, write

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
    files, arrays, _ = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
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


def test_the_example_of_maps_over_age_and_lag_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    age, lag = 0.01 * np.arange(0, 200, 20), 0.01 * np.array([1, 2, 4, 8, 16, 32])
    ttcf = 1 + 0.2 * np.exp(-3 * np.array([1.0, 2.0])[:, None, None] * lag) + 0 * age[:, None]
    ttcf = np.where(age[:, None] + lag < 1.995, ttcf, np.nan)
    write(tmp_path / "log_lags.h5", {"ttcf": ttcf, "age": age, "lag": lag})
    example = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)[2]
    namespace = {}
    exec(example, namespace)
    pairs = namespace["pairs"]
    counts = np.isfinite(ttcf)
    assert pairs.excluded.used == np.count_nonzero(counts)
    np.testing.assert_allclose(pairs.lag[~pairs.left_out], np.broadcast_to(lag, ttcf.shape)[counts], rtol=1e-5)
