"""The available memory, so that a file that declares too much is refused before any is taken."""

import math
import os
from os import PathLike

from .errors import TooLarge

_MEMINFO = "/proc/meminfo"
_SHARE = 0.9


def available_memory() -> int | None:
    """Bytes of memory that are available, `None` where the system does not say."""
    try:
        with open(_MEMINFO, encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def check_memory(path: str | PathLike[str], what: str, shape: tuple[int, ...], item_size: int) -> None:
    """Refuse an array that would not fit into the available memory.

    **Arguments:** `what`: the array in words, for the message; `item_size`: bytes of an element.

    **Raises:** `TooLarge`.
    """
    n_bytes = math.prod(int(n) for n in shape) * int(item_size)
    available = available_memory()
    if available is not None and n_bytes > _SHARE * available:
        raise TooLarge(str(path), what, n_bytes, available)
