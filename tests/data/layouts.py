"""Files written straight to the layouts of beamlines, as these describe them, without the package."""

import h5py
import numpy as np

DT, FRAMES, SIGMA = 0.5, 24, 0.01
Q = np.array([0.004, 0.004, 0.008])
PHI = np.array([10.0, 70.0, 130.0])


def decaying_maps(n_sector=3, n_t=FRAMES, sigma=SIGMA, seed=1, rate=0.3):
    """Symmetric maps of a decay that slows down with age, contrast 0.3, baseline 1, with a raw, spiked diagonal."""
    rng = np.random.default_rng(seed)
    age = np.cumsum(rate / (1 + np.arange(n_t) / n_t))
    decay = np.exp(-np.abs(np.subtract.outer(age, age)))
    noise = np.triu(sigma * rng.standard_normal((n_sector, n_t, n_t)), 1)
    c2 = 1 + 0.3 * decay * (1 - 0.1 * np.arange(n_sector))[:, None, None] + noise + noise.swapaxes(1, 2)
    c2[:, np.arange(n_t), np.arange(n_t)] += 0.5
    return c2


def write(path, contents, attributes=()):
    """An HDF5 file of these data sets, and attributes as (name of the object, key, value)."""
    with h5py.File(path, "w") as file:
        for name, value in contents.items():
            file[name] = value
        for name, key, value in attributes:
            (file[name] if name else file).attrs[key] = value
    return path


DELAYS = np.array([1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128])
MAPPING = np.array([0, 2, 3, 4, 5, 7], np.uint32)  # grid points 1 and 6 of 4 q × 2 azimuths miss the detector
Q_LIST, PHI_LIST = np.array([0.002, 0.003, 0.004, 0.006]), np.array([-30.0, 60.0])


def multi_tau_g2(D=2e4, error=0.002, frame_time=0.01, seed=2):
    """g2 of diffusion, (n_tau, n_label), with independent noise, and its errors; by numpy alone."""
    q = Q_LIST[MAPPING // 2]
    g2 = 1 + 0.2 * np.exp(-2 * D * q[None] ** 2 * (DELAYS * frame_time)[:, None])
    return g2 + error * np.random.default_rng(seed).standard_normal(g2.shape), np.full(g2.shape, error)


def aps_u_multi_tau(path, g2=None, errors=None, drop=(), **values):
    """The arrays as boost_corr writes them: a row for each delay, a column for each label of the qmap."""
    made, of_made = multi_tau_g2()
    contents = {
        "xpcs/multitau/delay_list": DELAYS,
        "xpcs/multitau/normalized_g2": np.asarray(made if g2 is None else g2, np.float32),
        "xpcs/multitau/normalized_g2_err": np.asarray(of_made if errors is None else errors, np.float32),
        "xpcs/multitau/config/stride_frame": 1,
        "xpcs/multitau/config/avg_frame": 1,
        "xpcs/qmap/dynamic_index_mapping": MAPPING,
        "xpcs/qmap/dynamic_num_pts": np.array([len(Q_LIST), len(PHI_LIST)]),
        "xpcs/qmap/dynamic_v_list_dim0": Q_LIST,
        "xpcs/qmap/dynamic_v_list_dim1": PHI_LIST,
        "entry/instrument/detector_1/frame_time": np.array([[0.01]], np.float32),
    }
    contents |= {next(key for key in contents if key.endswith(name)): v for name, v in values.items()}
    contents = {k: v for k, v in contents.items() if not any(k.endswith(end) for end in drop)}
    lists = {"xpcs/qmap/dynamic_v_list_dim0": ("q", "Å⁻¹"), "xpcs/qmap/dynamic_v_list_dim1": ("phi", "deg")}
    stated = [(name, key, value) for name, of in lists.items() for key, value in zip(("name", "unit"), of)]
    return write(path, contents, [each for each in stated if each[0] in contents])


def aps_legacy(path, c2, numbers=None, processed=None, n_bins=None, suffix="", drop=(), **values):
    """Maps as xpcs-eigen (numbered by bin) or early boost_corr (in turn) writes them: upper triangles, (1, n)."""
    numbers = range(1, len(c2) + 1) if numbers is None else numbers
    n_bins = len(c2) if n_bins is None else n_bins
    contents = {
        f"xpcs{suffix}/dqlist": np.arange(1, n_bins + 1)[None] * 0.001,
        f"xpcs{suffix}/dphilist": np.arange(1, n_bins + 1)[None] * 10.0,
        f"xpcs{suffix}/stride_frames": np.array([[2]], np.uint64),
        f"xpcs{suffix}/avg_frames": np.array([[3]], np.uint64),
        "measurement/instrument/detector/exposure_period": np.array([[0.25]]),
    }
    if processed is not None:
        contents[f"xpcs{suffix}/qphi_bin_to_process"] = np.array(processed, np.uint64)[:, None]
    contents |= {next(key for key in contents if key.endswith(name)): v for name, v in values.items()}
    contents |= {f"exchange{suffix}/C2T_all/g2_{k:05d}": np.triu(m).astype(np.float32) for k, m in zip(numbers, c2)}
    return write(path, {k: v for k, v in contents.items() if not any(k.endswith(end) for end in drop)})


def nxxpcs(path, c2, mode="one_array_q_first", baseline=1, origin="upper_left", populated="all", drop=(), **values):
    """As the definition says; `c2` has its first frame first and baseline 1, and is stored as the attributes say."""
    stored = np.asarray(c2) - (1 - baseline)
    stored = {"all": stored, "upper_half": np.triu(stored), "lower_half": np.tril(stored)}[populated]
    stored = stored[:, ::-1] if origin == "lower_left" else stored
    name = "entry/twotime/two_time_corr_func"
    contents = {
        "entry/instrument/detector_1/frame_time": DT,
        "entry/instrument/masks/dynamic_q_list": Q[: len(c2)],
        "entry/instrument/masks/dynamic_phi_list": PHI[: len(c2)],
    } | values
    if mode == "data_exchange_keys":
        contents |= {f"{name}/g2_{k + 1:05d}": m for k, m in enumerate(stored)}
    else:
        contents[name] = np.moveaxis(stored, 0, -1) if mode == "one_array_q_last" else stored
    stated = {
        "storage_mode": mode,
        "baseline_reference": baseline,
        "time_origin_location": origin,
        "populated_elements": populated,
    }
    contents = {k: v for k, v in contents.items() if k not in drop}
    attributes = [(name, key, value) for key, value in stated.items() if key not in drop]
    lists = {"entry/instrument/masks/dynamic_q_list": "1/angstrom", "entry/instrument/masks/dynamic_phi_list": "degree"}
    attributes += [(key, "units", unit) for key, unit in lists.items() if key in contents]
    return write(path, contents, attributes)


def chx(path, c2, rows=None, frame_time=DT, **values):
    """A result as pyCHX exports it: full maps, q last; q and azimuth as attributes named by number."""
    rows = [[q, phi] for q, phi in zip(Q, PHI)] if rows is None else rows
    contents = {"g12b": np.moveaxis(c2, 0, -1), "taus": DT * np.arange(1, c2.shape[-1])} | values
    write(path, contents)
    with h5py.File(path, "r+") as file:
        listed = file.create_group("qval_dict")
        for k, row in enumerate(rows):
            listed.attrs[str(k)] = row
        file.create_group("md").attrs["uid"] = "a1b2"
        if frame_time is not None:
            file["md"].attrs["frame_time"] = frame_time
    return path


def matlab_73(path, user_block=True, **variables):
    """Arrays as MATLAB writes version 7.3: HDF5 after a text of 512 bytes, the axes of every variable reversed."""
    with h5py.File(path, "w", userblock_size=512 if user_block else 0) as file:
        for name, value in variables.items():
            file[name] = np.atleast_2d(value).T
            file[name].attrs["MATLAB_class"] = np.bytes_("double")
    if user_block:
        with open(path, "r+b") as file:
            file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512))
    return path
