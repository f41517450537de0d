"""Sectors and frames of an APS-U file, and contradictions in the file."""

import h5py
import numpy as np
import pytest

from homodyne_eqx.data import load

QMAP, CONFIG = "xpcs/qmap", "xpcs/twotime/config"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({f"{CONFIG}/begin_frame": 4, f"{CONFIG}/end_frame": 9}, "5 detector frames apart, and the maps cover"),
        ({f"{QMAP}/dynamic_roi_map": np.array([[0, 1], [2, 3]])}, "labels up to 3, and dynamic_index_mapping lists"),
        ({f"{QMAP}/dynamic_index_mapping": np.array([7, 6, 5, 3, 2, 0])}, "dynamic_index_mapping does not increase"),
        ({f"{CONFIG}/begin_frame": 4, f"{CONFIG}/end_frame": -1}, None),
        ({f"{CONFIG}/begin_frame": 4, f"{CONFIG}/end_frame": 0}, None),
    ],
)
def test_what_contradicts_itself_is_noted(aps_u_file, symmetric_maps, changes, words):
    path = aps_u_file(symmetric_maps())
    with h5py.File(path, "r+") as file:
        for name, value in changes.items():
            if name in file:
                del file[name]
            file[name] = value
    notes = load(path, sigma=0.01).notes
    assert any(words in note for note in notes) if words else not notes


def test_an_index_mapping_that_counts_from_one_is_refused(aps_u_file, symmetric_maps):
    """Also where the sectors that were processed would be on the grid."""
    path = aps_u_file(symmetric_maps())
    with h5py.File(path, "r+") as file:
        mapping = file[f"{QMAP}/dynamic_index_mapping"]
        values, size = mapping[()], int(np.prod(file[f"{QMAP}/dynamic_num_pts"][()]))
        values[-1] = size
        mapping[...] = values
    with pytest.raises(ValueError, match=f"runs from .* to {size}; expected grid indices from 0"):
        load(path, sigma=0.01)


def test_units_that_are_missing_are_noted_and_two_that_differ_refused(aps_u_file, symmetric_maps):
    path = aps_u_file(symmetric_maps())
    with h5py.File(path, "r+") as file:
        file[f"{QMAP}/dynamic_v_list_dim0"].attrs["unit"] = "Å⁻¹"
        file[f"{QMAP}/dynamic_v_list_dim0"].attrs["units"] = "nm^-1"
    with pytest.raises(ValueError, match=r"has the unit 'Å⁻¹' and the units 'nm\^-1'\. Leave one out"):
        load(path, sigma=0.01)
    with h5py.File(path, "r+") as file:
        for key in ("unit", "units"):
            del file[f"{QMAP}/dynamic_v_list_dim0"].attrs[key]
    assert load(path, sigma=0.01).notes == ("q of the file taken in Å⁻¹, since it states no unit",)
