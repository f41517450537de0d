"""Two-time files written straight to their published layouts, without the package's writer."""

import json

import h5py
import numpy as np
import pytest

from homodyne_eqx.physics.geometry import Geometry


@pytest.fixture
def symmetric_maps():
    """Random symmetric maps with a raw, spiked diagonal: `symmetric_maps(n_sector, n_t, dtype, noise)`."""

    def make(n_sector=4, n_t=12, dtype=np.float32, noise=0.01, seed=5):
        rng = np.random.default_rng(seed)
        c2 = 1 + noise * rng.standard_normal((n_sector, n_t, n_t))
        c2 = (c2 + c2.swapaxes(1, 2)) / np.sqrt(2) + 1 - np.sqrt(2)
        c2[:, np.arange(n_t), np.arange(n_t)] += 0.5
        return c2.astype(dtype)

    return make


@pytest.fixture
def geometry_of():
    """Geometry of n_sector azimuths, unsorted, and n_t frames: `geometry_of(n_sector, n_t)`."""

    def make(n_sector=4, n_t=12, first=0, dt=0.5, **fields):
        phi = np.array([30.0, -80.0, 120.0, 5.0, 60.0, 170.0])[:n_sector]
        fields = {"q": 0.005, "gap": 1.0e6, "phi": phi, **fields}
        return Geometry(t=dt * (first + np.arange(n_t)), dt=dt, **fields)

    return make


@pytest.fixture
def aps_u_file(tmp_path):
    """Writes a file as boost_corr does; 2 q × 4 phi of which labels 1 to 6 are seen, grid points 1 and 4 are not."""

    def write(c2, name="scan.hdf", bins=(2, 1, 4, 6), drop=(), **values):
        n_t = c2.shape[-1]
        contents = {
            "xpcs/twotime/processed_bins": np.array(bins),
            "xpcs/twotime/config/stride_frame": 1,
            "xpcs/twotime/config/avg_frame": 1,
            "xpcs/twotime/config/begin_frame": 0,
            "xpcs/twotime/config/end_frame": -1,
            "xpcs/qmap/dynamic_roi_map": np.zeros((8, 8), np.uint32),
            "xpcs/qmap/dynamic_index_mapping": np.array([0, 2, 3, 5, 6, 7], np.uint32),
            "xpcs/qmap/dynamic_num_pts": np.array([2, 4]),
            "xpcs/qmap/dynamic_v_list_dim0": np.array([0.004, 0.008]),
            "xpcs/qmap/dynamic_v_list_dim1": np.array([-90.0, 0.0, 45.0, 90.0]),
            "entry/instrument/detector_1/frame_time": np.array([[0.25]], np.float32),
        }
        contents |= {next(key for key in contents if key.endswith(name)): v for name, v in values.items()}
        path = tmp_path / name
        with h5py.File(path, "w") as file:
            for key, value in contents.items():
                if not any(key.endswith(end) for end in drop):
                    file[key] = value
            for key, attributes in (("dim0", ("q", "Å⁻¹")), ("dim1", ("phi", "deg"))):
                values_of = file.get(f"xpcs/qmap/dynamic_v_list_{key}")
                if values_of is not None:
                    values_of.attrs["name"], values_of.attrs["unit"] = attributes
            for k, c2_k in enumerate(c2):
                file.create_dataset(
                    f"xpcs/twotime/correlation_map/c2_{k + 1:05d}",
                    data=np.triu(c2_k).astype(np.float32),
                    chunks=(n_t, n_t),
                    compression="lzf",
                )
        return path

    return write


@pytest.fixture
def npz_file(tmp_path):
    """Writes a version-2 cache as homodyne does, with anything replaced or (None) left out."""

    def write(c2, **values):
        n_t = c2.shape[-1]
        metadata = {"cache_version": "2.0", "start_frame": 1, "end_frame": n_t}
        contents = {
            "c2_exp": c2.astype(np.float64),
            "t1": np.linspace(0, 0.1 * (n_t - 1), n_t),
            "t2": np.linspace(0, 0.1 * (n_t - 1), n_t),
            "wavevector_q_list": np.full(len(c2), 0.0054),
            "phi_angles_list": np.linspace(-30, 60, len(c2)),
            "cache_metadata_json": np.asarray(json.dumps(metadata)),
            **values,
        }
        path = tmp_path / "cached_c2.npz"
        np.savez_compressed(path, **{key: value for key, value in contents.items() if value is not None})
        return path

    return write
