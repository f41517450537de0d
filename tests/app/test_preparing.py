"""Preparation by flags: the same as in Python, in the order select, exclude, average, bin; and what inspect shows."""

import json

import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.app.model_proposal import distinct_directions, proposed_model
from homodyne_eqx.app.population import population_grid, population_line
from homodyne_eqx.app.report import in_flags
from homodyne_eqx.data import Provenance, TwoTimeData, load, save
from homodyne_eqx.fit.result.summary_row import Remedy
from homodyne_eqx.physics.geometry import Geometry
from tests.app.steady import DT, FRAMES, GAP, PHI, SIGMA, Q, steady_maps

pytestmark = pytest.mark.x64


@pytest.fixture
def repeated(tmp_path):
    """Three files without sigma of which the second has a bright frame, and their data."""
    paths, all_data = [], []
    for seed in range(3):
        c2 = steady_maps(seed)
        if seed == 1:
            bright = np.where(np.arange(FRAMES) == 25, 3.0, 1.0)
            c2 = c2 * np.outer(bright, bright)
        geometry = Geometry(q=Q, phi=PHI, gap=GAP, t=DT * np.arange(FRAMES), dt=DT)
        all_data.append(TwoTimeData(c2.astype(np.float32), geometry, sigma=SIGMA))
        paths.append(tmp_path / f"scan {seed}.hdf")
        save(all_data[-1], paths[-1], with_sigma=False)
    return paths, all_data


def test_repeats_without_sigma_are_averaged_and_written_with_their_scatter(run, repeated, tmp_path):
    paths, data = repeated
    flags = [*("--repeat", paths[1], "--repeat", paths[2]), "--exclude-frames", "found", "--exclude-sectors", 1]
    done = run("convert", paths[0], tmp_path / "mean.hdf", *flags)
    assert done.exit_code == 0, done.output
    assert f"excluded, as found: {paths[1]}: frame 25 is 3 times as bright as those beside it" in done.stdout
    expected = hx.average([data[0], data[1].excluding(frames=[25]), data[2]]).select(sectors=[0, 2])
    found = load(tmp_path / "mean.hdf")
    np.testing.assert_allclose(found.c2, expected.c2, rtol=1e-5)
    assert found.excluded.used == expected.excluded.used
    np.testing.assert_allclose(found.sigma, expected.sigma, rtol=1e-4)
    # Of three files with white noise of SIGMA.
    np.testing.assert_allclose(found.sigma[:, 5, 9], SIGMA / np.sqrt(3), rtol=0.1)
    steps = found.provenance.metadata["source_steps"]
    for word in ("kept 2 of 3 sectors, numbered anew: 0, 2", "bad frames excluded: 25", "mean of 3 repeats", "sha256"):
        assert word in steps


def test_two_repeats_need_a_sigma_and_other_frames_are_refused(run, repeated):
    paths, _ = repeated
    refused = run("fit", paths[0], "--repeat", paths[1])
    assert refused.exit_code == 2
    assert "holds no sigma" in refused.stderr
    other = paths[0].parent / "short.hdf"
    assert run("convert", paths[2], other, "--frames", 0, 30).exit_code == 0
    refused = run("inspect", paths[0], "--repeat", paths[1], "--repeat", other)
    assert refused.exit_code == 2
    assert f"Of repeat 2 ({other}) the number of frames is 30; expected {FRAMES}, as of repeat 0" in refused.stderr


@pytest.mark.slow
def test_a_fit_of_bins_says_so_and_finds_the_truth(run, steady_file):
    flags = ["--bin-frames", 2, "--rates", "constant", "--fix", "phi0=20", "--quiet", "--json"]
    done = run("fit", steady_file, *flags)
    assert done.exit_code in (0, 3), done.output
    result = json.loads(done.stdout)
    assert result["parameters"]["D0"]["value"] == pytest.approx(2e4, rel=0.05)
    assert result["data"]["steps"] == ["binned: 2 frames each, 20 bins"]
    assert result["data"]["frames_each"] == 2
    assert result["excluded"]["total"] == 3 * 20**2


def test_bins_that_cannot_be_are_refused(run, steady_file):
    refused = run("fit", steady_file, "--bin-frames", 6)
    assert refused.exit_code == 2
    assert "Bin fewer frames" in refused.stderr
    assert "Pass --bin-frames FEWER." in refused.stderr
    assert (
        "--bin-frames is 1; expected a whole number from 2 to 13" in run("fit", steady_file, "--bin-frames", 1).stderr
    )


def test_sectors_are_counted_as_in_the_file_whatever_is_selected(run, steady_file, tmp_path):
    def azimuths(*flags):
        done = run("convert", steady_file, tmp_path / "out.hdf", "--force", *flags)
        assert done.exit_code == 0, done.output
        return sorted(np.asarray(load(tmp_path / "out.hdf").geometry.phi).tolist())

    assert azimuths("--exclude-sectors", 1) == [10, 110]
    assert azimuths("--exclude-sectors", 1, "--phi", 60, 120) == [110]
    assert azimuths("--exclude-sectors", 1, "--sector", 2, "--sector", 1) == [110]
    refused = run("convert", steady_file, tmp_path / "no.hdf", "--exclude-sectors", "0-2")
    assert refused.exit_code == 2
    assert "No sector is left with --exclude-sectors [0, 1, 2]" in refused.stderr
    wrong = run("convert", steady_file, tmp_path / "no.hdf", "--exclude-sectors", "one")
    assert "--exclude-sectors is 'one'; expected numbers and ranges such as" in wrong.stderr


def test_a_fit_without_gap_names_the_flag_and_the_model_that_needs_none(run, altered):
    done = run("fit", altered({"homodyne_eqx/gap": None}))
    assert done.exit_code == 2
    assert "--model laminar-flow needs gap" in done.stderr
    assert "--model static, for a sample that does not flow, needs none. Pass --gap ANGSTROM." in done.stderr


def test_inspect_shows_the_data_as_a_fit_would_have_them_and_draws_them(run, repeated, tmp_path):
    paths, _ = repeated
    flags = ["--repeat", paths[1], "--repeat", paths[2], "--exclude-frames", "found", "--frames", 2, 38]
    done = run("inspect", paths[0], *flags, "--output", tmp_path / "look")
    assert done.exit_code == 0, done.output
    assert "(scatter of 3 repeats)" in done.stdout
    assert "mean of 3 repeats, weighted by 1/sigma²" in done.stdout
    assert "kept 36 of 40 frames: 2 to 37" in done.stdout
    (command,) = [line.strip() for line in done.stdout.splitlines() if "--model laminar-flow" in line]
    assert f"fit '{paths[0]}'" in command
    assert f"--repeat '{paths[1]}' --repeat '{paths[2]}'" in command
    assert "--frames 2 38" in command
    assert "--exclude-frames found" in command
    assert "estimate" not in command
    assert {path.name for path in (tmp_path / "look").iterdir()} == {"maps_1.png", "frames.png", "cuts_1.png"}
    again = run("inspect", paths[0], "--output", tmp_path / "look")
    assert again.exit_code == 2
    assert "--force" in again.stderr
    assert run("inspect", paths[0], "--output", tmp_path / "look", "--force").exit_code == 0
    (tmp_path / "look" / "thesis.tex").write_text("")
    assert "thesis.tex" in run("inspect", paths[0], "--output", tmp_path / "look", "--force").stderr


@pytest.mark.parametrize(
    ("phi", "metadata", "model"),
    [
        ([10.0, 70.0], {}, "laminar-flow"),
        ([10.0, 70.0], {"model": "static"}, "static"),
        ([10.0, 70.0], {"analysis_mode": "static_isotropic"}, "static"),
        ([10.0, 190.0], {}, "static"),
        ([179.999, 0.0], {}, "static"),
        (None, {}, "static"),
    ],
)
def test_the_model_that_fits_the_sectors(phi, metadata, model):
    c2 = np.broadcast_to(steady_maps()[:1], (2, FRAMES, FRAMES))
    geometry = Geometry(q=[0.004, 0.005], phi=phi, t=DT * np.arange(FRAMES))
    data = TwoTimeData(c2, geometry, sigma=SIGMA, provenance=Provenance(metadata=metadata))
    assert proposed_model(data).model == model


def test_directions_and_the_population_of_sectors():
    np.testing.assert_allclose(distinct_directions(np.array([0.0, 180.0, 90.0, -90.001, 45.0])), [0, 45, 90], atol=0.01)
    q, phi = np.array([0.004, 0.004, 0.006, 0.006, 0.008]), np.array([0.0, 60.0, 0.0, 120.0, 60.0])
    assert population_line(q, phi) == "5 sectors fill 5 of 9 places (3 q × 3 φ)"
    lines = population_grid(q, phi, [1.0, 0.5, 1.0, 1.0, 0.95])
    assert [line.split()[-1] for line in lines[1:]] == ["#+.", "#.#", ".#."]
    assert population_line(q, None) == "5 sectors at 3 q"
    assert population_grid(q, None, [1.0] * 5) == []
    assert population_grid(q[:2], phi[:2], [1.0] * 2) == []


def test_frames_to_exclude_are_numbered_as_in_the_file():
    remedy = [Remedy("exclude_frames", ("0", "7"))]
    assert "--exclude-frames 0,7" in in_flags(remedy)[0]
    assert "--exclude-frames 100,107" in in_flags(remedy, Provenance(frames=(100, 200)))[0]
    assert "--exclude-frames 100-103,128-131" in in_flags(remedy, Provenance(frames=(100, 200), frames_each=4))[0]
