"""`convert`, and numbers with a unit in the flags."""

import h5py
import numpy as np
import pytest

from homodyne_eqx.data import load
from tests.app.steady import DT, FRAMES, GAP, PHI, SIGMA, Q, steady_maps
from tests.data.layouts import aps_legacy

pytestmark = pytest.mark.x64


@pytest.fixture
def bare(tmp_path):
    path = tmp_path / "maps.npy"
    np.save(path, np.tril(steady_maps()))
    return path


def flags(**values):
    return [part for name, value in values.items() for part in (f"--{name.replace('_', '-')}", value)]


def test_arrays_become_a_file_with_everything_that_was_given(run, bare, tmp_path):
    given = flags(sector_q="0.05nm^-1", sector_phi="10,70,110deg", dt="100ms", gap="200um", sigma=SIGMA, first_frame=3)
    done = run("convert", bare, tmp_path / "out.hdf", *given)
    assert done.exit_code == 0, done.output
    assert "the upper half of every map was 0 or NaN" in done.stdout
    assert f"3 sectors × {FRAMES} frames" in done.stdout
    data = load(tmp_path / "out.hdf")
    np.testing.assert_allclose(data.c2, steady_maps(), rtol=1e-6)
    np.testing.assert_allclose(data.geometry.q, Q)
    np.testing.assert_allclose(data.geometry.phi, PHI)
    np.testing.assert_allclose(data.geometry.gap, GAP)
    np.testing.assert_allclose(data.geometry.t, DT * (3 + np.arange(FRAMES)))
    np.testing.assert_allclose(data.sigma, SIGMA)
    with h5py.File(tmp_path / "out.hdf") as file:
        assert len(file["xpcs/twotime/correlation_map/c2_00001"].attrs["sha256"]) == 64


def test_a_part_and_no_sigma(run, tmp_path):
    path = aps_legacy(tmp_path / "old.hdf", steady_maps())
    done = run("convert", path, tmp_path / "out.hdf", "--sector", 2, "--frames", 5, 25)
    assert done.exit_code == 0, done.output
    assert "without sigma" in done.stdout
    data = load(tmp_path / "out.hdf", sigma="estimate")
    np.testing.assert_allclose(data.c2[0], steady_maps()[2, 5:25, 5:25], rtol=1e-6)
    np.testing.assert_allclose(data.geometry.t, 1.5 * np.arange(5, 25))
    again = run("convert", path, tmp_path / "out.hdf")
    assert again.exit_code == 2
    assert "--force" in again.stderr


@pytest.mark.parametrize("command", ["fit", "inspect"])
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"gap": "200 bananas"}, ["--gap is '200 bananas'; expected a number in Å, or one with a unit"]),
        ({"frame_time": "1 fortnight"}, ["--frame-time is '1 fortnight'; expected a number in s"]),
        ({"sector_q": "0.05nm"}, ["--sector-q is '0.05nm'; expected a number in Å⁻¹"]),
    ],
)
def test_an_unknown_unit_is_named_with_its_flag(run, steady_file, command, given, words):
    done = run(command, steady_file, *flags(**given))
    assert done.exit_code == 2
    for word in words:
        assert word in done.stderr


def test_what_plain_arrays_lack_is_asked_for_in_flags(run, bare):
    for given, word in (({}, "--sector-q Q"), ({"sector_q": 0.005}, "--dt SECONDS")):
        done = run("inspect", bare, *flags(**given))
        assert done.exit_code == 2
        assert word in done.stderr


def test_a_gap_and_a_selection_with_units(run, steady_file, tmp_path):
    said = run("inspect", steady_file, "--gap", "0.2mm").stdout
    assert "2e+06 Å" in said
    out = tmp_path / "out.hdf"
    assert run("convert", steady_file, out, "--q", "0.04nm^-1", "0.06nm^-1", "--phi", "0rad", "0.5rad").exit_code == 0
    np.testing.assert_allclose(load(out).geometry.phi, PHI[:1])
    wrong = run("fit", steady_file, "--q", "0.4nm^-1", "0.6nm^-1", "--model", "static")
    assert wrong.exit_code == 2
    assert "No sector is left with --q (0.04, 0.06)" in wrong.stderr


def test_parts_in_another_file_are_read_on_request(run, tmp_path):
    aps_legacy(tmp_path / "inner.hdf", steady_maps())
    with h5py.File(tmp_path / "outer.hdf", "w") as file:
        for name in ("xpcs", "measurement", "exchange"):
            file[name] = h5py.ExternalLink("inner.hdf", f"/{name}")
    refused = run("inspect", tmp_path / "outer.hdf")
    assert refused.exit_code == 2
    assert "Pass --external if you trust that file." in refused.stderr
    said = run("inspect", tmp_path / "outer.hdf", "--external", "--first-frame", 2).stdout
    assert "aps-legacy" in said
    assert "--external --first-frame 2 " in said or "--first-frame 2 --external " in said, said


def test_simulate_takes_units(run, tmp_path):
    path = tmp_path / "s.hdf"
    settings = [
        part for text in ("D0=1e4", "alpha=0", "D_offset=0", "contrast=0.3", "offset=1") for part in ("--set", text)
    ]
    done = run(
        "simulate", path, "--model", "static", *settings, *flags(q="0.05nm^-1", dt="10ms", frames=20, noise=0.01)
    )
    assert done.exit_code == 0, done.output
    data = load(path)
    assert float(data.geometry.dt) == pytest.approx(0.01)
    assert float(data.geometry.q[0]) == pytest.approx(0.005)


def test_names_in_a_file_cannot_command_the_terminal(run, steady_file):
    with h5py.File(steady_file, "r+") as file:
        file["homodyne_eqx"].attrs["sample"] = "\x1b[31mred\x07"
    said = run("inspect", steady_file).stdout
    assert "\x1b" not in said
    assert "\\x1b[31mred" in said
