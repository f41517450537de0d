"""The data in the result of a fit are data like any other."""

from dataclasses import replace

import h5py
import numpy as np
import pytest

import homodyne_eqx as hx

pytestmark = pytest.mark.xdist_group("fit_result")

N_SECTOR, N_T = 3, 14


@pytest.fixture
def data():
    rng = np.random.default_rng(4)
    c2 = 1 + 0.3 * np.exp(-np.abs(np.subtract.outer(np.arange(N_T), np.arange(N_T))) / 4)
    c2 = c2 + 0.01 * rng.standard_normal((N_SECTOR, N_T, N_T))
    mask = np.zeros(N_T, bool)
    mask[3] = True
    where = hx.Geometry(q=[0.004, 0.005, 0.006], phi=[0.0, 40.0, 90.0], gap=1e6, t=0.5 + 0.1 * np.arange(N_T), dt=0.1)
    pixels = np.zeros(c2.shape, bool)
    pixels[1, 0, 7] = pixels[1, 7, 0] = True
    data = hx.TwoTimeData(c2.astype(np.float32), where, sigma=[0.01, 0.02, 0.01], mask=mask)
    return data.excluding(frames=[9], outliers=pixels)


@pytest.fixture
def result(data):
    model = hx.TwoTimeModel(hx.Relaxation(2.0), hx.ContrastOffset(0.3, 1.0))
    return hx.fit(model, data, max_steps=1)


@pytest.mark.parametrize("lazy", [False, True])
def test_the_data_of_a_result_are_read_as_they_were_fitted(result, data, tmp_path, lazy):
    path = result.save(tmp_path / "out") / "result.h5"
    again = hx.load(path, lazy=lazy)
    assert again.provenance.format == "fit-result"
    for k in range(N_SECTOR):
        np.testing.assert_array_equal(again.c2[k], data.c2[k])
    np.testing.assert_array_equal(again.sigma, data.sigma)
    for name in ("mask", "bad_frames", "outliers"):
        np.testing.assert_array_equal(getattr(again, name), getattr(data, name))
    assert again.excluded == data.excluded
    assert (again.excluded.bad_frames, again.excluded.outliers) == (72, 2)
    for name in ("q", "phi", "gap", "t", "dt"):
        np.testing.assert_allclose(getattr(again.geometry, name), getattr(data.geometry, name), rtol=1e-6)


def test_where_they_came_from_is_read_as_well(result, data, tmp_path):
    origin = hx.Provenance(path="somewhere.hdf", format="aps-u", metadata={"sample": "glass"})
    known = replace(data, provenance=origin, sigma_source="by hand")
    again = hx.load(replace(result, data=known).save(tmp_path / "known") / "result.h5")
    assert again.sigma_source == "by hand"
    assert any("somewhere.hdf" in note for note in again.provenance.notes)
    assert again.provenance.metadata["sample"] == "glass"
    without = hx.load(result.save(tmp_path / "without") / "result.h5")
    assert any("fitted before" in note for note in without.provenance.notes)


def test_times_that_are_not_uniform_are_kept(result, data, tmp_path):
    """The integrals then follow the times themselves, not a frame period."""
    t = np.cumsum(np.linspace(0.1, 0.2, N_T))
    uneven = replace(data, geometry=data.geometry.with_times(t))
    again = hx.load(replace(result, data=uneven).save(tmp_path / "uneven") / "result.h5")
    np.testing.assert_allclose(again.geometry.t, t, rtol=1e-6)
    np.testing.assert_allclose(again.geometry.intervals, np.diff(t), rtol=1e-4)


def test_some_of_it_can_be_selected(result, data, tmp_path):
    path = result.save(tmp_path / "out") / "result.h5"
    some = hx.load(path, sectors=[2, 0], frames=(4, 12), sigma=0.05)
    np.testing.assert_array_equal(some.c2, data.c2[[2, 0], 4:12, 4:12])
    assert (some.excluded.bad_frames, some.excluded.outliers) == (2 * 14, 0)
    assert float(some.geometry.t[0]) == pytest.approx(0.9)
    assert some.sigma_source == "given"


def test_what_holds_no_data_is_refused(result, data, tmp_path):
    packed = hx.fit(result.model, hx.pack(data), max_steps=1)
    with pytest.raises(hx.errors.InvalidFile, match="packed data were fitted"):
        hx.load(packed.save(tmp_path / "packed") / "result.h5", sigma=0.01)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["data"] = 1
    with pytest.raises(hx.errors.UnknownLayout, match="attribute kind"):
        hx.load(tmp_path / "other.h5")
