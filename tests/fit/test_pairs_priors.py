"""Priors and the log-density of one-time data and of pairs, against closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx

pytestmark = pytest.mark.x64

N, R, S = 40, 0.4, 0.01
MEAN, WIDTH = 1.02, 0.004


def flat_pairs(correlated=True):
    """Values around 1, with noise of correlation `R` or none."""
    covariance = S**2 * (R + (1 - R) * np.eye(N))
    value = 1 + np.linalg.cholesky(covariance) @ np.random.default_rng(1).standard_normal(N)
    geometry = hx.Geometry(q=[0.003], t=np.arange(float(N + 1)))
    noise = {"covariances": [covariance]} if correlated else {"sigma": S}
    return hx.PairData(value, geometry, np.arange(1, N + 1), 0, 0, **noise), value


def flat_model():
    return hx.TwoTimeModel(hx.Static(), hx.ContrastOffset(0.0, 1.1))


@pytest.fixture(scope="module")
def fitted():
    data, value = flat_pairs()
    return hx.fit(flat_model(), data, free=["offset"], priors={"offset": hx.Normal(MEAN, WIDTH)}), value


def test_a_prior_is_one_more_value_with_its_own_noise(fitted):
    result, value = fitted
    offset = result.parameters["offset"]
    normal = N / S**2 + WIDTH**-2
    assert offset.value == pytest.approx((np.sum(value) / S**2 + MEAN / WIDTH**2) / normal, rel=1e-9)
    pulls = (N + N * (N - 1) * R) / S**2 + WIDTH**-2
    assert offset.uncertainty == pytest.approx(np.sqrt(pulls) / normal, rel=1e-6)
    assert offset.white_noise_uncertainty == pytest.approx(normal**-0.5, rel=1e-6)
    # Of N + 1 squares of mean 1 the fit takes tr(N⁻¹ V).
    assert result.degrees_of_freedom == N
    assert result.verdict.expected_reduced_chi2 == pytest.approx((N + 1 - pulls / normal) / N)


def test_the_log_density_of_a_result_has_the_width_of_its_covariance(fitted):
    """Without the prior, 1/variance of the mean of correlated values; with it, the sum of both."""
    result, _ = fitted
    density = hx.log_density(result)
    curvature = float(-jax.jit(jax.hessian(density))(density.start)[0, 0])
    variance = S**2 * (1 + (N - 1) * R) / N
    assert curvature == pytest.approx(1 / variance + WIDTH**-2, rel=1e-5)


def test_the_log_density_of_a_model_is_that_of_independent_values():
    data, value = flat_pairs(correlated=False)
    density = hx.log_density(flat_model(), data, free=["offset"])
    at = jnp.array([0.98, 1.03])
    expected = [-np.sum((value - x) ** 2) / (2 * S**2) for x in np.asarray(at)]
    found = [float(density(x[None])) for x in at]
    assert found[0] - found[1] == pytest.approx(expected[0] - expected[1], rel=1e-9)
