"""The best of several starts: the one with the least χ² within a few steps."""

from typing import NamedTuple

from ...engine import AbstractPacked
from ..free_parameters import FreeParameters
from ..minimiser import Minimiser, Trial


class Best(NamedTuple):
    """The `number` of the best start, from 0; where a few steps from it have led; whether Ctrl-C came before all
    were tried."""

    number: int
    reached: FreeParameters
    interrupted: bool


def best_of(starts: list[FreeParameters], packed: AbstractPacked, minimiser: Minimiser, steps: int) -> Best:
    """The start from which so many steps lead to the least χ²; the first of them where χ² is finite at none.

    Ctrl-C ends the comparison with the best so far.
    """
    number, best, interrupted = 0, None, False
    try:
        for k, start in enumerate(starts):
            trial: Trial | None = minimiser.trial(start, packed, steps)
            if trial is None:
                continue
            if best is None or trial.chi2 < best.chi2:
                number, best = k, trial
            if trial.interrupted:
                interrupted = True
                break
    except KeyboardInterrupt:
        interrupted = True
    return Best(number, starts[0] if best is None else best.reached, interrupted)
