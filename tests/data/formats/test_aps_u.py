"""The APS-U layout: files as the beamline writes them, what is refused, and our own writer."""

import hashlib

import h5py
import numpy as np
import pytest

from homodyne_eqx.data import TwoTimeData, load, save, save_aps_u
from homodyne_eqx.physics.geometry import Geometry


def test_maps_sectors_and_times_are_those_of_the_layout(aps_u_file, symmetric_maps):
    c2 = symmetric_maps()
    path = aps_u_file(c2, stride_frame=2, avg_frame=3, begin_frame=8)
    data = load(path, sigma=0.01, gap=2.0e6)
    np.testing.assert_array_equal(data.c2, c2)
    np.testing.assert_allclose(data.geometry.dt, 0.25 * 2 * 3)
    np.testing.assert_allclose(data.geometry.t, 8 * 0.25 + 1.5 * np.arange(12), rtol=1e-6)
    np.testing.assert_allclose(data.geometry.gap, 2.0e6)
    assert data.provenance.format == "aps-u"
    assert data.provenance.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert data.excluded.diagonal == 48


def test_the_sector_goes_through_the_index_mapping(aps_u_file, symmetric_maps):
    """Labels 2, 1, 4, 6 are the grid points 2, 0, 5, 7; labels − 1 would give other azimuths for all but label 1."""
    data = load(aps_u_file(symmetric_maps()), sigma=0.01)
    np.testing.assert_allclose(data.geometry.q, [0.004, 0.004, 0.008, 0.008])
    np.testing.assert_allclose(data.geometry.phi, [45.0, -90.0, 0.0, 90.0])
    unmapped = np.array([-90.0, 0.0, 45.0, 90.0])[(np.array([2, 1, 4, 6]) - 1) % 4]
    assert np.count_nonzero(unmapped != data.geometry.phi) == 3


@pytest.mark.parametrize("lazy", [False, True])
def test_a_part_is_loaded_as_it_would_be_selected(aps_u_file, symmetric_maps, lazy):
    c2 = symmetric_maps()
    wanted = {"q": (0.008, 0.008), "phi": (0, 90), "frames": (4, 11)}
    sigma, mask = np.array([0.1, 0.2, 0.3, 0.4]), np.zeros(12, bool)
    mask[5] = True
    path = aps_u_file(c2)
    part = load(path, sigma=sigma, mask=mask, gap=[1e6, 2e6, 3e6, 4e6], lazy=lazy, **wanted)
    whole = load(path, sigma=sigma, mask=mask, gap=[1e6, 2e6, 3e6, 4e6]).select(**wanted)
    assert part.shape == (2, 7, 7)
    assert part.is_lazy == lazy
    for mine, other in zip(part.weighted_map(1), whole.weighted_map(1)):
        np.testing.assert_array_equal(mine, other)
    np.testing.assert_array_equal(part.geometry.t, whole.geometry.t)
    np.testing.assert_allclose(part.geometry.gap, [3e6, 4e6])
    np.testing.assert_array_equal(part.geometry.gap, whole.geometry.gap)
    assert part.provenance.frames == whole.provenance.frames == (4, 11)


def test_what_the_user_states_overrides_the_file(aps_u_file, symmetric_maps):
    path = aps_u_file(symmetric_maps(), begin_frame=-20)
    with pytest.raises(ValueError, match=r"first frame is -20; expected .* counted from 0. Pass first_frame="):
        load(path, sigma=0.01)
    data = load(path, sigma=0.01, first_frame=3, frame_time=2.0)
    np.testing.assert_allclose(data.geometry.t, 2.0 * (3 + np.arange(12)))
    with pytest.raises(TypeError, match="exposure"):
        load(path, sigma=0.01, exposure=1)
    with pytest.raises(ValueError, match=r"gap has shape \(5,\); expected one value, or one for each of the 4 sectors"):
        load(path, sigma=0.01, first_frame=0, gap=[1e6] * 5)


def test_units_are_converted_and_said(aps_u_file, symmetric_maps):
    path = aps_u_file(symmetric_maps())
    with h5py.File(path, "r+") as file:
        file["xpcs/qmap/dynamic_v_list_dim0"].attrs["unit"] = "nm^-1"
    data = load(path, sigma=0.01)
    np.testing.assert_allclose(np.unique(data.geometry.q), [0.0004, 0.0008])
    assert data.provenance.notes == ("q converted from nm^-1 to Å⁻¹",)
    with h5py.File(path, "r+") as file:
        file["xpcs/qmap/dynamic_v_list_dim1"].attrs["name"] = "x"
    with pytest.raises(ValueError, match="'x'; expected 'phi'"):
        load(path, sigma=0.01)


@pytest.mark.parametrize(
    ("drop", "values", "message"),
    [
        (("frame_time",), {}, "no /entry/instrument/detector_1/frame_time. Pass frame_time=<seconds>"),
        (("stride_frame",), {}, "no /xpcs/twotime/config/stride_frame. The frame period dt cannot be computed"),
        (("begin_frame",), {}, "Pass first_frame="),
        ((), {"frame_time": 0.0}, "frame_time is 0.0 s; expected > 0"),
        ((), {"frame_time": [0.1, 0.2]}, "2 values; expected one"),
        ((), {"avg_frame": 0}, "avg_frame is 0; expected ≥ 1"),
        ((), {"processed_bins": [1, 2, 3]}, "4 maps but 3 processed_bins"),
        ((), {"processed_bins": [0, 1, 2, 3]}, "expected labels from 1 to 6, the length"),
        ((), {"processed_bins": [1, 2, 3, 7]}, "The maps belong to another qmap"),
        ((), {"dynamic_num_pts": [2, 3]}, "contradicts itself"),
        ((), {"dynamic_index_mapping": [0, 1, 2, 3, 4, 8]}, "from 0 to 8; expected grid indices from 0 to 2 × 4 − 1"),
    ],
)
def test_contents_that_are_missing_or_contradict_each_other_are_refused(
    aps_u_file, symmetric_maps, drop, values, message
):
    with pytest.raises(ValueError, match=message):
        load(aps_u_file(symmetric_maps(), drop=drop, **values), sigma=0.01)


def test_maps_of_different_size_or_number_are_refused(aps_u_file, symmetric_maps):
    path = aps_u_file(symmetric_maps())
    with h5py.File(path, "r+") as file:
        group = file["xpcs/twotime/correlation_map"]
        kept = group["c2_00003"][()]
        del group["c2_00003"]
        group["c2_00003"] = np.ones((11, 11), np.float32)
    with pytest.raises(ValueError, match=r"c2_00003 has shape \(11, 11\); expected \(12, 12\)"):
        load(path, sigma=0.01)
    with h5py.File(path, "r+") as file:
        del file["xpcs/twotime/correlation_map/c2_00003"]
        file["xpcs/twotime/correlation_map/c2_00007"] = kept
    with pytest.raises(ValueError, match=r"c2_00001 to c2_00007 \(4 of them"):
        load(path, sigma=0.01)


def test_noise_must_be_given_or_asked_for(aps_u_file, symmetric_maps):
    path = aps_u_file(symmetric_maps(n_t=40))
    with pytest.raises(ValueError, match=r"scan\.hdf holds no sigma.*Pass sigma=<value>, or sigma=\"estimate\""):
        load(path)
    assert load(path, sigma="estimate").sigma_source.startswith("estimated")


@pytest.fixture
def whole_data(symmetric_maps):
    """Five sectors of two q in no order, a gap, a frame mask and NaN pixels."""
    c2 = symmetric_maps(5, 14)
    c2[3, 2, 6] = c2[3, 6, 2] = np.nan
    geometry = Geometry(
        q=np.array([0.008, 0.004, 0.008, 0.004, 0.008]),
        phi=np.array([120.0, -10.0, -10.0, 45.0, 45.0]),
        gap=np.array([1e6, 1e6, 1e6, 1e6, 2e6]),
        t=0.05 * (20 + np.arange(14)),
        dt=0.05,
    )
    return TwoTimeData(c2, geometry, sigma=np.arange(1.0, 6.0), mask=np.arange(14) == 9)


def test_what_is_written_is_read_back(tmp_path, whole_data):
    path = tmp_path / "simulated.hdf"
    save_aps_u(path, whole_data, metadata={"shear_rate": 0.01, "sample": "colloid", "sizes": [1.0, 2.0]})
    data = load(path)
    np.testing.assert_array_equal(data.c2, whole_data.c2)
    np.testing.assert_array_equal(data.sigma, whole_data.sigma)
    np.testing.assert_array_equal(data.mask, whole_data.mask)
    for name in ("q", "phi", "gap", "t", "dt"):
        np.testing.assert_allclose(getattr(data.geometry, name), getattr(whole_data.geometry, name), rtol=1e-6)
    assert data.provenance.metadata == {"shear_rate": 0.01, "sample": "colloid", "sizes": [1.0, 2.0]}
    assert data.excluded == whole_data.excluded
    assert data.sigma_source == "given"


@pytest.mark.parametrize("shape", [(14, 14), (5, 14, 14)])
def test_full_noise_and_masks_are_read_back(tmp_path, whole_data, shape):
    rng = np.random.default_rng(2)
    sigma, mask = rng.uniform(0.1, 1, whole_data.shape), rng.random(shape) < 0.2
    data = TwoTimeData(whole_data.c2, whole_data.geometry, sigma=sigma, mask=mask)
    save_aps_u(tmp_path / "full.hdf", data)
    part = load(tmp_path / "full.hdf", sectors=[4, 1], frames=(2, 9), lazy=True)
    np.testing.assert_array_equal(part.sigma, sigma[[4, 1], 2:9, 2:9])
    np.testing.assert_array_equal(part.mask, mask[..., 2:9, 2:9] if len(shape) == 2 else mask[[4, 1], 2:9, 2:9])


def test_sectors_without_azimuth_stay_without(tmp_path, symmetric_maps):
    data = TwoTimeData(symmetric_maps(2), Geometry(q=np.array([0.01, 0.02]), t=np.arange(12) * 0.1, dt=0.1), sigma=1.0)
    save_aps_u(tmp_path / "isotropic.hdf", data)
    again = load(tmp_path / "isotropic.hdf")
    assert again.geometry.phi is None
    assert again.geometry.gap is None
    np.testing.assert_allclose(again.geometry.q, [0.01, 0.02])


def test_the_file_is_of_the_published_layout(tmp_path, whole_data):
    """Read by hand, as the beamline's own viewer does: upper triangles, labels in grid order."""
    path = tmp_path / "simulated.hdf"
    grid = ([0.002, 0.004, 0.008], [-10.0, 45.0, 90.0, 120.0])
    save_aps_u(path, whole_data, grid=grid)
    with h5py.File(path) as file:
        maps = file["xpcs/twotime/correlation_map"]
        assert list(maps) == [f"c2_{k:05d}" for k in range(1, 6)]
        for k, c2_k in enumerate(maps.values()):
            assert c2_k.dtype == np.float32
            assert c2_k.compression == "lzf"
            assert c2_k.chunks == (14, 14)
            np.testing.assert_array_equal(c2_k, np.triu(whole_data.c2[k]))
        bins = file["xpcs/twotime/processed_bins"][()]
        mapping = file["xpcs/qmap/dynamic_index_mapping"][()]
        roi_map = file["xpcs/qmap/dynamic_roi_map"][()]
        iq, iphi = np.divmod(mapping[bins - 1], 4)
        g2 = file["xpcs/twotime/normalized_g2"][()]
        assert float(file["xpcs/twotime/config/begin_frame"][()]) == 20
    np.testing.assert_allclose(np.array(grid[0])[iq], whole_data.geometry.q)
    np.testing.assert_allclose(np.array(grid[1])[iphi], whole_data.geometry.phi)
    assert np.all(np.diff(mapping.astype(int)) > 0)
    assert not np.array_equal(mapping, np.arange(5))
    np.testing.assert_array_equal(np.unique(roi_map), np.arange(6))
    np.testing.assert_allclose(g2[3, 1], np.diagonal(whole_data.c2[1], 3).mean(), rtol=1e-6)


def test_a_file_is_written_whole_or_not_at_all_and_never_over_another(tmp_path, whole_data, symmetric_maps):
    path = tmp_path / "simulated.hdf"
    skewed = symmetric_maps(5, 14)
    skewed[4, 0, 3] = 7.0
    asymmetric = TwoTimeData(skewed, whole_data.geometry, sigma=1.0)
    with pytest.raises(ValueError, match="Map 4 is not symmetric"):
        save_aps_u(path, asymmetric)
    assert not list(tmp_path.iterdir())
    save_aps_u(path, whole_data)
    written = path.read_bytes()
    with pytest.raises(FileExistsError, match="overwrite=True"):
        save_aps_u(path, whole_data)
    with pytest.raises(ValueError, match="Map 4"):
        save_aps_u(path, asymmetric, overwrite=True)
    assert path.read_bytes() == written
    assert list(tmp_path.iterdir()) == [path]
    save_aps_u(path, whole_data.select(sectors=[0]), overwrite=True)
    assert load(path).n_sector == 1
    with pytest.raises(FileNotFoundError, match="no folder"):
        save_aps_u(tmp_path / "none" / "a.hdf", whole_data)


@pytest.mark.parametrize("start", [0.05, 0.1 / 3, 0.225, 7.0, np.pi])
def test_times_that_start_within_a_frame_are_kept(tmp_path, symmetric_maps, start):
    """A detector that is faster than the maps: the layout counts its frames."""
    t = start + 0.1 * np.arange(12)
    data = TwoTimeData(symmetric_maps(1), Geometry(q=0.01, t=t, dt=0.1), sigma=1.0)
    save_aps_u(tmp_path / "a.hdf", data)
    again = load(tmp_path / "a.hdf")
    np.testing.assert_allclose(again.geometry.t, t, rtol=1e-6, atol=1e-4)
    np.testing.assert_allclose(again.geometry.dt, 0.1, rtol=1e-6)


def test_a_changed_map_is_found_by_its_checksum(tmp_path, whole_data):
    path = tmp_path / "a.hdf"
    save_aps_u(path, whole_data)
    with h5py.File(path, "r+") as file:
        stored = file["xpcs/twotime/correlation_map/c2_00002"]
        assert stored.fletcher32
        assert stored.attrs["sha256"] == hashlib.sha256(np.triu(whole_data.c2[1]).astype("<f4").tobytes()).hexdigest()
        stored[1, 2] += 1e-3
    with pytest.raises(ValueError, match="c2_00002 is damaged: its checksum"):
        load(path)
    part = load(path, sectors=[0, 2], lazy=True)
    np.testing.assert_array_equal(part.c2[1], whole_data.c2[2])


def test_what_is_saved_says_where_it_came_from(tmp_path, aps_u_file, symmetric_maps):
    source = aps_u_file(symmetric_maps(), begin_frame=8, stride_frame=2)
    data = load(source, sigma=0.02, gap="200um", frames=(3, 11))
    save(data, tmp_path / "saved.hdf")
    again = load(tmp_path / "saved.hdf")
    np.testing.assert_array_equal(again.c2, data.c2)
    for name in ("q", "phi", "gap", "t", "dt"):
        np.testing.assert_allclose(getattr(again.geometry, name), getattr(data.geometry, name), rtol=1e-6)
    known = again.provenance.metadata
    assert known["source"] == str(source)
    assert known["source_sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
    assert known["source_frames"] == [3, 11]
    save(data, tmp_path / "bare.hdf", with_sigma=False)
    with pytest.raises(ValueError, match="holds no sigma"):
        load(tmp_path / "bare.hdf")


def test_a_qmap_in_x_and_y_takes_q_and_phi_as_given(aps_u_file, symmetric_maps):
    path = aps_u_file(symmetric_maps())
    with h5py.File(path, "r+") as file:
        for dim, name in (("0", "x"), ("1", "y")):
            file[f"xpcs/qmap/dynamic_v_list_dim{dim}"].attrs["name"] = name
    with pytest.raises(ValueError, match=r"'x'; expected 'q'.*Pass sector_q=<q> and sector_phi=<degrees>"):
        load(path, sigma=0.01)
    data = load(path, sigma=0.01, sector_q="0.05nm^-1", sector_phi=[0, 30, 60, 90])
    np.testing.assert_allclose(data.geometry.q, 0.005, rtol=1e-6)
    np.testing.assert_allclose(data.geometry.phi, [0, 30, 60, 90])


def test_what_the_layout_cannot_hold_is_refused(tmp_path, symmetric_maps):
    path, c2 = tmp_path / "a.hdf", symmetric_maps(2)
    t = np.arange(12) * 0.1

    def save(geometry, **options):
        save_aps_u(path, TwoTimeData(c2, geometry, sigma=1.0), **options)

    with pytest.raises(ValueError, match=r"deviate by up to .* frames from whole multiples"):
        save(Geometry(q=np.array([0.01, 0.02]), t=t**2))
    with pytest.raises(ValueError, match="same q and phi"):
        save(Geometry(q=np.array([0.01, 0.01]), phi=np.array([5.0, 5.0]), t=t))
    with pytest.raises(ValueError, match=r"q 0.02 of sector 1 is not on the grid"):
        save(Geometry(q=np.array([0.01, 0.02]), phi=np.array([5.0, 5.0]), t=t), grid=([0.01], [5.0]))
    assert not path.exists()
