"""Batches in processes of Dask: each file once, and what becomes of a file whose process is killed."""

import os
import pickle
import random
import signal
import subprocess
import sys
import time

import pytest

import homodyne_eqx as hx
from homodyne_eqx.app.batches import dask_pool
from homodyne_eqx.app.batches.alone import Killed, run_alone
from tests.app.batch_files import MAIN, Stored, broken_copy, table, write_file

pytestmark = [pytest.mark.x64, pytest.mark.filterwarnings("default")]  # Dask warns of what its own shutdown leaves open

OPTIONS = {"figures": False, "quiet": True, "settings": 1}


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """A folder with a result that was made without a fit: a start counts as its end."""
    folder = tmp_path_factory.mktemp("result")
    data = hx.load(write_file(folder / "of.hdf", 1))
    model = hx.static_diffusion(D0=3e4, alpha=0.0, D_offset=0.0, contrast=0.3, offset=1.0)
    fitted = hx.fit(model, data, free=["contrast"], max_steps=1)
    return fitted.save(folder / "saved")


@pytest.fixture
def files(tmp_path):
    """Files that are only looked at by their name and checksum."""
    for k in range(5):
        (tmp_path / f"scan_{k}.hdf").write_text(f"content {k}", encoding="utf-8")
    return [tmp_path / f"scan_{k}.hdf" for k in range(5)]


@pytest.mark.slow
def test_a_process_that_is_killed_harms_nothing_else(result, files, tmp_path):
    """One file kills its process whenever it is tried, another the first time alone."""
    pytest.importorskip("distributed")
    stored = Stored(result, tmp_path / "calls", {"scan_1.hdf": 9, "scan_3.hdf": 1})
    rows = hx.batch(stored, files, tmp_path / "out", workers=2, **OPTIONS)
    assert [row["status"] == "failed" for row in rows] == [False, True, False, False, False]
    assert "killed, and so was the next one" in rows[1]["message"]
    counts = [stored.count(file.name) for file in files]
    assert counts[1] == counts[3] == 2
    assert {counts[0], counts[2], counts[4]} <= {1, 2}  # 2 where Dask gave up a process with a file that it had begun
    here = hx.batch(stored, files, tmp_path / "out", **OPTIONS)
    assert here == rows
    assert stored.count() == sum(counts)


def test_another_process_computes_as_this_one_does(files, tmp_path, monkeypatch):
    """A job arrives pickled, and is opened after the precision is set."""
    import jax

    from homodyne_eqx.app import runtime
    from homodyne_eqx.app.batches.how import ByFunction
    from homodyne_eqx.app.batches.one_file import Job

    order = []
    monkeypatch.setattr(runtime, "set_up_jax", lambda threads, float64: order.append((threads, float64)))
    monkeypatch.setattr(dask_pool, "do", lambda job: order.append(job.file))
    job = Job(files[0], tmp_path / "out", ByFunction(len, 1), "x", {}, False, False)
    monkeypatch.setattr(dask_pool.pickle, "loads", lambda content: order.append("opened") or job)
    dask_pool.do_there(3, bool(jax.config.jax_enable_x64), pickle.dumps(job))
    assert order == [(3, True), "opened", files[0]]


def test_a_process_alone_says_how_it_ended():
    """Functions of the standard library do for the work."""
    begun = []
    assert isinstance(run_alone(os.listdir, ("/no/such/folder",), begun.append), FileNotFoundError)
    assert isinstance(run_alone(signal.raise_signal, (signal.SIGKILL,), begun.append), Killed)
    assert begun[1].exitcode == -signal.SIGKILL
    assert not begun[0].is_alive()


@pytest.mark.parametrize(("count", "threads", "each"), [(2, 8, 4), (3, 8, 2), (4, 2, 1), (1, 5, 5)])
def test_threads_are_shared_out(count, threads, each):
    assert dask_pool.threads_for_each(count, threads) == each


def test_all_cores_are_shared_out_where_nothing_is_said(monkeypatch):
    monkeypatch.setattr(dask_pool.os, "sched_getaffinity", lambda _: range(12), raising=False)
    assert dask_pool.threads_for_each(4, None) == 3


def test_a_scheduler_that_is_not_there_is_said_so(files, tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(dask_pool, "_PATIENCE", "1s")
    stored = Stored(tmp_path, tmp_path / "calls")
    with pytest.raises(ConnectionError, match="No scheduler of Dask answers at tcp:"):
        hx.batch(stored, files, tmp_path / "out", scheduler="tcp://127.0.0.1:9", **OPTIONS)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_cluster_that_runs_does_the_same(result, files, tmp_path):
    distributed = pytest.importorskip("distributed")
    stored = Stored(result, tmp_path / "calls")
    with distributed.LocalCluster(1, threads_per_worker=3, processes=True, dashboard_address=None) as cluster:
        there = hx.batch(stored, files, tmp_path / "there", scheduler=cluster.scheduler_address, **OPTIONS)
    here = hx.batch(stored, files, tmp_path / "here", **OPTIONS)
    assert there == here
    assert stored.count() == 10


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_kills_at_any_moment_leave_the_table_of_one_clean_run(workers, tmp_path):
    """The whole process, by a signal that it cannot catch; real fits, with one broken file among them."""
    files = [write_file(tmp_path / f"scan_{k}.hdf", k) for k in range(6)]
    files.append(broken_copy(tmp_path / "scan_9.hdf", files[0]))
    environment = {**os.environ, "HOMODYNE_EQX_CACHE": str(tmp_path / "cache"), "PYTHONPATH": os.getcwd()}

    def command(output):
        start = [sys.executable, "-m", "homodyne_eqx.app.main", "batch", *files, *MAIN, "--output", output]
        return [*start, "--workers", str(workers), "--quiet"]

    begun = time.monotonic()
    assert subprocess.run(command(tmp_path / "clean"), env=environment, check=False).returncode == 2
    whole = time.monotonic() - begun
    draw = random.Random(workers)
    killed = tmp_path / "killed"
    for _ in range(4):
        with subprocess.Popen(command(killed), env=environment) as process:
            try:
                process.wait(timeout=draw.uniform(0.1, 1.0) * whole)
            except subprocess.TimeoutExpired:
                os.kill(process.pid, signal.SIGKILL)
    assert subprocess.run(command(killed), env=environment, check=False).returncode == 2
    assert (killed / "summary.csv").read_bytes() == (tmp_path / "clean" / "summary.csv").read_bytes()
    assert len(table(killed)) == len(files)
    assert not [path for path in killed.iterdir() if path.suffix in (".part", ".former")]


@pytest.mark.slow
def test_ctrl_c_ends_all_processes_and_keeps_the_table(tmp_path):
    """Send the signal as a terminal does: to the whole group of processes."""
    files = [write_file(tmp_path / f"scan_{k}.hdf", k) for k in range(12)]
    command = [sys.executable, "-m", "homodyne_eqx.app.main", "batch", *files, *MAIN, "--output", tmp_path / "out"]
    environment = {**os.environ, "HOMODYNE_EQX_CACHE": str(tmp_path / "cache"), "PYTHONPATH": os.getcwd()}
    process = subprocess.Popen(
        [*command, "--workers", "2"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True, text=True,
    )  # fmt: skip
    assert "1/12" in process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert "Interrupted." in said
    assert 1 <= len(table(tmp_path / "out")) < 12
