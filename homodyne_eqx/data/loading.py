"""`load`: a two-time file of any known layout."""

from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import ArrayLike

from ..physics.geometry import Geometry
from .exclusion import checked_mask, joined_masks
from .formats import READERS, Reader
from .maps import as_maps, in_memory
from .noise import checked_sigma
from .provenance import Provenance, file_sha256
from .selection import Bounds, choose
from .two_time import TwoTimeData


def load(
    path: str | PathLike[str],
    *,
    q: Bounds | None = None,
    phi: Bounds | None = None,
    sectors: Iterable[int] | None = None,
    frames: Bounds | None = None,
    gap: ArrayLike | Sequence[float] | None = None,
    sigma: Any = None,
    mask: Any = None,
    format: str | None = None,  # noqa: A002
    lazy: bool = False,
    **options: Any,
) -> TwoTimeData:
    """Two-time data from a file; its layout is found from its content.

    **Arguments:**

    - `path`: the file.
    - `q`, `phi`, `sectors`, `frames`: which part of it, as in `TwoTimeData.select`; nothing else is read.
    - `gap`: distance between the sheared walls, Å; beamline files do not carry it, and only shear terms need it.
    - `sigma`: standard deviation of a pixel as in `TwoTimeData`, for all sectors and frames of the file, or
      `"estimate"`; without it the file must carry one.
    - `mask`: True where a pixel is excluded, for all sectors and frames of the file, in addition to the file's own.
    - `format`: name of the layout, for a file that is not recognised.
    - `lazy`: leave the maps in the file and read each when it is needed. Takes no checksum.
    - `options`: the reader's own, such as `frame_time` (s) and `first_frame` of `"aps-u"`.

    **Returns:** a `TwoTimeData`; what the file lacks and what was converted stand in its `provenance.notes`.

    **Raises:** `FileNotFoundError`; `ValueError` for a file of no known layout, with what it lacks for each; and for
    whatever is missing or contradictory in it, with the remedy.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path} (looked in {path.parent.absolute()}).")
    reader = _reader_of(path, format)
    recording = reader.read(path, **options)
    if lazy and isinstance(recording.maps, np.ndarray):
        raise ValueError(
            f"{path} ({reader.name}) cannot be read map by map. Load it with lazy=False, or convert it with save_aps_u."
        )
    maps = as_maps(recording.maps)
    chosen = choose(recording.q, recording.phi, maps.shape[1], q, phi, sectors, frames)
    source = recording.sigma_source if sigma is None else "given"
    sigma = checked_sigma(recording.sigma if sigma is None else sigma, maps.shape)
    mask = joined_masks(checked_mask(mask, maps.shape), checked_mask(recording.mask, maps.shape))
    gap = _gap_of_sectors(recording.gap if gap is None else gap, len(recording.q))
    geometry = Geometry(
        q=recording.q[list(chosen.sectors)],
        t=recording.t[chosen.frames],
        phi=None if recording.phi is None else recording.phi[list(chosen.sectors)],
        gap=None if gap is None else gap[list(chosen.sectors)],
        dt=recording.dt,
    )
    selected = chosen.of_maps(maps)
    return TwoTimeData(
        selected if lazy else in_memory(selected),
        geometry,
        sigma=chosen.of_sigma(sigma),
        mask=chosen.of_mask(mask),
        sigma_source=source,
        provenance=Provenance(
            path=str(path),
            format=reader.name,
            sha256=None if lazy else file_sha256(path),
            frames=(chosen.frames.start, chosen.frames.stop),
            notes=recording.notes,
            metadata=recording.metadata,
        ),
    )


def _gap_of_sectors(gap: Any, n_sector: int) -> np.ndarray | None:
    """The gap of each sector of the file, `(n_sector,)`, Å."""
    if gap is None:
        return None
    if np.size(gap) not in (1, n_sector):
        raise ValueError(
            f"gap has {np.size(gap)} values; expected one, or one for each of the {n_sector} sectors of the file, Å."
        )
    return np.broadcast_to(np.ravel(gap), (n_sector,))


def _reader_of(path: Path, name: str | None) -> Reader:
    if name is not None:
        named = {reader.name: reader for reader in READERS}
        if name not in named:
            raise ValueError(f"format is {name!r}; expected one of {', '.join(named)}.")
        lacking = named[name].missing(path)
        if lacking:
            raise ValueError(f"{path} is not of the layout {name!r}: it lacks {', '.join(lacking)}.")
        return named[name]
    lacking = {reader: reader.missing(path) for reader in READERS}
    for reader, lacks in lacking.items():
        if not lacks:
            return reader
    known = "\n".join(f"  {r.name} ({r.description}): it lacks {', '.join(lacks)}" for r, lacks in lacking.items())
    raise ValueError(
        f"{path} is of no known layout. Known are:\n{known}\n"
        "Convert it to one of these, or build a TwoTimeData from its arrays."
    )
