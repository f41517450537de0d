"""Multi-tau g2 of APS-U files, written by the test to the layout."""

import h5py
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx import errors
from tests.data.layouts import DELAYS, MAPPING, PHI_LIST, Q_LIST, aps_u_multi_tau, multi_tau_g2


@pytest.fixture
def path(tmp_path):
    return tmp_path / "scan.hdf"


def test_lags_labels_and_errors_are_those_of_the_file(path):
    g2, sigma = multi_tau_g2()
    data = hx.load(aps_u_multi_tau(path))
    assert isinstance(data, hx.OneTimeData)
    np.testing.assert_allclose(data.tau, 0.01 * DELAYS, rtol=1e-6)
    np.testing.assert_allclose(data.g2, g2.T, rtol=1e-6)
    np.testing.assert_allclose(data.sigma, sigma.T, rtol=1e-6)
    # Grid point = q index · 2 + azimuth index; labels skip what misses the detector.
    np.testing.assert_allclose(data.geometry.q, [0.002, 0.003, 0.003, 0.004, 0.004, 0.006], rtol=1e-6)
    np.testing.assert_allclose(data.geometry.phi, [-30, -30, 60, -30, 60, 60])
    assert data.provenance.format == "aps-u-multitau"
    assert len(data.provenance.sha256) == 64
    assert "the errors of g2 in the file" in repr(data)


def test_a_lag_is_so_many_averaged_and_strided_frames(path):
    data = hx.load(aps_u_multi_tau(path, stride_frame=np.array([[2]]), avg_frame=np.array([[3.0]], np.float32)))
    np.testing.assert_allclose(data.tau, 0.06 * DELAYS, rtol=1e-6)
    assert hx.load(path, frame_time="1ms").tau[0] == pytest.approx(0.006)


def test_what_has_no_error_is_excluded_and_said(path):
    g2, sigma = multi_tau_g2()
    sigma[0, 0], sigma[3, 1], g2[5, 2] = 0.0, np.nan, np.nan
    data = hx.load(aps_u_multi_tau(path, g2, sigma))
    assert any("2 of 84 values have an error that is 0 or not finite" in note for note in data.notes)
    assert (data.excluded.masked, data.excluded.not_finite) == (2, 1)
    assert data.excluded.used == 81
    given = hx.load(path, sigma=0.01)
    assert given.excluded.used == 83
    assert given.sigma_source == "given"


def test_sectors_without_a_value_are_left_out_and_named(path):
    g2, sigma = multi_tau_g2()
    sigma[:, 1], g2[:, 4] = 0.0, np.nan
    data = hx.load(aps_u_multi_tau(path, g2, sigma))
    np.testing.assert_allclose(data.geometry.q, Q_LIST[MAPPING // 2][[0, 2, 3, 5]], rtol=1e-6)
    assert any("2 of 6 sectors hold no value and are left out: 1, 4" in note for note in data.notes)


def test_without_errors_sigma_has_to_be_given(path):
    aps_u_multi_tau(path, drop=("normalized_g2_err",))
    with pytest.raises(errors.MissingSigma, match="holds no sigma"):
        hx.load(path)
    with pytest.raises(errors.MissingSigma):
        hx.load(aps_u_multi_tau(path, errors=np.zeros((len(DELAYS), 6))))
    with pytest.raises(errors.WrongSigma, match="noise is estimated from maps alone"):
        hx.load(path, sigma="estimate")
    assert hx.load(path, sigma=[0.01, 0.02, 0.03, 0.04, 0.05, 0.06]).pairs.sigma[-1] == 0.06


def test_sectors_are_selected_and_frames_cannot_be(path):
    aps_u_multi_tau(path)
    assert hx.load(path, q=(0.0035, 0.005), phi=(0, 90)).n_sector == 1
    assert hx.load(path, sectors=[5, 0], gap="1mm").geometry.gap[0] == 1e7
    for wrong in ({"frames": (0, 5)}, {"lazy": True}):
        with pytest.raises(errors.NotASelection, match="these data are no maps"):
            hx.load(path, **wrong)


def test_one_azimuth_is_no_direction(path):
    rings = {"index_mapping": np.arange(6), "num_pts": [6, 1], "dim0": 0.001 * np.arange(1, 7), "dim1": [0.0]}
    data = hx.load(aps_u_multi_tau(path, **rings))
    assert data.geometry.phi is None
    assert any("one azimuth" in note for note in data.notes)
    assert hx.load(path, sector_phi=30.0).geometry.phi[0] == 30


def test_a_qmap_in_x_and_y_needs_q_and_phi(path):
    aps_u_multi_tau(path)
    with h5py.File(path, "r+") as file:
        for end, name in (("dim0", "x"), ("dim1", "y")):
            file[f"xpcs/qmap/dynamic_v_list_{end}"].attrs["name"] = name
    with pytest.raises(errors.UnknownSectors, match="'x'; expected 'q'"):
        hx.load(path)
    data = hx.load(path, sector_q=Q_LIST[MAPPING // 2], sector_phi=PHI_LIST[MAPPING % 2])
    np.testing.assert_allclose(data.geometry.phi, PHI_LIST[MAPPING % 2])


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"delay_list": DELAYS[::-1]}, "does not increase"),
        ({"delay_list": DELAYS[:-1]}, "expected \\(13, number of labels\\)"),
        ({"index_mapping": MAPPING[:-1]}, "g2 has 6 columns, and the qmap has 5 labels"),
        ({"errors": np.ones((len(DELAYS), 5))}, "errors of 5 labels, g2 values of 6"),
        ({"g2": np.full((len(DELAYS), 6), np.nan)}, "none of its g2 values is valid"),
        ({"drop": ("avg_frame",)}, "it has no /xpcs/multitau/config/avg_frame"),
        ({"num_pts": [3, 2]}, "The qmap contradicts itself"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(path, changed, match):
    with pytest.raises(errors.InvalidFile, match=match):
        hx.load(aps_u_multi_tau(path, **changed))


def test_without_a_frame_time_it_has_to_be_given(path):
    aps_u_multi_tau(path, drop=("frame_time",))
    with pytest.raises(errors.MissingFrameTime):
        hx.load(path)
    assert hx.load(path, frame_time=0.5).tau[0] == 0.5


def test_of_a_file_with_maps_the_maps_are_read_unless_asked(aps_u_file, symmetric_maps, tmp_path):
    both = aps_u_file(symmetric_maps())
    g2 = np.ones((3, 6), np.float32)
    with h5py.File(both, "r+") as file:
        file["xpcs/multitau/delay_list"] = np.array([1, 2, 4])
        file["xpcs/multitau/normalized_g2"], file["xpcs/multitau/normalized_g2_err"] = g2, 0.1 * g2
        for name in ("stride_frame", "avg_frame"):
            file[f"xpcs/multitau/config/{name}"] = 1
    assert isinstance(hx.load(both, sigma=0.1), hx.TwoTimeData)
    assert hx.load(both, one_time=True).n_sector == 6
    assert hx.load(both, format="aps-u-multitau").n_tau == 3
    with pytest.raises(errors.UnknownLayout):
        hx.load(aps_u_file(symmetric_maps(), name="maps.hdf"), sigma=0.1, one_time=True)


@pytest.mark.parametrize("value", [0.0, -1.0, 65535.0])
def test_values_that_stand_for_none_are_excluded(path, value):
    g2, _ = multi_tau_g2()
    g2[:, 3] = value
    g2[10:, 1] = value
    data = hx.load(aps_u_multi_tau(path, g2=g2))
    assert data.n_sector == 5
    assert data.excluded.masked == 4
    assert any(f"18 values hold exactly {value:.6g}".replace("-", "−") in note for note in data.notes)


def test_what_looks_wrong_is_noted_and_booleans_are_no_noise(path):
    assert any(
        "look like g2 − 1: add 1" in note for note in hx.load(aps_u_multi_tau(path, g2=multi_tau_g2()[0] - 1)).notes
    )
    aps_u_multi_tau(path)
    assert not hx.load(path).notes
    counts = np.zeros((6, 14), bool)
    counts[:, 2] = True
    assert "True means excluded" in hx.load(path, mask=~counts).notes[0]
    far = hx.load(aps_u_multi_tau(path, dim0=1e3 * Q_LIST))
    assert any("q is 2 Å⁻¹, outside" in note for note in far.notes)
    with pytest.raises(TypeError, match="sigma has dtype bool"):
        hx.load(path, sigma=True)
