"""The stages of a fit, from the arguments of `fit`."""

from collections.abc import Iterable, Mapping
from typing import Any

from .block_average import BlockAverage
from .given_starts import Starts
from .scan import Scan
from .stage import AbstractStage
from .tile_subset import TileSubset

_SHORT_FORMS = {"scan": True, "coarse": 1, "sample": True}
_ARGUMENTS = (
    "free, fixed, bounds, priors, shared, separate, loss, solver, max_steps, tolerance, callback, eliminate_scaling, "
    "stages, starts, estimate, weights"
)


def number_drawn(starts: Any) -> int:
    """The number of starts to draw: `starts` if it is a number, 0 if it lists starts or there are none.

    **Raises:** `ValueError` for a number below 1.
    """
    if isinstance(starts, bool) or not isinstance(starts, int):
        return 0
    if starts < 1:
        raise ValueError(f"starts is {starts}; expected a number of starts to draw, 1 or more, or a list of starts.")
    return starts


def stages_of(
    stages: Any, starts: Iterable[Mapping[str, Any]] | None, flags: Mapping[str, Any]
) -> tuple[AbstractStage, ...]:
    """The stages as given; else those that the short forms stand for, in this order.

    `starts=[…]`: `Starts([…])`, else `scan=True`: `Scan()`; `coarse=4`: `BlockAverage(4)`; `sample=True`:
    `TileSubset()`.

    **Raises:** `TypeError` for other keywords, for stages beside their short forms, and for what is no stage;
    `ValueError` for values of the short forms that mean nothing.
    """
    unknown = [name for name in flags if name not in _SHORT_FORMS]
    if unknown:
        raise TypeError(
            f"fit has no argument {', '.join(unknown)}. Beside model and data it takes {_ARGUMENTS}, and as "
            f"short forms of stages {', '.join(_SHORT_FORMS)}."
        )
    if stages is not None:
        return _checked(stages, [*flags, *(["starts"] if starts is not None else [])])
    scan, coarse, sample = ({**_SHORT_FORMS, **flags}[name] for name in _SHORT_FORMS)
    if not isinstance(scan, bool) or not isinstance(sample, bool):
        raise TypeError(
            f"scan is {scan!r} and sample is {sample!r}; expected True or False. Settings go into stages=(…)."
        )
    if coarse < 1 or coarse != int(coarse):
        raise ValueError(f"coarse is {coarse!r}; expected a whole number of frames a block, 1 for no averages.")
    compared = (Starts(starts),) if starts is not None else (Scan(),) if scan else ()
    averaged = (BlockAverage(int(coarse)),) if coarse > 1 else ()
    return (*compared, *averaged, *((TileSubset(),) if sample else ()))


def _checked(stages: Any, beside: list[str]) -> tuple[AbstractStage, ...]:
    if beside:
        raise TypeError(
            f"stages was given together with {', '.join(beside)}, which is short for some of them. Give the stages "
            "alone, such as stages=(Scan(), BlockAverage(4), TileSubset()), with Starts([…]) for starts."
        )
    listed = tuple(stages) if isinstance(stages, Iterable) else None
    if listed is None or not all(isinstance(stage, AbstractStage) for stage in listed):
        raise TypeError(
            f"stages is {stages!r}; expected a tuple of stages such as (Scan(), TileSubset()), instances and not "
            "classes, or () for none."
        )
    return listed
