"""The flags of `fit` and `inspect` are the options that the readers state: a new reader brings its own."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from homodyne_eqx.app.command_line import build_app
from homodyne_eqx.data import errors, formats, load
from homodyne_eqx.data.formats import FIRST_FRAME, READERS, Reader, ReaderOption, Recording

SIGNATURE = b"toy two-time file"


def toy_missing(path: Path) -> tuple[str, ...]:
    return () if path.read_bytes().startswith(SIGNATURE) else ("the first line of a toy file",)


def toy_read(path: Path, *, exposure: float = 1.0, first_frame: int = 0, detector: str = "A") -> Recording:
    if detector not in ("A", "B"):
        raise errors.InvalidFile(str(path), f"it holds no detector {detector}. Choose A or B.")
    rng = np.random.default_rng(0)
    noise = np.triu(rng.normal(0, 0.01, (1, 40, 40)), 1)
    maps = 1 + noise + noise.swapaxes(1, 2)
    t = exposure * (first_frame + np.arange(40))
    return Recording(maps, np.array([0.01]), None, t, exposure, sigma=np.array([0.01]))


TOY = Reader(
    "toy",
    "toy file of one sector",
    toy_missing,
    toy_read,
    (
        ReaderOption("exposure", float, "SECONDS", "Time between two frames of the toy."),
        FIRST_FRAME,
        ReaderOption("detector", str, "NAME", "A or B."),
    ),
)


@pytest.fixture
def toy_file(tmp_path):
    path = tmp_path / "scan.toy"
    path.write_bytes(SIGNATURE)
    return path


@pytest.fixture
def call(monkeypatch):
    """A call of the command line made when the toy reader is registered: one line, as a contributor adds it."""
    monkeypatch.setattr(formats, "READERS", (*READERS, TOY))
    return lambda *arguments: CliRunner().invoke(build_app(), [str(argument) for argument in arguments])


@pytest.mark.parametrize("command", ["fit", "inspect"])
def test_a_new_option_is_a_flag_in_the_help(call, command):
    said = call(command, "--help").stdout
    (row,) = (line for line in said.splitlines() if "--exposure" in line)
    assert "SECONDS" in row
    assert "Time between two frames of the toy." in row
    assert said.count("--first-frame") == 1
    assert said.count("--frame-time") == 1
    panel = said[said.index("Data selection") :]
    assert "--exposure" in panel[: panel.index("╰")]


def test_without_the_reader_there_is_no_flag():
    for command in ("fit", "inspect"):
        said = CliRunner().invoke(build_app(), [command, "--help"]).stdout
        assert "--exposure" not in said
        for words in ("--frame-time", "SECONDS", "--first-frame", "if the file lacks it or states a wrong one"):
            assert words in said


@pytest.mark.x64
def test_its_value_arrives_at_the_reader(call, toy_file):
    done = call("inspect", toy_file, "--exposure", "0.25", "--first-frame", "4")
    assert done.exit_code == 0, done.output
    assert "1 to 10.75 s, frame period 0.25 s" in done.stdout
    assert "toy: toy file of one sector" in done.stdout
    done = call("fit", toy_file, "--model", "static", "--detector", "C")
    assert done.exit_code == 2
    assert "it holds no detector C. Choose A or B." in done.stderr


@pytest.mark.x64
def test_it_is_refused_for_a_layout_that_does_not_take_it(call, steady_file):
    done = call("fit", steady_file, "--exposure", "0.25")
    assert done.exit_code == 2
    assert "'aps-u', which does not take --exposure; it takes --frame-time, --first-frame, --sector-q" in done.stderr


def test_the_same_reader_serves_python(call, toy_file):
    data = load(toy_file, exposure=0.5)
    np.testing.assert_allclose(data.geometry.dt, 0.5)
    with pytest.raises(errors.WrongOption, match="exposure is 'long'; expected a number"):
        load(toy_file, exposure="long")
    with pytest.raises(errors.UnknownOption) as caught:
        load(toy_file, frame_time=1.0)
    assert caught.value.known == ("exposure", "first_frame", "detector")


def test_the_help_names_the_layouts_that_there_are():
    for command in ("fit", "inspect"):
        said = " ".join(CliRunner().invoke(build_app(), [command, "--help"]).stdout.split())
        for reader in READERS:
            assert reader.description in said


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_a_reader_takes_what_it_states_and_no_more(reader):
    import inspect

    parameters = inspect.signature(reader.read).parameters.values()
    taken = {p.name: p for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}
    assert {*taken} == {option.name for option in reader.options}
    assert all(p.default is None for p in taken.values())
    assert not {*taken} & {*inspect.signature(load).parameters}
