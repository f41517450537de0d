"""What two strongly correlated parameters are known for, against a search over all combinations and against draws."""

import numpy as np
import pytest

from homodyne_eqx.fit.uncertainty.correlations import combination


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
