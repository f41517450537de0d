"""The views of data and results that other parts of the package offer, and which `data` does not import.

It is entered here when the package is imported: `data.plot`, `result.plot`, `result.report`.
"""

from collections.abc import Callable
from typing import Any

_OFFERED: dict[str, Callable[..., Any]] = {}


def offer(name: str, function: Callable[..., Any]) -> None:
    """Enter what an object calls under this name (`result.plot`), with itself as the first argument."""
    _OFFERED[name] = function


def offered(name: str) -> Callable[..., Any]:
    """The function that was entered under this name. **Raises:** `AttributeError` if there is none."""
    if name not in _OFFERED:
        raise AttributeError(f"There is no {name} without the whole package. Write: import homodyne_eqx.")
    return _OFFERED[name]
