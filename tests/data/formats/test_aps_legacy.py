"""The layout of APS 8-ID until 2025: which map belongs to which bin, times, and what is refused."""

import numpy as np
import pytest

from homodyne_eqx.data import errors, load
from tests.data.layouts import aps_legacy, decaying_maps


@pytest.mark.parametrize("lazy", [False, True])
def test_maps_sectors_and_times_are_those_of_the_layout(tmp_path, lazy):
    c2 = decaying_maps()
    data = load(aps_legacy(tmp_path / "a.hdf", c2), sigma=0.01, first_frame=8, lazy=lazy)
    for k in range(3):
        np.testing.assert_array_equal(data.c2[k], c2[k].astype(np.float32))
    np.testing.assert_allclose(data.geometry.q, [0.001, 0.002, 0.003])
    np.testing.assert_allclose(data.geometry.phi, [10, 20, 30])
    np.testing.assert_allclose(data.geometry.dt, 0.25 * 2 * 3)
    np.testing.assert_allclose(data.geometry.t, 8 * 0.25 + 1.5 * np.arange(24), rtol=1e-6)
    assert data.provenance.format == "aps-legacy"
    assert not data.notes


def test_times_without_a_first_frame_are_noted(tmp_path):
    data = load(aps_legacy(tmp_path / "a.hdf", decaying_maps()), sigma=0.01)
    assert float(data.geometry.t[0]) == 0
    assert any("does not state the detector frame" in note for note in data.notes)


@pytest.mark.parametrize(
    ("numbers", "processed", "bins"),
    [
        ([2, 5, 9], [2, 5, 9], [2, 5, 9]),  # xpcs-eigen: the number is the bin
        ([2, 5, 9], [9, 2, 5], [2, 5, 9]),  # in whatever order they were processed
        ([1, 2, 3], [9, 2, 5], [9, 2, 5]),  # early boost_corr: a running count
        ([1, 2, 3], [2, 5, 9], [2, 5, 9]),
        ([0, 1, 2], [9, 2, 5], [9, 2, 5]),
        ([1, 2, 3], [1, 2, 3], [1, 2, 3]),
    ],
)
def test_the_number_of_a_map_is_its_bin_or_its_turn(tmp_path, numbers, processed, bins):
    path = aps_legacy(tmp_path / "a.hdf", decaying_maps(), numbers, processed, n_bins=10)
    np.testing.assert_allclose(load(path, sigma=0.01).geometry.q, 0.001 * np.array(bins), rtol=1e-6)


@pytest.mark.parametrize(
    ("numbers", "processed", "n_bins", "message"),
    [
        ([1, 2, 3], None, 10, "3 maps for 10 bins, and there is no /xpcs/qphi_bin_to_process"),
        ([1, 2, 3], [1], 10, "there are 1 values in /xpcs/qphi_bin_to_process"),
        ([2, 5, 9], None, 3, "which bin a map belongs to is not known"),
        ([1, 2, 3], [3, 1, 2], 10, "may be bins or a count"),
        ([1, 2, 4], [2, 5, 9], 10, "neither the bins"),
        ([1, 2, 3], [2, 5, 11], 10, "expected bins from 1 to 10"),
        ([1, 2, 3], [2, 5, 5], 10, "each once"),
    ],
)
def test_what_would_have_to_be_guessed_is_refused(tmp_path, numbers, processed, n_bins, message):
    path = aps_legacy(tmp_path / "a.hdf", decaying_maps(), numbers, processed, n_bins=n_bins)
    with pytest.raises(ValueError, match=message):
        load(path, sigma=0.01)
    data = load(path, sigma=0.01, sector_q=[0.01, 0.02, 0.03], sector_phi="0.5rad")
    np.testing.assert_allclose(data.geometry.q, [0.01, 0.02, 0.03])
    np.testing.assert_allclose(data.geometry.phi, np.degrees(0.5), rtol=1e-6)


def test_the_error_names_what_to_pass(tmp_path):
    with pytest.raises(errors.UnknownSectors) as caught:
        load(aps_legacy(tmp_path / "a.hdf", decaying_maps(), n_bins=10), sigma=0.01)
    assert [remedy.option for remedy in caught.value.remedies] == ["sector_q", "sector_phi"]


def test_a_second_analysis_is_read_on_request(tmp_path):
    import h5py

    one, two = decaying_maps(), decaying_maps(seed=7)
    path = aps_legacy(tmp_path / "a.hdf", one)
    aps_legacy(tmp_path / "b.hdf", two, suffix="_1", avg_frames=[[1]])
    with h5py.File(path, "r+") as file, h5py.File(tmp_path / "b.hdf") as other:
        for name in ("xpcs_1", "exchange_1"):
            other.copy(name, file)
    first, second = load(path, sigma=0.01), load(path, sigma=0.01, analysis=1)
    np.testing.assert_array_equal(first.c2, one.astype(np.float32))
    np.testing.assert_array_equal(second.c2, two.astype(np.float32))
    assert float(second.geometry.dt) == pytest.approx(0.5)
    assert any("/exchange_1" in note for note in first.notes)
    with pytest.raises(errors.InvalidFile, match=r"it has no /exchange_4/C2T_all. It holds exchange, exchange_1"):
        load(path, sigma=0.01, analysis=4)


@pytest.mark.parametrize(
    ("drop", "values", "message"),
    [
        (("exposure_period",), {}, "no /measurement/instrument/detector/exposure_period. Pass frame_time"),
        (("avg_frames",), {}, "no /xpcs/avg_frames. The frame period dt cannot be computed"),
        ((), {"stride_frames": [[0]]}, "stride_frames is 0; expected ≥ 1"),
        ((), {"stride_frames": [[1.5]]}, "stride_frames is 1.5; expected a whole number"),
        ((), {"exposure_period": [[-1.0]]}, "-1.0 s; expected > 0"),
        ((), {"dqlist": [[0.001, np.nan, 0.003]]}, "dqlist holds nan; expected finite"),
        ((), {"dphilist": [[10.0]]}, "dphilist has 1 values"),
    ],
)
def test_contents_that_are_missing_or_contradict_each_other_are_refused(tmp_path, drop, values, message):
    with pytest.raises(ValueError, match=message):
        load(aps_legacy(tmp_path / "a.hdf", decaying_maps(), drop=drop, **values), sigma=0.01)
