"""Frames whose residuals are stronger than those of the others."""

from collections.abc import Iterator

import numpy as np

from ...noise.row_strength import row_strength
from ...noise.sector_noise import SectorNoise
from ..result.summary_row import Remedy
from .finding import Finding, Kind, times

_LIMIT_OF_RUNS = 8.0
_LIMIT_OF_FRAMES = 16.0
_MOST_NAMED = 8
_LEAST_STRENGTH = 2.0
_BESIDE_THE_WORST = 0.2
_LARGEST_SHARE = 0.1


def frame_findings(sectors: tuple[SectorNoise, ...]) -> Iterator[Finding]:
    """At most one finding, of all sectors together or else of a single one."""
    every = range(len(sectors))
    together = [every] if _have_the_same_frames(sectors) else []
    for chosen in (*together, *([k] for k in every if len(sectors) > 1)):
        found = _bad([sectors[k] for k in chosen])
        if found:
            worst, strength = max(found, key=lambda each: each[1])
            frames = sorted(frame for frame, _ in found)
            where = "" if len(chosen) > 1 or len(sectors) == 1 else f" in sector {chosen[0]}"
            rest = [str(frame) for frame in frames if frame != worst]
            listed = ", ".join(rest[:_MOST_NAMED]) + (" …" if len(rest) > _MOST_NAMED else "")
            others = f" ({listed} too)" if rest else ""
            over = strength / _LEAST_STRENGTH
            text = (
                f"frame {worst} is {times(strength)} times noisier than the others{where}{others}: exclude "
                f"{'it' if len(frames) == 1 else 'them'}."
            )
            remedy = Remedy("exclude_frames", tuple(map(str, frames)))
            yield Finding(Kind.FRAMES, text, over, (remedy,), chosen[0] if where else None, worst)
            return


def worst_frame(sectors: tuple[SectorNoise, ...]) -> int | None:
    """The frame whose residuals are the strongest in units of the expected ones; `None` without any."""
    groups = [sectors] if sectors and _have_the_same_frames(sectors) else [(sector,) for sector in sectors]
    strengths = [row_strength(group, "frames").strength for group in groups]
    if not groups:
        return None
    k = int(np.argmax([np.max(strength) for strength in strengths]))
    return int(groups[k][0].frames[np.argmax(strengths[k])])


def _have_the_same_frames(sectors: tuple[SectorNoise, ...]) -> bool:
    """Whether the same frames carry data in all sectors, so that their strengths can be averaged."""
    return all(np.array_equal(sector.frames, sectors[0].frames) for sector in sectors)


def _bad(sectors: list[SectorNoise]) -> list[tuple[int, float]]:
    """Bad frames: number and strength. Sectors must have the same frames."""
    frames = sectors[0].frames
    runs, single = row_strength(sectors, "runs"), row_strength(sectors, "frames")
    width = -(-len(frames) // len(runs.strength))
    found = []
    wider = 1 + 1 / len(sectors)  # the squares of few speckles in a single sector have a long tail
    for k in runs.beyond(wider * _LIMIT_OF_RUNS):
        members = np.arange(k * width, min((k + 1) * width, len(frames)))
        worst = members[np.argmax(single.strength[members])]
        strength = runs.strength[k] if width == 1 else single.strength[worst]
        found.append((int(frames[worst]), float(strength)))
    named = {frame for frame, _ in found}
    for k in single.beyond(wider * _LIMIT_OF_FRAMES):
        if int(frames[k]) not in named:
            found.append((int(frames[k]), float(single.strength[k])))
    most = max((strength for _, strength in found), default=0.0)
    # A frame that is strong makes the others a little stronger where they meet.
    least = max(_LEAST_STRENGTH, 1 + _BESIDE_THE_WORST * (most - 1))
    found = [each for each in found if each[1] >= least]
    return found if len(found) <= max(1, _LARGEST_SHARE * len(frames)) else []
