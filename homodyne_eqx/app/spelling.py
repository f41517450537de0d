"""Options of Python as flags of the command line."""

import shlex
from collections.abc import Mapping
from typing import Any, final

from ..data.errors import AbstractSpelling, Remedy
from ..data.formats import all_reader_options

_OTHERWISE = {"sectors": "--sector", "html": "--report"}
"""Flags whose name is not that of the argument: `sectors` takes a list, `--sector` one number and may be repeated."""
_PLACEHOLDERS = {"sectors": "N", "frames": "A B"}
_REPAIRING = ("sectors", "frames", "gap", "sigma", "bin_frames")
"""Arguments of `homodyne_eqx.load` that a command offers; `--phi` selects, and cannot say what phi is."""


def flag(option: str) -> str:
    """`--frame-time` for `frame_time`."""
    return _OTHERWISE.get(option, f"--{option.replace('_', '-')}")


def flags_of(given: Mapping[str, Any]) -> list[str]:
    """Flags with their values, quoted for a shell, by their name in Python; none for what is `None`, false or empty."""
    written = []
    for name, value in given.items():
        if value is None or value is False or value == [] or value == ():
            continue
        repeated = value if isinstance(value, list) else [value]
        for each in repeated:
            words = each if isinstance(each, tuple) else [] if each is True else [each]
            written.append(" ".join([flag(name), *(shlex.quote(str(word)) for word in words)]))
    return written


def printable(text: str) -> str:
    """The text with control characters, which names in a file may hold, written as \\x1b and the like."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


@final
class InOptions(AbstractSpelling):
    """`--frame-time`, `--frame-time SECONDS`, `--sigma estimate`; nothing for what no command offers."""

    def name(self, option: str) -> str:
        return flag(option)

    def assignment(self, remedy: Remedy) -> str | None:
        if remedy.option not in {*_REPAIRING, *(option.name for option in all_reader_options())}:
            return None
        if isinstance(remedy.value, bool):
            return flag(remedy.option) if remedy.value else None
        return f"{flag(remedy.option)} {_PLACEHOLDERS.get(remedy.option, remedy.value)}"
