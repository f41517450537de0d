"""Parameters: names, units, bounds, freedom, and the documented vectors."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.physics.parameter_names import named_leaves
from homodyne_eqx.physics.parameters import parameter_leaves
from homodyne_eqx.physics.rates import FrozenRate, Network, Scaled
from homodyne_eqx.physics.terms import Frozen, NonAffine, Shared, Transit

SEVEN = np.array([1e3, -0.5, 10.0, 0.01, 0.2, 1e-3, 5.0])


def described(module):
    return {leaf.path: (leaf.unit, leaf.bounds, leaf.free) for leaf in parameter_leaves(module)}


@pytest.mark.parametrize("params", [SEVEN[:3], SEVEN])
def test_parameter_vectors_there_and_back(params):
    model = hx.from_parameter_vector(params, 0.3, 1.0)
    np.testing.assert_allclose(hx.to_parameter_vector(model), params, rtol=1e-6)


def test_the_vector_is_that_of_the_named_constructor():
    names = ("D0", "alpha", "D_offset", "gamma_dot_t0", "beta", "gamma_dot_t_offset", "phi0")
    named = hx.laminar_flow(**dict(zip(names, SEVEN, strict=True)), contrast=0.3, offset=1.0)
    assert eqx.tree_equal(named, hx.from_parameter_vector(SEVEN, 0.3, 1.0))
    found = {leaf.name: float(leaf.value) for leaf in named_leaves(named)}
    assert found == pytest.approx({**dict(zip(names, SEVEN, strict=True)), "contrast": 0.3, "offset": 1.0})


def test_a_vector_of_another_length():
    with pytest.raises(ValueError, match=r"shape \(5,\).*3 values \[D0, alpha, D_offset\] or 7"):
        hx.from_parameter_vector(np.ones(5), 0.3, 1.0)


def test_a_model_without_the_documented_parameters():
    model = hx.TwoTimeModel(hx.Diffusion(hx.Constant(1.0)), hx.ContrastOffset(0.3, 1.0))
    with pytest.raises(ValueError, match=r"diffusion\.rate, contrast.*documented models"):
        hx.to_parameter_vector(model)


def test_documented_names_and_units():
    units = {leaf.name: leaf.unit for leaf in named_leaves(hx.from_parameter_vector(SEVEN, 0.3, 1.0))}
    assert units["D0"] == "Å²/s^(1+alpha)"
    assert units["gamma_dot_t0"] == "s^−(1+beta)"
    assert units["phi0"] == "deg"


def test_two_diffusing_factors_are_numbered():
    """A documented name that two parameters would share belongs to neither."""
    g1 = hx.Diffusion(hx.PowerLaw(1.0, 0.0)) * hx.Diffusion(hx.PowerLaw(2.0, 0.0))
    model = hx.TwoTimeModel(g1, hx.ContrastOffset(0.3, 1.0))
    assert {"diffusion_1.rate.amplitude", "diffusion_2.rate.amplitude"} < {leaf.name for leaf in named_leaves(model)}


def test_paths_units_and_bounds():
    assert described(hx.Shear(hx.PowerLaw(1.0, 0.0), 5.0)) == {
        "rate.amplitude": ("s⁻¹·s^−exponent", (0.0, np.inf), True),
        "rate.exponent": ("", (-2.0, 2.0), True),
        "rate.offset": ("s⁻¹", (-np.inf, np.inf), True),
        "phi0": ("deg", (-np.inf, np.inf), True),
    }


def test_units_pass_through_composed_rates():
    units = {
        path: unit for path, (unit, _, _) in described(hx.Diffusion(hx.Constant(1.0) + 2.0 * hx.Constant(1.0))).items()
    }
    assert units == {"rate.rates[0].value": "Å²/s", "rate.rates[1].rate.value": "Å²/s", "rate.rates[1].factor": ""}


def test_what_is_known_of_the_instrument_or_frozen_is_not_free():
    free = {path: is_free for path, (_, _, is_free) in described(Frozen(hx.Diffusion(1.0)) * Transit(1.0, 1e5)).items()}
    assert free == {"terms[0].term.rate.value": False, "terms[1].velocity.value": True, "terms[1].beam_radius": False}
    scaled = {path: is_free for path, (_, _, is_free) in described(Scaled(FrozenRate(hx.Constant(1.0)), 2.0)).items()}
    assert scaled == {"rate.rate.value": False, "factor": True}


def test_leaves_are_those_of_jax_in_the_same_order():
    for module in (hx.from_parameter_vector(SEVEN, 0.3, 1.0), hx.Diffusion(Network(1.0, 1.0, jax.random.key(0)))):
        leaves = jax.tree.leaves(eqx.filter(module, eqx.is_inexact_array))
        assert [leaf.value is x for leaf, x in zip(parameter_leaves(module), leaves, strict=True)] == [True] * len(
            leaves
        )


def test_no_derivative_reaches_what_is_frozen():
    geometry = hx.Geometry(q=0.01, t=np.linspace(0, 1, 4))
    for term in (Frozen(hx.Diffusion(1e4)), hx.Diffusion(FrozenRate(hx.Constant(1e4)))):
        free = eqx.tree_at(lambda m: jax.tree.leaves(m)[0], term, jnp.asarray(1e4))
        total = lambda m: jnp.sum(hx.TwoTimeModel(m, hx.ContrastOffset(0.3, 1.0))(geometry))  # noqa: E731
        assert float(jax.tree.leaves(eqx.filter_grad(total)(free))[0]) == 0.0
        assert float(total(free)) != pytest.approx(0.3 * 16 + 16)


def test_shared_parameters_are_one():
    """The derivative in the shared rate is the sum of those in both places, and the follower is not listed."""
    shear, non_affine = hx.Shear(1e-3, 10.0), NonAffine(1e-3, 2e5)
    tied = Shared(shear * non_affine, lambda g: g.terms[1].rate, lambda g: g.terms[0].rate)
    assert len(parameter_leaves(tied)) == len(parameter_leaves(shear * non_affine)) - 1
    geometry = hx.Geometry(q=0.005, t=np.linspace(0, 1, 4), phi=np.array([0.0, 40.0]), gap=2e6)
    scaling = hx.ContrastOffset(0.3, 1.0)

    @jax.grad
    def slope_tied(rate):
        moved = eqx.tree_at(lambda m: m.tied.pytree.terms[0].rate.value, tied, rate)
        return jnp.sum(hx.TwoTimeModel(moved, scaling)(geometry))

    @jax.grad
    def slopes_apart(rates):
        return jnp.sum(hx.TwoTimeModel(hx.Shear(rates[0], 10.0) * NonAffine(rates[1], 2e5), scaling)(geometry))

    np.testing.assert_allclose(slope_tied(jnp.asarray(1e-3)), slopes_apart(jnp.full(2, 1e-3)).sum(), rtol=1e-4)


def test_numbers_become_arrays_of_the_default_precision():
    for value in (3, 3.0, np.float32(3.0), np.arange(3)):
        assert isinstance(hx.ContrastOffset(value, 1.0).contrast, jax.Array)
    assert hx.Constant(3).value.dtype == jnp.result_type(float)
    assert hx.Constant(jnp.asarray(3.0, jnp.float32)).value.dtype == jnp.float32
