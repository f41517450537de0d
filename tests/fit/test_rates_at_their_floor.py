"""Fits of rates that come to rest: a negative offset brings them to their floor at a part of the times."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx

pytestmark = pytest.mark.x64
N_T, SIGMA = 60, 0.02
TIMES = 0.1 * (1 + np.arange(N_T))
TRUTH = (4e4, -0.5, -2.2e4)  # 0 from t = 3.3 s on


def model(amplitude, exponent, offset):
    rate = hx.PowerLaw(amplitude, exponent, offset)
    return hx.TwoTimeModel(hx.Diffusion(rate), hx.ContrastOffset(np.full(1, 0.3), np.ones(1)))


@pytest.fixture(scope="module")
def data():
    geometry = hx.Geometry(q=0.0054, t=TIMES)
    g2 = np.asarray(model(*TRUTH)(geometry))
    noise = np.tril(np.random.default_rng(1).normal(size=g2.shape) * SIGMA, -1)
    return hx.TwoTimeData(g2 + noise + noise.transpose(0, 2, 1), geometry, sigma=SIGMA)


@pytest.fixture(scope="module")
def result(data):
    return hx.fit(model(1e4, -0.3, -1e3), data, estimate=False)


def maps_of_all(result, data):
    """g2 of every pair as a function of the free parameters, by the model itself."""
    pairs = np.tril_indices(N_T, -1)
    leaves, tree = jax.tree.flatten(eqx.filter(result.model, eqx.is_inexact_array))
    sizes = np.cumsum([leaf.size for leaf in leaves])[:-1]

    @jax.jit
    def maps(values):
        moved = [part.reshape(leaf.shape) for part, leaf in zip(jnp.split(values, sizes), leaves, strict=True)]
        rest = eqx.filter(result.model, eqx.is_inexact_array, inverse=True)
        return eqx.combine(jax.tree.unflatten(tree, moved), rest)(data.geometry)[0][pairs]

    return maps, np.concatenate([np.ravel(leaf) for leaf in leaves]), np.asarray(data.c2)[0][pairs]


def test_the_fit_ends_at_the_minimum_within_few_steps(result, data):
    assert result.converged, result.message
    assert len(result.history) <= 20
    maps, values, c2 = maps_of_all(result, data)
    chi2 = lambda x: float(np.sum(((np.asarray(maps(x)) - c2) / SIGMA) ** 2))  # noqa: E731
    assert chi2(values) == pytest.approx(result.chi2, rel=1e-9)
    half = np.linalg.cholesky(result.white_noise_covariance)
    assert min(chi2(values + sign * 0.2 * step) for step in half.T for sign in (1, -1)) > result.chi2


def test_the_uncertainties_are_those_of_differences_of_the_maps(result, data):
    maps, values, _ = maps_of_all(result, data)
    steps = np.diag(1e-4 * np.sqrt(np.diagonal(result.white_noise_covariance)))
    slopes = [(np.asarray(maps(values + s)) - np.asarray(maps(values - s))) / (2 * s.sum()) for s in steps]
    jacobian = np.stack(slopes, axis=-1) / SIGMA
    np.testing.assert_allclose(np.linalg.inv(jacobian.T @ jacobian), result.white_noise_covariance, rtol=1e-4)


def test_the_floor_is_named_with_the_remedy_and_has_no_band(result, tmp_path):
    curve = result.curves()["J"]
    still = curve.value < 1e-9
    assert 20 < np.sum(still) < 40
    assert np.all(np.isnan(curve.low) == still)
    (row,) = [row for row in result.summary() if row.name == "floor"]
    said = f"J is at its floor, 1e-10 Å²/s, at {np.sum(still)} of 60 times from {TIMES[still][0]:.4g} s to 6 s"
    assert row.value.startswith(said)
    assert 'Bound it (bounds={"D_offset": (low, high)}).' in str(result)
    again = hx.FitResult.load(result.save(tmp_path / "out"))
    assert [r.value for r in again.summary() if r.name == "floor"] == [row.value]


def test_nothing_is_said_of_a_negative_offset_that_leaves_the_rate_positive(data):
    bounded = hx.fit(model(1e4, -0.3, -50.0), data, bounds={"D_offset": (-100.0, None)}, estimate=False)
    assert bounded.parameters["D_offset"].value < 0
    assert not [row for row in bounded.summary() if row.name == "floor"]
