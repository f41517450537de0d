"""Something in the residuals that the noise of the data does not explain."""

from dataclasses import dataclass
from enum import IntEnum
from typing import final

from ..result.summary_row import Remedy


class Kind(IntEnum):
    """The kind of a finding, in the order of the report: findings that explain others come first."""

    FRAMES = 0
    STATIC = 1
    DIRECTION = 2
    EVERYWHERE = 3
    SECTOR = 4
    SIZE = 5
    UNSPECIFIC = 6
    SET = 7


@final
@dataclass(frozen=True)
class Finding:
    """One finding of a verdict.

    - `kind`; `text`: the finding, as a sentence; `remedies`: possible remedies;
    - `size`: by how many times its own limit it is off, > 1; `sector`, `frame`: where, `None` where it is everywhere.
    """

    kind: Kind
    text: str
    size: float
    remedies: tuple[Remedy, ...] = ()
    sector: int | None = None
    frame: int | None = None


def times(x: float) -> str:
    """A factor in words: 1.6, 35, 170."""
    return f"{x:.2g}" if x < 10 else f"{float(f'{x:.2g}'):.0f}"
