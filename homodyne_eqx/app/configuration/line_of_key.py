"""The line of a file of TOML in which a key stands."""

import tomllib
from collections.abc import Sequence
from typing import Any


def line_of_key(text: str, path: Sequence[str]) -> int | None:
    """Number, from 1, of the line in which the value or table of this path begins; `None` if it is not there.

    It is found by parsing the text line by line: the path is there first once the lines to its end are read. So every
    way to write it is understood: dotted keys, inline tables, arrays over several lines.

    **Arguments:** `text`: valid TOML; `path`: such as `("data", "q")`.
    """
    lines = text.splitlines(keepends=True)
    before = 0
    for end in range(1, len(lines) + 1):
        try:
            document = tomllib.loads("".join(lines[:end]))
        except tomllib.TOMLDecodeError:
            continue
        if _holds(document, path):
            return before + 1
        before = end
    return None


def _holds(document: Any, path: Sequence[str]) -> bool:
    for name in path:
        if not isinstance(document, dict) or name not in document:
            return False
        document = document[name]
    return True
