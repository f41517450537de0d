"""The data that every reader returns, and the parts of a reader."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

import numpy as np

from ..errors import UnknownOption
from ..maps import MapStack
from ..one_time_data import OneTimeData
from ..pair_data import PairData
from .reader_options import ReaderOption


@final
@dataclass(frozen=True)
class Recording:
    """The content of a two-time file in the package's units and conventions.

    - `maps`: full symmetric maps, baseline 1, `(n_sector, n_t, n_t)`; an array, or a stack that reads one map at a
      time, so that no more is read than is selected;
    - `q`: Å⁻¹, `(n_sector,)`; `phi`: degrees, `(n_sector,)`, or `None`;
    - `t`: s, `(n_t,)`, counted from the origin of time, not from the first frame of the maps; `dt`: s, or `None` if
      the times are not uniform;
    - `gap`, `sigma`, `mask`: the values of the file, or `None`; `sigma_source`: where its sigma came from;
    - `bad_frames`, `outliers`: masks of bad frames and outliers that were excluded when the file was written, or
      `None`;
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
    bad_frames: np.ndarray | None = None
    outliers: np.ndarray | None = None


@final
@dataclass(frozen=True)
class OneTimeRecording:
    """The content of a file of one-time correlations in the package's units and conventions.

    - `tau`: lags, s, increasing, `(n_tau,)`; `g2`: baseline 1, `(n_sector, n_tau)`;
    - `q`: Å⁻¹, `(n_sector,)`; `phi`: degrees, `(n_sector,)`, or `None`;
    - `sigma`: the errors of g2 that the file states, like `g2`, not finite or ≤ 0 where it states none; or `None`;
      `sigma_source`: where they came from;
    - `notes`, `metadata`: for the provenance.
    """

    tau: np.ndarray
    g2: np.ndarray
    q: np.ndarray
    phi: np.ndarray | None
    sigma: np.ndarray | None
    sigma_source: str = "the file"
    notes: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


@final
@dataclass(frozen=True)
class Reader:
    """One file layout.

    - `name`: its value of `format=`; `description`: its name in help texts and messages, a few words;
    - `missing(path)`: the parts of this layout that the file lacks, `()` for a file of this layout; decides from the
      content of the file, not from its name;
    - `read(path, **options)`: the content of the file;
    - `options`: the arguments of `read` beside the path, each an argument of `load` and a flag of the command line;
    - `one_value_states`: whether one value of q or phi, in the place of a range, is that of the sectors;
    - `one_time`: whether it reads one-time correlations, of files that may hold maps beside them.
    """

    name: str
    description: str
    missing: Callable[[Path], tuple[str, ...]]
    read: Callable[..., Recording | OneTimeRecording | PairData | OneTimeData]
    options: tuple[ReaderOption, ...] = ()
    one_value_states: bool = False
    one_time: bool = False

    def checked_options(self, path: Path, given: Mapping[str, Any]) -> dict[str, Any]:
        """The options given, without those that are `None`, each of the type that it should have.

        **Raises:** `UnknownOption` for a name that this layout does not take; `WrongOption` for another type.
        """
        known = {option.name: option for option in self.options}
        given = {name: value for name, value in given.items() if value is not None}
        unknown = tuple(name for name in given if name not in known)
        if unknown:
            raise UnknownOption(str(path), self.name, unknown, tuple(known))
        return {name: known[name].checked(value) for name, value in given.items()}
