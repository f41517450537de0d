"""Covariances from normal equations: the inverse, and what is said where there is none."""

import numpy as np
import pytest

from homodyne_eqx.fit.solve.quadratic import Quadratic
from homodyne_eqx.fit.uncertainty.covariance import covariance, inverse

MATRIX = np.array([[4e6, -30.0, 0.2], [-30.0, 9.0, 1.0], [0.2, 1.0, 0.25]])
NOWHERE = np.zeros(3, bool)


def normal(matrix):
    return Quadratic(np.array(matrix, float), np.zeros(len(matrix)), 1.0)


def test_the_covariance_is_the_inverse_and_propagates_along_slopes():
    found = covariance(normal(MATRIX), NOWHERE)
    np.testing.assert_allclose(found, np.linalg.inv(MATRIX), rtol=1e-9)
    slope = np.array([1.0, -2.0, 3.0])
    assert inverse(normal(MATRIX), NOWHERE).variance(slope) == pytest.approx(slope @ found @ slope)


def test_a_parameter_at_its_bound_is_left_out():
    at_bound = np.array([False, True, False])
    found = covariance(normal(MATRIX), at_bound)
    np.testing.assert_array_equal(np.isnan(found), np.logical_or.outer(at_bound, at_bound))
    among = np.ix_([0, 2], [0, 2])
    np.testing.assert_allclose(found[among], np.linalg.inv(MATRIX[among]), rtol=1e-9)
    embedded = inverse(normal(MATRIX), at_bound).embedded
    np.testing.assert_allclose(embedded[among], found[among])
    assert not np.any(embedded[1])
    assert not np.any(embedded[:, 1])


def test_a_parameter_without_effect_is_infinitely_uncertain():
    matrix = MATRIX.copy()
    matrix[2], matrix[:, 2] = 0.0, 0.0
    found = covariance(normal(matrix), NOWHERE)
    assert found[2, 2] == np.inf
    np.testing.assert_allclose(found[:2, :2], np.linalg.inv(matrix[:2, :2]), rtol=1e-9)


def test_along_a_line_that_is_not_determined_only_the_sum_is_known():
    matrix = np.array([[4.0, 4.0, 0.0], [4.0, 4.0, 0.0], [0.0, 0.0, 25.0]])
    found = covariance(normal(matrix), NOWHERE)
    np.testing.assert_array_equal(np.diagonal(found), [np.inf, np.inf, 1 / 25])
    directions = inverse(normal(matrix), NOWHERE)
    assert directions.variance(np.array([1.0, 1.0, 0.0])) == pytest.approx(1 / 4)
    assert directions.variance(np.array([0.0, 0.0, 2.0])) == pytest.approx(4 / 25)
    assert directions.variance(np.array([1.0, 0.0, 0.0])) == np.inf
    assert directions.variance(np.array([1.0, 1.0 - 1e-3, 0.0])) == np.inf
