"""A valley without an end: χ² falls ever more slowly while parameters run away together."""

from collections.abc import Sequence

import numpy as np

from .iteration import Iteration
from .quadratic import Quadratic, diagonal_of

_STEPS = 20
_STILL_EXPECTED = 0.5
_SHARE = 0.25
_MOVED = 20.0
_RUNNING = 0.1


def in_valley(history: Sequence[Iteration]) -> bool:
    """Whether the last 20 steps went along a valley.

    A solver close to a minimum makes χ² fall by what was expected within a few steps. In a valley that is curved, or
    that has its end at infinity, χ² falls by less than a quarter of what is still expected, and that does not halve,
    although the parameters move by many of their own uncertainties.
    """
    if len(history) <= _STEPS:
        return False
    before, now = history[-1 - _STEPS], history[-1]
    fallen, left = before.chi2 - now.chi2, now.expected_decrease
    moved = sum(step.moved for step in history[-_STEPS:])
    return bool(fallen < _SHARE * left and left > _STILL_EXPECTED * before.expected_decrease and moved > _MOVED)


def running_along(history: Sequence[Iteration], normal: Quadratic) -> tuple[int, ...]:
    """The parameters that moved in the last 20 steps, in units of their own uncertainty: by at least a tenth of the
    largest of these moves."""
    moved = np.abs(history[-1].parameters - history[-1 - _STEPS].parameters) * np.sqrt(diagonal_of(normal))
    return tuple(np.flatnonzero(moved >= _RUNNING * np.max(moved)).tolist())
