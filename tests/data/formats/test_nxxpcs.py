"""NXxpcs: every way in which the definition lets the maps be stored gives the same data."""

import itertools

import h5py
import numpy as np
import pytest

from homodyne_eqx.data import errors, load
from tests.data.layouts import DT, PHI, Q, decaying_maps, nxxpcs, write

WAYS = list(
    itertools.product(
        ["one_array_q_first", "one_array_q_last", "data_exchange_keys"],
        [0, 1],
        ["upper_left", "lower_left"],
        ["all", "upper_half", "lower_half"],
    )
)


def test_attributes_may_be_lists_of_one(tmp_path):
    """As NeXus libraries write them."""
    path = nxxpcs(tmp_path / "a.nxs", decaying_maps(), baseline=0)
    with h5py.File(path, "r+") as file:
        stated = file["entry/twotime/two_time_corr_func"].attrs
        stated["baseline_reference"] = np.array([0])
        stated["storage_mode"] = np.array([b"one_array_q_first"])
        file["entry/instrument/masks/dynamic_q_list"].attrs["units"] = np.array(["1/angstrom"], h5py.string_dtype())
    np.testing.assert_allclose(load(path, sigma=0.01).c2, decaying_maps())


@pytest.mark.parametrize(("mode", "baseline", "origin", "populated"), WAYS)
def test_the_same_maps_are_read_however_they_are_stored(tmp_path, mode, baseline, origin, populated):
    c2 = decaying_maps()
    data = load(nxxpcs(tmp_path / "a.nxs", c2, mode, baseline, origin, populated), sigma=0.01, first_frame=2)
    np.testing.assert_allclose(data.c2, c2, rtol=1e-12)
    np.testing.assert_allclose(data.geometry.q, Q)
    np.testing.assert_allclose(data.geometry.phi, PHI)
    np.testing.assert_allclose(data.geometry.t, DT * (2 + np.arange(24)))
    assert data.provenance.format == "nxxpcs"
    assert len(data.notes) == (baseline == 0) + (origin == "lower_left")


def test_a_map_is_read_alone(tmp_path):
    c2 = decaying_maps()
    for mode in ("one_array_q_first", "one_array_q_last", "data_exchange_keys"):
        part = load(nxxpcs(tmp_path / f"{mode}.nxs", c2, mode), sigma=0.01, lazy=True, phi=(60, 80), frames=(3, 9))
        np.testing.assert_allclose(part.c2[0], c2[1, 3:9, 3:9])


def test_ten_maps_and_more_are_in_the_order_of_their_numbers(tmp_path):
    c2 = decaying_maps(12, 8)
    lists = {f"entry/instrument/masks/dynamic_{name}_list": 0.001 * (1 + np.arange(12)) for name in ("q", "phi")}
    path = nxxpcs(tmp_path / "a.nxs", c2, **lists)
    with h5py.File(path, "r+") as file:
        name = "entry/twotime/two_time_corr_func"
        stated = dict(file[name].attrs)
        del file[name]
        for k in range(12):
            file[f"{name}/q{k}"] = c2[k]
        file[name].attrs.update(stated | {"storage_mode": "data_exchange_keys"})
    np.testing.assert_allclose(load(path, sigma=0.01).c2, c2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drop": ("baseline_reference",)}, "baseline_reference of .* is missing; expected 0 or 1"),
        ({"drop": ("storage_mode",)}, "storage_mode .* is missing"),
        ({"entry/instrument/detector_2/frame_time": 1.0}, "all state a frame time; expected one detector"),
        ({"drop": ("entry/instrument/detector_1/frame_time",)}, "Pass frame_time=<seconds>"),
        ({"drop": ("entry/instrument/masks/dynamic_q_list",)}, "it has no /entry/.*dynamic_q_list. Pass sector_q"),
        ({"entry/instrument/masks/dynamic_q_list": Q[:2]}, "2 values for 3 maps"),
    ],
)
def test_what_is_missing_or_contradicts_is_refused(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        load(nxxpcs(tmp_path / "a.nxs", decaying_maps(), **options), sigma=0.01)


def test_a_storage_mode_that_says_nothing_is_refused(tmp_path):
    name = "entry/twotime/two_time_corr_func"
    path = write(
        tmp_path / "a.nxs", {name: np.ones((3, 8, 8)), "entry/instrument/x": 1}, [(name, "storage_mode", "other")]
    )
    with pytest.raises(errors.InvalidFile, match=r"storage_mode .* is 'other'; expected one_array_q_first or"):
        load(path, sigma=0.01)


@pytest.mark.parametrize("populated", ["upper_half", "lower_half"])
@pytest.mark.parametrize("origin", ["upper_left", "lower_left"])
def test_the_half_that_the_file_says_to_be_empty_is_not_looked_at(tmp_path, populated, origin):
    c2, lower = decaying_maps(), np.tri(24, k=-1, dtype=bool)
    garbage = np.where(lower if populated == "upper_half" else lower.T, 7.0, c2)
    path = nxxpcs(tmp_path / "a.nxs", garbage, origin=origin)
    with h5py.File(path, "r+") as file:
        file["entry/twotime/two_time_corr_func"].attrs["populated_elements"] = populated
    np.testing.assert_allclose(load(path, sigma=0.01).c2, c2)
    wrong = nxxpcs(tmp_path / "b.nxs", c2, origin=origin, populated=populated)
    with h5py.File(wrong, "r+") as file:
        other = {"upper_half": "lower_half", "lower_half": "upper_half"}[populated]
        file["entry/twotime/two_time_corr_func"].attrs["populated_elements"] = other
    np.testing.assert_allclose(load(wrong, sigma=0.01).c2, c2)


def test_what_the_file_does_not_say_and_what_is_not_read_is_noted(tmp_path):
    path = nxxpcs(tmp_path / "a.nxs", decaying_maps())
    with h5py.File(path, "r+") as file:
        file.copy("entry", "entry_2")
        for name in ("dynamic_q_list", "dynamic_phi_list"):
            del file[f"entry/instrument/masks/{name}"].attrs["units"]
    assert load(path, sigma=0.01, first_frame=0).notes == (
        "the file holds other maps, which are not read: entry_2",
        "q of the file taken in Å⁻¹, since it states no unit",
        "phi of the file taken in degrees, since it states no unit",
    )


def test_units_are_those_of_the_file(tmp_path):
    path = nxxpcs(tmp_path / "a.nxs", decaying_maps(), **{"entry/instrument/masks/dynamic_q_list": Q * 10})
    with h5py.File(path, "r+") as file:
        file["entry/instrument/masks/dynamic_q_list"].attrs["units"] = "1/nm"
        file["entry/instrument/masks/dynamic_phi_list"].attrs["units"] = "rad"
        file["entry/instrument/detector_1/frame_time"].attrs["units"] = "ms"
    data = load(path, sigma=0.01)
    np.testing.assert_allclose(data.geometry.q, Q, rtol=1e-6)
    np.testing.assert_allclose(data.geometry.phi, np.degrees(PHI), rtol=1e-6)
    assert float(data.geometry.dt) == pytest.approx(DT * 1e-3)
    with h5py.File(path, "r+") as file:
        file["entry/instrument/masks/dynamic_q_list"].attrs["units"] = "furlong"
    with pytest.raises(errors.InvalidFile, match="dynamic_q_list has the unit 'furlong'; expected one of Å⁻¹"):
        load(path, sigma=0.01)
