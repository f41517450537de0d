"""Profiles and contours back from the plain values that they were stored as."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .contour import Contour
from .profile import Profile


def from_document(document: Mapping[str, Any]) -> Profile | Contour:
    """The profile or contour whose `document` this is, as JSON gives it back.

    **Raises:** `ValueError` for the document of something else.
    """
    kind = document.get("kind")
    try:
        if kind == "profile":
            arrays = {name: np.array(document[name], float) for name in ("values", "statistic", "others")}
            tuples = {name: tuple(document[name]) for name in ("names", "ends", "notes")}
            plain = {name: document[name] for name in ("name", "unit", "value", "sigma")}
            return Profile(**plain, **arrays, **tuples)
        if kind == "contour":
            first, second = (tuple(document[name]) for name in ("names", "units"))
            rays = tuple(np.array(ray, float) for ray in document["rays"])
            return Contour(first, second, np.array(document["centre"]), np.array(document["ellipse"]), rays)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"A {kind} is incomplete ({error!r}). Profile again.") from None
    raise ValueError(f"The kind is {kind!r}; expected a profile or a contour, as `Profile.document` writes them.")
