"""What a result shows of itself with the help of other parts of the package, which `fit` does not know.

They enter it here when the package is imported: `result.plot`, `result.report`.
"""

from collections.abc import Callable
from typing import Any

_OFFERED: dict[str, Callable[..., Any]] = {}


def offer(name: str, function: Callable[..., Any]) -> None:
    """Enter what a `FitResult` calls under this name, with itself as the first argument."""
    _OFFERED[name] = function


def offered(name: str) -> Callable[..., Any]:
    """What was entered under this name. **Raises:** `AttributeError` where nothing was."""
    if name not in _OFFERED:
        raise AttributeError(f"There is no {name} of a result without the whole package. Write: import homodyne_eqx.")
    return _OFFERED[name]
