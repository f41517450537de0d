"""What every reader hands over, and what makes a reader."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

import numpy as np

from ..maps import MapStack


@final
@dataclass(frozen=True)
class Recording:
    """The content of a two-time file in the package's units and conventions.

    - `maps`: full symmetric maps, baseline 1, `(n_sector, n_t, n_t)`; better lazy, so that a selection reads no more;
    - `q`: Å⁻¹, `(n_sector,)`; `phi`: degrees, `(n_sector,)`, or `None`;
    - `t`: s, `(n_t,)`, from the origin of time, not from the first frame used; `dt`: s, or `None` where they
      are not uniform;
    - `gap`, `sigma`, `mask`: what the file states of them, else `None`; `sigma_source`: where its sigma came from;
    - `notes`, `metadata`: for the provenance.
    """

    maps: MapStack
    q: np.ndarray
    phi: np.ndarray | None
    t: np.ndarray
    dt: float | None
    gap: np.ndarray | None = None
    sigma: np.ndarray | None = None
    sigma_source: str = "given"
    mask: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


@final
@dataclass(frozen=True)
class Reader:
    """One file layout.

    - `name`: what `format=` calls it; `description`: a line for messages;
    - `missing(path)`: what keeps the file from being of this layout, `()` where it is; opens the file, never guesses
      from its name;
    - `read(path, **options)`: its content; `options` are the layout's own, an unknown one is a `TypeError`.
    """

    name: str
    description: str
    missing: Callable[[Path], tuple[str, ...]]
    read: Callable[..., Recording]
