"""A name that may have been meant in place of one that is not known."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """« Did you mean …?» with the known name that is the most like it; empty where none is."""
    close = difflib.get_close_matches(name, [*known], n=1)
    return f" Did you mean {close[0]}?" if close else ""
