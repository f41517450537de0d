"""Files that cannot be read say what they look like, what is wrong with them, and what to do."""

import h5py
import numpy as np
import pytest

from homodyne_eqx.data import errors, load
from tests.data.layouts import Q, aps_legacy, chx, decaying_maps, write

LAYOUTS = {
    "ID02": (
        {"entry_0000/correlations/a/onetime/g2": np.ones((2, 5))},
        [("", "MagicString", "XPCSResultFile_v2.0")],
    ),
    "multi-tau result of APS 8-ID": ({"exchange/norm-0-g2": np.ones((5, 2)), "xpcs/dqlist": Q[None]}, []),
    "multi-tau result in NXxpcs": ({"entry/multitau/g2": np.ones((5, 2))}, []),
    "without g12b": ({"qval_dict/x": 1, "g2": np.ones((5, 2))}, []),
    "frames of a detector": ({"entry/data/data": np.ones((5, 4, 4), np.uint16)}, []),
}


@pytest.mark.parametrize("words", LAYOUTS)
def test_a_layout_that_is_known_and_not_read_is_named(tmp_path, words):
    with pytest.raises(errors.KnownLayout, match=f"looks like .*{words}"):
        load(write(tmp_path / "a.h5", *LAYOUTS[words]), sigma=0.01)


def refused(path, *words):
    with pytest.raises(errors.InvalidFile) as caught:
        load(path, sigma=0.01)
    for word in (str(path), *words):
        assert word in str(caught.value), caught.value


def test_a_pointer_of_git_lfs_and_an_empty_file(tmp_path):
    pointer = tmp_path / "a.hdf"
    pointer.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
    refused(pointer, "Git LFS", "git lfs pull")
    (tmp_path / "b.hdf").write_bytes(b"")
    refused(tmp_path / "b.hdf", "empty")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        load(tmp_path, sigma=0.01)


def test_an_npz_file_that_was_cut_short(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, c2=decaying_maps(), q=Q, dt=1.0)
    path.write_bytes(path.read_bytes()[:-30])
    refused(path, "cut short or damaged", "Copy it again")


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_a_file_that_was_cut_short(tmp_path, libver):
    path = tmp_path / "a.hdf"
    with h5py.File(path, "w", libver=libver) as file:
        file["g12b"] = np.moveaxis(decaying_maps(), 0, -1)
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[: size // 2])
    refused(path, "cut short", f"{size // 2} bytes and should have {size}")


def test_a_file_that_a_writer_has_open(tmp_path):
    path = tmp_path / "a.hdf"
    with h5py.File(path, "w", libver="latest") as file:
        file["g12b"] = np.moveaxis(decaying_maps(), 0, -1)
        file.flush()
        copy = tmp_path / "copy.hdf"
        copy.write_bytes(path.read_bytes())
    refused(copy, "open for writing", "h5clear")


def test_a_file_that_is_locked(tmp_path, monkeypatch):
    """h5py raises a BlockingIOError where another process holds the lock; within one process it cannot be had."""
    path = aps_legacy(tmp_path / "a.hdf", decaying_maps())

    def locked(*_, **__):
        raise BlockingIOError(11, "unable to lock file")

    monkeypatch.setattr(h5py, "File", locked)
    refused(path, "open for writing in another program", "Close the writer")


def test_a_filter_that_is_not_installed(tmp_path):
    path = aps_legacy(tmp_path / "a.hdf", decaying_maps())
    with h5py.File(path, "r+") as file:
        group = file["exchange/C2T_all"]
        del group["g2_00002"]
        how = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        how.set_chunk((24, 24))
        how.set_filter(32004, h5py.h5z.FLAG_OPTIONAL, (0,))
        space = h5py.h5s.create_simple((24, 24))
        packed = h5py.h5d.create(group.id, b"g2_00002", h5py.h5t.IEEE_F32LE, space, how)
        packed.write_direct_chunk((0, 0), b"x" * 100)
    refused(path, "g2_00002", "filter 32004", "pip install hdf5plugin")


def test_parts_in_another_file_are_read_on_request_only(tmp_path):
    c2 = decaying_maps()
    inner = aps_legacy(tmp_path / "inner.hdf", c2)
    path = tmp_path / "outer.hdf"
    with h5py.File(path, "w") as file:
        for name in ("xpcs", "measurement", "exchange"):
            file[name] = h5py.ExternalLink("inner.hdf", f"/{name}")
    with pytest.raises(errors.OutsideTheFile, match=r"lies in another file, 'inner.hdf'.*Pass external=True"):
        load(path, sigma=0.01)
    np.testing.assert_array_equal(load(path, sigma=0.01, external=True).c2, c2.astype(np.float32))
    inner.unlink()
    with pytest.raises(ValueError, match=r"inner.hdf"):
        load(path, sigma=0.01, external=True)


def test_virtual_and_raw_storage_in_another_file(tmp_path):
    c2 = np.moveaxis(decaying_maps(), 0, -1)
    write(tmp_path / "source.h5", {"maps": c2})
    path = chx(tmp_path / "virtual.h5", c2)
    virtual = h5py.VirtualLayout(c2.shape, c2.dtype)
    virtual[:] = h5py.VirtualSource(tmp_path / "source.h5", "maps", c2.shape)
    with h5py.File(path, "r+") as file:
        del file["g12b"]
        file.create_virtual_dataset("g12b", virtual)
    with pytest.raises(errors.OutsideTheFile, match=r"source.h5"):
        load(path, sigma=0.01)
    np.testing.assert_allclose(load(path, sigma=0.01, external=True).c2, np.moveaxis(c2, -1, 0))
    (tmp_path / "source.h5").unlink()
    with pytest.raises(errors.InvalidFile, match=r"source.h5', which is not there"):
        load(path, sigma=0.01, external=True)
    raw = chx(tmp_path / "raw.h5", c2)
    (tmp_path / "secret").write_bytes(c2.tobytes())
    with h5py.File(raw, "r+") as file:
        del file["g12b"]
        file.create_dataset("g12b", c2.shape, c2.dtype, external=[(str(tmp_path / "secret"), 0, c2.nbytes)])
    with pytest.raises(errors.OutsideTheFile, match="secret"):
        load(raw, sigma=0.01)


def test_more_is_declared_than_there_is(tmp_path, monkeypatch):
    path = aps_legacy(tmp_path / "a.hdf", decaying_maps())
    with h5py.File(path, "r+") as file:
        del file["measurement/instrument/detector/exposure_period"]
        file.create_dataset("measurement/instrument/detector/exposure_period", (200_000_000,), "f8", chunks=(1000,))
    refused(path, "exposure_period")
    with h5py.File(path, "r+") as file:
        del file["exchange/C2T_all"]
        file.create_dataset("exchange/C2T_all/g2_00001", (24, 24), "f4", chunks=(24, 24))
    refused(path, "was never written")
    big = chx(tmp_path / "big.h5", decaying_maps())
    monkeypatch.setattr("homodyne_eqx.data.memory.available_memory", lambda: 10_000)
    with pytest.raises(errors.TooLarge, match=r"memory, and 1e-05 GB are available. Pass lazy=True"):
        load(big, sigma=0.01)
    np.savez_compressed(tmp_path / "bomb.npz", c2=np.zeros((1, 200, 200)), q=0.01, dt=1.0)
    with pytest.raises(errors.TooLarge, match=r"c2 would take 0.00032 GB"):
        load(tmp_path / "bomb.npz", sigma=0.01)
