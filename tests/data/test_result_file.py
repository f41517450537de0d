"""Written results come back as they were."""

from dataclasses import replace

import h5py
import numpy as np
import pytest

from homodyne_eqx.data.result_file import ResultArrays, load_result_arrays, save_result_arrays

N_SECTOR, N_T = 3, 11


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return ResultArrays(
        q=np.array([0.004, 0.005, 0.006]),
        phi=None,
        gap=np.full(N_SECTOR, 2e6),
        t=0.1 * np.arange(N_T),
        sigma=np.full(N_SECTOR, 0.01),
        names=("D0", "alpha", "contrast"),
        units=("Å²/s^(1+alpha)", "", ""),
        values=np.array([1e4, -0.3, 0.2]),
        uncertainties=np.array([5.0, np.nan, np.inf]),
        free_names=("D0", "contrast"),
        covariance=rng.random((2, 2)),
        chi2=np.array([30.0, 20.0]),
        expected_decrease=np.array([10.0, 1e-8]),
        elapsed=np.array([0.5, 0.6]),
        history=rng.random((2, 2)),
        degrees_of_freedom=160,
        attributes={"kernel": "GapAverage", "converged": True, "message": "χ² is at its minimum"},
    )


def maps():
    rng = np.random.default_rng(1)
    for _ in range(N_SECTOR):
        yield tuple(rng.random((3, N_T, N_T)).astype(np.float32))


def test_what_is_written_comes_back(arrays, tmp_path):
    path = tmp_path / "result.h5"
    save_result_arrays(path, arrays, maps())
    file = load_result_arrays(path)
    for name, value in vars(arrays).items():
        found = getattr(file.arrays, name)
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(found, value)
        else:
            assert found == value, name
    for k, expected in enumerate(maps()):
        for found, wanted in zip(file.maps(k), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_maps_that_are_not_one_a_sector_leave_no_file(arrays, tmp_path):
    with pytest.raises(ValueError, match="2 maps were given for 3 sectors"):
        save_result_arrays(tmp_path / "result.h5", arrays, list(maps())[:2])
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten_unasked(arrays, tmp_path):
    path = tmp_path / "result.h5"
    path.write_text("precious")
    with pytest.raises(FileExistsError):
        save_result_arrays(path, arrays, maps())
    assert path.read_text() == "precious"
    save_result_arrays(path, arrays, maps(), overwrite=True)
    assert load_result_arrays(path).arrays.n_sector == N_SECTOR


def test_other_files_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file"):
        load_result_arrays(tmp_path / "missing.h5")
    (tmp_path / "text.h5").write_text("not HDF5")
    with pytest.raises(ValueError, match="no HDF5 file"):
        load_result_arrays(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["data"] = 1
    with pytest.raises(ValueError, match="not the result of a fit"):
        load_result_arrays(tmp_path / "other.h5")


@pytest.mark.filterwarnings("default")  # those of xarray and what it imports are its own
def test_xarray_opens_the_maps_with_coordinates_units_and_labels(arrays, tmp_path):
    xarray = pytest.importorskip("xarray")
    save_result_arrays(tmp_path / "result.h5", replace(arrays, phi=np.array([0.0, 45.0, 90.0])), maps())
    written = load_result_arrays(tmp_path / "result.h5")
    with xarray.open_dataset(written.path, group="maps", engine="h5netcdf") as opened:
        assert {*opened.data_vars} == {"c2", "model", "residual"}
        for name in opened.data_vars:
            assert opened[name].dims == ("sector", "t1", "t2")
            assert opened[name].attrs["long_name"]
        np.testing.assert_array_equal(opened.t1, written.arrays.t)
        np.testing.assert_array_equal(opened.t2, written.arrays.t)
        np.testing.assert_array_equal(opened.sector, np.arange(N_SECTOR))
        assert opened.q.dims == opened.phi.dims == ("sector",)
        assert "q" in opened.c2.coords
        assert (opened.q.attrs["units"], opened.phi.attrs["units"], opened.t1.attrs["units"]) == ("Å⁻¹", "deg", "s")
        c2 = written.maps(1)[0]
        assert opened.c2.sel(sector=1).sel(t1=written.arrays.t[2], t2=written.arrays.t[0], method="nearest") == c2[2, 0]
