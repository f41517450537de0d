"""Bad input ends in exit code 2 and one message that says what, the value, what was expected and the remedy."""

import numpy as np
import pytest

from tests.app.steady import FRAMES

MAPS = "xpcs/twotime/correlation_map"


def refused(done, *words):
    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.output
    for word in words:
        assert word in done.stderr, done.stderr


@pytest.mark.x64
@pytest.mark.parametrize("command", ["fit", "inspect"])
def test_a_file_that_is_not_there_or_of_no_known_layout(run, tmp_path, command):
    refused(run(command, tmp_path / "missing.hdf"), "no file", "missing.hdf")
    text = tmp_path / "notes.txt"
    text.write_text("not a two-time file")
    refused(run(command, text), "no known layout", "aps-u", "npz-cache")


@pytest.mark.x64
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"entry/instrument/detector_1/frame_time": None}, ["frame_time", "--frame-time"]),
        ({f"{MAPS}/c2_00002": np.ones((5, 5), np.float32)}, ["c2_00002", "(5, 5)", f"({FRAMES}, {FRAMES})"]),
        ({"homodyne_eqx/sigma": None}, ["no sigma", "--sigma estimate"]),
        ({"homodyne_eqx/sigma": np.zeros(3)}, ["sigma", "> 0"]),
        ({"homodyne_eqx/gap": None}, ["gap"]),
        ({"homodyne_eqx/mask": np.ones(FRAMES, bool)}, ["No pixel", "mask"]),
        ({f"{MAPS}/c2_00001": np.full((FRAMES, FRAMES), np.nan, np.float32)}, ["No pixel", "not finite"]),
    ],
    ids=["dt missing", "sizes differ", "sigma missing", "sigma zero", "gap missing", "all masked", "all NaN"],
)
def test_a_file_that_lacks_or_contradicts(run, altered, changes, words):
    refused(run("fit", altered(changes)), *words)


@pytest.mark.x64
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--q", "1", "2"], ["No sector", "0.005"]),
        (["--phi", "200", "220"], ["No sector", "110"]),
        (["--sector", "7"], ["7", "0 to 2"]),
        (["--frames", "30", "20"], ["frames"]),
        (["--sigma", "0"], ["sigma is 0", "> 0"]),
        (["--sigma", "-1"], ["sigma is -1", "> 0"]),
        (["--sigma", "auto"], ["'auto'", "estimate"]),
        (["--gap", "-1"], ["gap", "> 0"]),
        (["--start", "D=1"], ["'D'", "D0, alpha"]),
        (["--start", "D0"], ["NAME=VALUE"]),
        (["--start", "D0=big"], ["'big'"]),
        (["--start", "D0=nan"], ["not finite"]),
        (["--start", "D0=-5"], ["D0", "outside its bounds"]),
        (["--start", "D0=1", "--start", "D0=2"], ["twice"]),
        (["--start", "D0=1", "--fix", "D0=2"], ["--start and --fix"]),
        (["--bound", "D0=5"], ["LOW:HIGH"]),
        (["--bound", "D0=5:2"], ["low < high"]),
        (["--model", "static", "--fix", "phi0=3"], ["'phi0'"]),
        (["--threads", "0"], ["--threads"]),
    ],
    ids=" ".join,
)
def test_options_that_cannot_be(run, steady_file, options, words):
    refused(run("fit", steady_file, *options), *words)


def test_options_that_typer_refuses(run, steady_file):
    for options in (["--model", "turbulent"], ["--max-steps", "0"], ["--colour", "red"]):
        assert run("fit", steady_file, *options).exit_code == 2


@pytest.mark.x64
def test_an_output_that_cannot_be(run, steady_file, tmp_path):
    (tmp_path / "file").write_text("")
    refused(run("fit", steady_file, "--output", tmp_path / "file"), "is a file")
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.tex").write_text("Introduction")
    refused(run("fit", steady_file, "--output", precious), "--force")
    refused(run("fit", steady_file, "--output", precious, "--force"), "thesis.tex")
    assert (precious / "thesis.tex").read_text() == "Introduction"


def test_a_traceback_on_request(run, tmp_path, monkeypatch):
    from homodyne_eqx.app.bad_input import refuses_bad_input

    @refuses_bad_input
    def command():
        raise ValueError("what was wrong")

    monkeypatch.setenv("HOMODYNE_EQX_TRACEBACK", "1")
    with pytest.raises(ValueError, match="what was wrong"):
        command()


@pytest.mark.x64
def test_simulate_wants_every_number_of_the_physics(run, tmp_path):
    refused(run("simulate", tmp_path / "s.hdf", "--set", "D0=1"), "alpha", "contrast")
    assignments = ("D0=1e4", "alpha=0", "D_offset=0", "contrast=0.3", "offset=1")
    settings = [part for assignment in assignments for part in ("--set", assignment)]
    given = ["simulate", tmp_path / "s.hdf", "--model", "static", *settings]
    refused(run(*given), "--q", "--frames", "--dt", "--noise")
    refused(run(*given, "--q", 0.005, "--frames", 10, "--dt", 0.1, "--noise", 0), "--noise", "> 0")
    refused(run(*given, "--q", 0.005, "--frames", 10, "--dt", -0.1, "--noise", 0.01), "dt")
    assert not (tmp_path / "s.hdf").exists()


def test_plot_wants_a_result(run, tmp_path, steady_file):
    refused(run("plot", tmp_path), "result.h5")
    refused(run("plot", tmp_path / "missing.h5"), "There is no")
    refused(run("plot", steady_file), "not the result of a fit")
