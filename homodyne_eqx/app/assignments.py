"""Parameters on the command line: NAME=VALUE, NAME=LOW:HIGH, NAME."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from ..physics.close_names import did_you_mean


def values(option: str, given: Iterable[str], known: Sequence[str], *, several: bool = False) -> dict[str, Any]:
    """NAME=VALUE, several times, as name → value.

    **Arguments:** `several`: whether a value may be NAME=VALUE,VALUE,…, a tuple then.

    **Raises:** `ValueError` for anything else, an unknown name, or a name given twice.
    """
    found: dict[str, Any] = {}
    for text in given:
        name, value = _split(option, text, "NAME=VALUE")
        _check_name(option, name, known, found)
        if several and "," in value:
            found[name] = tuple(_number(option, text, each) for each in value.split(","))
        else:
            found[name] = _number(option, text, value)
    return found


def fixed(option: str, given: Iterable[str], known: Sequence[str]) -> dict[str, float | None]:
    """NAME or NAME=VALUE, several times, as name → value, or `None` for a parameter fixed at its start value."""
    found: dict[str, float | None] = {}
    for text in given:
        name, equals, value = text.partition("=")
        _check_name(option, name, known, found)
        found[name] = _number(option, text, value) if equals else None
    return found


def intervals(option: str, given: Iterable[str], known: Sequence[str]) -> dict[str, tuple[float | None, float | None]]:
    """NAME=LOW:HIGH, several times; without LOW or HIGH there is no bound on that side."""
    found: dict[str, tuple[float | None, float | None]] = {}
    for text in given:
        name, value = _split(option, text, "NAME=LOW:HIGH")
        low, colon, high = value.partition(":")
        if not colon:
            raise ValueError(f"{option} {text} has no colon; expected NAME=LOW:HIGH, for instance D_offset=0: .")
        _check_name(option, name, known, found)
        found[name] = tuple(_number(option, text, end) if end.strip() else None for end in (low, high))
    return found


def _split(option: str, text: str, form: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"{option} {text} is not an assignment; expected {form}, for instance D0=1000.")
    return name.strip(), value


def _check_name(option: str, name: str, known: Sequence[str], found: dict) -> None:
    if name not in known:
        meant = did_you_mean(name, known)
        raise ValueError(f"{option} names {name!r}, which the model does not have.{meant} It has {', '.join(known)}.")
    if name in found:
        raise ValueError(f"{option} names {name} twice; expected once.")


def _number(option: str, text: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        raise ValueError(f"{option} {text}: {value!r} is not a number.") from None
    if not math.isfinite(number):
        raise ValueError(f"{option} {text}: {value} is not finite.")
    return number
