"""Configuration files: what they set, what flags set over them, what a result keeps, and what is refused."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from homodyne_eqx.app.configuration import differs, read_config, settings_of
from homodyne_eqx.app.configuration.line_of_key import line_of_key

ROOT = Path(__file__).parent.parent.parent
ALL = """\
[model]
name = "static"
rates = "constant"
scaling = "common"

[data]
q = ["0.05nm^-1", 0.006]
phi = [-20, 90]
sectors = [0, 2]
frames = [5, 30]
gap = "200um"
sigma = 0.01
sector_phi = [10.0, 70, 110]
frame_time = 0.1
first_frame = 3

[prepare]
exclude_frames = [7, 8]
exclude_outliers = true
bin_frames = 2
repeat = ["again.hdf"]

[parameters.D0]
start = 1e4
bounds = [0, inf]

[parameters]
contrast = { start = [0.3, 0.2], fix = true }

[fit]
loss = "huber"
max_steps = 50
threads = 2

[output]
figures = false
"""


@pytest.fixture
def write(tmp_path):
    def written(text, name="my.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return written


@pytest.fixture
def understood(monkeypatch, run):
    """The settings that `fit` ends up with, for its arguments; nothing is read."""

    def call(*arguments):
        found = []
        monkeypatch.setattr("homodyne_eqx.app.fit_file.fit_file", lambda file, settings, *_: found.append(settings))
        from typer.testing import CliRunner

        from homodyne_eqx.app.command_line import app

        done = CliRunner().invoke(app, ["fit", "none.hdf", *map(str, arguments)])
        assert found, done.output
        return found[0]

    return call


def test_every_key_means_what_its_flag_means(understood, write, tmp_path):
    path = write(ALL.replace("[parameters]\n", "").replace("contrast = {", "[parameters.contrast]\n#"))
    options = ["--model", "static", "--rates", "constant", "--scaling", "common", "--q", "0.05nm^-1", "0.006"]
    options += ["--phi", "-20", "90", "--sector", 0, "--sector", 2, "--frames", 5, 30, "--gap", "200um"]
    options += ["--sigma", "0.01", "--sector-phi", "10.0,70,110", "--frame-time", "0.1", "--first-frame", 3]
    options += ["--exclude-frames", "7,8", "--exclude-outliers", "--bin-frames", 2, "--repeat", tmp_path / "again.hdf"]
    options += ["--start", "D0=10000.0", "--bound", "D0=0.0:", "--loss", "huber", "--max-steps", 50]
    assert understood("--config", path) == understood(*options)
    assert settings_of(read_config(path)) == understood(*options)


def test_flags_go_before_the_file_and_parameters_are_merged_by_name(understood, write):
    path = write(
        '[model]\nkernel = "sinc-squared"\n[data]\nframes = [5, 30]\n'
        "[parameters.D0]\nstart = 1\nbounds = [0, 9]\n[parameters.phi0]\nstart = 7\nfix = true\n"
        "[parameters.alpha]\nstart = 0.1\n"
    )
    found = understood("--frames", 0, 9, "--start", "D0=2", "--fix", "phi0=8", "--fix", "alpha", "--config", path)
    assert (found.kernel, found.frames) == ("sinc-squared", (0, 9))
    assigned = found.assigned(("D0", "alpha", "phi0"))
    assert assigned.start == {"D0": 2.0, "phi0": 8.0, "alpha": 0.1}
    assert set(assigned.fixed) == {"phi0", "alpha"}
    assert assigned.bounds == {"D0": (0.0, 9.0)}


def test_a_former_result_goes_before_the_starts_of_the_file_as_a_flag_alone(understood, write, tmp_path):
    starts = "[parameters.D0]\nstart = 1\n[parameters.phi0]\nstart = 7\nfix = true\n"
    assert understood("--config", write(starts), "--start-from", tmp_path).start == ("phi0=7.0",)
    within = understood("--config", write(f'[fit]\nstart_from = "a"\n{starts}'))
    assert within.start_from == tmp_path / "a"
    assert within.start == ("D0=1.0", "phi0=7.0")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[fit]\nmax_step = 3\n", 2, ["max_step", "did you mean max_steps?"]),
        ('[fit]\n\nmax_steps = "many"\n', 3, ["max_steps in [fit]", '"many"', "an integer ≥ 1"]),
        ("[fit]\nmax_steps = 0\n", 2, ["is 0", "an integer ≥ 1"]),
        ("[fit]\nmax_steps = true\n", 2, ["is true", "an integer ≥ 1"]),
        ("# a\n[modle]\nname = 'static'\n", 2, ["no section [modle]", "did you mean model?"]),
        ("gap = 1.0\n", 1, ["gap stands in no section", "[data]"]),
        ("[fit]\nkernel = 'gap-average'\n", 2, ["[fit] has no key kernel", "belongs below [model]"]),
        ("[model]\nkernel = 'gap'\n", 2, ['"gap"', '"gap-average" or "sinc-squared"']),
        ("[data]\nframes = [\n  9,\n  3,\n]\n", 2, ["[9, 3]", "0 ≤ A < B"]),
        ("[data]\nframes = [1, 2, 3]\n", 2, ["[1, 2, 3]", "two integers"]),
        ("[data]\nsigma = 'guess'\n", 2, ['"guess"', 'a number > 0, or "estimate"']),
        ("[data]\nsigma = inf\n", 2, ["sigma", "inf", "a number > 0"]),
        ("[data]\ngap = '3parsec'\n", 2, ["gap", "3parsec"]),
        ("[parameters]\nD0 = 3\n", 2, ["D0 is 3", "[parameters.D0]"]),
        ("[parameters.D0]\nbounds = [3, 1]\n", 2, ["[3, 1]", "LO < HI"]),
        ("[parameters.D0]\nstart = nan\n", 2, ["nan", "a finite number"]),
        ("[parameters.D0]\nfix = 0.3\n", 2, ["fix", "true or false", "start holds the value"]),
        ("[parameters.D0]\nfixed = true\n", 2, ["no key fixed", "did you mean fix?"]),
        ("[parameters.relaxation.rate]\nstart = 3\n", 1, ['[parameters."relaxation.rate"]']),
        ("[fit]\nstart = 3\n", 2, ["it belongs below [parameters.NAME]"]),
    ],
)
def test_what_is_wrong_is_named_with_its_line(run, write, text, line, said):
    path = write(text)
    for arguments in (("config", "--validate", path), ("fit", "none.hdf", "--config", path)):
        done = run(*arguments)
        assert done.exit_code == 2
        assert f"{path}, line {line}: " in done.stderr
        assert not [word for word in said if word not in done.stderr], done.stderr
        assert "Traceback" not in done.stderr


def test_everything_that_is_wrong_is_said_at_once(run, write):
    done = run("config", "--validate", write("[fit]\nmax_steps = 0\nlos = 3\n[data]\nphi = 3\ngap = '3parsec'\n"))
    assert [int(number) for number in re.findall(r"line (\d+): ", done.stderr)] == [2, 3, 5, 6]


def test_no_toml_and_no_file_are_refused(run, write, tmp_path):
    assert "line 2" in run("config", "--validate", write("[fit]\nloss = \n")).stderr
    assert run("config", "--validate", tmp_path / "none.toml").exit_code == 2
    assert "is a folder" in run("config", "--validate", tmp_path).stderr
    assert "has none of its options" in run("config").stderr
    assert "has two of its options" in run("config", "--from-yaml", "x", "--validate", "x").stderr


def test_names_and_models_are_validated_and_found_in_the_file(run, write, steady_file):
    path = write('[model]\nname = "static"\n\n[parameters.D_ofset]\nstart = 3\n')
    done = run("config", "--validate", path)
    assert done.exit_code == 2
    assert "Did you mean D_offset?" in done.stderr
    assert f"{path}, line 4: [parameters.D_ofset]" in done.stderr
    done = run("fit", steady_file, "--config", path)
    assert done.exit_code == 2
    assert f"{path}, line 4: [parameters.D_ofset]; flags override the file" in done.stderr
    path = write('[model]\nrates = "constant"\nname = "statik"\n')
    assert f"{path}, line 3: [model] name" in run("config", "--validate", path).stderr
    assert "no file" in run("config", "--validate", write('[prepare]\nrepeat = ["b.hdf"]\n')).stderr


def test_the_template_is_valid_with_all_and_with_none_of_its_keys(run, write):
    done = run("config", "--template")
    assert done.exit_code == 0
    assert run("config", "--validate", write(done.stdout)).stdout.endswith("is valid.\n")
    assert tomllib.loads(done.stdout) == {name: {} for name in ("model", "data", "prepare", "fit", "output")}
    filled = re.sub(r"^# ", "", done.stdout, flags=re.MULTILINE)
    document = tomllib.loads(filled)
    from homodyne_eqx.app.configuration.keys import PARAMETER, SECTIONS
    from homodyne_eqx.app.configuration.schema import faults

    assert not faults(document)
    assert document.pop("parameters") == {"D0": {"start": 1e4, "fix": False, "bounds": [0.0, float("inf")]}}
    assert {name: set(keys) for name, keys in document.items()} == {
        name: set(keys) for name, keys in SECTIONS.items() if name != "input"
    }
    assert set(PARAMETER) == {"start", "fix", "bounds"}
    assert (document["fit"]["max_steps"], document["model"]["kernel"]) == (200, "gap-average")
    assert document["output"]["figures"] is True


def test_every_field_of_the_settings_is_an_option_of_fit():
    """A field without an option could be set from Python alone."""
    import inspect
    from dataclasses import fields

    from homodyne_eqx.app import commands
    from homodyne_eqx.app.fit_settings import FitSettings
    from homodyne_eqx.app.settings_flags import with_settings

    options = inspect.signature(with_settings(commands.fit)).parameters
    assert {each.name for each in fields(FitSettings)} - {"layout_options"} <= set(options)


def test_every_option_of_fit_that_says_how_is_a_key():
    """An option of `fit` that no configuration file can set is one that a stored file would lose."""
    import typer.main

    from homodyne_eqx.app.command_line import app
    from homodyne_eqx.app.configuration.keys import SECTIONS

    options = {option.name for option in typer.main.get_command(app).commands["fit"].params}
    keys = {key.option for keys in SECTIONS.values() for key in keys.values() if key.option}
    assert keys <= options
    of_parameters, of_one_run = {"start", "fix", "bound"}, {"file", "config", "force", "quiet", "as_json"}
    assert options - keys == of_parameters | of_one_run


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("a = 1\nb = 2", ("b",), 2),
        ("[x]\n\n# c\ny = [\n 1,\n 2]\nz = 3", ("x", "y"), 4),
        ("[x]\ny = [\n 1,\n 2]\n\nz = 3", ("x", "z"), 6),
        ('s = """\nz = 3\n"""\nz = 3', ("z",), 4),
        ("x.y.z = 1\n", ("x", "y", "z"), 1),
        ("[x]\ny = {z = 1}\n", ("x", "y", "z"), 2),
        ('[x."a.b"]\nc = 1', ("x", "a.b"), 1),
        ("a = 1", ("b",), None),
    ],
)
def test_the_line_of_a_key(text, path, line):
    assert line_of_key(text, path) == line


FEW = ("--model", "static", "--sector", 0, "--sector", 2, "--frames", 0, 25, "--gap", "200um")
SHEARED = ("--rates", "constant", "--scaling", "common", "--fix", "phi0", "--fix", "alpha=0", "--gap", "200um")


@pytest.mark.x64
@pytest.mark.parametrize("options", [FEW, pytest.param(SHEARED, marks=pytest.mark.slow)])
def test_the_config_of_a_result_gives_the_same_numbers_to_the_last_bit(run, steady_file, write, tmp_path, options):
    first, second = tmp_path / "a", tmp_path / "b"
    more = ("--bound", "D0=1e3:", "--fix", "D_offset")
    end = ("--no-figures", "--quiet", "--output")
    assert run("fit", steady_file, *options, *more, *end, first).exit_code in (0, 3)
    config = (first / "config.toml").read_text(encoding="utf-8")
    of_another = write(re.sub('sha256 = ".*"', 'sha256 = "00"', config))
    done = run("fit", steady_file, "--config", of_another, "--no-figures", "--output", second)
    assert done.exit_code in (0, 3)
    assert "--config was written by a fit of another file" in done.stdout
    a, b = (json.loads((folder / "result.json").read_text(encoding="utf-8")) for folder in (first, second))
    assert a["parameters"] == b["parameters"]
    assert (a["chi2"], a["degrees_of_freedom"]) == (b["chi2"], b["degrees_of_freedom"])
    texts = [(folder / "config.toml").read_text(encoding="utf-8") for folder in (first, second)]
    assert texts[0] == texts[1]
    stored = tomllib.loads(texts[0])
    assert stored["input"]["sha256"] == a["input"]["sha256"]
    assert stored["data"]["gap"] == "200um"
    assert stored["parameters"]["D0"]["bounds"] == [1e3, float("inf")]
    assert stored["parameters"]["D_offset"] == {"start": 0.0, "fix": True}
    assert a["parameters"]["D0"]["start"] != a["parameters"]["D0"]["value"]
    for name, said in stored["parameters"].items():
        listed = said["start"] if isinstance(said["start"], list) else [said["start"]]
        names = [name] if len(listed) == 1 else [f"{name}[{k}]" for k in range(len(listed))]
        assert [a["parameters"][each]["start"] for each in names] == listed


def result_of(folder, **values):
    folder.mkdir()
    parameters = {name.replace("_at_", "[").replace("_end", "]"): {"value": value} for name, value in values.items()}
    (folder / "result.json").write_text(json.dumps({"parameters": parameters}), encoding="utf-8")
    return folder


def test_what_of_a_former_result_starts_a_fit(tmp_path):
    from homodyne_eqx.app.start_from import former_start

    contrasts = {f"contrast_at_{k}_end": 0.1 * k for k in range(11)}
    former = result_of(tmp_path / "a", D0=3.0, alpha=-0.3, phi0=9.0, **contrasts, offset=1.5)
    names = ("D0", "alpha", "D_offset", "contrast", "offset")
    found = former_start(former, names, (), 11, True)
    assert found.values == {"D0": 3.0, "alpha": -0.3, "contrast": tuple(0.1 * k for k in range(11)), "offset": 1.5}
    assert [note for note in found.notes if "has no phi0 as" in note]
    common = former_start(former / "result.json", names, ("alpha",), 3, False)
    assert common.values["contrast"] == pytest.approx(0.5)
    assert "alpha" not in common.values
    assert [note for note in common.notes if "alpha" in note and "--rates constant" in note]
    others = former_start(former, names, (), 3, True)
    assert "contrast" not in others.values
    assert [note for note in others.notes if "for 11 sectors, and these data have 3" in note]
    with pytest.raises(ValueError, match="none of its parameters"):
        former_start(former, ("rate",), (), 3, True)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "result.json").write_text("[]")
    with pytest.raises(ValueError, match="is no result of a fit"):
        former_start(tmp_path / "bad", names, (), 3, True)
    with pytest.raises(ValueError, match="expected the folder of a result"):
        former_start(tmp_path / "none", names, (), 3, True)


@pytest.mark.x64
def test_a_former_result_starts_a_fit_unless_a_flag_does(run, steady_file, tmp_path, monkeypatch):
    started = []

    def stop(job, start, *_):
        started.append(start)
        raise ValueError("no fit here")

    monkeypatch.setattr("homodyne_eqx.app.fitting.run", stop)
    former = result_of(tmp_path / "a", D0=3.0, gamma_dot_t0=1e-3, phi0=9.0, contrast=0.2, offset=1.5, echo=3.0)
    done = run("fit", steady_file, "--start", "D0=5", "--start-from", former)
    assert {name: started[0].values[name] for name in ("D0", "phi0", "alpha")} == {"D0": 5.0, "phi0": 9.0, "alpha": 0.0}
    assert list(started[0].values["contrast"]) == [0.2] * 3
    assert started[0].sources["phi0"] == "former result"
    assert started[0].sources["D0"] == "given"
    assert "the model has no echo" in done.stdout


@pytest.mark.x64
def test_another_number_of_start_values_than_sectors_is_refused(run, steady_file):
    done = run("fit", steady_file, "--start", "contrast=0.3,0.2")
    assert done.exit_code == 2
    assert "--start contrast has 2 values; expected one, or one for each of the 3 sectors" in done.stderr
    done = run("fit", steady_file, "--start", "D0=3,2")
    assert "--start D0 has 2 values; expected one number" in done.stderr


def test_a_config_knows_whether_it_was_written_for_these_data(write):
    config = read_config(write('[input]\nsha256 = "ab"\n'))
    assert differs(config, "cd")
    assert not differs(config, "ab")
    assert not differs(config, None)
    assert not differs(None, "ab")
    assert not differs(read_config(write("")), "ab")


def reference_rows():
    """The rows of the reference: key, value, default, help, from the schema and the options of `fit`."""
    import typer.main

    from homodyne_eqx.app.command_line import app
    from homodyne_eqx.app.configuration.keys import PARAMETER, SECTIONS
    from homodyne_eqx.app.configuration.schema import shown
    from homodyne_eqx.app.configuration.template import help_and_default

    options = {option.name: option for option in typer.main.get_command(app).commands["fit"].params}
    for section, keys in {**SECTIONS, "parameters.NAME": PARAMETER}.items():
        for name, key in keys.items():
            said, default = help_and_default(key, options)
            text = "" if default is None else f"`{shown(default)}`"
            yield f"| `[{section}]` `{name}` | {key.expected} | {text} | {said} |"


def test_the_reference_page_has_every_key_as_it_is():
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    listed = [line for line in page.splitlines() if line.startswith("| `[")]
    assert listed == [*reference_rows()]


def test_the_files_of_the_page_are_valid(run, write):
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert blocks
    for block in blocks:
        done = run("config", "--validate", write(block))
        assert done.exit_code == 0, done.stderr
