"""What the engine finds that a pair function depends on: neither too little, which would be wrong, nor too much, which
would cost time."""

from collections.abc import Set
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.engine.frame_values import evaluate
from homodyne_eqx.physics.dense_map import nodes_at
from homodyne_eqx.physics.dependence import influences, tangent_dependence
from homodyne_eqx.physics.parameters import parameter
from homodyne_eqx.physics.per_sector import at_sector
from homodyne_eqx.physics.terms import AbstractTerm, Nodes
from tests.physics.registry import DETECTIONS, TERMS

T = np.array([0.0, 0.1, 0.2, 0.35, 0.6, 1.0, 1.1])
PHI = np.array([25.0, 100.0, 150.0])
EQUAL_Q = hx.Geometry(q=0.004, t=T, phi=PHI, gap=1e6)
OTHER_Q = hx.Geometry(q=np.array([0.004, 0.005, 0.006]), t=T, phi=PHI, gap=1e6)
RNG = np.random.default_rng(2)


class Found(NamedTuple):
    """By name: the node leaves, those with a derivative, those of them read only as differences, those common to all
    sectors; the parameters and the fields of the sector that the pair function itself reads."""

    leaves: Set[str]
    channels: Set[str]
    differences: Set[str]
    common: Set[str]
    direct: Set[str] = frozenset()
    of_sector: Set[str] = frozenset()


def names(tree):
    return [jax.tree_util.keystr(keys) for keys, _ in jax.tree_util.tree_leaves_with_path(tree)]


def found(function, geometry=EQUAL_Q, common=("q", "gap")):
    evaluation = eqx.filter_eval_shape(evaluate, function, geometry, common)
    dependence = evaluation.structure
    leaves = names(jax.tree.unflatten(evaluation.nodes_tree, evaluation.leaves))
    parameters, sector = (
        names(eqx.filter(at_sector(function, geometry.index[0]), eqx.is_inexact_array)),
        names(eqx.filter(geometry.sectors, eqx.is_inexact_array)),
    )
    return Found(
        leaves=set(leaves),
        channels={leaves[channel.leaf] for channel in dependence.channels},
        differences={leaves[channel.leaf] for channel in dependence.channels if channel.difference},
        common={leaf for leaf, common in zip(leaves, dependence.common, strict=True) if common},
        direct={parameters[k] for k in dependence.direct},
        of_sector={sector[k] for k in dependence.of_sector},
    )


SHEARED = hx.Diffusion(hx.PowerLaw(3e4, -0.3, 1e3)) * hx.Shear(hx.PowerLaw(1e-3, 0.2, 1e-4), 10.0)
DIFFUSION, SHEAR, SINE, COSINE = ".channels[0]", ".channels[1]", ".tables[1][0]", ".tables[1][1]"
AMOUNTS = {DIFFUSION, SHEAR}


@pytest.mark.parametrize("kernel", [hx.SincSquared(), hx.GapAverage()])
def test_of_a_sheared_colloid_two_amounts_carry_all_derivatives_and_the_tables_none(kernel):
    g1 = eqx.tree_at(lambda g: g.terms[1].kernel, SHEARED, kernel)
    expected = Found({*AMOUNTS, SINE, COSINE}, channels=AMOUNTS, differences=AMOUNTS, common={DIFFUSION})
    assert found(g1) == expected
    assert found(hx.TwoTimeModel(g1, hx.ContrastOffset(0.3, 1.0))) == expected
    assert found(g1, OTHER_Q, ("gap",)) == expected._replace(common=set())


def test_an_exponent_is_read_directly():
    term = hx.Diffusion(hx.PowerLaw(3e4, -0.3, 1e3), hx.Stretched(0.7))
    amount = {".channels"}
    assert found(term) == Found(amount, amount, amount, common=amount, direct={".kernel.exponent"})


def test_shares_of_populations_are_read_directly():
    term = hx.Populations((hx.Diffusion(3e4), hx.Diffusion(1e3), hx.Drift(400.0, 10.0)), np.array([0.3, 0.1]))
    amounts = {".channels[0]", ".channels[1]", ".channels[2]"}
    expected = Found(amounts, amounts, amounts, common={".channels[0]", ".channels[1]"}, direct={".fractions"})
    assert found(term) == expected
    model = hx.TwoTimeModel(term, hx.ContrastOffset(0.3, 1.0), hx.PartialHeterodyne(0.2))
    assert found(model) == expected._replace(direct={".g1.fractions", ".detection.reference"})


def test_a_drift_is_one_angle_that_differs_between_directions():
    angle = {".channels"}
    assert found(hx.Drift(400.0, 10.0)) == Found(angle, angle, angle, common=set())


def test_amplitudes_of_frames_are_no_differences():
    term = hx.TwoComponents(hx.Diffusion(3e4), hx.Diffusion(1e3), 0.3, 400.0, 10.0)
    amounts, amplitudes = {".channels[0]", ".channels[1]", ".channels[3]"}, {".channels[2][0]", ".channels[2][1]"}
    leaves = amounts | amplitudes
    assert found(term) == Found(leaves, leaves, amounts, common=leaves - {".channels[3]"})


def test_what_is_frozen_carries_no_derivative():
    """Its frame values may still carry one, as those of any term; but no parameter is read or changes them."""
    term = hx.Frozen(hx.Diffusion(3e4, hx.Stretched(0.7)))
    assert found(term).direct == set()


class Written(AbstractTerm):
    """g1 = pair(x_i, x_j, speed): as users might write it."""

    speed: jax.Array = parameter("", default=2.0)
    of: object = eqx.field(static=True, default=None)

    def nodes(self, geometry):
        return Nodes(jnp.stack([geometry.t, geometry.t**2], axis=-1) * geometry.q)

    def pair(self, node_i, node_j, sector):
        return self.of(node_i.channels, node_j.channels, self.speed, sector)


AS_DIFFERENCES = {
    "of an element": lambda x, y, s, _: jnp.exp(-(x[0] - y[0])),
    "of all elements": lambda x, y, s, _: jnp.exp(-jnp.sum((x - y) ** 2)),
    "the other way round": lambda x, y, s, _: jnp.exp(y[0] - x[0]),
    "plus the negative": lambda x, y, s, _: jnp.exp(-(x[0] + -y[0])),
    "times a parameter": lambda x, y, s, _: jnp.exp(-s * (x[0] - y[0])),
    "of multiples": lambda x, y, s, _: jnp.exp(-(s * x[0] - s * y[0])),
    "of quotients": lambda x, y, s, _: jnp.exp(-(x[0] / s - y[0] / s)),
    "of two elements": lambda x, y, s, _: jnp.exp(-((x[0] - y[0]) * (x[1] - y[1]))),
    "within jit": lambda x, y, s, _: jax.jit(lambda a, b: jnp.exp(b - a))(x[0], y[0]),
    "within checkpoint": lambda x, y, s, _: jax.checkpoint(lambda a, b: jnp.exp(b - a))(x[0], y[0]),
    "of what jit multiplies": lambda x, y, s, _: jnp.exp(-(TIMES(x[0], s) - TIMES(y[0], s))),
}
TIMES = jax.jit(lambda a, b: a * b)
NO_DIFFERENCES = {
    "a sum": lambda x, y, s, _: jnp.exp(-(x[0] + y[0])),
    "a product": lambda x, y, s, _: jnp.exp(-x[0] * y[0]),
    "of unlike elements": lambda x, y, s, _: jnp.exp(-(x[0] - y[1])),
    "of unlike multiples": lambda x, y, s, _: jnp.exp(-(s * x[0] - y[0])),
    "of multiples by parameter and q": lambda x, y, s, sector: jnp.exp(-(TIMES(x[0], s) - TIMES(y[0], sector.q))),
    "of multiples by numbers": lambda x, y, s, _: jnp.exp(-(2.0 * x[0] - 3.0 * y[0])),
    "of functions": lambda x, y, s, _: jnp.exp(-(x[0] ** 2 - y[0] ** 2)),
    "and one frame alone": lambda x, y, s, _: jnp.exp(-(x[0] - y[0])) * y[1],
    "of slices": lambda x, y, s, _: jnp.exp(-jnp.sum(x[:1] - y[1:])),
    "of elements in other orders": lambda x, y, s, _: jnp.exp(-(x[::-1][0] - y[0])),
    "of a cumulative sum": lambda x, y, s, _: jnp.exp(-(jnp.cumsum(x)[1] - y[1])),
    "of the larger": lambda x, y, s, _: jnp.exp(-(jnp.max(x) - jnp.max(y))),
}


@pytest.mark.parametrize("pair", AS_DIFFERENCES.values(), ids=AS_DIFFERENCES)
def test_a_difference_is_recognised_however_a_user_writes_it(pair):
    result = found(Written(of=pair))
    assert result.differences == result.channels == result.common == {".channels"}
    assert result.of_sector == set()


@pytest.mark.parametrize("pair", NO_DIFFERENCES.values(), ids=NO_DIFFERENCES)
def test_what_is_no_difference_is_not_taken_for_one(pair):
    result = found(Written(of=pair))
    assert result.channels == {".channels"}
    assert result.differences == set()


def test_a_user_s_term_reads_what_it_reads_directly():
    reads_both = found(Written(of=lambda x, y, s, sector: jnp.exp(-s * sector.q * (x[0] - y[0]))))
    assert (reads_both.direct, reads_both.of_sector) == ({".speed"}, {".q"})
    reads_none = found(Written(of=lambda x, y, s, sector: jnp.exp(-(x[0] - y[0]) * jnp.round(s))))
    assert (reads_none.direct, reads_none.of_sector) == (set(), set())


class Numbers(NamedTuple):
    """The arguments of the pair function of a term: the leaves of frames i and j, of the term and of the sector."""

    i: list
    j: list
    parameters: list
    sector: list


def pair_of_numbers(function, geometry):
    """The pair function of a term by its numbers; those of two frames in the second sector; and their names."""
    here = jax.tree.map(lambda x: x[1], geometry.sectors)
    nodes = nodes_at(function, geometry, here)
    parameters, rest = eqx.partition(at_sector(function, here.index), eqx.is_inexact_array)
    sector, rest_of_sector = eqx.partition(here, eqx.is_inexact_array)
    trees = nodes, nodes, parameters, sector
    leaves = [jax.tree.leaves(tree) for tree in trees]

    def pair(numbers):
        i, j, own, seen = (
            jax.tree.unflatten(jax.tree.structure(tree), x) for tree, x in zip(trees, numbers, strict=True)
        )
        value = eqx.combine(own, rest).pair(i, j, eqx.combine(seen, rest_of_sector))
        return jnp.stack([jnp.real(value), jnp.imag(value)])

    numbers = Numbers([x[5] for x in leaves[0]], [x[2] for x in leaves[1]], leaves[2], leaves[3])
    return pair, numbers, Numbers(*map(names, trees))


REGISTERED = {name: entry.make() for name, entry in TERMS.items()} | {
    name: hx.TwoTimeModel(SHEARED, hx.ContrastOffset(0.3, 1.0), entry.make()) for name, entry in DETECTIONS.items()
}


@pytest.mark.parametrize("function", REGISTERED.values(), ids=REGISTERED)
@pytest.mark.x64
def test_what_is_found_is_what_derivatives_and_shifts_show(function):
    """The dependence by derivatives that are not 0, and by the value when both frames are shifted alike."""
    pair, numbers, called = pair_of_numbers(function, EQUAL_Q)
    pair = jax.jit(pair)
    derivatives, value = jax.jit(jax.jacfwd(pair))(numbers), pair(numbers)
    moving = [
        {n for n, x in zip(*both, strict=True) if np.any(x != 0)} for both in zip(called, derivatives, strict=True)
    ]

    def shift_changes(k):
        shift = 0.1 + RNG.uniform(0.5, 1.0, numbers.i[k].shape) * np.abs(numbers.i[k])
        shifted = [[x + shift if n == k else x for n, x in enumerate(frame)] for frame in (numbers.i, numbers.j)]
        return np.abs(pair(Numbers(*shifted, *numbers[2:])) - value).max() > 1e-11

    result = found(function)
    assert result.channels == moving[0] | moving[1]
    assert result.differences == {n for k, n in enumerate(called.i) if n in result.channels and not shift_changes(k)}
    assert (result.direct, result.of_sector) == (moving[2], moving[3])


@pytest.mark.parametrize("function", REGISTERED.values(), ids=REGISTERED)
def test_the_leaves_found_to_be_common_are_those_that_are_equal(function):
    for geometry, common in ((EQUAL_Q, ("q", "gap")), (OTHER_Q, ("gap",))):
        nodes = [nodes_at(function, geometry, sector) for sector in apart(geometry.sectors)]
        called, leaves = names(nodes[0]), [jax.tree.leaves(x) for x in nodes]
        equal = {n for n, *x in zip(called, *leaves, strict=True) if np.array_equal(x[0], x[1])}
        assert found(function, geometry, common).common == equal


def apart(sectors):
    """The first two of the sectors, each alone."""
    return [jax.tree.map(lambda x, k=k: x[k], sectors) for k in range(2)]


def test_influences_are_followed_through_calls():
    twice = jax.checkpoint(lambda a, b: (2 * a, a * b))

    def outputs(x, y, z):
        first, second = twice(x, y)
        return first, second, jax.jit(lambda a, b: b)(x, z), jnp.where(z > 0, 1.0, 2.0), 3.0

    number = jax.ShapeDtypeStruct((), jnp.result_type(float))
    expected = [{0}, {0, 1}, {2}, {2}, set()]
    assert influences(outputs, number, number, number) == [frozenset(k) for k in expected]


def test_of_two_arguments_one_may_be_a_difference_and_one_not():
    number = jax.ShapeDtypeStruct((), jnp.result_type(float))
    reached, differences = tangent_dependence(lambda a, b, c, d, e: (a - c) * jnp.sin(d) * e, 2, (number,) * 5)
    assert reached == {0, 1, 2, 3, 4}
    assert differences == {0}
