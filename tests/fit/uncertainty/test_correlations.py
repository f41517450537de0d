"""The combinations of two strongly correlated parameters, against a search over all combinations and against draws."""

import numpy as np
import pytest

from homodyne_eqx.fit.uncertainty.correlations import combination, correlation_matrix, strong_correlations


@pytest.mark.parametrize("coefficient", [-0.999, 0.999])
def test_of_all_linear_combinations_the_one_known_best(coefficient):
    sigmas = 40.0, 3.0
    covariance = np.array([[1600.0, coefficient * 120], [coefficient * 120, 9.0]])
    found = combination((1000.0, -20.0), sigmas, coefficient, same_unit=False)
    assert found.name == ""
    factors = np.linspace(-50, 50, 100_001)
    variances = covariance[0, 0] + 2 * factors * covariance[0, 1] + factors**2 * covariance[1, 1]
    assert found.factor == pytest.approx(factors[np.argmin(variances)], abs=2e-3)
    assert found.sigma == pytest.approx(np.sqrt(np.min(variances)), rel=1e-3)
    assert found.value == pytest.approx(1000.0 - 20.0 * found.factor)


@pytest.mark.parametrize(
    ("values", "relative", "coefficient", "same_unit", "name"),
    [
        ((700.0, 300.0), None, -0.998, True, "sum"),
        ((700.0, 300.0), None, 0.998, True, "difference"),
        ((700.0, 0.3), 0.002, -0.998, False, "product"),
        ((700.0, 0.3), 0.002, 0.998, False, "ratio"),
    ],
)
def test_combinations_with_a_name(values, relative, coefficient, same_unit, name):
    sigmas = (50.0, 51.0) if relative is None else (relative * values[0], 1.02 * relative * values[1])
    found = combination(values, sigmas, coefficient, same_unit)
    assert found.name == name
    scale = np.diag(sigmas)
    covariance = scale @ np.array([[1, coefficient], [coefficient, 1]]) @ scale
    a, b = np.random.default_rng(0).multivariate_normal(values, covariance, 20_000).T
    drawn = {"sum": a + b, "difference": a - b, "product": a * b, "ratio": a / b}[name]
    assert found.sigma == pytest.approx(np.std(drawn), rel=0.03)
    assert found.value == pytest.approx(np.mean(drawn), abs=0.1 * found.sigma)


def test_parameters_are_told_as_one_from_a_correlation_of_0_995_on():
    names = ("a", "b", "c")
    matrix = np.array([[1.0, -0.9951, 0.9949], [-0.9951, 1.0, 0.9999], [0.9949, 0.9999, 1.0]])
    assert strong_correlations(names, matrix, [0, 1, 2]) == [("a", "b", -0.9951), ("b", "c", 0.9999)]
    assert strong_correlations(names, matrix, [0, 2]) == []


def test_a_combination_has_a_name_where_both_are_known_alike():
    """Within 5 % of each other, relative to the values only where these are known to better than a half."""

    def name(values, sigmas, same_unit):
        return combination(values, sigmas, -0.999, same_unit).name

    assert name((7.0, 3.0), (1.0, 1.049), True) == "sum"
    assert name((7.0, 3.0), (1.0, 1.055), True) == ""
    assert name((7.0, 3.0), (3.4, 1.5), False) == "product"
    assert name((7.0, 3.0), (3.6, 1.55), False) == ""
    assert name((-7.0, 3.0), (0.7, 0.3), False) == ""


def test_the_correlation_matrix_is_nan_where_nothing_is_known():
    covariance = np.array([[4.0, -3.0, 0.0], [-3.0, 9.0, 0.0], [0.0, 0.0, np.inf]])
    found = correlation_matrix(covariance)
    np.testing.assert_allclose(found[:2, :2], [[1.0, -0.5], [-0.5, 1.0]])
    assert np.all(np.isnan(found[2]))
    assert np.all(np.isnan(found[:, 2]))
