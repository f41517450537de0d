"""χ² to second order: what is left to gain, what lies on a bound and what is determined, worked out by hand."""

import numpy as np
import pytest

from homodyne_eqx.fit.solve.quadratic import (
    Quadratic,
    determined,
    expected_decrease,
    parameters_at_bound,
    smallest_usable,
    unit_of_step,
)

FREE = np.full(2, -np.inf), np.full(2, np.inf), np.ones(2)
MATRIX = np.array([[400.0, 30.0], [30.0, 9.0]])


def test_the_expected_decrease_is_that_of_the_quadratic():
    step = np.array([0.3, -0.7])
    normal = Quadratic(MATRIX, MATRIX @ step, 10.0)
    assert expected_decrease(FREE, np.zeros(2), normal) == pytest.approx(step @ MATRIX @ step)


def test_nothing_is_gained_along_what_is_not_determined_and_beyond_a_bound():
    vector = np.array([20.0, 6.0])
    along = Quadratic(np.array([[4.0, 4.0], [4.0, 4.0]]), np.array([6.0, 6.0]), 1.0)
    assert expected_decrease(FREE, np.ones(2), along) == pytest.approx(9.0)
    limits = np.array([0.0, -np.inf]), np.full(2, np.inf), np.ones(2)
    at_bound = Quadratic(MATRIX, vector, 1.0)
    assert expected_decrease(limits, np.array([0.0, 1.0]), at_bound) == pytest.approx(6.0**2 / 9)
    unknown = Quadratic(np.diag([400.0, 1e-30]), np.array([20.0, 1.0]), 1.0)
    assert expected_decrease(FREE, np.ones(2), unknown) == pytest.approx(1.0)


@pytest.mark.parametrize("exactly", [True, False])
def test_on_a_bound_is_what_chi2_would_lead_beyond(exactly):
    low, high, start = np.zeros(1), np.ones(1), np.full(1, 0.5)

    def at_bound(value, slope):
        return bool(
            parameters_at_bound(
                low, high, start, np.array([value]), Quadratic(np.eye(1), np.array([slope]), 1.0), exactly
            )[0]
        )

    assert at_bound(0.0, 1.0)  # χ² falls towards smaller values
    assert not at_bound(0.0, -1.0)
    assert at_bound(1.0, -1.0)
    assert not at_bound(1.0, 1.0)
    assert at_bound(0.9e-3, 1.0) == (not exactly)  # of an uncertainty of 1
    assert not at_bound(1.1e-3, 1.0)
    assert at_bound(1 - 0.9e-3, -1.0) == (not exactly)
    assert not at_bound(1 - 1.1e-3, -1.0)


@pytest.mark.parametrize(("dtype", "most"), [(np.float64, 1.0066e6), (np.float32, 43.45)])
def test_an_uncertainty_out_of_all_proportion_determines_nothing(dtype, most):
    eps = float(np.finfo(dtype).eps)
    for start, value, magnitude in ((2.0, 0.1, 2.0), (2.0, -5.0, 5.0), (0.0, 0.1, 1.0), (0.0, 3.0, 3.0)):
        sigma = np.array([0.99, 1.01]) * most * magnitude
        found = determined(np.full(2, start), np.full(2, value), sigma, eps)
        np.testing.assert_array_equal(found, [True, False])


def test_eigenvalues_of_rounding_are_not_used():
    eps = np.finfo(float).eps
    assert smallest_usable(np.array([0.1, 2.0]), eps) == pytest.approx(10 * 2 * 2.0 * eps)
    assert smallest_usable(np.zeros(0)) == 0.0


def test_the_unit_of_a_step_is_no_more_than_the_size_of_a_parameter():
    normal = Quadratic(np.diag([100.0, 1e-6, 0.0]), np.zeros(3), 1.0)
    np.testing.assert_allclose(unit_of_step(np.array([5.0, 20.0, 0.5]), normal), [0.1, 20.0, 1.0])
