"""`homodyne-eqx batch` and `hx.batch`: rows, what is done again and what is not, and how it ends."""

import hashlib
import json
import logging
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from typer.testing import CliRunner

import homodyne_eqx as hx
from homodyne_eqx.app.batches import how, one_file, pool, running, table as tables
from homodyne_eqx.app.fit_settings import FitSettings
from tests.app.batch_files import CONTRAST, MAIN, D, Stored, broken_copy, copy_of, table, write_file

pytestmark = [pytest.mark.x64, pytest.mark.xdist_group("batch")]


def call(*arguments):
    from homodyne_eqx.app.command_line import app

    finished = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert finished.exception is None or isinstance(finished.exception, SystemExit), finished.exception
    return finished


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Three good files, the third by the name of the first in another folder, and one cut off."""
    folder = tmp_path_factory.mktemp("scans")
    (folder / "later").mkdir()
    good = [write_file(folder / name, seed) for seed, name in enumerate(["scan_2.hdf", "scan_10.hdf"])]
    again = write_file(folder / "later" / "scan_2.hdf", 7)
    return [*good, again, broken_copy(folder / "scan_3.hdf", good[0])]


@pytest.fixture(scope="module")
def compiled():
    """Name of file → what was compiled for it, of the finished batch."""
    return {}


@pytest.fixture(scope="module")
def finished(files, compiled, tmp_path_factory):
    """The output of the command, and its folder."""
    output = tmp_path_factory.mktemp("batch") / "all"
    real = pool.do

    def do_and_note(job):
        notes = compiled.setdefault(job.file, [])
        handler = logging.Handler()
        handler.emit = lambda record: notes.append(record.getMessage())
        logger = logging.getLogger("jax")
        logger.addHandler(handler)
        try:
            with jax.log_compiles():
                real(job)
        finally:
            logger.removeHandler(handler)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOMODYNE_EQX_CACHE", "off")
        patch.setattr(pool, "do", do_and_note)
        return call("batch", *files, *MAIN, "--output", output), output


@pytest.fixture
def output(finished, tmp_path):
    """A copy of the folder of the finished batch."""
    return copy_of(finished[1], tmp_path / "all")


@pytest.fixture
def fitted(monkeypatch):
    """Names of the files that are fitted from now on. The fits themselves are not run: they fail."""
    names = []

    def fit(self, file):
        names.append(file.name)
        raise ValueError("not run in this test")

    monkeypatch.setattr(how.BySettings, "fit", fit)
    return names


@pytest.fixture
def stored(finished, tmp_path):
    """A function that returns a result of the finished batch, and counts."""
    return Stored(finished[1] / "scan_2", tmp_path / "calls")


def test_every_file_has_a_row_the_broken_one_too(finished, files):
    done, output = finished
    rows = table(output)
    assert [row["file"] for row in rows] == [str(files[k]) for k in (2, 0, 3, 1)]
    assert [row["status"] for row in rows] == ["adequate", "adequate", "failed", "adequate"]
    assert [row["folder"] for row in rows] == ["later_scan_2", "scan_2", "scan_3", "scan_10"]
    assert done.exit_code == 2
    assert "4 files: 3 adequate, 1 failed" in done.stdout
    assert "it is cut short" in rows[2]["message"]
    assert not any(rows[2][name] for name in ("adequate", "chi2", "D0", "D0_uncertainty"))
    for row in (rows[0], rows[1], rows[3]):
        assert row["adequate"] == "True"
        assert abs(float(row["D0"]) - D) < 5 * float(row["D0_uncertainty"])
        assert abs(float(row["contrast[2]"]) - CONTRAST) < 5 * float(row["contrast[2]_uncertainty"])
        assert float(row["mean J"]) == pytest.approx(float(row["D0"]))
        assert row["alpha_uncertainty"] == ""


def test_a_second_file_of_the_same_shape_compiles_nothing(finished, compiled, files):
    in_all = [[line for line in compiled[file] if "Finished jaxpr to MLIR" in line] for file in files]
    assert len(in_all[0]) > 5
    assert in_all[1:] == [[], [], []]


def test_a_configuration_means_what_the_flags_mean(files, output, fitted, tmp_path):
    """Then nothing is to be done again; with another setting in it everything is."""
    config = tmp_path / "my.toml"
    config.write_text('[model]\nname = "static"\nrates = "constant"\n', encoding="utf-8")
    again = ("batch", *files, "--no-figures", "--output", output, "--config", config)
    call(*again)
    assert fitted == []
    config.write_text(config.read_text(encoding="utf-8") + "\n[fit]\nmax_steps = 7\n", encoding="utf-8")
    call(*again)
    assert len(fitted) == 4


def test_what_the_settings_read_besides_counts_by_its_content(files, tmp_path, finished):
    """A model of one's own, and a former result: another content under the same name is another setting."""
    model, former = tmp_path / "own.py", copy_of(finished[1] / "scan_2", tmp_path / "former")
    model.write_text("def own(data): ...\n", encoding="utf-8")

    def now():
        return how.fingerprint(how.BySettings(FitSettings(model=f"{model}:own", start_from=former)).settings())

    first = now()
    assert now() == first
    model.write_text("def own(data): return None\n", encoding="utf-8")
    second = now()
    assert second != first
    document = former / "result.json"
    document.write_text(document.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert now() not in (first, second)


def test_repeats_of_a_configuration_are_refused(files, tmp_path):
    config = tmp_path / "my.toml"
    config.write_text(f'[prepare]\nrepeat = ["{files[0]}"]\n', encoding="utf-8")
    refused = call("batch", *files, "--no-figures", "--output", tmp_path / "all", "--config", config)
    assert refused.exit_code == 2
    assert "repeats" in refused.output


def test_the_columns_have_their_order(finished):
    header = (finished[1] / "summary.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header.startswith("file,status,adequate,chi2,reduced_chi2,message,folder,settings,D0,D0_uncertainty,alpha,")
    assert header.index("offset[2]_uncertainty") < header.index("mean J,mean J_uncertainty")


def test_a_folder_holds_what_fit_writes(finished, files):
    folder = finished[1] / "scan_10"
    of_fit = {"config.toml", "curves.csv", "result.h5", "result.json"}
    assert {path.name for path in folder.iterdir()} == {*of_fit, "batch.json"}
    assert hashlib.sha256(files[1].read_bytes()).hexdigest() in (folder / "config.toml").read_text(encoding="utf-8")
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    (row,) = (row for row in table(finished[1]) if row["folder"] == "scan_10")
    assert float(row["chi2"]) == result["chi2"]
    assert result["command"] == ["fit", str(files[1]), "--model", "static", "--rates", "constant"]
    assert result["input"]["sha256"] == hashlib.sha256(files[1].read_bytes()).hexdigest()
    assert not [path for path in finished[1].rglob("*") if path.suffix == ".part"]


def test_parquet_holds_the_same(finished):
    parquet = pytest.importorskip("pyarrow.parquet")
    read = parquet.read_table(finished[1] / "summary.parquet").to_pylist()
    for stored_row, row in zip(read, table(finished[1]), strict=True):
        assert list(stored_row) == list(row)
        assert stored_row["D0"] == (float(row["D0"]) if row["D0"] else None)
        assert stored_row["adequate"] == {"True": True, "": None}[row["adequate"]]


def test_figures_are_drawn_later_without_a_fit(output, files, fitted, monkeypatch):
    """The thumbnail holds the three maps of 30 frames side by side, t2 upwards. Large figures are not drawn here."""
    from homodyne_eqx.app import fitting

    resolutions = []
    monkeypatch.setattr(fitting, "draw_figures", lambda *_, dpi, **options: resolutions.append(dpi) or [])
    image = pytest.importorskip("matplotlib.image")
    before = (output / "summary.csv").read_bytes()
    shutil.rmtree(output / "later_scan_2")
    drawn = ("batch", files[0], *MAIN[:-1], "--no-report", "--output", output, "--quiet")
    assert call(*drawn).exit_code == 0
    assert resolutions == [120]
    picture = output / "scan_2" / "figures" / "thumbnail.png"
    pixels = image.imread(picture)
    assert pixels.shape[:2] == (30, 3 * 30 + 2 * 2)
    brightness = pixels[:, :30, :3].sum(axis=2)
    assert np.mean(np.diag(brightness[::-1])) > 1.5 * np.mean(np.diag(brightness))
    page = (output / "index.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 1
    made = picture.stat().st_mtime_ns
    call(*drawn)
    assert picture.stat().st_mtime_ns == made
    assert fitted == []
    rows = before.decode().splitlines()
    assert (output / "summary.csv").read_text(encoding="utf-8").splitlines() == [rows[0], *rows[2:]]


def test_what_cannot_be_drawn_is_no_reason_to_lose_a_result(stored, files, tmp_path, monkeypatch):
    from homodyne_eqx.app import fitting

    def fails(*arguments, **options):
        raise RuntimeError("no ink")

    monkeypatch.setattr(fitting, "draw", fails)
    (row,) = hx.batch(stored, files[0], tmp_path / "out", report=False, quiet=True, settings=1)
    assert row["status"] == "adequate"
    assert row["message"].endswith("; not drawn: RuntimeError: no ink")
    hx.batch(stored, files[0], tmp_path / "out", report=False, quiet=True, settings=1)
    assert stored.count() == 1


def test_what_is_done_is_not_done_again(finished, output, files, fitted):
    before = (output / "summary.csv").read_bytes()
    for name in ("summary.csv", "summary.parquet", "index.html"):
        (output / name).unlink(missing_ok=True)
    done = call("batch", *files, *MAIN, "--output", output)
    assert fitted == []
    assert (output / "summary.csv").read_bytes() == before
    assert (output / "index.html").read_bytes() == (finished[1] / "index.html").read_bytes()
    assert "4 done before" in done.stdout
    assert done.exit_code == 2
    call("batch", *files, *MAIN, "--output", output, "--retry-failed", "--quiet")
    assert fitted == ["scan_3.hdf"]


def test_what_has_changed_is_done_again(output, files, fitted, tmp_path):
    other = tmp_path / "moved.hdf"
    other.write_bytes(files[0].read_bytes())
    call("batch", other, *MAIN, "--output", output, "--quiet")
    assert fitted == ["moved.hdf"]
    with other.open("ab") as file:
        file.write(b"\0")
    call("batch", other, files[1], *MAIN, "--output", output, "--quiet")
    assert fitted == 2 * ["moved.hdf"]
    call("batch", other, files[1], *MAIN, "--max-steps", 60, "--output", output, "--quiet")
    assert fitted == [*3 * ["moved.hdf"], "scan_10.hdf"]
    assert {path.name for path in (output / "scan_10").iterdir()} == {"batch.json"}
    call("batch", files[0], *MAIN, "--force", "--output", output, "--quiet")
    assert fitted[4:] == ["scan_2.hdf"]


def test_another_version_of_the_package_does_all_again(output, files, fitted, monkeypatch):
    monkeypatch.setattr(hx, "__version__", "0.0.0")
    call("batch", files[0], *MAIN, "--output", output, "--quiet")
    assert fitted == ["scan_2.hdf"]


def test_a_killed_batch_goes_on_to_the_same_table(files, stored, tmp_path, monkeypatch):
    """Stopped after each file in turn, as a kill would: nothing is written after it, and half a folder is left."""
    clean, killed = tmp_path / "clean", tmp_path / "killed"
    hx.batch(stored, files, clean, figures=False, quiet=True, settings=1)
    assert stored.count() == 4
    real = running._Table.write

    def dies(self, last=False):
        raise SystemError("killed")

    for k in range(4):
        monkeypatch.setattr(running._Table, "write", dies)
        with pytest.raises(SystemError):
            hx.batch(stored, files, killed, figures=False, quiet=True, settings=1)
        partial = killed / f".scan_{k}.x.part"
        partial.mkdir()
        (partial / "result.json").touch()
    monkeypatch.setattr(running._Table, "write", real)
    hx.batch(stored, files, killed, figures=False, quiet=True, settings=1)
    assert stored.count() == 8
    assert (killed / "summary.csv").read_bytes() == (clean / "summary.csv").read_bytes()
    assert not list(killed.glob(".*.part"))


def test_ctrl_c_keeps_the_table(files, stored, tmp_path, monkeypatch):
    def interrupted(job):
        if job.file.name == "scan_10.hdf":
            raise KeyboardInterrupt
        one_file.do(job)

    monkeypatch.setattr(pool, "do", interrupted)
    with pytest.raises(KeyboardInterrupt):
        hx.batch(stored, files, tmp_path / "out", figures=False, quiet=True, settings=1)
    assert [row["folder"] for row in table(tmp_path / "out")] == ["scan_2"]
    assert "1 file" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def test_an_interrupted_fit_is_not_written(finished, files, tmp_path, monkeypatch):
    import dataclasses

    from homodyne_eqx.fit import Ended, FitResult

    result = dataclasses.replace(FitResult.load(finished[1] / "scan_2"), ended=Ended.INTERRUPTED)
    monkeypatch.setattr(how.BySettings, "fit", lambda self, file: how.Fitted(result))
    done = call("batch", files[0], *MAIN, "--output", tmp_path / "out")
    assert done.exit_code == 130
    assert not (tmp_path / "out" / "scan_2").exists()


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (["adequate"], 0),
        (["adequate", "inadequate"], 3),
        (["inadequate", "not converged"], 1),
        (["failed", "not converged", "adequate"], 2),
    ],
)
def test_the_exit_code_is_the_most_serious(files, tmp_path, monkeypatch, rows, code):
    from homodyne_eqx.app.batches import start

    record = tables.Record("f", None, "x")
    made = [tables.Row("f", record, tables.Status(status), "") for status in rows]
    monkeypatch.setattr(start, "run_batch", lambda *_: made)
    assert call("batch", files[0], *MAIN, "--output", tmp_path / "out").exit_code == code


def test_bad_input_is_refused_before_anything_is_done(files, tmp_path):
    out = tmp_path / "out"
    for arguments, said in [
        ((tmp_path / "no.hdf",), "does not exist"),
        ((files[0], "--idle", 3), "--idle is given without --watch"),
        ((files[0], "--start", "D_0=3"), "D_0"),
        ((files[0], "--scheduler", "nowhere"), "scheduler"),
    ]:
        done = call("batch", *arguments, *MAIN, "--output", out)
        assert done.exit_code == 2
        assert said in " ".join(done.stderr.split())
        assert not list(out.glob("*"))


def test_a_folder_of_something_else_is_left_alone(files, tmp_path, output):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "summary.csv").write_text("my own", encoding="utf-8")
    done = call("batch", files[0], *MAIN, "--output", tmp_path / "mine")
    assert done.exit_code == 2
    assert (tmp_path / "mine" / "summary.csv").read_text(encoding="utf-8") == "my own"
    (output / "scan_2" / "notes.txt").touch()
    done = call("batch", files[0], *MAIN, "--force", "--output", output)
    assert done.exit_code == 2
    assert "notes.txt" in done.stderr
    assert (output / "scan_2" / "result.h5").exists()


def test_two_batches_do_not_write_to_one_folder(files, output):
    fcntl = pytest.importorskip("fcntl")
    with (output / ".batch").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        done = call("batch", files[0], *MAIN, "--output", output)
    assert done.exit_code == 2
    assert "Another batch is writing" in done.stderr


def test_python_gives_the_rows_and_calls_once_a_file(stored, files, tmp_path):
    rows = hx.batch(stored, [files[0], str(files[1])], tmp_path / "out", figures=False, quiet=True, settings="a")
    assert [row["status"] for row in rows] == ["adequate", "adequate"]
    assert rows[0]["D0"] == pytest.approx(D, rel=0.05)
    assert {*rows[0]} == {*table(tmp_path / "out")[0]}
    hx.batch(stored, str(files[0]), tmp_path / "out", figures=False, quiet=True, settings="a")
    assert stored.count() == 2
    hx.batch(stored, str(files[0]), tmp_path / "out", figures=False, quiet=True, settings="b")
    assert stored.count() == 3


def test_python_is_told_what_is_wrong(stored, files, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(ValueError, match="Pass settings="):
        hx.batch(stored, files, out)
    with pytest.raises(ValueError, match="workers is 0"):
        hx.batch(stored, files, out, workers=0, settings=1)
    with pytest.raises(ValueError, match="load and fit are for a model"):
        hx.batch(stored, files, out, load={"gap": 1.0}, settings=1)
    with pytest.raises(FileNotFoundError, match="holds no two-time files"):
        hx.batch(stored, tmp_path, out, settings=1)
    assert not out.exists()
    (row,) = hx.batch(lambda file: "nothing", files[0], out, figures=False, quiet=True)
    assert row["status"] == "failed"
    assert "expected a FitResult" in row["message"]


def test_the_settings_of_a_model_change_with_whatever_it_holds():
    def prints(D, **options):
        model = hx.TwoTimeModel(hx.Diffusion(hx.Constant(D)), hx.ContrastOffset(contrast=0.3, offset=1.0))
        return how.fingerprint(how.ByModel(model, **options).settings())

    assert prints(1.0) == prints(1.0)
    different = [
        prints(1.0),
        prints(2.0),
        prints(1.0, loading={"gap": 1.0}),
        prints(1.0, loading={"gap": 2.0}),
        prints(1.0, loading={"mask": np.zeros((2, 2), bool)}),
        prints(1.0, loading={"mask": np.eye(2, dtype=bool)}),
        prints(1.0, fitting={"loss": hx.Huber(1.0)}),
        prints(1.0, fitting={"priors": {"D": hx.Normal(1.0, 0.1)}}),
        prints(1.0, fitting={"priors": {"D": hx.Normal(1.0, 0.2)}}),
    ]
    assert len({*different}) == len(different)


def test_progress_fits_80_columns_in_a_pipe(files, stored, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("COLUMNS", raising=False)
    long = tmp_path / ("a_very_long_name_of_a_measurement" * 3 + "_0001.hdf")
    long.write_bytes(files[0].read_bytes())
    hx.batch(stored, [*files, long], tmp_path / "out", figures=False, settings=1)
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines[:5]) <= 80
    assert "0001.hdf" in lines[4]
    assert all(f"{k}/5" in line for k, line in enumerate(lines[:5], start=1))
    assert " left" in lines[1]
    assert "\x1b" not in "".join(lines)
    assert os.linesep.join(lines).count("wrote ") == 1


@pytest.mark.slow
def test_the_scripts_of_the_page_run(files, output, tmp_path):
    """The blocks run as scripts, since the source of a function is looked at."""
    page = Path(__file__).parents[2] / "docs" / "batches.md"
    of_table, *blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    (tmp_path / "scans").mkdir()
    for file in files[:2]:
        shutil.copy(file, tmp_path / "scans")
    for name, text in (("table.py", of_table), ("script.py", "\n\n".join(blocks))):
        (tmp_path / name).write_text(text, encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": os.getcwd()}
        done = subprocess.run(
            [sys.executable, name], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("scan_") >= 2
    assert [row["status"] for row in table(tmp_path / "without_bad_frames")] == ["adequate", "adequate"]
