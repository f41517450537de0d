"""The page on clusters: its scripts make the jobs that they state, and one of them runs with a stand-in for Slurm."""

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

import homodyne_eqx as hx
from tests.app.batch_files import write_file
from tests.pages import blocks, shown_commands

ROOT = Path(__file__).parents[2]
PAGE = "cluster.md"
SLURM, COMMAND, PBS = blocks(PAGE, "python")

# Starts a copy of the script that it is given, which is deleted afterwards, at once and in the background.
SBATCH = """#!/bin/bash
mkdir -p "$JOBS"
job=$(mktemp "$JOBS/job_XXXXXX")
cp "$1" "$job"
setsid bash "$job" > "$job.output" 2>&1 < /dev/null &
echo $! >> "$JOBS/pids"
echo "Submitted batch job $!"
"""


def flags_of(name: str) -> set[str]:
    from homodyne_eqx.app.command_line import app

    options = typer.main.get_command(app).commands[name].params
    return {flag for option in options for flag in (*option.opts, *option.secondary_opts)}


def options_of_worker(script: str) -> tuple[str, ...]:
    """Threads of a worker, workers of a job and the memory of a worker, as Dask is started with."""
    return tuple(re.search(rf"--{name} (\S+)", script)[1] for name in ("nthreads", "nworkers", "memory-limit"))


@pytest.fixture
def made(monkeypatch):
    """`made(script)`: the cluster that a script makes, the arguments with which it calls `hx.batch` or a command."""
    jobqueue = pytest.importorskip("dask_jobqueue")
    found = {}

    def of(source):
        for kind in ("SLURMCluster", "PBSCluster"):

            class Noted(getattr(jobqueue, kind)):
                def __init__(self, **options):
                    super().__init__(**options)
                    found.update(cluster=self, script=self.job_script())

                def adapt(self, **limits):
                    found["limits"] = limits  # the first job would be submitted here

            monkeypatch.setattr(jobqueue, kind, Noted)
        monkeypatch.setattr(hx, "batch", lambda *given, **options: found.update(given=given, options=options))
        monkeypatch.setattr(subprocess, "run", lambda command, check: found.update(command=command))
        exec(compile(source, PAGE, "exec"), {"__name__": "__main__"})
        return found

    yield of
    if "cluster" in found:
        found["cluster"].close()


@pytest.mark.filterwarnings("default")  # Dask warns of what its own shutdown leaves open
class TestScripts:
    def test_slurm(self, made):
        found = made(SLURM)
        lines = found["script"].splitlines()
        for line in ("#SBATCH -p short", "#SBATCH -A xpcs", "#SBATCH --cpus-per-task=4", "#SBATCH -t 01:00:00"):
            assert line in lines
        assert lines.index("export NPROC=1") < len(lines) - 1
        assert options_of_worker(lines[-1]) == ("1", "4", "3.73GiB")  # 16 GB among four
        assert found["limits"] == {"maximum_jobs": 20}
        model, *paths = found["given"]
        assert isinstance(model, hx.TwoTimeModel)
        assert paths == ["/data/scans/*.hdf", "/data/all"]
        assert found["options"] == {"scheduler": found["cluster"].scheduler_address}

    def test_slurm_with_the_command_line(self, made):
        found = made(COMMAND)
        assert options_of_worker(found["script"]) == ("1", "4", "3.73GiB")
        program, name, *words = found["command"]
        assert (program, name) == ("homodyne-eqx", "batch")
        assert {word for word in words if word.startswith("--")} <= flags_of("batch")
        assert words[-2:] == ["--scheduler", found["cluster"].scheduler_address]

    def test_pbs(self, made):
        lines = made(PBS)["script"].splitlines()
        assert "#PBS -q workq" in lines
        assert "#PBS -l select=1:ncpus=4:mem=16GB" in lines
        assert "export NPROC=1" in lines
        assert options_of_worker(lines[-1]) == ("1", "4", "3.73GiB")


def test_the_commands_of_dask_are_understood():
    cli = {
        "scheduler": pytest.importorskip("distributed.cli.dask_scheduler").main,
        "worker": pytest.importorskip("distributed.cli.dask_worker").main,
    }
    shown = [command for command in shown_commands(PAGE) if " dask " in f" {command}"]
    assert len(shown) == 2
    for command in shown:
        words = shlex.split(command.removesuffix("&"))
        while "=" in words[0]:
            words.pop(0)
        known = {flag for option in cli[words[1]].params for flag in (*option.opts, *option.secondary_opts)}
        assert {word for word in words if word.startswith("--")} <= known


def test_the_tasks_of_the_array_job_take_each_file_once(tmp_path):
    (script,) = blocks(PAGE, "bash")
    count = int(re.search(r"^#SBATCH --array=0-(\d+)$", script, re.MULTILINE)[1]) + 1
    scans, programs = tmp_path / "scans", tmp_path / "bin"
    scans.mkdir()
    programs.mkdir()
    for k in range(23):
        (scans / f"scan {k}.hdf").touch()
    (programs / "homodyne-eqx").write_text("#!/bin/bash\nprintf '%s\\n' \"$@\"\n", encoding="utf-8")
    (programs / "homodyne-eqx").chmod(0o755)
    (tmp_path / "job.sh").write_text(script.replace("/data/", f"{tmp_path}/"), encoding="utf-8")
    taken, outputs = [], set()
    for task in range(count):
        environment = {"PATH": f"{programs}:{os.environ['PATH']}", "SLURM_ARRAY_TASK_ID": str(task)}
        done = subprocess.run(
            ["bash", tmp_path / "job.sh"], env=environment, capture_output=True, text=True, check=True
        )
        name, *words = done.stdout.splitlines()
        assert name == "batch"
        assert {word for word in words if word.startswith("--")} <= flags_of("batch")
        taken += [word for word in words if word.startswith(f"{scans}/")]
        outputs.add(words[words.index("--output") + 1])
    assert sorted(taken) == sorted(map(str, scans.iterdir()))
    assert len(outputs) == count


@pytest.mark.slow
@pytest.mark.x64
def test_the_script_for_slurm_fits_the_files_in_jobs(tmp_path):
    """`sbatch` starts each job here. A job has one worker, for small machines; the rest is as on the page."""
    pytest.importorskip("dask_jobqueue")
    programs, scans = tmp_path / "bin", tmp_path / "scans"
    for folder in (programs, scans):
        folder.mkdir()
    for name, content in (("sbatch", SBATCH), ("scancel", "#!/bin/bash\n")):
        (programs / name).write_text(content, encoding="utf-8")
        (programs / name).chmod(0o755)
    for k in range(2):
        write_file(scans / f"scan_{k}.hdf", k)
    script = tmp_path / "batch_on_slurm.py"
    smaller = (
        SLURM.replace("/data/", f"{tmp_path}/").replace("cores=4", "cores=1").replace("processes=4", "processes=1")
    )
    script.write_text(smaller.replace("maximum_jobs=20", "maximum_jobs=1"), encoding="utf-8")
    paths = {"PATH": f"{programs}:{os.environ['PATH']}", "JOBS": str(tmp_path / "jobs")}
    python_path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, **paths, "PYTHONPATH": python_path, "HOMODYNE_EQX_CACHE": "off"}
    try:
        done = subprocess.run(
            [sys.executable, script],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        rows = (tmp_path / "all" / "summary.csv").read_text(encoding="utf-8").splitlines()
        assert len(rows) == 3
        assert (tmp_path / "jobs" / "pids").is_file()
        assert "failed" not in "".join(rows)
    finally:
        if (tmp_path / "jobs" / "pids").is_file():
            for pid in (tmp_path / "jobs" / "pids").read_text(encoding="utf-8").split():
                try:
                    os.killpg(int(pid), signal.SIGTERM)
                except ProcessLookupError:
                    continue
