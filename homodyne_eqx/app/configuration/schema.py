"""The faults in the values of a configuration file, found by pydantic and stated in words."""

import difflib
import functools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from ...data.errors import WrongOption
from ...data.units import in_base_unit, numbers_in_base_unit
from .keys import PARAMETER, SECTIONS, Key

Place = tuple[str, ...]
"""Names from the top of the file to a value: `("fit", "loss")`."""

_STRICT = ConfigDict(extra="forbid", strict=True)
_TABLE = "a table, a line [{}] with keys below it"


def faults(document: Mapping[str, Any]) -> list[tuple[Place, str]]:
    """The faults of a parsed file, each with its place and a sentence; empty if there are none."""
    try:
        _schema().model_validate(document)
    except ValidationError as error:
        found: dict[Place, str] = {}
        for each in error.errors(include_url=False, include_context=False):
            place = _place([str(name) for name in each["loc"]])
            found.setdefault(place, _sentence(place, each["type"], document))
        return [*found.items(), *_wrong_values(_without(document, found))]
    return [*_wrong_values(document)]


def key_of(place: Place) -> Key | None:
    """The key at a place, `None` for an unknown one."""
    if len(place) == 3 and place[0] == "parameters":
        return PARAMETER.get(place[2])
    return SECTIONS.get(place[0], {}).get(place[1]) if len(place) == 2 else None


@functools.cache
def _schema() -> type[BaseModel]:
    sections: dict[str, Any] = {name: _section(name, keys) for name, keys in SECTIONS.items()}
    table: Any = dict
    parameter = _section("parameter", PARAMETER)
    return create_model(
        "File",
        __config__=_STRICT,
        parameters=(table[str, parameter], {}),
        **{name: (section, None) for name, section in sections.items()},
    )


def _section(name: str, keys: Mapping[str, Key]) -> Any:
    return create_model(name, __config__=_STRICT, **{name: (key.type, None) for name, key in keys.items()})  # pyright: ignore


def _place(loc: Sequence[str]) -> Place:
    """The place of the key at fault, without what lies within its value."""
    return tuple(loc[: 3 if loc[0] == "parameters" else 2])


def _sentence(place: Place, kind: str, document: Mapping[str, Any]) -> str:
    *section, name = place
    value: Any = document
    for each in place:
        value = value[each]
    if kind == "extra_forbidden":
        return _unknown(place, value)
    if len(place) == 1 or (len(place) == 2 and place[0] == "parameters"):
        return f"{name} is {shown(value)}; expected {_TABLE.format('.'.join(place))}."
    key = key_of(place)
    assert key is not None
    return f"{name} in [{'.'.join(section)}] is {shown(value)}; expected {key.expected}."


def _unknown(place: Place, value: Any) -> str:
    *section, name = place
    if not section:
        names = [*SECTIONS, "parameters"]
        owners = [each for each, keys in SECTIONS.items() if name in keys]
        if owners and not isinstance(value, dict):
            return f"{name} stands in no section; expected below [{owners[0]}]."
        listed = ", ".join(f"[{each}]" for each in names)
        return f"there is no section [{name}]{_close(name, names)} There are {listed}."
    known = PARAMETER if section[0] == "parameters" else SECTIONS[section[0]]
    if section[0] == "parameters" and isinstance(value, dict):
        quoted = ".".join(section[1:]) + "." + name
        return f'[{".".join(place)}]: expected a name with a dot in quotes, [parameters."{quoted}"].'
    elsewhere = [each for each, keys in SECTIONS.items() if name in keys and each != "input"]
    elsewhere += ["parameters.NAME"] if name in PARAMETER else []
    said = f"; it belongs below [{elsewhere[0]}]." if elsewhere else _close(name, [*known])
    return f"[{'.'.join(section)}] has no key {name}{said} It has {', '.join(known)}."


def _close(name: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(name.replace("-", "_"), names, n=1)
    return f"; did you mean {close[0]}?" if close else "."


def _without(table: Mapping[str, Any], places: Iterable[Place]) -> dict[str, Any]:
    """The table without the values at these places."""
    kept = {name: value for name, value in table.items() if (name,) not in places}
    for name, value in kept.items():
        if isinstance(value, dict):
            kept[name] = _without(value, [place[1:] for place in places if place[0] == name])
    return kept


def _wrong_values(document: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    """Values of the right type that cannot be meant: units that are not known, bounds in the wrong order."""
    for section, keys in SECTIONS.items():
        for name, value in document.get(section, {}).items():
            quantity = keys[name].quantity
            check = numbers_in_base_unit if name.startswith("sector_") else in_base_unit
            try:
                if quantity is not None:
                    check(name, value, quantity)
            except WrongOption as error:
                yield (section, name), f"{name} in [{section}] is {shown(value)}: {error}"
    low, high = document.get("data", {}).get("frames", (0, 1))
    if low >= high:
        yield (
            ("data", "frames"),
            f"frames in [data] is [{low}, {high}]; expected {SECTIONS['data']['frames'].expected}.",
        )
    sigma = document.get("data", {}).get("sigma", 1.0)
    if sigma == math.inf:
        yield ("data", "sigma"), f"sigma in [data] is inf; expected {SECTIONS['data']['sigma'].expected}."
    for name, settings in document.get("parameters", {}).items():
        start = settings.get("start", 0.0)
        if not all(math.isfinite(each) for each in (start if isinstance(start, list) else [start])) or start == []:
            said = f"start in [parameters.{name}] is {shown(start)}"
            yield ("parameters", name, "start"), f"{said}; expected {PARAMETER['start'].expected}."
        low, high = settings.get("bounds", (0.0, 1.0))
        if math.isnan(low) or math.isnan(high) or low >= high:
            said = f"bounds in [parameters.{name}] is {shown(settings['bounds'])}"
            yield ("parameters", name, "bounds"), f"{said}; expected {PARAMETER['bounds'].expected}."


def shown(value: Any) -> str:
    """A value as it is written in TOML, cut where it is long."""
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, list):
        text = f"[{', '.join(shown(each) for each in value)}]"
    else:
        text = f'"{value}"' if isinstance(value, str) else "a table" if isinstance(value, dict) else str(value)
    return text if len(text) <= 80 else text[:79] + "…"
