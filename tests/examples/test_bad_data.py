"""Every row of the page on bad data: what it does to such data, in Python and by its flags."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import homodyne_eqx as hx

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "examples"))

import bad_data  # noqa: E402

pytestmark = pytest.mark.x64

PAGE = (ROOT / "docs" / "bad_data.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([A-Z].*?) \| .*? \| `(.*?)` \| (?:`(.*?)` )?\|$", PAGE, re.MULTILINE)
MADE_BY = {
    "A frame is brighter": bad_data.bright_frame,
    "Frames are darker": bad_data.dark_frames,
    "A frame is noisy": bad_data.noisy_frame,
    "Frames were not recorded": bad_data.dead_frames,
    "Single pixels are off": bad_data.outlying_pixels,
    "A sector sees nothing": bad_data.bad_sector,
    "The beam warms up": bad_data.late_start,
    "Half of each map is 0": bad_data.half_maps,
    "There are more frames than the decay needs": bad_data.good,
    "One measurement is too noisy": bad_data.repeats,
    "One repeat is another sample": bad_data.odd_repeat,
}
SEEN_IN_PIXELS = {*MADE_BY} - {
    "Frames were not recorded",
    "Half of each map is 0",
    "There are more frames than the decay needs",
    "One measurement is too noisy",
    "One repeat is another sample",
}


def off(data):
    """The largest deviation of a pixel that counts from what was simulated, in typical deviations of good data."""
    n = data.n_t
    first = data.provenance.first_frame
    truth = bad_data.TRUTH[first : first + n, first : first + n]
    if n == 20:  # bins of 3
        truth = bad_data.TRUTH.reshape(20, 3, 20, 3).mean(axis=(1, 3))
    found = [
        np.abs(np.where(excluded, truth, c2) - truth).max()
        for c2, excluded in map(data.map_and_excluded, range(data.n_sector))
    ]
    return max(found) / 0.05


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch):
    monkeypatch.setenv("HOMODYNE_EQX_CACHE", "off")
    monkeypatch.setenv("COLUMNS", "400")


def test_the_table_has_a_row_for_everything_that_the_example_makes():
    assert [name for name, _, _ in ROWS] == [*MADE_BY]


@pytest.mark.parametrize(("name", "python", "flags"), ROWS, ids=[name for name, _, _ in ROWS])
def test_each_row_runs_and_mends_the_data(name, python, flags, tmp_path, monkeypatch):
    from homodyne_eqx.app.command_line import app

    made = MADE_BY[name]()
    repeats = made if isinstance(made, list) else [made]
    mended = eval(python, {"hx": hx, "data": repeats[0], "repeats": repeats})
    # Good data are off by up to 7 such deviations near the diagonal; the mean of all frames, with which these are
    # normalised, holds the bad ones, which adds to it.
    assert off(mended) < 11
    if name in SEEN_IN_PIXELS:
        assert off(mended) < 0.8 * off(repeats[0])
    monkeypatch.chdir(tmp_path)
    for number, data in enumerate(repeats):
        hx.save(data, f"scan_{number}.hdf", with_sigma=False)
    done = CliRunner().invoke(app, ["convert", "scan_0.hdf", "out.hdf", "--sigma", "estimate", *flags.split()])
    assert done.exit_code == 0, done.output
    written = hx.load("out.hdf", sigma=1.0)
    assert written.shape == mended.shape
    assert written.excluded.used == mended.excluded.used
    np.testing.assert_allclose(written.geometry.t, mended.geometry.t, rtol=1e-6)
    for k in range(mended.n_sector):
        counts = ~mended.map_and_excluded(k)[1]
        np.testing.assert_allclose(written.c2[k][counts], mended.c2[k][counts], rtol=1e-4)
    assert ("source_steps" in written.provenance.metadata) == bool(flags)


def test_the_odd_repeat_is_named_and_repeats_scatter_less_than_one():
    (note,) = hx.average(bad_data.odd_repeat()).notes
    assert note.startswith("repeat 2 differs from the others")
    good = bad_data.repeats()
    mean = hx.average(good)
    assert not mean.notes
    error = [np.sqrt(np.mean((data.c2 - bad_data.TRUTH)[:, bad_data.LAG > 0] ** 2)) for data in (mean, good[0])]
    assert error[0] < 0.7 * error[1]


def test_the_pictures_of_the_page_are_drawn_and_linked(tmp_path):
    assert set(re.findall(r"images/(\w+)\.png", PAGE)) == {*bad_data.PICTURES}
    for name in bad_data.PICTURES:
        assert (ROOT / "docs" / "images" / f"{name}.png").stat().st_size > 10_000


def test_the_code_of_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (source,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    exec(source, {})
    assert (tmp_path / "frames.png").read_bytes().startswith(b"\x89PNG")
