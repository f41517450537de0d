"""When a repeat is called odd, from both sides of each threshold, on given distances."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import f

from homodyne_eqx.preparation.odd_repeat import RepeatDistances, odd_repeats


def named(ratio=1.0, error=0.01, shift=0.0, beside=0.0, n_sector=2):
    """The odd ones of four repeats, of which number 2 lies `ratio` times as far, and is shifted by so many limits."""
    found = RepeatDistances(4)
    found.n_sector = n_sector
    limit = f.isf(1e-5, n_sector, 200)
    for pair in combinations(range(4), 2):
        odd = 2 in pair
        for place in (pair, pair[::-1]):
            distance = ratio if odd else 1.0
            found._squares[place], found._count[place] = 10 * distance, 10
            found._variance[place] = (error * 10 * distance) ** 2
            found._free[place] = 200
            found._shift[place] = (shift if odd else beside) * limit * n_sector
    return [(number, "c2 at short lags" in said) for number, said in odd_repeats(found)]


@pytest.mark.parametrize(("error", "limit"), [(0.05, np.exp(4.5 * np.sqrt(2) * 0.05)), (0.001, 1.15)])
def test_a_distance_is_larger_by_four_and_a_half_errors_and_fifteen_per_cent(error, limit):
    assert named(ratio=0.99 * limit, error=error) == []
    assert named(ratio=1.01 * limit, error=error) == [(2, False)]


def test_short_lags_are_shifted_once_in_a_hundred_thousand_times_by_chance():
    assert named(shift=0.99) == []
    assert named(shift=1.01) == [(2, True)]
    assert named(shift=1.01, beside=1.01) == []
    assert named(shift=1.01, ratio=2.0) == [(2, False)]
