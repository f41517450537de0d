"""Plain arrays: .npz, .npy and .mat, with what they lack given as options."""

import numpy as np
import pytest
import scipy.io

from homodyne_eqx.data import errors, load
from homodyne_eqx.data.formats.plain.mat_file import mat_variables, read_mat
from tests.data.layouts import DT, PHI, Q, decaying_maps, matlab_73

C2 = decaying_maps()


def npz(path, **arrays):
    np.savez(path, **arrays)
    return path


def mat(path, **arrays):
    scipy.io.savemat(path, arrays)
    return path


def npy(path, c2):
    np.save(path, c2)
    return path


def mat_packed(path, **arrays):
    scipy.io.savemat(path, arrays, do_compression=True)
    return path


WRITERS = {
    "npz": npz,
    "mat": mat,
    "mat packed": mat_packed,
    "mat73": matlab_73,
    "mat73 bare": lambda p, **a: matlab_73(p, user_block=False, **a),
}


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("name", ["c2", "C2", "c2_exp", "ttc"])
@pytest.mark.parametrize("last", [False, True])
def test_arrays_with_the_usual_names(tmp_path, kind, name, last):
    c2 = np.moveaxis(C2, 0, -1) if last else C2
    path = WRITERS[kind](tmp_path / f"a.{kind[:3]}", **{name: c2, "q": Q, "phi": PHI, "dt": DT})
    data = load(path, sigma=0.01, first_frame=2)
    np.testing.assert_array_equal(data.c2, C2)
    np.testing.assert_allclose(data.geometry.q, Q)
    np.testing.assert_allclose(data.geometry.phi, PHI)
    np.testing.assert_allclose(data.geometry.t, DT * (2 + np.arange(24)))
    assert data.provenance.format == kind[:3]
    assert any("states no unit" in note for note in data.notes)


@pytest.mark.parametrize("kind", WRITERS)
def test_what_is_not_read_and_what_has_no_unit_is_said(tmp_path, kind):
    arrays = {"q": Q, "phi": PHI, "t": DT * np.arange(24), "sigma": 0.5, "mask": np.ones((24, 24))}
    path = WRITERS[kind](tmp_path / f"a.{kind[:3]}", c2=C2, **arrays)
    notes = load(path, sigma=0.01).notes
    assert "not read: mask, sigma; sigma, mask and gap have to be given" in notes
    for name, unit in (("q", "Å⁻¹"), ("phi", "degrees"), ("t", "s")):
        assert f"{name} of the file taken in {unit}, since it states no unit" in notes


@pytest.mark.parametrize("kind", [">f8", ">f4", "<f2", np.longdouble])
def test_numbers_of_any_width_and_order(tmp_path, kind):
    c2 = np.asfortranarray(C2.astype(kind))
    data = load(npz(tmp_path / "a.npz", c2=c2, q=Q, dt=DT), sigma=0.01)
    np.testing.assert_array_equal(data.c2, c2.astype(np.float64))
    assert data.c2.dtype == (np.float64 if c2.dtype.itemsize > 4 else np.float32)


@pytest.mark.parametrize("kind", WRITERS)
def test_half_a_map_is_filled(tmp_path, kind):
    path = WRITERS[kind](tmp_path / f"a.{kind[:3]}", c2=np.triu(C2), q=Q, dt=DT)
    np.testing.assert_array_equal(load(path, sigma=0.01).c2, C2)
    one = WRITERS[kind](tmp_path / f"b.{kind[:3]}", c2=np.tril(C2[0]), q=Q[0], dt=DT)
    np.testing.assert_array_equal(load(one, sigma=0.01).c2, C2[:1])


def test_times_of_the_file_are_kept(tmp_path):
    t = 7.0 + np.cumsum(np.linspace(0.1, 0.2, 24))
    data = load(npz(tmp_path / "a.npz", c2=C2, q=Q, t1=t, t2=t), sigma=0.01)
    np.testing.assert_allclose(data.geometry.t, t, rtol=1e-6)
    np.testing.assert_allclose(data.geometry.intervals, np.diff(t), rtol=1e-5)
    uniform = DT * np.arange(24)
    data = load(npz(tmp_path / "b.npz", c2=C2, q=Q, t=uniform), sigma=0.01, first_frame=10)
    np.testing.assert_allclose(data.geometry.t, DT * (10 + np.arange(24)), rtol=1e-6)


def test_what_a_file_lacks_is_given(tmp_path):
    path = npy(tmp_path / "a.npy", C2)
    data = load(path, sigma=0.01, q="0.05nm^-1", phi="0.5rad", dt="1ms", gap="200um")
    np.testing.assert_allclose(data.geometry.q, 0.005, rtol=1e-6)
    np.testing.assert_allclose(data.geometry.phi, np.degrees(0.5), rtol=1e-6)
    np.testing.assert_allclose(data.geometry.t, 1e-3 * np.arange(24), rtol=1e-6)
    np.testing.assert_allclose(data.geometry.gap, 2e6)
    data = load(path, sigma=0.01, sector_q=["0.05nm^-1", 0.005, "5e-3 1/A"], sector_phi="0,45,90deg", dt=0.2)
    np.testing.assert_allclose(data.geometry.q, 0.005, rtol=1e-6)
    np.testing.assert_allclose(data.geometry.phi, [0, 45, 90])
    some = load(path, sigma=0.01, sector_q=[0.004, 0.005, 0.006], q=("0.045nm^-1", 0.0055), dt=0.2)
    np.testing.assert_array_equal(some.c2, C2[[1]])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"dt": 1.0}, errors.MissingValue, "does not state the q of its sectors.*Pass sector_q=<q>"),
        ({"sector_q": 0.01}, errors.MissingValue, "the time between its frames.*Pass dt=<seconds>"),
        ({"sector_q": 0.01, "dt": 0}, errors.WrongOption, "dt is 0.0; expected a finite number of seconds > 0"),
        ({"sector_q": 0.01, "dt": np.inf}, errors.WrongOption, "dt is inf; expected a finite number"),
        ({"sector_q": 0.01, "dt": "1 fortnight"}, errors.WrongOption, "dt is '1 fortnight'; expected a number in s"),
        ({"sector_q": "0.05 nm", "dt": 1}, errors.WrongOption, "sector_q is '0.05 nm'; expected a number in Å⁻¹"),
        ({"sector_q": [0.1, 0.2], "dt": 1}, errors.WrongShape, "one value, or one for each of the 3 sectors"),
        ({"sector_q": 0.01, "dt": 1, "first_frame": -1}, errors.WrongFirstFrame, "the first frame is -1"),
        ({"sector_q": 0.01, "dt": 1, "gap": "200 bananas"}, errors.WrongOption, "gap is '200 bananas'"),
    ],
)
def test_what_is_missing_or_wrong_is_named(tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        load(npy(tmp_path / "a.npy", C2), sigma=0.01, **options)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"c2": C2, "C2": C2}, "it has c2 and C2; expected one of them"),
        ({"c2": C2[:, :, :23]}, "expected square maps"),
        ({"c2": np.ones((8, 8, 8))}, "the axis of the sectors is ambiguous"),
        ({"c2": C2, "q": np.array(["a"])}, "q holds <U1; expected real numbers"),
        ({"c2": C2, "q": np.array([{}])}, "pickled objects"),
        ({"c2": C2, "q": Q[:2]}, r"a\.npz: q has 2 values; expected one, or one for each of its 3 maps"),
        ({"c2": C2, "q": Q, "phi": np.zeros((3, 4))}, r"a\.npz: phi has 12 values; expected one, or one for each"),
        ({"c2": C2, "q": Q, "t": np.arange(23.0)}, "its times have 23 values"),
        ({"c2": C2, "q": Q, "t1": np.arange(24.0), "t2": np.arange(24.0) * 2}, "t2 differs from them"),
        ({"c2": C2, "q": Q, "t": np.zeros(24)}, "do not increase"),
        ({"c2": C2, "q": Q, "t": np.arange(24.0), "dt": 5.0}, "dt is 5 s, and its times are 1 s apart"),
        ({"c2": C2, "q": Q, "dt": [1.0, 2.0]}, "dt has 2 values"),
        ({"c2": C2, "q": Q, "dt": -1.0}, "dt is -1 s; expected > 0. Correct it in the file"),
        ({"c2": (1000 * C2).astype(int), "q": Q, "dt": 1.0}, "c2 holds int64: a correlation is no whole number"),
        ({"c2": C2 > 1.1, "q": Q, "dt": 1.0}, "c2 holds bool"),
        ({"c2": C2 + 0j, "q": Q, "dt": 1.0}, "c2 holds complex128: a correlation is a real number"),
        ({"c2": C2[:, :1, :1], "q": Q, "dt": 1.0}, "one frame has no other"),
        ({"c2": C2, "q": [0.004, np.nan, 0.008], "dt": 1.0}, "not finite"),
    ],
)
def test_arrays_that_contradict_each_other_are_refused(tmp_path, arrays, message):
    with pytest.raises(ValueError, match=message):
        load(npz(tmp_path / "a.npz", **arrays), sigma=0.01)


@pytest.mark.parametrize("dtype", ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", bool])
@pytest.mark.parametrize("packed", [False, True])
def test_numbers_of_any_class_in_a_mat_file(tmp_path, dtype, packed):
    values = np.arange(2 * 5 * 5).reshape(2, 5, 5).astype(dtype)
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"x": np.eye(3), "a_longer_name": values, "one": 7, "text": "abc"}, do_compression=packed)
    found = mat_variables(path)
    assert set(found) == {"x", "a_longer_name", "one", "text"}
    np.testing.assert_array_equal(read_mat(path, found["a_longer_name"]), values)
    np.testing.assert_array_equal(read_mat(path, found["one"]), [[7]])
    with pytest.raises(errors.InvalidFile, match="text holds no real numbers"):
        read_mat(path, found["text"])
    scipy.io.savemat(path, {"c": values * 1j, "s": {"a": 1}, "cell": np.array([1, "a"], object)})
    for variable in mat_variables(path).values():
        with pytest.raises(errors.InvalidFile, match="no real numbers"):
            read_mat(path, variable)


def test_maps_of_version_73_stay_in_the_file(tmp_path):
    path = matlab_73(tmp_path / "a.mat", c2=np.moveaxis(C2, 0, -1), q=Q, dt=DT)
    lazy = load(path, sigma=0.01, lazy=True, sectors=[2], frames=(3, 9))
    np.testing.assert_array_equal(lazy.c2[0], C2[2, 3:9, 3:9])
    with pytest.raises(errors.NotLazy):
        load(mat(tmp_path / "b.mat", c2=C2, q=Q, dt=DT), sigma=0.01, lazy=True)
