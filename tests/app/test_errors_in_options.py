"""The command line writes what repairs an input as its own flags, from the data of the error and not from its text."""

import ast
from pathlib import Path

import h5py
import numpy as np
import pytest

import homodyne_eqx.app
from homodyne_eqx.app.bad_input import in_options
from homodyne_eqx.app.spelling import InOptions
from homodyne_eqx.data import errors
from tests.app.steady import FRAMES

APP = Path(homodyne_eqx.app.__file__).parent
FRAME_TIME = "entry/instrument/detector_1/frame_time"
BEGIN_FRAME = "xpcs/twotime/config/begin_frame"


@pytest.mark.parametrize(
    ("remedy", "python", "flags"),
    [
        (errors.Remedy("frame_time", "SECONDS"), "frame_time=<seconds>", "--frame-time SECONDS"),
        (errors.Remedy("first_frame", 0), "first_frame=0", "--first-frame 0"),
        (errors.Remedy("sigma", "estimate"), 'sigma="estimate"', "--sigma estimate"),
        (errors.Remedy("sectors", "INDICES"), "sectors=<indices>", "--sector N"),
        (errors.Remedy("gap", "ANGSTROM"), "gap=<angstrom>", "--gap ANGSTROM"),
        (errors.Remedy("phi", "DEGREES"), "phi=<degrees>", None),
        (errors.Remedy("lazy", False), "lazy=False", None),
    ],
    ids=lambda x: getattr(x, "option", None),
)
def test_a_remedy_is_spelled_in_python_and_in_flags(remedy, python, flags):
    assert errors.InPython().assignment(remedy) == python
    assert InOptions().assignment(remedy) == flags


def test_what_no_command_offers_is_left_out_of_the_message():
    error = errors.MissingGeometry("Shear", ("gap", "phi"))
    assert in_options(error) == "Shear needs gap and phi, which the geometry lacks. Pass --gap ANGSTROM."
    assert in_options(errors.NotLazy("a.npz", "npz-cache")).endswith("a file that save_aps_u wrote can.")
    assert in_options(ValueError("as it is")) == "as it is"
    assert in_options(ValueError()) == "ValueError"


@pytest.mark.x64
@pytest.mark.parametrize(
    ("changes", "options", "words"),
    [
        ({FRAME_TIME: None}, [], [f"has no /{FRAME_TIME}. Pass --frame-time SECONDS as the period of the detector."]),
        ({FRAME_TIME: 0.0}, [], ["--frame-time is 0.0 s; expected > 0. Pass --frame-time SECONDS"]),
        ({BEGIN_FRAME: None}, [], [f"has no /{BEGIN_FRAME}. Pass --first-frame N as the detector frame"]),
        ({BEGIN_FRAME: -3}, [], ["the first frame is -3", "Pass --first-frame N"]),
        ({}, ["--first-frame", "-1"], ["the first frame is -1", "Pass --first-frame N"]),
        (
            {"homodyne_eqx/sigma": None},
            [],
            ["holds no sigma", "Pass --sigma VALUE, or --sigma estimate to take it from the scatter of the far-lag"],
        ),
        ({}, ["--sigma", "0"], ["sigma is 0.0; expected finite numbers > 0. Pass --sigma VALUE"]),
        ({"homodyne_eqx/gap": None}, [], ["needs gap", "Pass --gap ANGSTROM."]),
        ({"homodyne_eqx/mask": np.ones(FRAMES, bool)}, [], ["No pixel of sector 0", "Pass --sector N without it."]),
        ({}, ["--sector", "7"], ["There is no sector 7; expected numbers from 0 to 2."]),
        ({}, ["--sector", "1", "--sector", "1"], ["--sector is [1, 1]; expected each index once"]),
        ({}, ["--frames", "9", "3"], ["--frames is (9, 3); expected (first, stop)"]),
        ({}, ["--q", "1", "2"], ["No sector is left with --q (1.0, 2.0). There are q 0.005"]),
    ],
    ids=lambda x: " ".join(map(str, x))[:40] if isinstance(x, (dict, list)) else None,
)
def test_messages_name_flags(run, altered, changes, options, words):
    done = run("fit", altered(changes), *options)
    assert done.exit_code == 2, done.output
    for word in words:
        assert word in done.stderr, done.stderr
    assert "=<" not in done.stderr
    assert "HOMODYNE_EQX_TRACEBACK" not in done.stderr


@pytest.fixture
def cache_file(tmp_path):
    rng = np.random.default_rng(2)
    c2 = 1 + 0.01 * rng.standard_normal((2, 30, 30))
    t = 0.1 * np.arange(30)
    path = tmp_path / "cached.npz"
    names = {"t1": t, "t2": t, "wavevector_q_list": np.full(2, 0.005), "phi_angles_list": np.array([0.0, 60.0])}
    np.savez(path, c2_exp=(c2 + c2.swapaxes(1, 2)) / 2, **names)
    return path


@pytest.mark.x64
@pytest.mark.parametrize("command", ["fit", "inspect"])
def test_a_flag_that_the_layout_does_not_take_is_named(run, cache_file, command):
    done = run(command, cache_file, "--frame-time", "0.1", "--first-frame", "2")
    assert done.exit_code == 2
    assert "layout 'npz-cache', which does not take --frame-time; it takes --first-frame." in done.stderr


@pytest.mark.x64
def test_inspect_says_what_there_is_to_say_of_sigma(run, altered, steady_file):
    wrong = run("inspect", altered({"homodyne_eqx/sigma": np.zeros(3)}))
    assert wrong.exit_code == 0, wrong.stderr
    assert "sigma is [0. 0. 0.]; expected finite numbers > 0. --sigma estimate would take" in wrong.stdout
    with h5py.File(steady_file) as file:
        flat = np.ones_like(file["xpcs/twotime/correlation_map/c2_00001"])
    bare = {"homodyne_eqx/sigma": None}
    none = run("inspect", altered({**bare, "xpcs/twotime/correlation_map/c2_00001": np.triu(flat)}))
    assert none.exit_code == 0, none.stderr
    assert "none in the file; none can be estimated: The far-lag plateau of sector 0 does not scatter." in none.stdout
    refused = run("inspect", altered({"homodyne_eqx/mask": np.ones(FRAMES, bool)}))
    assert refused.exit_code == 2
    assert "No pixel of sector 0 is left" in refused.stderr


LOOKS = {"replace", "startswith", "endswith", "find", "index", "split", "partition", "strip", "rstrip", "removesuffix"}
LOOKS |= {"search", "match", "fullmatch", "sub", "removeprefix", "lower", "count"}


TEXTS = {"args", "msg", "message", "strerror", "text", "problem"}


def readers_of_messages(source: str) -> list[str]:
    """The places where a module compares, searches or changes the text of an exception, or a name assigned from one."""
    found = []
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef):
            continue
        exceptions = {n.name for n in ast.walk(function) if isinstance(n, ast.ExceptHandler) and n.name}
        for argument in function.args.args:
            if argument.annotation is not None and ast.unparse(argument.annotation).endswith(("Exception", "Error")):
                exceptions.add(argument.arg)
        texts: set[str] = set()

        def is_text(node: ast.AST, exceptions=exceptions, texts=texts) -> bool:
            for part in ast.walk(node):
                if isinstance(part, ast.Name) and part.id in texts:
                    return True
                told = (isinstance(part, ast.Call) and ast.unparse(part.func) in {"str", "repr", "in_options"}) or (
                    isinstance(part, ast.FormattedValue) or (isinstance(part, ast.Attribute) and part.attr in TEXTS)
                )
                if told and any(isinstance(n, ast.Name) and n.id in exceptions for n in ast.walk(part)):
                    return True
            return False

        for _ in range(3):
            for node in ast.walk(function):
                if isinstance(node, ast.Assign) and is_text(node.value):
                    texts |= {n.id for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name)}
        for node in ast.walk(function):
            looks = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOOKS
            compares = isinstance(node, ast.Compare) and any(
                isinstance(op, ast.In | ast.NotIn | ast.Eq) for op in node.ops
            )
            if (looks or compares) and is_text(node):
                found.append(ast.unparse(node))
    return found


@pytest.mark.parametrize("path", sorted(APP.rglob("*.py")), ids=lambda path: str(path.relative_to(APP)))
def test_no_module_reads_the_text_of_an_error(path):
    found = readers_of_messages(path.read_text(encoding="utf-8"))
    assert found == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("if 'sigma' in str(e): pass", True),
        ("if 'sigma' not in f'{e}': pass", True),
        ("m = str(e)\n        m = m.replace('a', 'b')", True),
        ("m = in_options(e)\n        n = m\n        if 'x' in n: pass", True),
        ("if e.args[0].startswith('No'): pass", True),
        ("import re\n        re.search('No', str(e))", True),
        ("raise ValueError(f'It failed: {e}') from e", False),
        ("print(in_options(e))", False),
        ("return isinstance(e, KeyError)", False),
    ],
)
def test_the_check_of_modules_finds_what_it_should(body, found):
    source = f"def f():\n    try:\n        pass\n    except ValueError as e:\n        {body}\n"
    assert bool(readers_of_messages(source)) == found
