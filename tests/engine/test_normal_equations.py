"""JᵀJ, Jᵀr, χ² and gradient against a dense Jacobian, for every term and for random compositions of them."""

import equinox as eqx
import hypothesis
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from dense import assert_normal_equations_agree, dense_normal_equations
from jax.flatten_util import ravel_pytree
from registry import DETECTIONS, TERMS

import homodyne_eqx as hx

pytestmark = pytest.mark.x64

PHI = np.array([70.0, 5.0, 100.0])


def geometry(n_t=9, n_sector=3, uniform=True, several_q=False):
    t = 0.05 * np.arange(n_t) if uniform else np.sort(np.random.default_rng(n_t).uniform(0, 0.05 * n_t, n_t))
    q = np.array([0.0054, 0.0054, 0.0061])[:n_sector] if several_q else 0.0054
    return hx.Geometry(q=jnp.asarray(q), t=jnp.asarray(t), phi=jnp.asarray(PHI[:n_sector]), gap=2e5)


def noisy(model, where, seed=0, sigma=0.01, **options):
    rng = np.random.default_rng(seed)
    g2 = np.asarray(model(where))
    return hx.TwoTimeData(g2 + sigma * rng.normal(size=g2.shape), where, sigma=sigma, **options)


def shifted(model, by=0.02):
    """Not the model that made the data: residuals must not vanish."""
    return jax.tree.map(lambda x: x * (1 + by) + by * 1e-3 if eqx.is_inexact_array(x) else x, model)


def with_scaling(term, n_sector=3, **keywords):
    scaling = hx.ContrastOffset(0.3 + 0.01 * np.arange(n_sector), 1 + 0.01 * np.arange(n_sector))
    return hx.TwoTimeModel(term, scaling, **keywords)


QUICK = ("diffusion", "shear", "product", "two_components", "relaxation", "drift", "frozen")
"""Terms of every kind of structure; those of the others take a minute or two together."""


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in TERMS]
)
def test_every_term(name):
    model, where = with_scaling(TERMS[name].make()), geometry()
    data = noisy(model, where)
    found = eqx.filter_jit(hx.normal_equations)(shifted(model), hx.pack(data, size=4))
    assert_normal_equations_agree(found, dense_normal_equations(shifted(model), data), 1e-9)


@pytest.mark.parametrize("name", DETECTIONS)
def test_every_detection(name):
    model, where = with_scaling(TERMS["diffusion"].make(), detection=DETECTIONS[name].make()), geometry()
    data = noisy(model, where)
    found = eqx.filter_jit(hx.normal_equations)(shifted(model), hx.pack(data, size=5))
    assert_normal_equations_agree(found, dense_normal_equations(shifted(model), data), 1e-9)


@hypothesis.settings(max_examples=12)
@hypothesis.given(
    names=st.lists(st.sampled_from(sorted(TERMS)), min_size=2, max_size=3),
    n_t=st.sampled_from([2, 7, 8]),
    n_sector=st.sampled_from([1, 3]),
    size=st.sampled_from([1, 3, 8]),
    uniform=st.booleans(),
    several_q=st.booleans(),
    masked=st.floats(0, 0.6),
    full_sigma=st.booleans(),
    seed=st.integers(0, 99),
)
@pytest.mark.slow
def test_random_compositions_masks_weights_and_tilings(
    names, n_t, n_sector, size, uniform, several_q, masked, full_sigma, seed
):
    hypothesis.assume(n_sector == 3 or "one_value_a_sector" not in names)
    rng = np.random.default_rng(seed)
    term = TERMS[names[0]].make()
    for name in names[1:]:
        term = term * TERMS[name].make()
    model, where = with_scaling(term, n_sector), geometry(n_t, n_sector, uniform, several_q)
    shape = (n_sector, n_t, n_t)
    mask = rng.random(shape) < masked
    mask[:, -1, 0] = False
    sigma = 0.01 * (1 + rng.random(shape)) if full_sigma else 0.01 * (1 + rng.random(n_sector))
    g2 = np.asarray(model(where)) + 0.01 * rng.normal(size=shape)
    g2[rng.random(shape) < masked / 4] = np.nan
    g2[:, -1, 0] = 1.1
    data = hx.TwoTimeData(g2, where, sigma=sigma, mask=mask)
    found = eqx.filter_jit(hx.normal_equations)(shifted(model), hx.pack(data, size=size))
    assert_normal_equations_agree(found, dense_normal_equations(shifted(model), data), 1e-9)


def test_gradient_of_chi_squared_is_twice_the_vector_and_that_of_the_dense_map():
    model, where = with_scaling(TERMS["product"].make()), geometry(11)
    data, start = noisy(model, where), shifted(model)
    packed = hx.pack(data, size=4)
    value, gradient = eqx.filter_jit(eqx.filter_value_and_grad(hx.chi_squared))(start, packed)
    matrix, vector, chi2 = dense_normal_equations(start, data)
    scale = np.sqrt(np.diagonal(matrix) * chi2)
    scale = np.where(scale > 0, scale, 1)
    np.testing.assert_allclose(ravel_pytree(gradient)[0] / scale, 2 * vector / scale, atol=1e-12)
    np.testing.assert_allclose(value, chi2, rtol=1e-12)


def test_only_the_free_leaves_are_parameters():
    model, where = with_scaling(TERMS["product"].make()), geometry()
    data = noisy(model, where)
    free = jax.tree.map(lambda _: False, model)
    free = eqx.tree_at(lambda m: (m.g1.terms[1].phi0, m.scaling.offset), free, (True, True))
    found = eqx.filter_jit(hx.normal_equations)(shifted(model), hx.pack(data, size=4), free=free)
    assert found.vector.shape == (4,)
    assert_normal_equations_agree(found, dense_normal_equations(shifted(model), data, free), 1e-9)


def test_contrast_and_offset_alone_can_be_free():
    model, where = with_scaling(TERMS["shear"].make()), geometry()
    data = noisy(model, where)
    free = eqx.tree_at(
        lambda m: m.scaling, jax.tree.map(lambda _: False, model), jax.tree.map(lambda _: True, model.scaling)
    )
    found = eqx.filter_jit(hx.normal_equations)(shifted(model), hx.pack(data, size=4), free=free)
    assert_normal_equations_agree(found, dense_normal_equations(shifted(model), data, free), 1e-9)


def test_sectors_that_share_contrast_and_offset():
    model, where = hx.TwoTimeModel(TERMS["shear"].make(), hx.ContrastOffset(0.3, 1.0)), geometry(several_q=True)
    data = noisy(model, where)
    found = eqx.filter_jit(hx.normal_equations)(shifted(model), hx.pack(data))
    assert_normal_equations_agree(found, dense_normal_equations(shifted(model), data), 1e-9)


def test_a_pair_function_that_is_nan_where_nothing_is_measured_harms_nothing():
    class Cusp(hx.AbstractTerm):
        """exp(−√x): its derivative at lag 0 is infinite."""

        rate: hx.AbstractRate

        def nodes(self, geometry):
            return hx.Nodes(geometry.q**2 * hx.Trapezoid()(self.rate, geometry))

        def pair(self, node_i, node_j, sector):
            return jnp.exp(-jnp.sqrt(node_i.channels - node_j.channels))

    model, where = with_scaling(Cusp(hx.Constant(3e4))), geometry()
    found = eqx.filter_jit(hx.normal_equations)(shifted(model), hx.pack(noisy(model, where), size=4))
    assert np.all(np.isfinite(found.matrix))
    assert np.all(np.isfinite(found.vector))


@pytest.mark.parametrize("loss", [hx.SoftL1(1.0), hx.Huber(1.0), hx.Cauchy(1.0)], ids=lambda x: type(x).__name__)
@pytest.mark.slow
def test_robust_losses_reweight(loss):
    model, where = with_scaling(TERMS["product"].make()), geometry(11)
    data, start = noisy(model, where), shifted(model, 0.005)
    packed = hx.pack(data, size=4)
    gradient = eqx.filter_grad(hx.chi_squared)(start, packed, loss)
    found = eqx.filter_jit(hx.normal_equations)(start, packed, loss)
    np.testing.assert_allclose(2 * found.vector, ravel_pytree(gradient)[0], rtol=1e-7)
    np.testing.assert_allclose(found.chi2, hx.chi_squared(start, packed, loss), rtol=1e-12)
    assert float(found.chi2) < float(hx.chi_squared(start, packed))


@pytest.mark.parametrize("loss", [hx.SoftL1(1.3), hx.Huber(1.3), hx.Cauchy(1.3)], ids=lambda x: type(x).__name__)
@hypothesis.given(z=st.floats(1e-6, 1e4))
def test_slopes_of_losses_are_their_derivatives_and_start_at_one(loss, z):
    h = z * 1e-6
    numeric = (loss.cost(jnp.asarray(z + h)) - loss.cost(jnp.asarray(z - h))) / (2 * h)
    np.testing.assert_allclose(loss.slope(jnp.asarray(z)), numeric, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(loss.cost(jnp.asarray(1e-8)) / 1e-8, 1, rtol=1e-6)
