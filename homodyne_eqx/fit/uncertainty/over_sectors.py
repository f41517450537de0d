"""The same work for every sector, several at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits

from ...engine import Packed
from ...engine.cores import n_cores
from ...engine.unfolding import sector_places

_AT_ONCE = 8

_Found = TypeVar("_Found")


def over_sectors(
    packed: Packed, of_sector: Callable[[int], _Found], memory: float, bytes_a_pixel: int
) -> tuple[_Found, ...]:
    """`of_sector(number)` of every sector, in the order of their numbers, in threads that share the cores.

    **Arguments:** `memory`: bytes that all at once may take; `bytes_a_pixel`: what a pixel of a map takes.
    """
    numbers, cores = sorted(sector_places(packed)), n_cores()
    fitting = int(memory / (bytes_a_pixel * packed.geometry.n_t**2))
    at_once = max(1, min(_AT_ONCE, cores, fitting, len(numbers)))
    with threadpool_limits(max(1, cores // at_once), user_api="blas"), ThreadPoolExecutor(at_once) as pool:
        return tuple(pool.map(of_sector, numbers))
