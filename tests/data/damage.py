"""Damage to files: bytes flipped, ends cut off, and HDF5 objects of another kind, type, shape or value."""

import h5py
import numpy as np

from tests.data.layouts import DT, PHI, Q, aps_legacy, aps_u_multi_tau, chx, decaying_maps, matlab_73, nxxpcs


def sound_files(folder, aps_u):
    """A small file of each layout, and the options that it needs: `(name, path, options)`."""
    c2 = decaying_maps(n_t=12)
    np.savez_compressed(folder / "a.npz", c2=c2, q=Q, phi=PHI, dt=DT)
    np.save(folder / "a.npy", c2)
    t = DT * np.arange(12)
    names = {"t1": t, "t2": t, "wavevector_q_list": Q, "phi_angles_list": PHI}
    np.savez(folder / "cache.npz", c2_exp=c2, cache_metadata_json=np.asarray('{"start_frame": 3}'), **names)
    import scipy.io

    scipy.io.savemat(folder / "a.mat", {"c2": c2, "q": Q, "phi": PHI, "dt": DT})
    scipy.io.savemat(folder / "packed.mat", {"c2": c2, "q": Q, "phi": PHI, "dt": DT}, do_compression=True)
    yield "aps-u", aps_u, {}
    yield "aps-u-multitau", aps_u_multi_tau(folder / "g2.hdf"), {}
    yield "aps-legacy", aps_legacy(folder / "legacy.hdf", c2), {}
    yield "nxxpcs", nxxpcs(folder / "a.nxs", c2, origin="lower_left", populated="upper_half"), {}
    yield "chx", chx(folder / "chx.h5", c2), {}
    yield "mat73", matlab_73(folder / "b.mat", c2=c2, q=Q, phi=PHI, dt=DT), {}
    yield "npz", folder / "a.npz", {}
    yield "npz-cache", folder / "cache.npz", {}
    yield "npy", folder / "a.npy", {"sector_q": 0.005, "dt": DT}
    yield "mat", folder / "a.mat", {}
    yield "mat packed", folder / "packed.mat", {}


def with_damaged_bytes(content: bytes, rng) -> bytes:
    """One byte flipped, some overwritten, or the end cut off; early bytes more often, which hold the structure."""
    broken = bytearray(content)
    kind = rng.integers(4)
    if kind == 0:
        return content[: int(len(content) * rng.random())]
    reach = len(broken) if kind == 1 else min(len(broken), 4096)
    for _ in range(1 if kind < 3 else 8):
        broken[rng.integers(reach)] = rng.integers(256)
    return bytes(broken)


def _strings(shape):
    return np.full(shape, b"x", "S1")


REPLACEMENTS = {
    "text": lambda v: _strings(v.shape),
    "complex": lambda v: v.astype(complex),
    "booleans": lambda v: v.astype(bool),
    "empty": lambda v: np.zeros((0,)),
    "null": lambda v: h5py.Empty("f8"),
    "scalar": lambda v: 3.0,
    "more dimensions": lambda v: v[None, None],
    "flat": lambda v: v.ravel(),
    "half": lambda v: v.ravel()[: v.size // 2],
    "NaN": lambda v: np.full(v.shape, np.nan),
    "infinite": lambda v: np.full(v.shape, np.inf),
    "negative": lambda v: -np.abs(v.astype(float)) - 1,
    "huge": lambda v: np.full(v.shape, 3e38),
    "fractions": lambda v: v + 0.5,
    "zeros": lambda v: np.zeros(v.shape),
    "compound": lambda v: np.zeros(v.shape, [("a", "f4")]),
    "dangling": lambda v: h5py.SoftLink("/nowhere"),
    "circle": lambda v: None,
    "outside": lambda v: h5py.ExternalLink("elsewhere.h5", "/x"),
    "group": lambda v: None,
    "type": lambda v: np.dtype("f8"),
    "unwritten": lambda v: None,
}


def with_another_object(path, rng) -> str:
    """One data set or attribute of an HDF5 file replaced in place. **Returns:** what was done, in words."""
    with h5py.File(path, "r+") as file:
        names = []
        file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        name, kind = names[rng.integers(len(names))], list(REPLACEMENTS)[rng.integers(len(REPLACEMENTS))]
        item = file[name]
        if rng.random() < 0.2 and len(item.attrs):
            key = list(item.attrs)[rng.integers(len(item.attrs))]
            item.attrs[key] = [h5py.Empty("f8"), np.arange(9.0), 1j, b"\xff\xfe", "[" * 2000][rng.integers(5)]
            return f"attribute {key} of {name}"
        value, shape, stated = item[()], item.shape, dict(item.attrs)
        del file[name]
        if kind == "circle":
            file[name] = h5py.SoftLink(f"/{name}")
        elif kind == "group":
            file.create_group(f"{name}/inside")
        elif kind == "unwritten":
            file.create_dataset(name, shape, "f8")
        else:
            file[name] = REPLACEMENTS[kind](np.asarray(value))
        if isinstance(file.get(name, getlink=True), h5py.HardLink):
            file[name].attrs.update(stated)
        return f"{kind} in {name}"
