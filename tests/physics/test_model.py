"""The model: maps, scattered pairs, batches, files, and a time origin that is kept."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx

T = np.array([0.0, 0.1, 0.2, 0.4, 0.5])
GEOMETRY = hx.Geometry(q=0.005, t=T, phi=np.array([0.0, 40.0, 95.0]), gap=2e6)
NAMED = {
    "D0": 3e4,
    "alpha": -0.4,
    "D_offset": 1e3,
    "gamma_dot_t0": 1e-3,
    "beta": 0.1,
    "gamma_dot_t_offset": 1e-4,
    "phi0": 5.0,
}


def laminar(**changes):
    return hx.laminar_flow(**{**NAMED, "contrast": 0.3, "offset": 1.0, **changes})


@eqx.filter_jit
def dense(model, geometry):
    return model(geometry)


def test_scattered_pairs_in_either_order_are_those_of_the_map():
    g2 = np.asarray(dense(laminar(contrast=np.array([0.3, 0.2, 0.1])), GEOMETRY))
    sector, i, j = np.meshgrid(np.arange(3), np.arange(5), np.arange(5), indexing="ij")
    pairs = laminar(contrast=np.array([0.3, 0.2, 0.1])).pairs(GEOMETRY, i, j, sector)
    np.testing.assert_allclose(pairs, g2, atol=1e-6)
    np.testing.assert_allclose(g2, g2.swapaxes(1, 2), atol=1e-7)


def test_a_batch_of_models_is_a_loop():
    models = [laminar(D0=d) for d in (1e4, 3e4, 9e4)]
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *models)
    batch = eqx.filter_jit(eqx.filter_vmap(lambda m: m(GEOMETRY)))(stacked)
    for one, model in zip(batch, models, strict=True):
        np.testing.assert_allclose(one, dense(model, GEOMETRY), atol=1e-6)


def test_cutting_early_frames_away_keeps_what_time_means():
    """The map of the later frames is a part of the whole map, with an exponent that makes age matter."""
    whole = np.asarray(dense(laminar(accumulation=hx.Exact()), GEOMETRY))
    late = hx.Geometry(q=0.005, t=T[2:], phi=GEOMETRY.phi, gap=2e6)
    np.testing.assert_allclose(dense(laminar(accumulation=hx.Exact()), late), whole[:, 2:, 2:], atol=2e-5)
    rezeroed = hx.Geometry(q=0.005, t=T[2:] - T[2], phi=GEOMETRY.phi, gap=2e6)
    assert np.abs(np.asarray(dense(laminar(accumulation=hx.Exact()), rezeroed)) - whole[:, 2:, 2:]).max() > 0.01


def test_several_q_at_once():
    q = np.array([0.004, 0.005, 0.008])
    together = np.asarray(dense(laminar(), hx.Geometry(q=q, t=T, phi=GEOMETRY.phi, gap=2e6)))
    for k in range(3):
        alone = hx.Geometry(q=q[k], t=T, phi=GEOMETRY.phi[k], gap=2e6)
        np.testing.assert_allclose(together[k], dense(laminar(), alone)[0], atol=1e-6)


def test_composed_and_named_are_the_same():
    g1 = hx.Diffusion(hx.PowerLaw(3e4, -0.4, 1e3)) * hx.Shear(hx.PowerLaw(1e-3, 0.1, 1e-4), phi0=5.0)
    assert eqx.tree_equal(hx.TwoTimeModel(g1, hx.ContrastOffset(0.3, 1.0)), laminar())


def test_a_saved_model_comes_back(tmp_path):
    eqx.tree_serialise_leaves(tmp_path / "model.eqx", laminar())
    loaded = eqx.tree_deserialise_leaves(tmp_path / "model.eqx", laminar(D0=1.0, phi0=0.0))
    assert eqx.tree_equal(loaded, laminar())


def test_new_parameters_compile_nothing():
    evaluate = eqx.filter_jit(eqx.debug.assert_max_traces(lambda m: m(GEOMETRY), max_traces=1))
    for d, contrast in ((1e4, 0.1), (2e4, 0.3)):
        evaluate(laminar(D0=d, contrast=contrast))


@pytest.mark.x64
def test_the_gradient_is_that_by_differences():
    names = list(NAMED)
    values = jnp.asarray([NAMED[name] for name in names])
    weights = np.random.default_rng(1).standard_normal((3, 5, 5))

    @jax.jit
    def total(x):
        return jnp.sum(weights * hx.from_parameter_vector(x, 0.3, 1.0)(GEOMETRY))

    gradient = jax.grad(total)(values)
    for k, name in enumerate(names):
        step = 1e-4 * values[k]
        up, down = (total(values.at[k].add(sign * step)) for sign in (1, -1))
        assert float(gradient[k] * step) == pytest.approx(float(up - down) / 2, rel=1e-5, abs=1e-11), name
