"""The size of the tiles."""

import math

import jax

from .pair_sums import LANES, in_lanes

_PAIRS_IN_A_TILE = {"cpu": 1.5e5, "gpu": 8e6, "tpu": 8e6}


def tile_size(n_sector: int, n_t: int, n_devices: int = 1) -> int:
    """The number of frames along one side of a tile: enough pairs to keep the device busy, few enough for its cache.

    Of the sizes that fit, the one of least cost. The cost counts all pairs, those in columns outside the lanes of
    `by_row` six times, and for every tile what it costs to start the computation of one, in units of pairs. Devices
    work on their tiles at the same time, so the largest number of tiles on one of them counts.
    """
    most_pairs = _PAIRS_IN_A_TILE.get(jax.default_backend(), 1.5e5)
    largest = max(3 * LANES, math.isqrt(int(most_pairs / n_sector)))
    if n_t <= largest and n_devices == 1:
        return n_t

    def cost(size: int) -> float:
        n_blocks = math.ceil(n_t / size)
        columns = 6 * size - 5 * in_lanes(size)[1]
        on_one_device = math.ceil(n_blocks * (n_blocks + 1) / 2 / n_devices)
        return on_one_device * (n_sector * size * columns + most_pairs / 8)

    return min(range(min(3 * LANES, n_t), min(largest, n_t) + 1), key=cost)
