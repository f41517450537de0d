"""q and azimuth of the labels of the qmap of an APS-U file."""

import numpy as np

from ...errors import UnknownSectors
from ...hdf5_file import Hdf5File
from ..sectors import note_without_unit, of_each_sector
from . import layout

_LARGEST_DETECTOR = 100_000_000


def sectors_of(
    file: Hdf5File, labels: np.ndarray, given_q: np.ndarray | None, given_phi: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None, tuple[str, ...]]:
    """q and phi of labels, `(n,)`, as given or through the index mapping of the qmap; and notes."""
    n = len(labels)
    notes: tuple[str, ...] = ()
    q = None if given_q is None else of_each_sector("sector_q", given_q, n)
    phi = None if given_phi is None else of_each_sector("sector_phi", given_phi, n)
    if q is not None and phi is not None:
        return q, phi, ("q and phi as given, not those of the qmap",)
    q_index, phi_index = _grid(file, labels)
    if q is None:
        q, notes = _of_qmap(file, layout.Q_LIST, "q", "q", q_index)
    if phi is None:
        phi, more = _of_qmap(file, layout.PHI_LIST, "phi", "angle", phi_index)
        notes += more
    return q, None if np.all(np.isnan(phi)) else phi, notes


def n_labels(file: Hdf5File) -> int:
    """The number of labels in the qmap."""
    return len(file.whole_numbers(layout.INDEX_MAPPING))


def note_on_region_map(file: Hdf5File) -> tuple[str, ...]:
    """A note where the index mapping, which says where the labels are, does not increase, and where the region map has
    another number of labels."""
    if np.any(np.diff(file.whole_numbers(layout.INDEX_MAPPING)) <= 0):
        return (
            "dynamic_index_mapping does not increase, as it does where labels are numbered along the grid: q and phi "
            "may be those of other sectors",
        )
    if not file.has(layout.ROI_MAP):
        return ()
    labels, listed = int(np.max(file.whole_numbers(layout.ROI_MAP, most=_LARGEST_DETECTOR), initial=0)), n_labels(file)
    if labels in (0, listed):
        return ()
    return (
        f"dynamic_roi_map has labels up to {labels}, and dynamic_index_mapping lists {listed}: the qmap contradicts "
        "itself, and q and phi may be those of other sectors",
    )


def n_azimuths(file: Hdf5File) -> int:
    """Into how many azimuths the qmap is divided."""
    return file.dataset(layout.PHI_LIST).size


def _grid(file: Hdf5File, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices of q and phi of each label, which count from 1."""
    mapping = file.whole_numbers(layout.INDEX_MAPPING)
    size = file.whole_numbers(layout.NUM_PTS)
    n_q, n_phi = (int(size[0]), int(size[1])) if size.size >= 2 else (0, 0)
    lengths = tuple(file.dataset(name).size for name in (layout.Q_LIST, layout.PHI_LIST))
    if lengths != (n_q, n_phi) or not (n_q and n_phi):
        file.refuse(
            f"dynamic_num_pts is {size.tolist()[:4]}, but the lists of q and phi have {lengths[0]} and {lengths[1]} "
            "values. The qmap contradicts itself: make it again."
        )
    if labels.min() < 1 or labels.max() > len(mapping):
        file.refuse(
            f"processed_bins runs from {labels.min()} to {labels.max()}; expected labels from 1 to {len(mapping)}, the "
            "length of dynamic_index_mapping. The maps belong to another qmap: run the analysis again with theirs."
        )
    if mapping.min() < 0 or mapping.max() >= n_q * n_phi:
        file.refuse(
            f"dynamic_index_mapping runs from {mapping.min()} to {mapping.max()}; expected grid indices from 0 to "
            f"{n_q} × {n_phi} − 1. The qmap contradicts itself: make it again."
        )
    return np.divmod(mapping[labels - 1], n_phi)


def _of_qmap(
    file: Hdf5File, name: str, expected: str, quantity: str, index: np.ndarray
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Values of a list of the qmap in Å⁻¹ or degrees, `(n,)`, and a note where they were converted."""
    called = file.attribute(name, "name")
    if called not in (None, "", expected):
        raise UnknownSectors(
            file.path,
            f"/{name} is {str(called)[:60]!r}; expected {expected!r}. Only a qmap divided in q and phi says where a "
            "sector is.",
        )
    factor, converted = file.factor(name, quantity)
    target = {"q": "Å⁻¹", "angle": "degrees"}[quantity]
    note = (f"{expected} converted from {file.unit(name)} to {target}",) if converted else ()
    note += note_without_unit(file, name, expected)
    return file.numbers(name, finite=quantity == "q")[index] * factor, note
