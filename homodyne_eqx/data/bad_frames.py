"""Frames whose rows of the maps do not fit those of the neighbouring frames, found without a model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from .frame_rows import FrameRows, compare_rows, usual_size
from .two_time import TwoTimeData

_THRESHOLD = 7.0
_LEAST_CHANGE = 0.002
_LEAST_NOISE = 3.0
_WINDOWS = (8, 4, 2, 1)
_LONGEST_RUN = 8
_LINE = 16
_SHARP, _SHARP_END, _SHARP_NOISE = 3.0, 5.0, 0.7
_PASSES = 3
_LISTED = 6


@final
@dataclass(frozen=True)
class BadFrame:
    """A frame that does not fit the frames beside it. Its `str` says so, without a full stop; Python can use it as an
    index; it then stands for its number.

    - `frame`: its index in the data that were examined, from 0;
    - `kind`: "brighter", "darker" or "noisier";
    - `ratio`: of c2 in its row to c2 in the rows beside it; of a noisier frame, of the standard deviation with which
      its row scatters about them to that of the other frames;
    - `deviation`: by how many standard deviations of the other frames it is off.
    """

    frame: int
    kind: str
    ratio: float
    deviation: float

    def __index__(self) -> int:
        return self.frame

    def __str__(self) -> str:
        return f"frame {self.frame} is {_said(self.kind, self.ratio, 'it')}"


def suspicious_frames(data: TwoTimeData) -> tuple[BadFrame, ...]:
    """Frames whose row of c2 does not fit those beside it, in all sectors together, in order. Usually there are none.

    A frame is *brighter* or *darker* if the mean of its row, without short lags, differs from those of its neighbours
    by more than 7 times the usual scatter and by more than 0.2 % of c2, with a sharp step on both sides. This is tested
    for single frames and for runs of up to 8. A frame is *noisier* if the scatter of its row about the neighbouring
    rows is more than 3 times that of other frames, and 7 standard deviations larger.
    `data.excluding(frames=hx.suspicious_frames(data))` leaves them out.

    The first and last frames are compared with the straight line through the frames next to them. Ageing, a
    rearrangement of the sample and an oscillation do not make a frame suspicious: it must differ from the frames on
    both sides. If maps are normalised frame by frame, a frame that was only brighter cannot be found.

    In 400 simulated good data sets (speckle fields, 200 or 2000 speckles, 60 to 150 frames, ageing, photon noise) no
    frame was called bad; of frames 1.05, 1.3 and 10 times brighter under a global normalisation 9, 43 and 50 of 50 were
    found (`benchmarks/data_checks.py`). A frame is missed if intensities fluctuate as much without a fault: for example
    a frame 1.3 times brighter, with 200 speckles that are new in each frame and hold one photon each. A frame with
    another speckle pattern but the right mean is missed too.

    **Returns:** nothing for fewer than 20 frames. Excluded pixels are left out; maps are read one at a time.
    """
    found: dict[int, BadFrame] = {}
    for _ in range(_PASSES):
        rows = compare_rows(data, tuple(found))
        if rows is None:
            break
        new = {int(rows.frames[p]): ("noisier", ratio, z) for p, ratio, z in _noisier(rows)}
        for p, change, z in _brighter_or_darker(rows):
            new[int(rows.frames[p])] = ("brighter" if change > 0 else "darker", 1 + change / rows.typical, z)
        if not new:
            break
        found |= {frame: BadFrame(frame, *of) for frame, of in new.items()}
    return tuple(found[frame] for frame in sorted(found))


def describe_frames(found: Sequence[BadFrame]) -> str:
    """The frames found, in a line: runs of one kind together, the worst first, at most 6."""
    runs: list[list[BadFrame]] = []
    for each in found:
        joins = runs and runs[-1][-1].frame == each.frame - 1 and runs[-1][-1].kind == each.kind
        runs = [*runs[:-1], [*runs[-1], each]] if joins else [*runs, [each]]
    said = []
    for run in sorted(runs, key=lambda run: -max(each.deviation for each in run))[:_LISTED]:
        if len(run) == 1:
            said.append(str(run[0]))
        else:
            ratio = float(np.median([each.ratio for each in run]))
            said.append(f"frames {run[0].frame} to {run[-1].frame} are {_said(run[0].kind, ratio, 'them')}")
    return ", ".join(said) + (f", and {len(runs) - _LISTED} more" if len(runs) > _LISTED else "")


def _said(kind: str, ratio: float, beside: str) -> str:
    if kind == "noisier":
        return f"{_two_digits(ratio)} times noisier than the others"
    if ratio >= 2:
        return f"{_two_digits(ratio)} times as bright as those beside {beside}"
    return f"{_two_digits(100 * abs(ratio - 1))} % {kind} than those beside {beside}"


def _two_digits(x: float) -> str:
    return f"{x:.0f}" if x >= 10 else f"{x:.2g}"


def _noisier(rows: FrameRows) -> Iterator[tuple[int, float, float]]:
    """Place, ratio of standard deviations, and deviation of every row that is noisier than others."""
    excess, outside = _above_those_around(rows.noise), _above_those_around(rows.outside)
    scale = max(usual_size(excess), np.log(_LEAST_NOISE) / _THRESHOLD)
    hit = (excess > _THRESHOLD * scale) & (outside > excess / 2)
    for p in np.flatnonzero(hit):
        before, after = np.flatnonzero(~hit[:p]), p + 1 + np.flatnonzero(~hit[p + 1 :])
        beside = rows.noise[[*before[-1:], *after[:1]]]
        if rows.noise[p] - np.max(beside, initial=-np.inf) > _SHARP_NOISE * excess[p]:
            yield int(p), float(np.exp(excess[p])), float(excess[p] / scale)


def _above_those_around(noise: np.ndarray) -> np.ndarray:
    """The part of the noise that exceeds the median of the nearest 17 frames."""
    m, w = len(noise), _WINDOWS[0]
    starts = np.clip(np.arange(m) - w, 0, m - 2 * w - 1)
    return noise - np.median(noise[starts[:, None] + np.arange(2 * w + 1)], axis=1)


def _brighter_or_darker(rows: FrameRows) -> Iterator[tuple[int, float, float]]:
    """Place, change of c2, and deviation of every row whose mean is off."""
    least = _LEAST_CHANGE * abs(rows.typical)
    kept = np.arange(len(rows.level))
    found: dict[int, tuple[float, float]] = {}
    for width in _WINDOWS:
        while len(kept) > 4 * width:
            places, change, z = _beyond_neighbours(rows.level[kept], width, least)
            if not len(places):
                break
            found |= {int(kept[p]): (float(c), float(x)) for p, c, x in zip(places, change, z, strict=True)}
            kept = np.delete(kept, places)
    for side in (1, -1):
        change, z = _run_at_start(rows.level[kept][::side], least)
        kept, run = kept[::side][len(change) :][::side], kept[::side][: len(change)]
        found |= {int(p): (float(c), float(x)) for p, c, x in zip(run, change, z, strict=True)}
    for run in _runs(np.array(sorted(found), int)):
        if _changed_within(rows.adjacent, run, float(np.median([found[p][0] for p in run]))):
            yield from ((int(p), *found[p]) for p in run)


def _beyond_neighbours(level: np.ndarray, width: int, least: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places whose level is off those of `width` neighbours on either side, by how much, and how many scatters.

    What counts is the distance from the interval between the two middle neighbours: a frame beside a run of up to
    `width` bad ones, or beside a step, lies in it.
    """
    inner = np.arange(width, len(level) - width)
    beside = np.sort(level[inner[:, None] + np.r_[-width:0, 1 : width + 1]], axis=1)
    low, high = beside[:, width - 1], beside[:, width]
    change = level[inner] - (low + high) / 2
    beyond = np.maximum(level[inner] - high, 0) + np.minimum(level[inner] - low, 0)
    scale = max(usual_size(change), least / _THRESHOLD)
    step = np.abs(np.diff(level))
    kept = np.zeros(len(inner), bool)
    for run in _runs(np.flatnonzero(np.abs(beyond) > _THRESHOLD * scale)):
        first, last = inner[run[0]], inner[run[-1]]
        usual = np.max(np.r_[step[max(first - 3, 0) : first - 1], step[last + 1 : last + 3]], initial=0)
        needed = np.maximum(np.abs(beyond[[run[0], run[-1]]]) / 2, _SHARP * usual)
        kept[run] = len(run) <= width and np.all(step[[first - 1, last]] > needed)
    return inner[kept], change[kept], np.abs(change[kept]) / scale


def _run_at_start(level: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray]:
    """The first frames, as far as they are off the line through those after them: by how much, and how many scatters.

    The scatter is that of equally long runs everywhere about the lines after them.
    """
    found, largest = (np.zeros(0), np.zeros(0)), _THRESHOLD
    step = np.abs(np.diff(level))
    for length in range(1, _LONGEST_RUN + 1):
        starts = np.arange(len(level) - length - _LINE + 1)
        if len(starts) < _LINE:
            break
        x = length + np.arange(_LINE)
        after = level[starts[:, None] + x]
        i, j = np.triu_indices(_LINE, 1)
        slope = np.median((after[:, j] - after[:, i]) / (j - i), axis=1, keepdims=True)
        height = np.median(after - slope * x, axis=1, keepdims=True)
        changes = level[starts[:, None] + np.arange(length)] - height - slope * np.arange(length)
        scale = max(usual_size(np.median(changes, axis=1)), least / _THRESHOLD)
        change, z = changes[0], np.abs(changes[0]) / scale
        sharp = step[length - 1] > max(abs(change[-1]) / 2, _SHARP_END * np.max(step[length : length + 3]))
        if sharp and abs(np.sum(np.sign(change))) == length and np.min(z) > largest:
            found, largest = (change, z), np.min(z)
    return found


def _runs(places: np.ndarray) -> list[np.ndarray]:
    """Groups of adjacent places."""
    return np.split(places, np.flatnonzero(np.diff(places) > 1) + 1) if len(places) else []


def _changed_within(adjacent: np.ndarray, run: np.ndarray, change: float) -> bool:
    """Whether c2 between the frames of a run has changed, too. Between two rearrangements of the sample it has not, and
    their frames are as they should be. True for a single frame, and where the pixels that would tell are excluded."""
    within = adjacent[run[:-1]]
    others = np.r_[adjacent[max(run[0] - 9, 0) : max(run[0] - 1, 0)], adjacent[run[-1] + 1 : run[-1] + 9]]
    within, others = within[np.isfinite(within)], others[np.isfinite(others)]
    if not (len(within) and len(others)):
        return True
    return bool((np.median(within) - np.median(others)) * np.sign(change) > abs(change) / 2)
