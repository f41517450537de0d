"""Titles of axes: units, and powers of ten taken out of the values."""

import math
import re

_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def in_units(unit: str, power: int = 0) -> str:
    """A power of ten and a unit, as in `  (10⁴ Å²/s)`; nothing for neither."""
    inside = " ".join(part for part in (f"10{str(power).translate(_RAISED)}" if power else "", unit) if part)
    return f"  ({inside})" if inside else ""


def power_of_ten(value: float) -> int:
    """The power of ten to take out of values that would otherwise be written with many zeros."""
    power = math.floor(math.log10(abs(value))) if value and math.isfinite(value) else 0
    return power if power < -2 or power > 3 else 0


def without_sector(name: str) -> str:
    """The name without the number of a sector: `J[3]` is a `J`."""
    return re.sub(r"\[\d+\]", "", name)
