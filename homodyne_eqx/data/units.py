"""Units of scattering vectors, lengths, angles, times and photon energies, and numbers with a unit as text."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .errors import WrongOption

_LENGTHS = {"A": 1.0, "angstrom": 1.0, "angstroms": 1.0, "ang": 1.0, "pm": 1e-2, "nm": 10.0, "um": 1e4, "mm": 1e7}
_LENGTHS |= {"cm": 1e8, "m": 1e10, "nanometer": 10.0, "micrometer": 1e4, "micron": 1e4, "microns": 1e4, "meter": 1e10}
_TIMES = {"s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12}
_TIMES |= {"min": 60.0, "h": 3600.0, "milliseconds": 1e-3, "microseconds": 1e-6}
_ANGLES = {"deg": 1.0, "degree": 1.0, "degrees": 1.0, "°": 1.0, "mrad": 0.18 / np.pi}
_ANGLES |= dict.fromkeys(("rad", "radian", "radians"), 180 / np.pi)
_ENERGIES = {"keV": 1.0, "kev": 1.0, "eV": 1e-3, "ev": 1e-3, "MeV": 1e3, "J": 1 / 1.602176634e-16}

UNITS: Mapping[str, Mapping[str, float]] = {
    "length": _LENGTHS,
    "time": _TIMES,
    "angle": _ANGLES,
    "energy": _ENERGIES,
    "q": {f"1/{name}": 1 / value for name, value in _LENGTHS.items()},
}
"""Quantity → name of each known unit → how many base units it is."""

BASE: Mapping[str, str] = {"length": "Å", "time": "s", "angle": "deg", "energy": "keV", "q": "Å⁻¹"}
"""Quantity → its unit in this package."""

_SHOWN = {"length": "Å, nm, um, mm", "time": "s, ms, us, ns, min", "angle": "deg, rad", "energy": "keV, eV"}
_SHOWN["q"] = "Å⁻¹, A^-1, nm^-1, 1/nm, um^-1, m^-1"
_RECIPROCAL = re.compile(r"(?:1/|per |inverse )(?P<a>.+)|(?P<b>.+?)(?:\^|\*\*)?[({]?-1(?:\.0)?[)}]?")
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*)", re.DOTALL)
_LONGEST = 80


def unit_factor(unit: str, quantity: str) -> float | None:
    """The number of base units in a unit, `None` for an unknown unit.

    **Arguments:** `unit`: `"nm^-1"`, `"1/nm"`, `"Å⁻¹"`, `"rad"`, `"ms"`, …; `quantity`: a name of `BASE`.
    """
    return UNITS[quantity].get(_plain(unit, quantity))


def known_units(quantity: str) -> str:
    """The usual units of a quantity, in words."""
    return _SHOWN[quantity]


def in_base_unit(option: str, value: Any, quantity: str) -> Any:
    """A number, or a list of them, in the unit of this package. Text may carry a unit: `"200um"`, `"0.05nm^-1"`.

    What is no text is returned as it is: it is in the base unit already.

    **Arguments:** `option`: the name of the argument, for messages; `quantity`: a name of `BASE`.

    **Raises:** `WrongOption` for text that is no number, and for an unknown unit.
    """
    if isinstance(value, str):
        return _number(option, value, quantity)
    if isinstance(value, list | tuple) and any(isinstance(each, str) for each in value):
        return type(value)(in_base_unit(option, each, quantity) for each in value)
    return value


def numbers_in_base_unit(option: str, values: Any, quantity: str) -> np.ndarray:
    """The same as an array of finite numbers, `(n,)`. One text may list several, with commas: `"0,45,90deg"`.

    **Raises:** `WrongOption`.
    """
    if isinstance(values, str):
        parts = values.split(",")
        last = _NUMBER.fullmatch(parts[-1])
        unit = last[2] if last else ""
        values = [part if (m := _NUMBER.fullmatch(part)) is None or m[2] else part + unit for part in parts]
    single = np.ndim(values) == 0 if not isinstance(values, list | tuple) else False
    listed = [values] if single or not isinstance(values, Iterable) else list(values)
    expected = f"a number in {BASE[quantity]}, or a list of them"
    try:
        numbers = np.array([in_base_unit(option, each, quantity) for each in listed], np.float64)
    except (TypeError, ValueError) as error:
        if isinstance(error, WrongOption):
            raise
        raise WrongOption(option, values, expected) from error
    if numbers.ndim != 1 or not numbers.size or not np.all(np.isfinite(numbers)):
        raise WrongOption(option, values, f"{expected}, all finite")
    return numbers


def _number(option: str, text: str, quantity: str) -> float:
    base = BASE[quantity]
    expected = f"a number in {base}, or one with a unit, of {_SHOWN[quantity]}"
    found = _NUMBER.fullmatch(text) if len(text) <= _LONGEST else None
    factor = None if found is None else unit_factor(found[2], quantity) if found[2].strip() else 1.0
    if found is None or factor is None:
        raise WrongOption(option, text[:_LONGEST], expected)
    per_unit = round(1 / factor)
    whole = factor < 1 and abs(per_unit * factor - 1) < 1e-12
    number = float(found[1]) / per_unit if whole else float(found[1]) * factor
    if not np.isfinite(number):
        raise WrongOption(option, text, f"{expected}, finite")
    return number


def _plain(unit: str, quantity: str) -> str:
    """A unit as it stands in `UNITS`."""
    text = unicodedata.normalize("NFKC", unit[:_LONGEST]).replace("−", "-").replace("μ", "u").replace("Å", "A")
    text = " ".join(text.split()).replace(" /", "/").replace("/ ", "/")
    if quantity == "q":
        found = _RECIPROCAL.fullmatch(text)
        if found is None:
            return ""
        name = (found["a"] or found["b"]).strip()
        return f"1/{_word(name, _LENGTHS)}"
    return _word(text, UNITS[quantity])


def _word(name: str, known: Mapping[str, float]) -> str:
    return name.lower() if name not in known and len(name) > 2 else name
