"""The recognition of layouts, and the NPZ cache."""

import json

import numpy as np
import pytest

from homodyne_eqx.data import load


def test_a_cache_is_read_in_full(npz_file, symmetric_maps):
    c2 = symmetric_maps()
    data = load(npz_file(c2), sigma=0.02, gap=2.0e6)
    np.testing.assert_array_equal(data.c2, c2.astype(np.float64))
    np.testing.assert_allclose(data.geometry.phi, [-30, 0, 30, 60])
    np.testing.assert_allclose(data.geometry.q, 0.0054)
    np.testing.assert_allclose(data.geometry.t, 0.1 * np.arange(12), rtol=1e-6)
    assert data.provenance.format == "npz-cache"
    assert data.excluded.diagonal == 48


def test_a_cache_of_later_frames_gets_its_time_origin_back(npz_file, symmetric_maps):
    metadata = np.asarray(json.dumps({"cache_version": "2.0", "start_frame": 41}))
    path = npz_file(symmetric_maps(), cache_metadata_json=metadata)
    data = load(path, sigma=0.02, frames=(2, 7))
    np.testing.assert_allclose(data.geometry.t, 0.1 * np.arange(42, 47), rtol=1e-6)
    assert "moved to its first frame, 40" in data.provenance.notes[0]
    np.testing.assert_allclose(load(path, sigma=0.02, first_frame=0).geometry.t, 0.1 * np.arange(12), rtol=1e-6)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"cache_metadata": np.array({"q": 1}, dtype=object)}, "older version.*pickled object.*Delete it"),
        ({"phi_angles_list": np.array([1, None], dtype=object)}, "older version.*Delete it"),
        ({"t1": np.zeros((12, 12)), "t2": np.zeros((12, 12))}, "expected the same 1-D frame times twice"),
        ({"t1": np.arange(11) * 0.1, "t2": np.arange(11) * 0.1}, r"expected \(n_phi, 11, 11\)"),
        ({"t2": np.arange(12) * 0.2}, "same 1-D frame times twice"),
        ({"phi_angles_list": np.zeros(3)}, "3 phi for 4 maps"),
        ({"cache_metadata_json": np.asarray("{")}, "is not JSON"),
    ],
)
def test_an_older_or_contradictory_cache_is_refused(npz_file, symmetric_maps, values, message):
    with pytest.raises(ValueError, match=message):
        load(npz_file(symmetric_maps(), **values), sigma=0.02)


def test_a_cache_cannot_be_read_lazily(npz_file, symmetric_maps):
    with pytest.raises(ValueError, match="cannot be read map by map"):
        load(npz_file(symmetric_maps()), sigma=0.02, lazy=True)


def test_a_file_of_no_known_layout_is_told_what_it_lacks(tmp_path, npz_file, aps_u_file, symmetric_maps):
    text = tmp_path / "notes.hdf"
    text.write_text("not a two-time file")
    with pytest.raises(ValueError, match=r"(?s)no known layout.*aps-u .*lack the HDF5 signature.*npz-cache .*ZIP"):
        load(text, sigma=0.01)
    path = aps_u_file(symmetric_maps(), drop=("dynamic_index_mapping",))
    with pytest.raises(ValueError, match=r"aps-u .*it lacks /xpcs/qmap/dynamic_index_mapping\n"):
        load(path, sigma=0.01)
    with pytest.raises(ValueError, match="it lacks c2_exp\n"):
        load(npz_file(symmetric_maps(), c2_exp=None), sigma=0.01)


def test_the_layout_may_be_named(aps_u_file, symmetric_maps):
    path = aps_u_file(symmetric_maps())
    assert load(path, sigma=0.01, format="aps-u").n_sector == 4
    with pytest.raises(ValueError, match="expected one of aps-u, npz-cache"):
        load(path, sigma=0.01, format="aps")
    with pytest.raises(ValueError, match="not of the layout 'npz-cache': it lacks the ZIP signature"):
        load(path, sigma=0.01, format="npz-cache")
    with pytest.raises(FileNotFoundError, match="There is no file"):
        load(path.parent / "none.hdf", sigma=0.01)
