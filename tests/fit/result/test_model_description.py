"""Models as plain data and back: equal leaf by leaf, by no code but the import of their classes."""

import json
import sys
from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.fit.result.model_description import describe, filled, rebuilt, unknown_places
from tests.fit.result.user_terms import Settling

SCALING = hx.ContrastOffset(np.full(3, 0.3), np.ones(3))
DIFFUSION = hx.Diffusion(hx.PowerLaw(1e4, -0.3, 12.0))


def through_json(x):
    arrays = []
    return json.loads(json.dumps(describe(x, arrays))), arrays


def assert_same(a, b):
    assert eqx.tree_equal(a, b, typematch=True)
    assert jax.tree.structure(a) == jax.tree.structure(b)
    assert [x.dtype for x in jax.tree.leaves(a)] == [x.dtype for x in jax.tree.leaves(b)]


MODELS = {
    "power laws and shear": hx.laminar_flow(
        D0=1e4, alpha=-0.3, D_offset=0.0, gamma_dot_t0=1e-3, beta=0.1, gamma_dot_t_offset=0.0, phi0=3.0,
        contrast=np.full(3, 0.3), offset=np.ones(3), kernel=hx.GapAverage(), accumulation=hx.GaussLegendre(),
    ),
    "smooth scaling": hx.TwoTimeModel(DIFFUSION, hx.SmoothScaling(0.3, 1.0, np.full((2, 2), 0.01))),
    "float32": hx.TwoTimeModel(hx.Diffusion(hx.Constant(jnp.float32(3.0))), hx.ContrastOffset(jnp.float32(0.3), 1.0)),
    "static knots": hx.TwoTimeModel(hx.Diffusion(hx.Spline([0.1, 1.0, 7.0], [1.0, 2.0, 3.0])), SCALING),
    "frozen": hx.TwoTimeModel(hx.Frozen(DIFFUSION) * DIFFUSION, SCALING),
    "a term of a user": hx.TwoTimeModel(DIFFUSION * Settling(2.0, {"x": 1, "y": [1.5, None, True]}, ("c",)), SCALING),
    "bfloat16": hx.TwoTimeModel(hx.Diffusion(hx.Constant(jnp.asarray(3.25, jnp.bfloat16))), SCALING),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_a_model_comes_back_leaf_by_leaf(name):
    description, arrays = through_json(MODELS[name])
    assert not list(unknown_places(description))
    assert_same(rebuilt(description, arrays), MODELS[name])
    emptied = jax.tree.map(lambda x: jnp.zeros_like(x) if eqx.is_array(x) else x, MODELS[name])
    assert_same(filled(emptied, description, arrays), MODELS[name])


def with_a_function(rate):
    spread = hx.Distribution(hx.Diffusion(hx.Constant(rate)), where=_rate_of, width=0.2)
    return hx.TwoTimeModel(spread, SCALING)


def _rate_of(term):
    return term.rate.value


UNKNOWN = {
    "a distribution": (with_a_function, "model.g1.where (function _rate_of)"),
    "a network": (
        lambda scale: hx.TwoTimeModel(
            hx.Diffusion(hx.Network(1e4, 1.0, key=jax.random.key(int(scale)), width=3)), SCALING
        ),
        "model.g1.rate.network.activation (",
    ),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_no_data_is_named_and_taken_from_a_model_of_the_same_structure(name):
    make, place = UNKNOWN[name]
    model = make(3.0)
    description, arrays = through_json(model)
    assert next(iter(unknown_places(description))).startswith(place)
    with pytest.raises(ValueError, match="cannot be made from its name"):
        rebuilt(description, arrays)
    template = make(5.0)
    back = filled(template, description, arrays)
    assert eqx.tree_equal(eqx.filter(back, eqx.is_array), eqx.filter(model, eqx.is_array), typematch=True)
    where = hx.Geometry(q=0.005, t=0.1 * np.arange(6), phi=np.arange(3.0))
    np.testing.assert_array_equal(eqx.filter_jit(back)(where), eqx.filter_jit(model)(where))


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (hx.TwoTimeModel(hx.Diffusion(hx.Constant(1.0)), SCALING), "Constant at model.g1.rate"),
        (hx.TwoTimeModel(DIFFUSION, hx.ContrastOffset(0.3, 1.0)), r"shape \(\) at model.scaling.contrast; .* \(3,\)"),
        (hx.TwoTimeModel(DIFFUSION * DIFFUSION, SCALING), "Product at model.g1"),
    ],
)
def test_a_model_of_another_structure_is_refused_with_the_place(template, message):
    description, arrays = through_json(hx.TwoTimeModel(DIFFUSION, SCALING))
    with pytest.raises(ValueError, match=message):
        filled(template, description, arrays)


def test_static_values_and_lengths_must_agree():
    description, arrays = through_json(MODELS["static knots"])
    other = hx.TwoTimeModel(hx.Diffusion(hx.Spline([0.1, 1.0, 8.0], [1.0, 2.0, 3.0])), SCALING)
    with pytest.raises(ValueError, match=r"8.0 at model.g1.rate.knots\[2\]; .* 7.0"):
        filled(other, description, arrays)
    description, arrays = through_json(hx.TwoTimeModel(DIFFUSION * DIFFUSION, SCALING))
    with pytest.raises(ValueError, match="2 entries"):
        filled(hx.TwoTimeModel(DIFFUSION * DIFFUSION * DIFFUSION, SCALING), description, arrays)


def test_nothing_but_modules_of_equinox_is_made():
    called = []
    sys.modules[__name__].trap = lambda *a: called.append(a)
    sys.modules[__name__].Other = type("Other", (), {"__init__": lambda self: called.append(self)})
    for name in ("trap", "Other", "missing", "Local.<locals>"):
        with pytest.raises(ValueError, match="The model needs the class"):
            rebuilt({"module": __name__, "class": name, "fields": {}}, [])
    with pytest.raises(ValueError, match=r"no equinox\.Module"):
        rebuilt({"module": "subprocess", "class": "Popen", "fields": {"args": "false"}}, [])
    with pytest.raises(ValueError, match="cannot be imported"):
        rebuilt({"module": "no_such_module_anywhere", "class": "A", "fields": {}}, [])
    assert not called


def test_a_class_that_changed_or_is_local_is_named():
    description, arrays = through_json(hx.TwoTimeModel(DIFFUSION, SCALING))
    description["fields"]["g1"]["fields"]["former"] = 1.0
    with pytest.raises(ValueError, match=r"with the fields .*former, but it has"):
        rebuilt(description, arrays)

    @final
    class Local(eqx.Module):
        x: jax.Array

    description, arrays = through_json(Local(jnp.ones(2)))
    assert "cannot be imported" in next(iter(unknown_places(description)))
    assert_same(filled(Local(jnp.zeros(2)), description, arrays), Local(jnp.ones(2)))


def test_arrays_inside_what_is_unknown_are_kept():
    holder = {1: jnp.arange(3.0), 2: None}
    description, arrays = through_json(holder)
    back = filled({1: jnp.zeros(3), 2: None}, description, arrays)
    np.testing.assert_array_equal(back[1], [0, 1, 2])
