"""Damaged files: each is read, or refused by one error of the package that says what is wrong with which file."""

import shutil

import numpy as np
import pytest

import homodyne_eqx as hx
from tests.data.damage import REPLACEMENTS, sound_files, with_another_object, with_damaged_bytes
from tests.data.layouts import PHI, Q, decaying_maps


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A file of each layout with its options; that of the APS-U layout has all that the package stores beside."""
    folder = tmp_path_factory.mktemp("sound")
    geometry = hx.Geometry(q=Q, phi=PHI, gap=2e6, t=0.5 * np.arange(12), dt=0.5)
    mask = np.zeros((3, 12, 12), bool)
    mask[1, 2, 3] = True
    hx.save_aps_u(folder / "u.hdf", hx.TwoTimeData(decaying_maps(n_t=12), geometry, sigma=0.01, mask=mask))
    files = list(sound_files(folder, folder / "u.hdf"))
    for name, path, options in files:
        assert hx.load(path, sigma=0.01, **options).n_sector == (6 if name == "aps-u-multitau" else 3)
    return files


def refused_in_words(path, options):
    """Whether the file is refused; a refusal is one error of the package, short, with the name of the file."""
    error = None
    try:
        assert hx.load(path, sigma=0.01, **options).excluded.used > 0
    except hx.errors.AbstractInputError as raised:
        error = raised
    if error is None:
        return False
    said = str(error)
    assert path.name in said or isinstance(error, hx.errors.NoPixelLeft | hx.errors.AsymmetricMap), said
    assert 20 < len(said) < 2500, said
    assert "Traceback" not in said
    return True


@pytest.mark.parametrize("seed", range(20))
def test_bytes_that_are_wrong_or_missing(sound, tmp_path, seed):
    rng = np.random.default_rng(seed)
    refused = 0
    for _, path, options in sound:
        broken = tmp_path / f"broken{path.suffix}"
        broken.write_bytes(with_damaged_bytes(path.read_bytes(), rng))
        refused += refused_in_words(broken, options)
    assert refused > 0


def test_a_file_that_is_cut_anywhere(sound, tmp_path):
    for _, path, options in sound:
        content = path.read_bytes()
        for part in (0.0, 0.001, 0.01, 0.5, 0.99):
            broken = tmp_path / f"broken{path.suffix}"
            broken.write_bytes(content[: int(part * len(content))])
            assert refused_in_words(broken, options) or part == 0.99


@pytest.mark.parametrize("seed", range(30))
def test_objects_of_another_kind_type_or_shape(sound, tmp_path, seed):
    rng = np.random.default_rng(1000 + seed)
    for name, path, options in sound:
        if name in ("npz", "npz-cache", "npy", "mat", "mat packed"):
            continue
        broken = tmp_path / f"broken{path.suffix}"
        shutil.copy(path, broken)
        with_another_object(broken, rng)
        refused_in_words(broken, options)


@pytest.mark.parametrize("kind", sorted({*REPLACEMENTS} - {"flat", "more dimensions", "scalar", "huge", "half"}))
def test_a_frame_time_that_is_none_is_refused(sound, tmp_path, kind, monkeypatch):
    """Every replacement of the one number that all rates depend on; some kinds leave a number, and are left out."""
    import h5py

    (path,) = (path for name, path, _ in sound if name == "nxxpcs")
    broken = tmp_path / "broken.nxs"
    shutil.copy(path, broken)
    place = "entry/instrument/detector_1/frame_time"
    with h5py.File(broken, "r+") as file:
        value = file[place][()]
        del file[place]
        if kind == "circle":
            file[place] = h5py.SoftLink(f"/{place}")
        elif kind == "group":
            file.create_group(place)
        elif kind == "unwritten":
            file.create_dataset(place, (1,), "f8", chunks=(1,))
        elif kind == "fractions":
            file[place] = -value - 0.5
        else:
            file[place] = REPLACEMENTS[kind](np.asarray(value))
    assert refused_in_words(broken, {})


@pytest.mark.parametrize("sigma", [1e-300, 1e300, 1e-30])
def test_noise_that_no_arithmetic_survives_is_refused(sigma):
    c2 = decaying_maps()
    where = hx.Geometry(q=Q, t=0.1 * np.arange(24))
    with pytest.raises(hx.errors.WrongSigma, match="from 1e-15 to 1e15"):
        hx.TwoTimeData(c2, where, sigma=sigma)
    with pytest.raises(hx.errors.WrongSigmaPixel):
        hx.TwoTimeData(c2, where, sigma=np.full(c2.shape, sigma))


def test_maps_that_no_arithmetic_survives_are_excluded():
    c2 = decaying_maps().astype(np.float32)
    c2[0, 3, 4] = c2[0, 4, 3] = 3e38
    data = hx.TwoTimeData(c2, hx.Geometry(q=Q, t=0.1 * np.arange(24)), sigma=0.01)
    assert data.excluded.not_finite == 2
    assert data.weighted_map(0)[1][3, 4] == 0
    c2[1] = 3e38
    with pytest.raises(hx.errors.NoPixelLeft, match="sector 1"):
        hx.TwoTimeData(c2, hx.Geometry(q=Q, t=0.1 * np.arange(24)), sigma=0.01)
