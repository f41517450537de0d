"""The log-density: its curvature is the covariance of the fit, its priors are normalised, its bounds hold."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.testing.speckle_fields import speckle_maps

X64 = jax.config.jax_enable_x64
N_T, Q = 32, 0.01
T = 0.3 * np.arange(N_T)
FIELD = np.exp(-(Q**2) * 4e3 / 2 * np.abs(np.subtract.outer(T, T)))


@pytest.fixture(scope="module")
def data():
    c2 = speckle_maps([FIELD], 400, seed=3, n_modes=3)
    return hx.TwoTimeData(c2, hx.Geometry(q=Q, t=T), sigma=0.02)


def model():
    return hx.TwoTimeModel(hx.Diffusion(3e3), hx.ContrastOffset(jnp.array([0.3]), jnp.array([1.0])))


@pytest.fixture(scope="module")
def result(data):
    return hx.fit(model(), data, priors={"offset": hx.Normal(0.99, 0.01)})


def hessian(density, size):
    """The derivatives by central differences, with a step of half a standard deviation, in units of `size`."""
    compiled, n = eqx.filter_jit(density), len(size)
    centre = np.asarray(density.start, float)
    at = lambda *steps: float(compiled(jnp.asarray(centre + size * np.sum(steps, axis=0) / 2, float)))  # noqa: E731
    e, found = np.eye(n), np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            found[i, j] = at(e[i], e[j]) - at(e[i], -e[j]) - at(-e[i], e[j]) + at(-e[i], -e[j])
    return found


@pytest.mark.x64
class TestCurvature:
    def test_of_a_result_it_is_the_covariance_for_speckles(self, data, result):
        """With the prior as it is and the data with their correlated noise."""
        density = hx.log_density(result)
        size = np.sqrt(np.diagonal(result.covariance))
        noise_free = np.diag([0, 0, 1 / 0.01**2])
        N = np.linalg.inv(result.white_noise_covariance) - noise_free
        V = np.linalg.inv(result.white_noise_covariance) @ result.covariance @ np.linalg.inv(
            result.white_noise_covariance
        ) - noise_free  # fmt: skip
        expected = N @ np.linalg.inv(V) @ N + noise_free
        np.testing.assert_allclose(-hessian(density, size), expected * np.outer(size, size), rtol=0.03, atol=0.03)
        assert np.max(np.abs(N - expected)) > 0.3 * np.max(N)

    def test_of_a_model_it_is_that_of_white_noise(self, data, result):
        density = hx.log_density(result.model, data, priors={"offset": hx.Normal(0.99, 0.01)})
        size = np.sqrt(np.diagonal(result.white_noise_covariance))
        expected = np.linalg.inv(result.white_noise_covariance) * np.outer(size, size)
        np.testing.assert_allclose(-hessian(density, size), expected, rtol=0.03, atol=0.03)

    def test_the_data_alone_are_likeliest_at_the_centre(self, data, result):
        """Without the prior the fit ends there."""
        density = hx.log_density(result)
        of_data = eqx.filter_grad(lambda x, density: density.log_likelihood(x))
        size = np.sqrt(np.diagonal(result.covariance))
        assert np.max(np.abs(eqx.filter_jit(of_data)(density.centre, density) * size)) < 0.05
        alone = hx.fit(result.model, data, estimate=False)
        values = [alone.parameters[name].value for name in density.names]
        np.testing.assert_allclose((density.centre - np.array(values)) / size, 0, atol=0.05)


def test_it_is_minus_half_chi2_and_the_prior(data, result):
    density = hx.log_density(result.model, data, priors={"diffusion.rate": hx.LogNormal(4e3, 0.5)})
    rate = float(density.start[0])
    prior = -0.5 * (np.log(rate / 4e3) / 0.5) ** 2 - np.log(rate * 0.5 * np.sqrt(2 * np.pi))
    chi2 = float(hx.chi_squared(result.model, hx.pack(data)))
    assert float(density(density.start)) == pytest.approx(-chi2 / 2 + prior, rel=1e-6 if X64 else 1e-4)
    assert float(density(result.model)) == pytest.approx(float(density(density.start)), rel=1e-6)
    assert density.names == ("diffusion.rate", "contrast[0]", "offset[0]")


@pytest.mark.parametrize("prior", [hx.Normal(2.0, 0.3), hx.LogNormal(2.0, 0.3), hx.Uniform(1.0, 4.0)])
def test_priors_are_normalised(data, prior):
    start = eqx.tree_at(lambda m: m.g1.rate.value, model(), jnp.asarray(2.0, float))
    density = hx.log_density(start, data, free=["diffusion.rate"], priors={"diffusion.rate": prior})
    x = np.linspace(0.2, 8.0, 4001)
    of_prior = jax.vmap(lambda v: density.log_prior(v[None]))(jnp.asarray(x, float))
    inside = (x >= float(density.low[0])) & (x <= float(density.high[0]))
    assert np.trapezoid(np.where(inside, np.exp(of_prior), 0), x) == pytest.approx(1, abs=2e-3)


def test_beyond_its_bounds_it_is_minus_infinity(data):
    density = hx.log_density(model(), data, bounds={"contrast": (0.1, 0.5)})
    beyond = density.start.at[1].set(0.6)
    assert float(density(beyond)) == -np.inf
    batch = eqx.filter_jit(eqx.filter_vmap(density))(jnp.stack([density.start, beyond]))
    assert np.isfinite(batch[0])
    assert batch[1] == -np.inf


def test_what_cannot_be(data, result):
    with pytest.raises(ValueError, match="those of the fit"):
        hx.log_density(result, fixed=["offset"])
    with pytest.raises(ValueError, match="ended as 'step limit'"):
        hx.log_density(replace(result, ended=hx.Ended.STEP_LIMIT))
    with pytest.raises(ValueError, match="data is missing"):
        hx.log_density(model())
