"""Bad frames and outliers on the command line: said, and left out on request."""

import json

import numpy as np
import pytest

from homodyne_eqx.app.found_in_data import frame_numbers, without
from homodyne_eqx.data import Provenance, TwoTimeData, save_aps_u
from tests.app.steady import FRAMES, TRUTH

pytestmark = pytest.mark.x64

STATIC = ("--model", "static", "--rates", "constant", "--scaling", "common", "--quiet", "--json")


@pytest.fixture
def spoilt_file(steady_data, tmp_path):
    """Frame 25 three times brighter, frames 10 and 11 a third, and one pixel of sector 1 that is off."""
    bright = np.ones(FRAMES)
    bright[25], bright[10:12] = 3.0, 4 / 3
    c2 = np.array(steady_data.c2) * np.outer(bright, bright)
    c2[1, 3, 33] = c2[1, 33, 3] = 1.5
    path = tmp_path / "spoilt.hdf"
    save_aps_u(path, TwoTimeData(c2.astype(np.float32), steady_data.geometry, sigma=steady_data.sigma))
    return path


SAID = "frame 25 is 3 times as bright as those beside it, frames 10 to 11 are 33 % brighter than those beside them"


def test_inspect_says_what_does_not_fit(run, spoilt_file, steady_file):
    said = run("inspect", spoilt_file).stdout
    assert f"{SAID}; 2 outlying pixels; to leave out: --exclude-frames found --exclude-outliers" in said
    assert "no frame and no pixel" in run("inspect", steady_file).stdout


def test_a_fit_says_it_or_leaves_it_out_and_counts_it(run, spoilt_file):
    kept = run("fit", spoilt_file, *STATIC[:-2], "--sector", 0)
    assert f"note: {SAID}. Leave out with --exclude-frames found" in kept.stdout
    done = run("fit", spoilt_file, *STATIC[:-2], "--exclude-frames", "found", "--exclude-outliers")
    assert f"excluded, as found: {SAID}; 2 outlying pixels" in done.stdout
    in_frames = 3 * (FRAMES**2 - FRAMES - (FRAMES - 3) * (FRAMES - 4))
    assert f"0 masked, {in_frames} in bad frames, 2 outliers of" in done.stdout


@pytest.mark.slow
def test_listed_frames_are_left_out_and_the_result_finds_the_truth(run, spoilt_file):
    options = (*STATIC, "--sector", 2, "--frames", 5, FRAMES)
    spoilt = json.loads(run("fit", spoilt_file, *options).stdout)
    result = json.loads(run("fit", spoilt_file, *options, "--exclude-frames", "10-11,25").stdout)
    n = FRAMES - 5
    assert result["excluded"]["bad_frames"] == n**2 - n - (n - 3) * (n - 4)
    assert result["found_and_kept"] == {"frames": [], "outliers": 0}
    assert [each["frame"] for each in spoilt["found_and_kept"]["frames"]] == [10, 11, 25]
    assert result["parameters"]["offset"]["value"] == pytest.approx(TRUTH["offset"], abs=0.01)
    assert abs(spoilt["parameters"]["offset"]["value"] - TRUTH["offset"]) > 0.05
    assert result["chi2"] < spoilt["chi2"] / 100


def test_frames_that_are_found_or_left_out_are_numbered_as_in_the_file(steady_data):
    bright = np.ones(FRAMES)
    bright[25] = 3.0
    c2 = np.array(steady_data.c2) * np.outer(bright, bright)
    source = Provenance(frames=(100, 100 + FRAMES))
    data = TwoTimeData(c2, steady_data.geometry, sigma=steady_data.sigma, provenance=source)
    _, excluded, remaining = without(data, None, False)
    assert ([each.frame for each in excluded.frames], [each.frame for each in remaining.frames]) == ([], [125])
    assert remaining.remedy == "--exclude-frames found"
    left, excluded, remaining = without(data, "found", False)
    assert ([each.frame for each in excluded.frames], [each.frame for each in remaining.frames]) == ([125], [])
    assert np.flatnonzero(left.bad_frames).tolist() == [25]
    left, _, remaining = without(data, "103,125", False)
    assert np.flatnonzero(left.bad_frames).tolist() == [3, 25]
    assert remaining.frames == ()


def test_lists_of_frames():
    assert frame_numbers("61, 70-73,5") == [61, 70, 71, 72, 73, 5]
    for text in ("4x", "7-5", "1-2-3", "", "-4"):
        with pytest.raises(ValueError, match="expected frame numbers and ranges such as 61,70-75"):
            frame_numbers(text)


def test_frames_that_are_not_selected_are_refused(run, spoilt_file):
    done = run("fit", spoilt_file, *STATIC, "--frames", 5, 20, "--exclude-frames", "10,25")
    assert done.exit_code == 2
    assert "names frame 25; the data hold frames 5 to 19, counted from 0" in done.stderr
