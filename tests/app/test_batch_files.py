"""The files of a batch, the names of their folders, files that are watched, and the page."""

import json
import os
import re
from pathlib import Path

import pytest

from homodyne_eqx.app.batches import files as batch_files
from homodyne_eqx.app.batches.files import Watched, files_of
from homodyne_eqx.app.batches.index_page import write_index
from homodyne_eqx.app.batches.names import name_for
from homodyne_eqx.app.batches.progress import duration_text
from homodyne_eqx.app.batches.record import Record
from homodyne_eqx.app.batches.table import Quantity, Row, Status, in_order
from tests.app.batch_files import write_file


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """The content of a two-time file."""
    return write_file(tmp_path_factory.mktemp("one") / "scan.hdf", 1).read_bytes()


class Clock:
    """Seconds that pass when it is told."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def after(self, seconds, watched):
        """The new files, looked for every half second."""
        found = []
        for _ in range(round(2 * seconds)):
            self.now += 0.5
            found += watched.new()
        return found


def test_a_file_that_is_written_in_two_halves_is_given_when_it_is_whole(tmp_path, content):
    clock = Clock()
    watched = Watched([tmp_path], None, clock)
    path = tmp_path / "scan.hdf"
    path.write_bytes(content[: len(content) // 2])
    assert clock.after(30, watched) == []
    with path.open("ab") as file:
        file.write(content[len(content) // 2 :])
    assert clock.after(1.5, watched) == []
    assert clock.after(2, watched) == [path]
    assert clock.after(200, watched) == []


def test_a_file_that_grows_is_waited_for_though_it_could_be_read(tmp_path, content):
    clock = Clock()
    watched = Watched([tmp_path], None, clock)
    path = tmp_path / "scan.hdf"
    path.write_bytes(content)
    for _ in range(8):
        assert clock.after(1.5, watched) == []
        with path.open("ab") as file:
            file.write(b"\0" * 512)
    assert clock.after(3, watched) == [path]


def test_a_file_that_changes_later_is_given_again(tmp_path, content):
    clock = Clock()
    watched = Watched([str(tmp_path / "*.hdf")], None, clock)
    path = tmp_path / "scan.hdf"
    path.write_bytes(content)
    assert clock.after(3, watched) == [path]
    os.utime(path, (1, 1))
    assert clock.after(3, watched) == [path]


def test_what_never_becomes_readable_is_given_as_it_is(tmp_path):
    clock = Clock()
    watched = Watched([tmp_path], None, clock)
    (tmp_path / "noise.hdf").write_bytes(b"noise" * 100)
    (tmp_path / "log.txt").write_bytes(b"never asked for")
    (tmp_path / ".scan.hdf.part").write_bytes(b"hidden")
    assert clock.after(59, watched) == []
    assert clock.after(3, watched) == [tmp_path / "noise.hdf"]


def test_it_ends_when_nothing_has_come_for_long_enough(tmp_path, content):
    clock = Clock()
    watched = Watched([tmp_path], 10.0, clock)
    clock.after(9, watched)
    assert not watched.ended(working=False)
    (tmp_path / "scan.hdf").write_bytes(content)
    clock.after(9, watched)
    assert not watched.ended(working=False)
    clock.after(30, watched)
    assert not watched.ended(working=True)
    clock.after(9, watched)
    assert not watched.ended(working=False)
    clock.after(1, watched)
    assert watched.ended(working=False)
    assert not Watched([tmp_path], None, clock).ended(working=False)


@pytest.mark.x64
def test_the_command_watches_a_folder(tmp_path, content, monkeypatch):
    """One file is there, one arrives while the first is worked on, and comes in two halves."""
    from typer.testing import CliRunner

    from homodyne_eqx.app.batches.how import BySettings
    from homodyne_eqx.app.command_line import app

    clock, seen = Clock(), []
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "a.hdf").write_bytes(content)
    halves = [content[:9000], content[9000:]]

    def sleep(seconds):
        clock.now += 0.5
        if len(seen) == 1 and halves and clock.now % 5 == 0:
            with (folder / "b.hdf").open("ab") as file:
                file.write(halves.pop(0))
        if len(seen) == 2:
            raise KeyboardInterrupt

    def fit(self, file):
        seen.append((file.name, file.stat().st_size))
        raise ValueError("not run in this test")

    monkeypatch.setattr(batch_files.time, "monotonic", clock)
    monkeypatch.setattr("homodyne_eqx.app.batches.pool.time.sleep", sleep)
    monkeypatch.setattr(Watched.__init__, "__defaults__", (clock,))
    monkeypatch.setattr(BySettings, "fit", fit)
    arguments = ["batch", str(folder), "--model", "static", "--output", str(tmp_path / "out"), "--watch"]
    done = CliRunner().invoke(app, arguments)
    assert seen == [("a.hdf", len(content)), ("b.hdf", len(content))]
    assert done.exit_code == 2  # both failed
    assert "2 files: 2 failed" in done.stdout
    assert "Traceback" not in done.output


def test_files_are_named_by_names_patterns_and_folders(tmp_path):
    for name in ("b.hdf", "a.h5", "notes.txt", "sub/c.hdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in files_of([tmp_path])] == ["a.h5", "b.hdf"]
    assert [path.name for path in files_of([tmp_path / "**" / "*.hdf", tmp_path])] == ["b.hdf", "c.hdf", "a.h5"]
    assert [path.name for path in files_of([tmp_path / "notes.txt"])] == ["notes.txt"]
    for wrong in (tmp_path / "none.hdf", tmp_path / "*.nxs"):
        with pytest.raises(FileNotFoundError, match="does not exist"):
            files_of([wrong])


@pytest.mark.parametrize(
    ("path", "taken", "name"),
    [
        ("/d/run/scan_0001.hdf", [], "scan_0001"),
        ("/d/run/scan.tar.h5", [], "scan.tar"),
        ("/d/run/scan 1 (new).hdf", [], "scan_1_new_"),
        ("/d/run/scan.hdf", ["scan"], "run_scan"),
        ("/d/run/scan.hdf", ["SCAN", "run_scan"], "run_scan_2"),
        ("/d/run/scan.hdf", ["scan", "run_scan", "run_scan_2"], "run_scan_3"),
        ("/d/run/.hdf", [], "hdf"),
        ("/scan.hdf", ["scan"], "scan_2"),
    ],
)
def test_names_of_folders(path, taken, name):
    assert name_for(Path(path), taken) == name


def row(name, status=Status.adequate, reduced=1.0, **values):
    quantities = {key: Quantity(value, 0.1, "Å²/s", True) for key, value in values.items()}
    return Row(name, Record(f"/data/{name}.hdf", "0", "1"), status, "said <b>of</b> it", True, 9.0, reduced, quantities)


def test_rows_are_in_the_order_that_people_count_in():
    names = ["scan_10", "scan_9", "b2", "scan_09x", "b10", "2", "10"]
    assert [each.folder for each in in_order([row(name) for name in names])] == [
        *("2", "10", "b2", "b10", "scan_9", "scan_09x", "scan_10"),
    ]


def test_the_page_holds_every_row_and_needs_no_network(tmp_path):
    pytest.importorskip("jinja2")
    rows = [row("one", D0=2.0), row("two", Status.inadequate, D0=-1.5), row("three", Status.failed)]
    write_index(tmp_path, rows)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=.(https?:)?//", page)
    assert "@import" not in page
    assert page.count("said &lt;b&gt;of&lt;/b&gt; it") == 2  # not of what is adequate
    assert page.count("<tbody data-status=") == 3
    assert 'http-equiv="refresh"' not in page
    assert [json.loads(key) for key in re.findall(r'data-key="(-?\d+\.\d+)">(?:2.00|−1.50)', page)] == [2.0, -1.5]
    write_index(tmp_path, rows, still_running=True)
    assert 'http-equiv="refresh"' in (tmp_path / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (89.0, "89 s"), (91.0, "2 min"), (5300.0, "88 min"), (7800.0, "2 h 10 min")]
)
def test_times_left(seconds, text):
    assert duration_text(seconds) == text
