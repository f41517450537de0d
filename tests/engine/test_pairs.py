"""Scattered pairs: every sum against a dense model, against finite differences and against the tiles of a map."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from dense import assert_normal_equations_agree
from jax.flatten_util import ravel_pytree

import homodyne_eqx as hx
from homodyne_eqx.engine import packed_pairs, with_best_scaling

N_T = 9
T = np.array([0.0, 0.1, 0.2, 0.35, 0.6, 1.0, 1.1, 1.7, 2.4])  # neither uniform nor in proportion


def model(scaling=None):
    g1 = hx.Diffusion(hx.PowerLaw(3e4, -0.3, 1e3)) * hx.Shear(hx.PowerLaw(2e-3, 0.2, 1e-4), 14.0, hx.GapAverage())
    return hx.TwoTimeModel(g1, scaling or hx.ContrastOffset(np.array([0.3, 0.28, 0.25]), np.full(3, 1.0)))


def simple(scaling=None):
    return hx.TwoTimeModel(hx.Diffusion(hx.PowerLaw(3e4, -0.3)), scaling or model().scaling)


def geometry():
    return hx.Geometry(q=np.array([0.0054, 0.0054, 0.006]), t=T, phi=np.array([10.0, 60.0, 95.0]), gap=2e5)


def some_pairs(n=70, m=1, seed=0):
    rng = np.random.default_rng(seed)
    i, j = rng.integers(N_T, size=(2, n, m))
    sigma = rng.uniform(0.01, 0.03, n)
    value = 1 + 0.3 * rng.random(n)
    value[5] = np.nan
    return hx.PairData(value, geometry(), i, j, rng.integers(3, size=n), sigma=sigma, mask=rng.random(n) < 0.1)


def dense_residuals(data, free=eqx.is_inexact_array, of=None):
    """(g2 − data)/σ from the dense map, as a function of the free parameters."""
    of = of or model()
    moving, rest = eqx.partition(of, free)
    vector, unravel = ravel_pytree(moving)
    keep = ~np.isnan(data.value) & ~data.mask & np.all(data.i != data.j, axis=1)

    def residual(v):
        g2 = eqx.combine(unravel(v), rest)(data.geometry)
        means = jnp.mean(g2[data.sector[:, None], data.i, data.j], axis=1)
        return ((means - data.value) / data.sigma)[keep]

    return residual, vector


@pytest.mark.x64
@pytest.mark.parametrize(
    ("m", "in_chunk"),
    [(3, 7), pytest.param(1, 2**15, marks=pytest.mark.slow)],
    ids=["means in chunks", "pairs at once"],
)
def test_sums_over_pairs_are_those_of_a_dense_model(m, in_chunk, monkeypatch):
    monkeypatch.setattr(packed_pairs, "_PAIRS_IN_A_CHUNK", in_chunk * m)
    data = some_pairs(m=m)
    packed = hx.pack(data)
    residual, vector = dense_residuals(data)
    r, jacobian = jax.jit(lambda v: (residual(v), jax.jacfwd(residual)(v)))(vector)
    assert packed.n_pairs == r.size
    assert packed.n_tiles == -(-r.size // in_chunk)
    found = eqx.filter_jit(hx.normal_equations)(model(), packed)
    assert_normal_equations_agree(found, (jacobian.T @ jacobian, jacobian.T @ r, r @ r), 1e-11)
    value, gradient = eqx.filter_jit(eqx.filter_value_and_grad(hx.chi_squared))(model(), packed)
    np.testing.assert_allclose(value, r @ r, rtol=1e-12)
    scale = np.linalg.norm(jacobian, axis=0)
    np.testing.assert_allclose(ravel_pytree(gradient)[0] / scale, 2 * jacobian.T @ r / scale, atol=1e-9)


@pytest.mark.x64
@pytest.mark.slow
def test_all_pairs_of_a_map_are_the_map():
    g2 = np.asarray(simple()(geometry())) + 0.02 * np.random.default_rng(1).normal(size=(3, N_T, N_T))
    g2 = (g2 + g2.transpose(0, 2, 1)) / 2
    i, j = np.tril_indices(N_T, -1)
    maps = hx.pack(hx.TwoTimeData(g2, geometry(), sigma=np.array([0.01, 0.02, 0.03])), size=4)
    pairs = hx.pack(hx.PairData(g2[:, j, i], geometry(), j, i, np.arange(3)[:, None], sigma=[0.01, 0.02, 0.03]))
    assert maps.n_pairs == pairs.n_pairs
    found, expected = (eqx.filter_jit(hx.normal_equations)(simple(), x) for x in (pairs, maps))
    assert_normal_equations_agree(found, (expected.matrix, expected.vector, expected.chi2), 1e-11)


@pytest.mark.x64
@pytest.mark.slow
@pytest.mark.parametrize("common", [True, False])
def test_the_best_scaling_is_that_of_linear_least_squares(common):
    data = some_pairs()
    of = simple(hx.ContrastOffset(0.2, 1.1) if common else None)
    keep = ~data.left_out
    M = np.asarray(simple(hx.ContrastOffset(1.0, 0.0))(data.geometry))[data.sector, data.i[:, 0], data.j[:, 0]][keep]
    limits = jnp.array([[-jnp.inf, jnp.inf], [-jnp.inf, jnp.inf]])
    best = with_best_scaling(of, hx.pack(data), limits[:, 0], limits[:, 1]).scaling
    for k in [slice(None)] if common else range(3):
        here = np.ones(M.size, bool) if common else data.sector[keep] == k
        rows = np.stack([M, np.ones_like(M)], 1)[here] / data.sigma[keep][here, None]
        expected = np.linalg.lstsq(rows, data.value[keep][here] / data.sigma[keep][here], rcond=None)[0]
        found = [best.contrast, best.offset] if common else [best.contrast[k], best.offset[k]]
        np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.x64
def test_the_gradient_is_that_by_differences_and_reaches_the_geometry():
    packed = hx.pack(some_pairs())
    of = simple()
    chi2 = eqx.filter_jit(lambda of, at: hx.chi_squared(of, eqx.tree_at(lambda p: p.geometry.q, packed, at)))
    gradient = jax.grad(chi2, argnums=1)(of, packed.geometry.q)
    for k in range(3):
        step = 1e-7 * np.eye(3)[k]
        difference = (chi2(of, packed.geometry.q + step) - chi2(of, packed.geometry.q - step)) / 2e-7
        np.testing.assert_allclose(gradient[k], difference, rtol=1e-5)


@pytest.mark.x64
@pytest.mark.slow
def test_a_robust_loss_reweights():
    data = some_pairs()
    residual, vector = dense_residuals(data, of=simple())
    r, jacobian = jax.jit(lambda v: (residual(v), jax.jacfwd(residual)(v)))(vector)
    weight = 1 / np.sqrt(1 + r**2)
    found = eqx.filter_jit(hx.normal_equations)(simple(), hx.pack(data), hx.SoftL1(1.0))
    expected = (jacobian.T * weight[None, :]) @ jacobian, jacobian.T @ (weight * r), np.sum(2 * (np.sqrt(1 + r**2) - 1))
    assert_normal_equations_agree(found, expected, 1e-10)


@pytest.mark.x64
def test_a_value_of_its_own_in_each_sector_and_fixed_parameters():
    of = hx.TwoTimeModel(hx.Relaxation(hx.PerSector([0.4, 0.8, 0.6])), hx.SmoothScaling(0.3, 1.0, [[0.02, 0.01]]))
    free = eqx.tree_at(lambda m: m.scaling.offset, jax.tree.map(eqx.is_inexact_array, of), False)
    data = some_pairs()
    residual, vector = dense_residuals(data, free, of)
    r, jacobian = jax.jit(lambda v: (residual(v), jax.jacfwd(residual)(v)))(vector)
    found = eqx.filter_jit(hx.normal_equations)(of, hx.pack(data), free=free)
    assert found.matrix.shape == (6, 6)
    assert_normal_equations_agree(found, (jacobian.T @ jacobian, jacobian.T @ r, r @ r), 1e-11)


def test_single_precision_is_near_double_precision():
    data = some_pairs()
    residual, vector = dense_residuals(data, of=simple())
    r = np.asarray(jax.jit(residual)(vector), float)
    packed = hx.pack(data, dtype="float32")
    assert packed.values.dtype == jnp.float32
    np.testing.assert_allclose(hx.chi_squared(simple(), packed), r @ r, rtol=2e-4)


def test_lags_need_no_origin_for_steady_models_and_others_say_that_they_do():
    tau = np.geomspace(1e-3, 10, 12)
    data = hx.OneTimeData(tau, np.ones((2, 12)), q=np.array([0.003, 0.005]), sigma=0.01)
    steady = hx.TwoTimeModel(hx.Diffusion(hx.StokesEinstein(2e4)), hx.ContrastOffset(0.3, 1.0))
    expected = np.sum((0.3 * np.exp(-2 * np.array([0.003, 0.005])[:, None] ** 2 * 2e4 * tau) / 0.01) ** 2)
    np.testing.assert_allclose(hx.chi_squared(steady, hx.pack(data)), expected, rtol=1e-4)
    for rate in (
        hx.PowerLaw(2e4, -0.3),
        hx.Constant(1e4) + hx.Relaxing(1e4, 1.0, 1.0),
        hx.FrozenRate(hx.PowerLaw(1, 0)),
    ):
        ageing = hx.TwoTimeModel(hx.Diffusion(rate), hx.ContrastOffset(0.3, 1.0))
        with pytest.raises(hx.errors.NeedsTimeOrigin, match=r"(PowerLaw|Relaxing) may change with time"):
            hx.chi_squared(ageing, hx.pack(data))
        with pytest.raises(hx.errors.NeedsTimeOrigin):
            hx.fit(ageing, data)


def test_a_chunk_is_a_part_and_some_values_are_drawn(monkeypatch):
    monkeypatch.setattr(packed_pairs, "_PAIRS_IN_A_CHUNK", 20)
    packed = hx.pack(some_pairs())
    parts = [hx.chi_squared(simple(), packed.subset(jnp.array([k]))) for k in range(packed.n_tiles)]
    np.testing.assert_allclose(sum(parts), hx.chi_squared(simple(), packed), rtol=1e-4)
    some = packed.some(30)
    assert some.n_pairs == 30
    assert packed.some(10**6) is packed
    flat = np.asarray(packed.values).ravel()
    assert np.isin(np.asarray(some.values).ravel()[:30], flat).all()
