"""`load`: a two-time file of any known layout."""

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import ArrayLike

from ..physics.geometry import Geometry
from . import formats
from .checked_places import check_places
from .errors import MissingSigma, NotLazy, UnknownFormat, UnknownLayout, WrongFormat, WrongShape
from .exclusion import mask_array, union_of_masks
from .file_state import check_file
from .formats.sectors import SECTOR_PHI, SECTOR_Q
from .hdf5 import said_in_words
from .load_pairs import load_pairs
from .maps import array_or_stack, in_memory
from .memory import check_memory
from .noise import sigma_array_or_estimate
from .one_time_data import OneTimeData
from .pair_data import PairData
from .provenance import Provenance, file_sha256
from .selection import Range, make_selection
from .two_time import TwoTimeData
from .units import in_base_unit


def load(
    path: str | PathLike[str],
    *,
    q: Range | None = None,
    phi: Range | None = None,
    sectors: Iterable[int] | None = None,
    frames: Range | None = None,
    gap: ArrayLike | Sequence[float] | str | Sequence[str] | None = None,
    sigma: Any = None,
    mask: Any = None,
    format: str | None = None,  # noqa: A002
    lazy: bool = False,
    one_time: bool = False,
    **options: Any,
) -> TwoTimeData | OneTimeData | PairData:
    """The data in a file, ready to be fitted; the layout is recognised from the content of the file.

    **Arguments:**

    - `path`: the file.
    - `q`, `phi`, `sectors`, `frames`: the selection, as in `TwoTimeData.select`; nothing else is read. For plain arrays
      (`.npz`, `.npy`, `.mat`) one value of `q` or `phi` instead of a range is that of all sectors.
    - `gap`: distance between the sheared walls, Å: one number, or one for each sector of the file. Beamline files do
      not hold it, and only shear terms need it. Here and in the options a number may be text with a unit: `"200um"`,
      `"0.05nm^-1"`, `"1ms"`.
    - `sigma`: standard deviation of a pixel as in `TwoTimeData`, for all sectors and frames of the file, or
      `"estimate"`. Needed if the file holds none.
    - `mask`: True where a pixel is excluded, for all sectors and frames of the file, in addition to a mask in the file.
    - `format`: name of the layout: the file must be of this one.
    - `lazy`: leave the maps in the file and read each when it is needed. No checksum is computed then.
    - `one_time`: read one-time correlations g2(τ) of a file that holds maps too. Without it they are read where there
      are no maps.
    - `options`: further options of the layout: `frame_time` or `dt` (s), `first_frame`, `sector_q` (Å⁻¹), `sector_phi`
      (degrees), `external`, `analysis`, as the page on files lists them.

    **Returns:** a `TwoTimeData`; `OneTimeData`, with the errors in the file, if it holds multi-tau g2 and no maps or if
    `one_time` is given; for the result of a fit, the fitted data. All have `geometry` and can be passed to `fit`. Their
    `notes` list conversions and values that look wrong.

    **Raises:** `FileNotFoundError`; of `homodyne_eqx.errors` `UnknownLayout`, with the parts that the file lacks for
    each layout, `KnownLayout`, `UnknownFormat`, `WrongFormat`, `UnknownOption`, `WrongOption`, `NotLazy`;
    `MissingFrameTime`, `WrongFrameTime`, `MissingFirstFrame`, `WrongFirstFrame`, `LostTimeOrigin`, `MissingValue`,
    `UnknownSectors`, `OutsideTheFile`, `TooLarge`, `InvalidFile`; and those of `TwoTimeData` and `TwoTimeData.select`.
    """
    path = Path(path)
    check_file(path)
    reader = _find_reader(path, format, one_time)
    q, phi, options = _of_sectors(reader, q, phi, options)
    checked = reader.checked_options(path, options)
    with said_in_words(path):
        recording = reader.read(path, **checked)
    if not isinstance(recording, formats.Recording):
        selected = ("frames", frames is not None), ("lazy", lazy)
        given = {"q": q, "phi": phi, "sectors": sectors}
        return load_pairs(path, reader, recording, given, sigma, mask, gap, tuple(n for n, there in selected if there))
    check_places(path, recording.q, recording.phi, recording.gap, recording.t)
    if lazy and isinstance(recording.maps, np.ndarray):
        raise NotLazy(str(path), reader.name)
    if sigma is None and recording.sigma is None:
        raise MissingSigma(str(path))
    maps = array_or_stack(recording.maps)
    selection = make_selection(recording.q, recording.phi, maps.shape[1], q, phi, sectors, frames)
    source = recording.sigma_source if sigma is None else "given"
    sigma = sigma_array_or_estimate(recording.sigma if sigma is None else sigma, maps.shape)
    mask = union_of_masks(mask_array(mask, maps.shape), mask_array(recording.mask, maps.shape))
    gap = _gap_of_sectors(recording.gap if gap is None else in_base_unit("gap", gap, "length"), len(recording.q))
    geometry = Geometry(
        q=recording.q[list(selection.sectors)],
        t=recording.t[selection.frames],
        phi=None if recording.phi is None else recording.phi[list(selection.sectors)],
        gap=None if gap is None else gap[list(selection.sectors)],
        dt=recording.dt,
    )
    selected = selection.cut_maps(maps)
    if not lazy:
        check_memory(path, "the maps", selected.shape, np.dtype(selected.dtype).itemsize)
        with said_in_words(path):
            selected = in_memory(selected)
    return TwoTimeData(
        selected,
        geometry,
        sigma=selection.cut_sigma(sigma),
        mask=selection.cut_mask(mask),
        bad_frames=selection.cut_mask(recording.bad_frames),
        outliers=selection.cut_mask(recording.outliers),
        sigma_source=source,
        provenance=Provenance(
            path=str(path),
            format=reader.name,
            sha256=None if lazy else file_sha256(path),
            frames=(selection.frames.start, selection.frames.stop),
            notes=recording.notes,
            metadata=recording.metadata,
            steps=selection.steps(maps.shape[0], maps.shape[1], Provenance()),
        ),
    )


def _of_sectors(
    reader: formats.Reader, q: Any, phi: Any, options: Mapping[str, Any]
) -> tuple[Any, Any, dict[str, Any]]:
    """The selection, and the options; for plain arrays one value of q or phi is that of the sectors."""
    options = dict(options)
    ranges = {}
    for name, option, value in (("q", SECTOR_Q.name, q), ("phi", SECTOR_PHI.name, phi)):
        single = reader.one_value_states and value is not None and np.ndim(value) == 0 and options.get(option) is None
        ranges[name] = None if single else value
        if single:
            options[option] = value
    return ranges["q"], ranges["phi"], options


def _gap_of_sectors(gap: Any, n_sector: int) -> np.ndarray | None:
    """The gap of each sector of the file, `(n_sector,)`, Å."""
    if gap is None:
        return None
    if np.size(gap) not in (1, n_sector):
        raise WrongShape("gap", np.shape(gap), f"one value, or one for each of the {n_sector} sectors of the file, Å")
    return np.broadcast_to(np.ravel(gap), (n_sector,))


def _find_reader(path: Path, name: str | None, one_time: bool) -> formats.Reader:
    """The reader of this name, or without a name the first one that lacks nothing in the file; of one-time correlations
    alone where they are asked for."""
    readers = {reader.name: reader for reader in formats.READERS if reader.one_time or not one_time}
    if name is not None and name not in readers:
        raise UnknownFormat(name, tuple(readers))
    missing: dict[str, tuple[str, ...]] = {}
    for reader in readers.values() if name is None else [readers[name]]:
        with said_in_words(path):
            missing[reader.name] = reader.missing(path)
        if not missing[reader.name]:
            return reader
    with said_in_words(path):
        formats.refuse_known_layout(path)
    if name is not None:
        raise WrongFormat(str(path), name, missing[name])
    raise UnknownLayout(str(path), missing, {reader.name: reader.description for reader in readers.values()})
