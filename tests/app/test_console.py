"""Consoles without χ², pipes that end early, full disks, Ctrl-C, completion, and names that were meant."""

import io
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.app import completion, standard_streams
from homodyne_eqx.app.standard_streams import IN_OTHERS, GivingUp, finish_streams
from tests.app.made_inference import made_posterior, made_profile
from tests.app.steady import DT, FRAMES, GAP, PHI, SIGMA, Q, steady_maps

ENCODINGS = ("cp1252", "ascii", "latin-1", "cp437")
every_encoding = pytest.mark.parametrize("encoding", ENCODINGS)


def test_what_an_encoding_lacks_is_written_in_others():
    text = "reduced χ² 1.02 ± 0.10, q 0.005 Å⁻¹, φ −3°, s⁻¹⁰ … 漢"
    expected = {
        "ascii": "reduced chi^2 1.02 +- 0.10, q 0.005 A^-1, phi -3deg, s^-10 ... ?",
        "cp437": "reduced chi² 1.02 ± 0.10, q 0.005 Å^-1, φ -3°, s^-10 ... ?",
        "latin-1": "reduced chi² 1.02 ± 0.10, q 0.005 Å^-¹, phi -3°, s^-¹^0 ... ?",
    }
    for encoding, written in expected.items():
        assert text.encode(encoding, IN_OTHERS).decode(encoding) == written
    assert text.encode("utf-8", IN_OTHERS).decode() == text
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("utf-8", IN_OTHERS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A file, and a result as `fit` writes it."""
    path = tmp_path_factory.mktemp("console")
    geometry = hx.Geometry(q=Q, phi=PHI, gap=GAP, t=DT * np.arange(FRAMES), dt=DT)
    data = hx.TwoTimeData(steady_maps().astype(np.float32), geometry, sigma=SIGMA)
    hx.save_aps_u(path / "steady.hdf", data)
    result = hx.fit(hx.TwoTimeModel(hx.Diffusion(2e4), hx.ContrastOffset(0.3, 1.0)), data, sample=False, scan=False)
    result.save(path / "out")
    return path


@pytest.fixture
def console(monkeypatch):
    """`console("cp437", "fit", …)`: the exit code and what was printed, on a console of that encoding."""

    def call(encoding, *arguments):
        from homodyne_eqx.app.command_line import app

        streams = [io.TextIOWrapper(io.BytesIO(), encoding, IN_OTHERS) for _ in range(2)]
        code = 0
        with monkeypatch.context() as replaced:
            replaced.setattr(sys, "stdout", streams[0])
            replaced.setattr(sys, "stderr", streams[1])
            try:
                app([str(each) for each in arguments], prog_name="homodyne-eqx")
            except SystemExit as end:
                code = end.code
        for stream in streams:
            stream.flush()
        return code, *(stream.buffer.getvalue() for stream in streams)

    return call


@every_encoding
def test_every_command_explains_itself(console, encoding):
    import typer.main

    from homodyne_eqx.app.command_line import app

    names = [*typer.main.get_command(app).commands]
    assert len(names) == 12
    for name in names:
        code, stdout, stderr = console(encoding, name, "--help")
        assert code == 0, stderr
        assert f"homodyne-eqx {name}" in stdout.decode(encoding)


@pytest.mark.x64
@every_encoding
def test_a_fit_is_printed_and_written(console, folder, tmp_path, encoding):
    given = ("fit", folder / "steady.hdf", "--rates", "constant", "--scaling", "common", "--no-figures")
    code, stdout, stderr = console(encoding, *given, "--output", tmp_path / "out")
    assert code == 0, stderr
    assert "ADEQUATE" in stdout.decode(encoding)
    found = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert found["parameters"]["D0"]["unit"] == "Å²/s^(1+alpha)", "files are in UTF-8 whatever the console has"
    code, stdout, _ = console(encoding, *given, "--json")
    assert code == 0
    assert json.loads(stdout.decode("ascii"))["parameters"]["D0"]["unit"] == "Å²/s^(1+alpha)"


@pytest.mark.x64
@every_encoding
def test_what_works_on_a_file_or_a_result_works(console, folder, tmp_path, encoding, monkeypatch):
    out = tmp_path / "out"
    shutil.copytree(folder / "out", out)
    setting = (
        "--set",
        "D0=1e4",
        "--set",
        "alpha=0",
        "--set",
        "D_offset=0",
        "--set",
        "contrast=0.3",
        "--set",
        "offset=1",
    )
    simulated = ("--model", "static", "--q", "0.01", "--frames", "9", "--dt", "0.1", "--noise", "0.01", *setting)
    monkeypatch.setattr("homodyne_eqx.inference.profile", lambda *_, **__: made_profile("diffusion.rate"))
    monkeypatch.setattr("homodyne_eqx.inference.posterior.sample", lambda *_, **__: made_posterior())
    for arguments in (
        ("inspect", folder / "steady.hdf"),
        ("convert", folder / "steady.hdf", tmp_path / "again.hdf"),
        ("simulate", tmp_path / "simulated.hdf", *simulated),
        ("plot", out, "--sector", "0", "--output", tmp_path / "drawn"),
        ("report", out),
        ("report", out, "--text"),
        ("config", "--template"),
        ("profile", out, "--parameter", "diffusion.rate"),
        *([("sample", out)] if _has_sampler() else []),
    ):
        code, stdout, stderr = console(encoding, *arguments)
        assert code in (0, 3), (arguments, stderr)
        assert stdout


def _has_sampler():
    try:
        import arviz  # noqa: F401
        import numpyro  # noqa: F401
    except ImportError:
        return False
    return True


@every_encoding
def test_a_template_that_is_redirected_is_read_again(console, encoding, tmp_path):
    _, stdout, _ = console(encoding, "config", "--template")
    (tmp_path / "my.toml").write_bytes(stdout)
    assert "Å⁻¹" in stdout.decode("utf-8")
    code, _, stderr = console(encoding, "config", "--validate", tmp_path / "my.toml")
    assert code == 0, stderr


@every_encoding
def test_an_error_is_said(console, encoding, tmp_path):
    code, _, stderr = console(encoding, "fit", tmp_path / "Dänø漢.hdf")
    assert code == 2
    assert b".hdf" in stderr


def test_a_reader_who_has_read_enough_harms_nothing():
    read, write = os.pipe()
    os.close(read)
    below = GivingUp(write)
    with io.TextIOWrapper(io.BufferedWriter(below), "utf-8") as stream:
        stream.write("more than is read\n" * 10_000)
    assert isinstance(below.lost, BrokenPipeError)
    os.close(write)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_said_and_a_broken_pipe_is_not(monkeypatch):
    with open("/dev/full", "wb") as full:
        below = GivingUp(full.fileno())
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BufferedWriter(below), "utf-8"))
        monkeypatch.setattr(sys, "stderr", io.StringIO())
        sys.stdout.write("text")
        assert finish_streams([below])
        assert "No space left" in sys.stderr.getvalue()
        below.lost = BrokenPipeError(32, "Broken pipe")
        assert not finish_streams([below])
        monkeypatch.undo()


def script(*arguments, **options):
    environment = {**os.environ, "COLUMNS": "80", "HOMODYNE_EQX_CACHE": "off", **options.pop("env", {})}
    command = [sys.executable, "-m", "homodyne_eqx.app.main", *map(str, arguments)]
    return subprocess.run(command, env=environment, check=False, **options)


@pytest.mark.x64
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_process_ends_without_a_traceback_whatever_its_output_is(folder):
    with open("/dev/full", "wb") as full:
        done = script("inspect", folder / "steady.hdf", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert (
        done.stderr.decode()
        == "Standard output was lost in part: No space left on device. Results in files are whole.\n"
    )
    read, write = os.pipe()
    os.close(read)
    done = script("inspect", folder / "steady.hdf", stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")
    done = script("inspect", folder / "steady.hdf", capture_output=True, env={"PYTHONIOENCODING": "cp437"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert "Å" in done.stdout.decode("cp437")


@pytest.mark.x64
@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_result_is_whole_whatever_the_output_is(folder, tmp_path):
    read, write = os.pipe()
    os.close(read)
    done = script("inspect", folder / "steady.hdf", stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")
    given = ("fit", folder / "steady.hdf", "--model", "static", "--rates", "constant", "--output")
    read, write = os.pipe()
    os.close(read)
    done = script(*given, tmp_path / "pipe", stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert done.returncode in (0, 3), done.stderr
    with open("/dev/full", "wb") as full:
        done = script(*given, tmp_path / "full", stdout=full, stderr=full)
    assert done.returncode in (2, 3)
    for name in ("pipe", "full"):
        files = {path.name for path in (tmp_path / name).iterdir()}
        assert files == {"config.toml", "curves.csv", "figures", "report.html", "result.h5", "result.json"}


@pytest.mark.x64
def test_ctrl_c_while_drawing_keeps_the_result(run, folder, tmp_path, monkeypatch):
    from homodyne_eqx.app import fitting

    def interrupted(_, partial, **__):
        (partial / "maps.png").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(fitting, "draw_figures", interrupted)
    given = ("--rates", "constant", "--scaling", "common", "--no-report", "--output", tmp_path / "out")
    done = run("fit", folder / "steady.hdf", *given)
    assert done.exit_code == 130
    assert "Interrupted." in done.stderr
    assert "ADEQUATE" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    names = ["config.toml", "curves.csv", "result.h5", "result.json"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names


def test_quiet_libraries_say_nothing_and_others_a_line():
    source = """
import logging, sys, warnings
from homodyne_eqx.app.runtime import set_up_jax
from homodyne_eqx.app.standard_streams import show_warnings_as_notes
show_warnings_as_notes()
set_up_jax(quiet=len(sys.argv) > 1)
warnings.warn("of no consequence")
logging.getLogger("jax._src.xla_bridge").warning("no GPU")
"""
    environment = {**os.environ, "HOMODYNE_EQX_CACHE": "off"}
    said = [
        subprocess.run([sys.executable, "-c", source, *more], env=environment, capture_output=True, check=True).stderr
        for more in ([], ["--quiet"])
    ]
    assert said[0].decode().splitlines()[0] == "note: of no consequence"
    assert said[1] == b""


@pytest.mark.x64
def test_models_and_parameters_of_a_result_are_completed(folder, tmp_path):
    assert completion.models("stretched-l") == ["stretched-laminar-flow"]
    assert completion.models("static") == ["static"]
    out = str(folder / "out")
    assert completion.parameters_of_first([out], "") == ["diffusion.rate", "contrast", "offset"]
    assert completion.parameters_of_first(["--parameter", str(folder), out], "di") == ["diffusion.rate"]
    (tmp_path / "result.json").write_text("[]", encoding="utf-8")
    assert completion.parameters_of_first([str(tmp_path)], "") == []
    assert completion.parameters_of_first([], "") == []


@pytest.mark.x64
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_commands_options_models_and_parameters(folder, tmp_path):
    program = tmp_path / "homodyne-eqx"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m homodyne_eqx.app.main "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    completed = {
        "homodyne-eqx prof": "profile",
        "homodyne-eqx fit x --diffusion": "--diffusion-rates",
        "homodyne-eqx fit x --model stretched-l": "stretched-laminar-flow",
        f"homodyne-eqx profile {folder / 'out'} --parameter di": "diffusion.rate",
    }
    lines = ['eval "$(homodyne-eqx --show-completion bash)"', "complete -p homodyne-eqx >/dev/null"]
    for words in completed:
        lines.append(f"COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))")
        lines.append('_homodyne_eqx_completion homodyne-eqx; printf "%s\\n" "${COMPREPLY[@]}"')
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-ec", "\n".join(lines)], env=environment, capture_output=True, check=False)
    assert done.stdout.decode().split() == [*completed.values()], done.stderr


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("fti", "x"), "fit"),
        (("fit", "x", "--modle", "static"), "--model"),
        (("fit", "x", "--model", "statik"), "static"),
        (("fit", "x", "--model", "laminar-flow", "--start", "gama_dot_t0=1"), "gamma_dot_t0"),
        (("compare", "x", "--model", "static", "--model", "laminarflow"), "laminar-flow"),
    ],
)
def test_a_name_that_was_meant_is_named(run, arguments, meant):
    done = run(*arguments)
    assert done.exit_code == 2
    said = done.stderr.replace("'", "")
    assert f"Did you mean {meant}?" in said or f"(Possible options: {meant})" in said, done.stderr


def test_the_streams_of_a_process_are_replaced_and_a_windows_console_is_left():
    class Raw(io.RawIOBase):
        def writable(self):
            return True

    stream = io.TextIOWrapper(io.BufferedWriter(Raw()), "cp1252")
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = stream, io.StringIO()
    try:
        assert standard_streams.prepare_streams() == []
        assert sys.stdout is stream
        assert stream.errors == IN_OTHERS
    finally:
        sys.stdout, sys.stderr = before
