"""Means and curves of a result with their uncertainties: against differences, samples and written-out slopes."""

import pickle
from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.fit.free_parameters import choose_free
from homodyne_eqx.fit.problem import model_with, values_of
from homodyne_eqx.fit.result.derived import curves_of, derived_quantities

T = np.arange(30) * 0.05
AT = np.maximum(T, 0.025)


def geometry():
    return hx.Geometry(q=0.0054, t=T, phi=np.array([95.0, 20.0]), gap=2e6)


def model():
    g1 = hx.Populations((hx.Diffusion(hx.PowerLaw(3e4, -0.3, 2e3)), hx.Relaxation(2.0) * hx.Drift(1e3, 0.0)), [0.3])
    return hx.TwoTimeModel(g1, hx.ContrastOffset(0.3, 1.0))


def some_covariance(values, seed=0):
    spread = np.random.default_rng(seed).standard_normal((values.size, values.size)) * 0.02
    return spread @ spread.T * np.outer(values, values)


@pytest.mark.x64
def test_uncertainties_are_those_by_differences_and_by_samples_of_the_parameters():
    free = choose_free(model(), None, ["drift.phi0"], None).filter
    values = values_of(model(), free)
    covariance = some_covariance(values)
    one = geometry().with_sectors(jax.tree.map(lambda x: x[0], geometry().sectors))
    moving, rest = eqx.partition(model(), free)

    @jax.jit
    def rates(parameters):
        g1 = model_with(moving, rest, parameters).g1
        J = g1.terms[0].rate(jnp.asarray(AT))
        return jnp.stack([J, g1.terms[1].terms[0].rate(one.t), g1.terms[1].terms[1].velocity(one.t)])

    steps = 1e-4 * np.diag(values)
    slopes = np.stack([(rates(values + s) - rates(values - s)) / (2 * s.sum()) for s in steps], axis=-1)
    by_differences = np.sqrt(np.einsum("rtk,kl,rtl->rt", slopes, covariance, slopes))
    draws = np.random.default_rng(1).multivariate_normal(values, covariance, 4000)
    by_samples = np.std(jax.vmap(rates)(jnp.asarray(draws)), axis=0)

    found = curves_of(model(), free, lambda slope: float(slope @ covariance @ slope), geometry())
    assert {*found} == {"J", "relaxation rate", "drift velocity"}
    for k, name in enumerate(found):
        curve = found[name]
        np.testing.assert_allclose(curve.t, T)
        np.testing.assert_allclose(curve.value, rates(values)[k], rtol=1e-12)
        np.testing.assert_allclose(curve.high - curve.value, by_differences[k], rtol=1e-5)
        np.testing.assert_allclose(curve.value - curve.low, by_differences[k], rtol=1e-5)
        np.testing.assert_allclose(curve.high - curve.value, by_samples[k], rtol=0.1)
    assert [curve.unit for curve in found.values()] == ["Å²/s", "s⁻¹", "Å/s"]

    mean_slopes = np.sum((slopes[0, 1:] + slopes[0, :-1]) / 2 * 0.05, axis=0) / (T[-1] - T[0])

    def variance(slope):
        return float(slope @ covariance @ slope)

    derived = derived_quantities(model(), free, variance, lambda slope: variance(slope) / 4, geometry())
    assert derived[0].white_noise_uncertainty == pytest.approx(derived[0].uncertainty / 2)
    means = {quantity.name: quantity.uncertainty for quantity in derived}
    assert means["mean J"] == pytest.approx(np.sqrt(mean_slopes @ covariance @ mean_slopes), rel=1e-5)
    assert means["mean D_SE = J/2"] == pytest.approx(means["mean J"] / 2)


@pytest.mark.x64
def test_curves_of_a_fit():
    truth = hx.TwoTimeModel(hx.Diffusion(hx.PowerLaw(3e4, -0.3, 2e3)), hx.ContrastOffset(0.3, 1.0))
    g2 = np.array(truth(geometry()))
    noise = np.tril(np.random.default_rng(0).normal(size=g2.shape) * 0.005, -1)
    result = hx.fit(truth, hx.TwoTimeData(g2 + noise + noise.transpose(0, 2, 1), geometry(), sigma=0.005))
    result = pickle.loads(pickle.dumps(result))
    (name, curve), *others = result.curves().items()
    assert (name, curve.unit, others) == ("J", "Å²/s", [])
    D0, alpha, offset = (result.parameters[name].value for name in ("D0", "alpha", "D_offset"))
    np.testing.assert_allclose(curve.value, D0 * AT**alpha + offset)
    slopes = np.stack([AT**alpha, D0 * AT**alpha * np.log(AT), np.ones_like(AT)], axis=-1)
    sigma = np.sqrt(np.einsum("tk,kl,tl->t", slopes, result.covariance[:3, :3], slopes))
    np.testing.assert_allclose(curve.high - curve.value, sigma, rtol=1e-6)
    assert np.mean((curve.low < 3e4 * AT**-0.3 + 2e3) & (curve.high > 3e4 * AT**-0.3 + 2e3)) > 0.3
    assert result.curves() is result.curves()


@final
class Unseen(hx.AbstractTerm):
    """g1 = 1: a motion that shows in nothing."""

    rate: hx.AbstractRate = hx.component("s⁻¹", converter=hx.as_rate)

    def nodes(self, geometry):
        return hx.Nodes(0 * self.rate(geometry.t))

    def pair(self, node_i, node_j, sector):
        return jnp.exp(node_i.channels - node_j.channels)


@pytest.mark.x64
def test_a_rate_that_the_data_leave_open_is_infinitely_uncertain():
    start = hx.TwoTimeModel(hx.Diffusion(3e4) * Unseen(2.0), hx.ContrastOffset(0.3, 1.0))
    result = hx.fit(start, hx.TwoTimeData(np.array(start(geometry())), geometry(), sigma=0.005))
    curves = result.curves()
    assert np.all(np.isinf(curves["unseen rate"].high))
    assert np.all(np.isfinite(curves["J"].high))
    assert np.isinf(result.derived["mean unseen rate"].uncertainty)
