"""q, azimuths, gaps and times of a file, looked at before anything is made of them."""

from pathlib import Path

import numpy as np

from .errors import InvalidFile

_LARGEST = 1e30
"""No value of a geometry is beyond it, and single precision holds it."""


def check_places(path: Path, q: np.ndarray, phi: np.ndarray | None, gap: np.ndarray | None, t: np.ndarray) -> None:
    """**Raises:** `InvalidFile` for q, azimuths or times that no measurement has."""
    for name, values, least in (("q", q, 0), ("phi", phi, -np.inf), ("gap", gap, 0)):
        if values is None:
            continue
        wrong = np.ravel(values)[~((np.abs(np.ravel(values)) < _LARGEST) & (np.ravel(values) > least))]
        if wrong.size:
            expected = "finite numbers > 0" if least == 0 else "finite numbers"
            raise InvalidFile(
                str(path), f"{name} is {wrong[0]:g} in {wrong.size} places; expected {expected}. Correct it."
            )
    steps = np.diff(t)
    if not np.all(np.abs(t) < _LARGEST) or np.any(steps <= 0):
        raise InvalidFile(
            str(path),
            "the times of its frames do not increase or are beyond 1e30 s. Correct the frame time or the times.",
        )
