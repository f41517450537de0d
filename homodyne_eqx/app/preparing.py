"""Data as the options of `fit`, `inspect` and `convert` ask for them: read, bad parts left out, averaged, binned."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

from ..data import OneTimeData, PairData, TwoTimeData
from ..data.errors import MissingSigma
from ..preparation import average, binned
from ..preparation.average import FEWEST_FOR_SCATTER
from .found_in_data import Found, frame_numbers, without
from .loading import load_selected
from .spelling import flag


@final
@dataclass(frozen=True)
class Preparation:
    """The steps of preparation after the data are read.

    - `repeats`: further files, averaged with the first;
    - `exclude_frames`, `exclude_sectors`: lists of numbers as text, counted from 0 as in the file, or for frames the
      word found; `exclude_outliers`;
    - `bin_frames`: how many become one; `look`: whether to look for bad frames and outliers where none is excluded.
    """

    repeats: Sequence[Path] = ()
    exclude_sectors: str | None = None
    exclude_frames: str | None = None
    exclude_outliers: bool = False
    bin_frames: int | None = None
    look: bool = True

    @property
    def flags(self) -> list[str]:
        """The options that were given."""
        steps = ("exclude_sectors", "exclude_frames", "exclude_outliers", "bin_frames")
        given = [("repeat", self.repeats), *((name, getattr(self, name)) for name in steps)]
        return [flag(name) for name, value in given if value]


@final
@dataclass(frozen=True)
class Prepared:
    """The data, and what was found in each file: what is excluded now, and what else there is; nothing is looked for
    in data that are no maps."""

    data: TwoTimeData | OneTimeData | PairData
    excluded: tuple[Found, ...]
    remaining: tuple[Found, ...]

    def maps(self) -> TwoTimeData:
        """The data. **Raises:** `ValueError` for data that are no maps."""
        if not isinstance(self.data, TwoTimeData):
            raise ValueError(
                f"{self.data.provenance.path} holds one-time correlations, no maps; expected a two-time file. Fit it "
                "as it is, or run the two-time analysis of the same frames and read its result."
            )
        return self.data


def prepared(file: Path, steps: Preparation, *, sigma: str | None = None, **selection: Any) -> Prepared:
    """Read `file` and its repeats with the options of `load_selected`, and do all steps: exclude in each, average, bin.

    An estimated sigma is estimated without what is excluded. Of three files or more none needs a sigma: without one all
    weigh the same. Of pairs and one-time data there is one file, and none of the steps.

    **Raises:** as `load_selected`, `without`, `homodyne_eqx.average` and `homodyne_eqx.binned`; `ValueError` for steps
    of maps and data that are none.
    """
    files = (file, *steps.repeats)
    try:
        found = [_one(each, steps, sigma, selection, len(files) > 1) for each in files]
    except MissingSigma as error:
        if not error.estimable or len(files) < FEWEST_FOR_SCATTER:
            raise
        found = [_one(each, steps, "1", selection, True) for each in files]
    maps = [data for data, _, _ in found if isinstance(data, TwoTimeData)]
    if len(maps) < len(files):
        return Prepared(found[0][0], (), ())
    data = maps[0] if len(files) == 1 else average(maps)
    data = data if steps.bin_frames is None else binned(data, steps.bin_frames)
    return Prepared(data, tuple(out for _, out, _ in found), tuple(left for _, _, left in found))


def _one(
    file: Path, steps: Preparation, sigma: str | None, selection: dict[str, Any], one_of_several: bool
) -> tuple[TwoTimeData | OneTimeData | PairData, Found, Found]:
    """One file without the frames, pixels and sectors to be left out of it."""
    if steps.exclude_sectors is None:
        data = load_selected(file, sigma=sigma, **selection)
    else:
        data = _without_sectors(file, steps, steps.exclude_sectors, sigma, selection)
    if not isinstance(data, TwoTimeData):
        _check_steps(data, steps)
        return data, Found((), 0), Found((), 0)
    if not (steps.look or steps.exclude_frames or steps.exclude_outliers):
        return data, Found((), 0), Found((), 0)
    before = data.excluded.used
    data, excluded, remaining = without(data, steps.exclude_frames, steps.exclude_outliers)
    if sigma == "estimate" and data.excluded.used < before:
        data = replace(data, sigma="estimate")
    if one_of_several:
        excluded, remaining = (replace(each, file=str(file)) for each in (excluded, remaining))
    return data, excluded, remaining


def _check_steps(data: TwoTimeData | OneTimeData | PairData, steps: Preparation) -> None:
    """**Raises:** `ValueError` for steps of maps where the data are none."""
    if steps.flags and not isinstance(data, TwoTimeData):
        raise ValueError(
            f"{', '.join(steps.flags)} cannot be used: these steps need maps, and these data are not maps. Leave "
            f"{'it' if len(steps.flags) == 1 else 'them'} out."
        )


def _without_sectors(
    file: Path, steps: Preparation, listed: str, sigma: str | None, selection: dict[str, Any]
) -> TwoTimeData:
    """The data of the file without these sectors, which are counted before any selection."""
    chosen = {name: selection.get(name) for name in ("q", "phi", "sectors")}
    others = {name: value for name, value in selection.items() if name not in chosen}
    whole = load_selected(file, sigma="1" if sigma == "estimate" else sigma, **others)
    _check_steps(whole, steps)
    assert isinstance(whole, TwoTimeData)
    left_out = frame_numbers(listed, "--exclude-sectors")
    kept = [k for k in chosen["sectors"] or range(whole.n_sector) if k not in left_out]
    data = whole.excluding(sectors=left_out) if not chosen["sectors"] else whole.select(sectors=kept)
    if chosen["q"] is not None or chosen["phi"] is not None:
        data = data.select(q=chosen["q"], phi=chosen["phi"])
    return replace(data, sigma="estimate") if sigma == "estimate" else data
