"""Models with tied parameters against the same models with equal values, and what cannot be tied."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.physics.parameter_names import named_leaves

N_T = 12


def geometry():
    return hx.Geometry(q=0.01, t=0.1 * (0.5 + np.arange(N_T)), phi=np.array([0.0, 60.0]), gap=2e6)


def free_model(beta=0.4, reference=0.3):
    diffusion = hx.Diffusion(hx.PowerLaw(2000.0, -0.3, 0.0))
    shear = hx.Shear(hx.PowerLaw(1e-3, beta, 0.0), phi0=20.0, kernel=hx.SincSquared())
    return hx.TwoTimeModel(diffusion * shear, hx.ContrastOffset(0.25, 1.0), hx.PartialHeterodyne(reference))


def data(kind):
    generator = np.random.default_rng(3)
    g2 = np.asarray(free_model(0.1, 0.2)(geometry()), float)
    maps = g2 + 0.01 * generator.standard_normal(g2.shape)
    if kind == "maps":
        return hx.pack(hx.TwoTimeData((maps + maps.swapaxes(1, 2)) / 2, geometry(), sigma=0.01))
    i, j = np.tril_indices(N_T, -1)
    sector = np.arange(i.size) % 2
    return hx.pack(hx.PairData(maps[sector, i, j], geometry(), i, j, sector, sigma=0.01))


ACROSS = [{"beta": "alpha"}, {"contrast": "detection.reference"}, {"detection.reference": "contrast"}]


@pytest.fixture(scope="module", params=ACROSS, ids=lambda ties: "-".join(*ties.items()))
def ties(request):
    names = {leaf.name for leaf in named_leaves(free_model())}
    reference = next(name for name in names if name.endswith("reference"))
    return {a.replace("detection.reference", reference): b.replace("detection.reference", reference)
            for a, b in request.param.items()}  # fmt: skip


def values_by_name(model):
    return {leaf.name: float(leaf.value) for leaf in named_leaves(model)}


def test_a_tied_parameter_has_the_value_of_the_other_one(ties):
    ((tied, other),) = ties.items()
    found, before = values_by_name(hx.tie(free_model(), ties)), values_by_name(free_model())
    assert before[tied] != before[other]
    assert found == before | {tied: before[other]}


def test_it_follows_the_other_one_wherever_the_model_is_evaluated():
    moved = eqx.tree_at(lambda m: m.g1.terms[0].rate.exponent, hx.tie(free_model(), {"beta": "alpha"}), jnp.array(0.2))
    expected = eqx.tree_at(lambda m: m.g1.terms[0].rate.exponent, free_model(0.2), jnp.array(0.2))
    np.testing.assert_allclose(moved(geometry()), expected(geometry()), rtol=1e-6)
    packed = data("maps")
    assert float(hx.chi_squared(moved, packed)) == pytest.approx(float(hx.chi_squared(expected, packed)), rel=1e-5)


@pytest.mark.parametrize("kind", ["maps", "pairs"])
def test_normal_equations_add_the_effects_of_both(ties, kind):
    """Those of the model without ties, at the same values, summed over the parameters that are one."""
    ((tied, other),) = ties.items()
    model, packed = hx.tie(free_model(), ties), data(kind)
    alone = eqx.tree_at(lambda m: jax.tree.leaves(m), free_model(), jax.tree.leaves(model))
    names = [leaf.name for leaf in named_leaves(model)]
    together = np.eye(len(names))
    together[names.index(tied)] = together[names.index(other)]
    apart, found = hx.normal_equations(alone, packed), hx.normal_equations(model, packed)
    size = np.sqrt(np.diagonal(np.asarray(apart.matrix, float))) + 1
    expected = together.T @ np.asarray(apart.matrix, float) @ together
    np.testing.assert_allclose(found.matrix / np.outer(size, size), expected / np.outer(size, size), atol=2e-4)
    vector = together.T @ np.asarray(apart.vector, float)
    np.testing.assert_allclose(found.vector / size, vector / size, atol=2e-4 * np.sqrt(float(apart.chi2)))
    assert np.all(np.asarray(found.matrix)[names.index(tied)] == 0)


def test_the_equation_marks_what_is_tied():
    lines = str(hx.tie(free_model(), {"beta": "alpha"})).splitlines()
    marked = [line for line in lines if "(tied)" in line]
    assert len(marked) == 1
    assert "amplitude = 0.001" in marked[0]
    assert "exponent = −0.3 (tied)" in marked[0]
    assert "ties" not in str(hx.tie(free_model(), {"beta": "alpha"})) + str(free_model())


def test_paths_and_several_tied_parameters_are_understood():
    model = hx.tie(free_model(), {"g1.terms[1].rate.exponent": "alpha"})
    model = hx.tie(model, {"g1.terms[1].rate.exponent": "g1.terms[0].rate.exponent"})
    more = hx.tie(model, {"contrast": "alpha"})
    tied = {leaf.name: leaf.tied_to for leaf in named_leaves(more) if leaf.tied_to}
    assert tied == {"beta": "alpha", "contrast": "alpha"}


@pytest.mark.parametrize(
    ("ties", "message"),
    [
        ({"beta": "alfa"}, r"ties names alfa, which the model does not have\. Did you mean alpha\?"),
        (
            {"gamma_dot_t0": "D0"},
            r"gamma_dot_t0 is in s\^−\(1\+beta\), and D0 in Å²/s\^\(1\+alpha\); only parameters of",
        ),
        ({"alpha": "alpha"}, "alpha is tied to itself"),
        ({"beta": "alpha", "alpha": "contrast"}, "beta is tied to alpha, which is itself tied to contrast"),
        ({"beta": "alpha", "alpha": "beta"}, "which is itself tied to"),
        ({"beta": "alpha", "g1.terms[1].rate.exponent": "contrast"}, "beta is tied twice"),
    ],
)
def test_what_cannot_be_tied_is_refused(ties, message):
    with pytest.raises(ValueError, match=message):
        hx.tie(free_model(), ties)


def test_shapes_must_agree():
    model = eqx.tree_at(lambda m: m.scaling, free_model(), hx.ContrastOffset(np.full(2, 0.2), np.ones(2)))
    with pytest.raises(ValueError, match=r"contrast has the shape \(2,\), and alpha \(\)"):
        hx.tie(model, {"contrast": "alpha"})
    with pytest.raises(ValueError, match=r"ties names contrast\[1\], a single element\. Tie contrast as a whole"):
        hx.tie(model, {"contrast[1]": "contrast[0]"})


def test_a_part_that_is_replaced_afterwards_is_no_silent_tie():
    model = eqx.tree_at(lambda m: m.g1, hx.tie(free_model(), {"beta": "alpha"}), hx.Diffusion(2000.0))
    with pytest.raises(ValueError, match=r"ties g1.terms\[1\].rate.exponent to .* and has no g1.terms\[1\]"):
        model(geometry())
