"""Covariances from normal equations: the inverse, and what is said where there is none."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

from homodyne_eqx.fit.solve.quadratic import Quadratic
from homodyne_eqx.fit.uncertainty.abstract_propagated_noise import AbstractPropagatedNoise
from homodyne_eqx.fit.uncertainty.correlations import correlation_matrix
from homodyne_eqx.fit.uncertainty.covariance import covariance, inverse, square_root

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


@dataclass(frozen=True)
class Noise(AbstractPropagatedNoise):
    """Noise with a given covariance of the vector of the normal equations."""

    at_bound: np.ndarray
    normal: Quadratic
    given: np.ndarray

    @property
    def variance_of_pulls(self):
        return self.given

    sectors = speckles = ()
    assumption, is_known = "", True


def exact_inverse(matrix):
    """Of whole numbers, by elimination in fractions."""
    n = len(matrix)
    rows = [[Fraction(int(x)) for x in row] + [Fraction(int(i == k)) for k in range(n)] for i, row in enumerate(matrix)]
    for k in range(n):
        rows[k] = [x / rows[k][k] for x in rows[k]]
        for i in range(n):
            if i != k:
                rows[i] = [x - rows[i][k] * y for x, y in zip(rows[i], rows[k], strict=True)]
    return np.array([row[n:] for row in rows], dtype=object)


def test_nearly_degenerate_parameters_have_no_correlation_beyond_1_and_a_known_sum():
    """Normal equations of whole numbers, whose least eigenvalue is 1e-12 of the largest."""
    jacobian = np.array([[1000000, 1000001, 999999], [1000000, 1000000, 1000002], [1000001, 999998, 1000000]])
    jacobian = np.concatenate([jacobian, jacobian + np.eye(3, dtype=int)])
    whole = [[sum(int(a) * int(b) for a, b in zip(x, y, strict=True)) for y in jacobian.T] for x in jacobian.T]
    matrix = np.array(whole, float)
    noise = Noise(NOWHERE, normal(matrix), 4.0 * matrix)
    correlations = correlation_matrix(noise.covariance)
    np.testing.assert_allclose(correlations, correlations.T, atol=1e-15)
    assert np.all(np.abs(correlations) <= 1 + 1e-14)
    exact = 4 * exact_inverse(whole)
    one = np.array([1, 1, 1], dtype=object)
    assert noise.variance(np.ones(3)) == pytest.approx(float(one @ exact @ one), rel=1e-3)
    np.testing.assert_allclose(np.diagonal(noise.covariance), [float(x) for x in np.diagonal(exact)], rtol=1e-2)


def test_the_square_root_of_a_variance():
    spread = np.random.default_rng(0).normal(size=(4, 3)) * np.array([[1e-6], [1.0], [1e8], [0.0]])
    variance = spread @ spread.T
    root = square_root(variance)
    size = np.sqrt(np.diagonal(variance)) + (np.diagonal(variance) == 0)
    np.testing.assert_allclose(root @ root.T / np.outer(size, size), variance / np.outer(size, size), atol=1e-12)
    for wrong in (-1.0, np.nan, np.inf):
        variance[1, 1] = wrong
        assert np.all(np.isnan(square_root(variance)))
