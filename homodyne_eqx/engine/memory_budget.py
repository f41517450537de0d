"""The memory that packed data may take."""

import math
import re

import jax

from ..data.memory import available_memory

_SHARE = 0.5
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


def memory_budget(memory: float | int | str | None) -> float:
    """Bytes that packed data may take in memory.

    **Arguments:** `memory`: a number of bytes, or a text such as "4GB" or "512 MiB"; `None` for half of the memory that
    the device, or the machine, has free.

    **Raises:** `ValueError` for anything else, and for none.
    """
    if memory is None:
        return _SHARE * _free()
    found = float(memory) if isinstance(memory, int | float) else _bytes_in(str(memory))
    if not found > 0:
        raise ValueError(f'memory is {memory!r}; expected bytes, as a number or with a unit: "4GB", "512 MiB".')
    return found


def _bytes_in(text: str) -> float:
    match = re.fullmatch(r"\s*([0-9.]+(?:[eE][0-9]+)?)\s*([kKMGTmgt]?i?)[bB]?\s*", text)
    try:
        return float(match[1]) * _UNITS[match[2].lower()] if match else 0.0
    except (ValueError, KeyError):
        return 0.0


def _free() -> float:
    """Bytes that are free on the first device: its own, or those of the machine."""
    device = jax.local_devices()[0]
    if device.platform == "cpu":
        available = available_memory()
        return math.inf if available is None else float(available)
    stated = device.memory_stats() or {}
    return float(stated.get("bytes_limit", math.inf) - stated.get("bytes_in_use", 0))
