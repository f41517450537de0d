"""Sentences on rates over time."""

import numpy as np
import pytest

from homodyne_eqx.app.figures.rates import rate_limits
from homodyne_eqx.fit import Curve
from homodyne_eqx.fit.result.rates_in_words import determined_text, floor_text

T = np.array([0.0, 1.0, 2.0, 3.0])


def curve(value, sigma):
    value, sigma = np.asarray(value, float) * np.ones(4), np.asarray(sigma, float) * np.ones(4)
    return Curve(T, value, value - sigma, value + sigma, "Å²/s")


def test_first_best_and_last_time_with_their_errors():
    said = determined_text({"J": curve([900.0, 400.0, 300.0, 200.0], [1.0, 40.0, 3.0, 90.0])})
    expected = "J: 900.0 ± 1.0 Å²/s at 0 s, 400 ± 40 Å²/s at 1 s, 200 ± 90 Å²/s at 3 s."
    assert said == f"Over the measured times the data determine {expected}"


@pytest.mark.parametrize("sigma", [np.inf, np.nan, 101.0])
def test_nothing_is_said_of_a_rate_that_is_not_known_to_half_of_its_value(sigma):
    assert determined_text({"J": curve(200.0, sigma)}) == ""


def test_times_at_which_nothing_is_known_are_left_out():
    said = determined_text({"J": curve([1.0, 400.0, 300.0, 200.0], [1.0, 390.0, 3.0, np.inf])})
    assert said.endswith("J: 300.0 ± 3.0 Å²/s at 2 s.")


def test_a_rate_that_is_the_same_at_all_times_is_said_once_and_many_are_counted():
    same = curve(200.0, 3.0)
    assert determined_text({"J": same}).endswith("J: 200.0 ± 3.0 Å²/s at all of them.")
    said = determined_text({f"J[{k}]": same for k in range(5)} | {"shear rate": curve(1.0, np.inf)})
    assert said.count("±") == 3
    assert said.endswith("; and 2 more.")


def test_a_floor_is_told_with_its_times():
    said = floor_text("J", curve([5.0, 1e-10, 4.0, 1e-10], 1.0))
    assert said.startswith("J is at its floor, 1e-10 Å²/s, at 2 of 4 times from 1 s to 3 s, because")
    assert floor_text("J", curve([5.0, 0.0, 4.0, 1e-9], 1.0)) == ""


def test_a_rate_at_its_floor_is_drawn_on_the_scale_of_the_others():
    stopped = curve([4.0, 3.0, 1e-10, 1e-10], [0.1, 0.1, np.nan, np.nan])
    low, high = rate_limits([stopped])
    assert -1 < low <= 0
    assert 4 < high < 5
