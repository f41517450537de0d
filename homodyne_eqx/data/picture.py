"""How data are drawn. Figures lie above the data: what draws them is handed in when the package is imported."""

from collections.abc import Callable
from typing import Any

_DRAWN_BY: list[Callable[..., Any]] = []


def draws_data(function: Callable[..., Any]) -> Callable[..., Any]:
    """Hand in `function(data, what, sectors)`, which returns a figure of two-time data; the last one counts."""
    _DRAWN_BY.append(function)
    return function


def picture_of(data: Any, what: str, sectors: Any) -> Any:
    """The figure of two-time data.

    **Raises:** `ImportError` where nothing was handed in, which `import homodyne_eqx` does.
    """
    if not _DRAWN_BY:
        raise ImportError("Nothing that draws was imported. Run: import homodyne_eqx")
    return _DRAWN_BY[-1](data, what, sectors)
