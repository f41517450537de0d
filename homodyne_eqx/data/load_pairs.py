"""From the output of a reader of one-time correlations, or of fitted pairs, to data that are ready for a fit."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import ArrayLike

from .checked_pairs import numbers_of
from .checked_places import check_places
from .errors import InvalidFile, MissingSigma, NotASelection, WrongShape, WrongSigma
from .exclusion import LARGEST
from .fill_values import fill_note, fill_values
from .formats.recording import OneTimeRecording, Reader
from .one_time_data import OneTimeData
from .pair_data import PairData
from .provenance import Provenance, file_sha256
from .units import in_base_unit

_NAMED, _NO_CORRELATION = 6, 100.0


def load_pairs(
    path: Path,
    reader: Reader,
    recording: OneTimeRecording | OneTimeData | PairData,
    selection: Mapping[str, Any],
    sigma: Any,
    mask: Any,
    gap: ArrayLike | str | None,
    of_maps: tuple[str, ...],
) -> OneTimeData | PairData:
    """The data of the sectors selected; arguments as of `load`.

    **Arguments:** `selection`: q, phi and sectors; `of_maps`: what was asked for that only maps have.

    **Raises:** `NotASelection` for frames and lazy reading; `MissingSigma`, `WrongSigma`, `WrongShape`; and those of
    `OneTimeData` and its `select`.
    """
    if of_maps:
        raise NotASelection(of_maps[0], "given", "none: these data are no maps. Leave it out")
    if isinstance(sigma, str):
        raise WrongSigma(sigma, "a number, or an array: noise is estimated from maps alone")
    if isinstance(recording, OneTimeRecording):
        data = _one_time(path, recording, sigma, mask, gap)
        source = replace(data.provenance, path=str(path), format=reader.name, sha256=file_sha256(path))
    else:
        given = {name: x for name, x in (("sigma", sigma), ("mask", mask), ("gap", gap)) if x is not None}
        if given:
            raise NotASelection(next(iter(given)), "given", "none: these data hold their own. Leave it out")
        data, source = recording, recording.provenance
        source = replace(source, path=str(path), format=reader.name, sha256=file_sha256(path))
    data = replace(data, provenance=source)
    return data if all(x is None for x in selection.values()) else data.select(**selection)


def _one_time(
    path: Path, recording: OneTimeRecording, sigma: Any, mask: Any, gap: ArrayLike | str | None
) -> OneTimeData:
    """All sectors that hold a value; values without a usable error are excluded, with a note."""
    check_places(path, recording.q, recording.phi, None, recording.tau)
    g2, notes = recording.g2, list(recording.notes)
    known = np.abs(g2) <= LARGEST
    excluded = np.zeros(g2.shape, bool) if mask is None else np.array(mask)
    if excluded.dtype != bool or excluded.shape != g2.shape:
        raise WrongShape("mask", excluded.shape, f"{g2.shape}, booleans for each sector and lag of the file")
    if sigma is None and recording.sigma is None:
        raise MissingSigma(str(path), estimable=False)
    filled = _filled(g2, known & ~excluded)
    if np.any(filled):
        notes.append(fill_note(int(np.count_nonzero(filled)), "values", np.unique(g2[filled]).tolist()))
        excluded |= filled
    if sigma is None:
        sigma, source = np.array(recording.sigma), recording.sigma_source
        without = ~(np.isfinite(sigma) & (sigma > 0)) & known & ~excluded & (recording.tau > 0)
        if np.any(without):
            notes.append(
                f"{np.count_nonzero(without)} of {g2.size} values have an error that is 0 or not finite, and are "
                "excluded"
            )
        excluded |= ~(np.isfinite(sigma) & (sigma > 0))
    else:
        sigma, source = np.array(_of_each_value(sigma, g2.shape)), "given"
    counts = np.any(known & ~excluded & (recording.tau > 0), axis=1)
    if not np.any(known):
        raise InvalidFile(str(path), "none of its g2 values is valid. Run the analysis again.")
    if not np.any(counts):
        raise MissingSigma(str(path), estimable=False)
    if not np.all(counts):
        lost = np.flatnonzero(~counts)
        listed = ", ".join(map(str, lost[:_NAMED])) + (" …" if lost.size > _NAMED else "")
        notes.append(f"{lost.size} of {len(g2)} sectors hold no value and are left out: {listed}, counted in the file")
    return OneTimeData(
        recording.tau,
        g2[counts],
        q=recording.q[counts],
        phi=None if recording.phi is None else recording.phi[counts],
        gap=None if gap is None else _of_sectors(in_base_unit("gap", gap, "length"), counts),
        sigma=sigma[counts],
        mask=excluded[counts],
        provenance=Provenance(notes=tuple(notes), metadata=recording.metadata),
        sigma_source=source,
    )


def _filled(g2: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Values that stand for a missing one: several are exactly equal, far from all others and from any g2."""
    values = fill_values(g2[counts], fewest=2)
    return counts & np.isin(g2, [value for value in values if value <= 0 or value > _NO_CORRELATION])


def _of_each_value(sigma: Any, shape: tuple[int, ...]) -> np.ndarray:
    array = numbers_of("sigma", sigma)
    if array.shape == shape[:1]:
        array = array[:, None]
    if array.shape not in ((), (1,), (shape[0], 1), shape):
        raise WrongShape("sigma", array.shape, f"(), {shape[:1]} (one for each sector of the file) or {shape}")
    return np.broadcast_to(array, shape)


def _of_sectors(gap: Any, counts: np.ndarray) -> np.ndarray:
    """The gap of each sector that is kept, Å."""
    if np.size(gap) not in (1, len(counts)):
        raise WrongShape(
            "gap", np.shape(gap), f"one value, or one for each of the {len(counts)} sectors of the file, Å"
        )
    return np.broadcast_to(np.ravel(gap), counts.shape)[counts]
