"""Writer of the APS-U NeXus-like layout, so that simulations are files like any other."""

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import NotInLayout
from ...exclusion import union_of_masks
from ...hdf5 import require_h5py
from ...two_time import TwoTimeData, sector_arrays
from ...whole_file import whole_file
from ..hdf5_maps import CHECKSUM, map_checksum
from . import layout

if TYPE_CHECKING:
    import h5py

_FRAME_TOLERANCE = 1e-3
_LARGEST_STRIDE = 1000
_TIME_ROUNDING = 1e-6
_SYMMETRY_TOLERANCE = 1e-5
_DETECTOR_PIXELS = 256
_BEAM_STOP = 0.1


def save_aps_u(
    path: str | PathLike[str],
    data: TwoTimeData,
    *,
    grid: tuple[Any, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    with_sigma: bool = True,
    overwrite: bool = False,
) -> None:
    """Write two-time data in the APS-U layout, whole or not at all; `load` reads them back.

    The upper triangle of each map is stored as float32, with its diagonal and with checksums, which `load` verifies.
    The layout has no place for gap, sigma and mask: they go to the group `/homodyne_eqx`, which other readers ignore.
    The region map is schematic: a ring for each q, cut at the azimuths.

    **Arguments:**

    - `path`: the file, in a folder that exists.
    - `data`: symmetric maps, with frames that are uniform in time, and no two sectors of the same q and phi. The layout
      counts times in detector frames: each frame of the maps spans as many detector frames as its start requires.
    - `grid`: the lists of q (Å⁻¹) and phi (degrees) of the qmap, `(q, phi)`; there may be grid points without a
      sector. By default the distinct values of the data.
    - `metadata`: numbers, strings or lists of numbers to store with the data; `load` puts them into
      `provenance.metadata`.
    - `with_sigma`: whether sigma is stored; without it, it has to be given when the file is read.
    - `overwrite`: replace an existing file.

    **Raises:** `FileExistsError`, `FileNotFoundError` for a folder that does not exist; `NotInLayout` for data that the
    layout cannot hold.
    """
    index, q_list, phi_list = _grid_index(data, grid)
    first_frame, stride = _first_frame_and_stride(data)
    h5py = require_h5py()
    with whole_file(path, overwrite) as partial, h5py.File(partial, "w") as file:
        _write_qmap(file, index, q_list, phi_list)
        _write_maps(file, data)
        file[layout.FRAME_TIME] = float(data.geometry.dt) / stride
        end_frame = first_frame + data.n_t * stride
        config = {"stride_frame": stride, "avg_frame": 1, "begin_frame": first_frame, "end_frame": end_frame}
        for name, value in config.items():
            file[f"{layout.CONFIG}/{name}"] = value
        _write_extras(file, data, metadata or {}, with_sigma)


def save(
    data: TwoTimeData,
    path: str | PathLike[str],
    *,
    metadata: Mapping[str, Any] | None = None,
    with_sigma: bool = True,
    overwrite: bool = False,
) -> None:
    """Write two-time data to a file that `load` reads back, in the APS-U layout: `save_aps_u` with the file they came
    from, its checksum and the notes in the metadata.

    **Arguments, Raises:** as `save_aps_u`.
    """
    source = data.provenance
    known = {
        "source": source.path,
        "source_format": source.format,
        "source_sha256": source.sha256,
        "source_frames": None if source.frames is None else list(source.frames),
        "source_notes": "; ".join(source.notes) or None,
        "source_steps": "; ".join(source.steps) or None,
    }
    plain = str | int | float | np.number | np.ndarray | list | tuple
    stored = {key: value if isinstance(value, plain) else str(value) for key, value in source.metadata.items()}
    stored |= {key: value for key, value in known.items() if value is not None}
    stored |= metadata or {}
    save_aps_u(path, data, metadata=stored, with_sigma=with_sigma, overwrite=overwrite)


def _grid_index(data: TwoTimeData, grid: tuple[Any, Any] | None) -> tuple[np.ndarray, ...]:
    """Index of each sector in the grid of q and phi, and the two lists."""
    q, phi = sector_arrays(data.geometry)
    q = q.astype(np.float64)
    phi = np.full(q.shape, np.nan) if phi is None else phi.astype(np.float64)
    listed = (np.unique(q), np.unique(phi)) if grid is None else grid
    q_list, phi_list = (np.ravel(np.asarray(x, np.float64)) for x in listed)
    index = _nearest("q", q, q_list) * len(phi_list) + (0 if np.isnan(phi).all() else _nearest("phi", phi, phi_list))
    if len(np.unique(index)) < len(index):
        raise NotInLayout("Two sectors have the same q and phi, which this layout cannot tell apart. Save one of them.")
    return index, q_list, phi_list


def _nearest(name: str, values: np.ndarray, listed: np.ndarray) -> np.ndarray:
    distance = np.abs(values[:, None] - listed)
    index = np.argmin(distance, axis=1)
    worst = int(np.argmax(distance.min(axis=1)))
    if distance[worst].min() > 1e-5 * max(abs(values[worst]), np.abs(listed).max()):
        raise NotInLayout(
            f"{name} {values[worst]:g} of sector {worst} is not on the grid {listed}. Add it to the grid."
        )
    return index


def _first_frame_and_stride(data: TwoTimeData) -> tuple[int, int]:
    """The detector frame at which the maps start, and how many of them a frame of the maps takes."""
    t, dt = np.asarray(data.geometry.t, np.float64), float(data.geometry.dt)
    allowed = _FRAME_TOLERANCE + _TIME_ROUNDING * t[-1] / dt
    off = np.max(np.abs(t - t[0] - np.arange(data.n_t) * dt)) / dt
    starts = t[0] / dt * np.arange(1, _LARGEST_STRIDE + 1)
    fits = np.abs(starts - np.round(starts)) <= allowed
    if off > allowed or not np.any(fits):
        raise NotInLayout(
            f"The frame times deviate by up to {max(off, abs(starts[0] - round(starts[0]))):.3g} frames from whole "
            f"multiples of dt = {dt:g} s, and this layout holds no others. Select frames with uniform times."
        )
    k = int(np.argmax(fits))
    return round(starts[k]), k + 1


def _write_qmap(file: "h5py.File", index: np.ndarray, q_list: np.ndarray, phi_list: np.ndarray) -> None:
    mapping = np.sort(index)
    label_of_grid = np.zeros(len(q_list) * len(phi_list), np.uint32)
    label_of_grid[mapping] = np.arange(1, len(mapping) + 1)
    file[layout.PROCESSED_BINS] = label_of_grid[index].astype(np.int64)
    file[layout.INDEX_MAPPING] = mapping.astype(np.uint32)
    file[layout.NUM_PTS] = np.array([len(q_list), len(phi_list)])
    for name, values, quantity, unit in (
        (layout.Q_LIST, q_list, "q", "Å⁻¹"),
        (layout.PHI_LIST, phi_list, "phi", "deg"),
    ):
        file[name] = values
        file[name].attrs.update({"name": quantity, "unit": unit})
    file.create_dataset(
        layout.ROI_MAP, data=_schematic_roi_map(label_of_grid, len(q_list), phi_list), compression="gzip", shuffle=True
    )


def _schematic_roi_map(label_of_grid: np.ndarray, n_q: int, phi_list: np.ndarray) -> np.ndarray:
    """Label of each pixel of a square detector around the beam: a ring for each q, cut into wedges around each phi."""
    axis = (np.arange(_DETECTOR_PIXELS) + 0.5) / (_DETECTOR_PIXELS / 2) - 1
    y, x = np.meshgrid(axis, axis, indexing="ij")
    radius, azimuth = np.hypot(x, y), np.degrees(np.arctan2(y, x))
    ring = np.clip((radius - _BEAM_STOP) / (1 - _BEAM_STOP) * n_q, 0, n_q - 1).astype(int)
    apart = np.abs(np.mod(azimuth[..., None] - np.nan_to_num(phi_list) + 180, 360) - 180)
    half_width = 180 if len(phi_list) == 1 else np.diff(np.sort(phi_list)).max() / 2
    seen = (radius >= _BEAM_STOP) & (radius < 1) & (apart.min(axis=-1) <= half_width)
    return np.where(seen, label_of_grid[ring * len(phi_list) + np.argmin(apart, axis=-1)], 0).astype(np.uint32)


def _write_maps(file: "h5py.File", data: TwoTimeData) -> None:
    n_t = data.n_t
    g2 = np.empty((n_t, data.n_sector), np.float32)
    for k in range(data.n_sector):
        c2_k = np.asarray(data.c2[k])
        if not np.allclose(c2_k, c2_k.T, rtol=_SYMMETRY_TOLERANCE, atol=_SYMMETRY_TOLERANCE, equal_nan=True):
            raise NotInLayout(
                f"Map {k} is not symmetric, and this layout holds one triangle. Fill or average the triangles first."
            )
        name, upper = f"{layout.MAPS}/{layout.map_name(k + 1)}", np.triu(c2_k).astype(np.float32)
        stored = file.create_dataset(
            name, data=upper, chunks=(n_t, n_t), compression="lzf", shuffle=True, fletcher32=True
        )
        stored.attrs[CHECKSUM] = map_checksum(upper)
        g2[:, k] = [np.mean(np.diagonal(c2_k, lag)) for lag in range(n_t)]
    file[layout.NORMALIZED_G2] = g2


def _write_extras(file: "h5py.File", data: TwoTimeData, metadata: Mapping[str, Any], with_sigma: bool) -> None:
    extras = file.create_group(layout.EXTRAS)
    if data.geometry.gap is not None:
        extras["gap"] = np.asarray(data.geometry.gap, np.float64)
        extras["gap"].attrs["unit"] = "Å"
    chunked = {"chunks": (1, data.n_t, data.n_t), "compression": "lzf"}
    if with_sigma:
        extras.create_dataset("sigma", data=data.sigma, **(chunked if data.sigma.ndim == 3 else {}))
        extras.attrs["sigma_source"] = data.sigma_source
    mask = union_of_masks(union_of_masks(data.mask, data.bad_frames), data.outliers)
    if mask is not None:
        extras.create_dataset("mask", data=mask, **(chunked if mask.ndim == 3 else {}))
    for key, value in metadata.items():
        extras.attrs[key] = value
