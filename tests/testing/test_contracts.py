"""Broken contracts and dead parameters of terms are found, and what JAX raises becomes advice."""

from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from homodyne_eqx import testing
from homodyne_eqx.physics.parameters import parameter
from homodyne_eqx.physics.terms import AbstractTerm, Nodes

pytestmark = pytest.mark.x64


@final
class Written(AbstractTerm):
    """g1 = exp(−rate · τ): a term whose methods a test writes."""

    rate: Any = parameter("s⁻¹", (0.0, jnp.inf))
    nodes_of: Any = eqx.field(static=True, default=lambda self, geometry: Nodes(self.rate * geometry.t))
    pair_of: Any = eqx.field(static=True, default=lambda self, i, j, sector: jnp.exp(j.channels - i.channels))

    def nodes(self, geometry):
        return self.nodes_of(self, geometry)

    def pair(self, node_i, node_j, sector):
        return self.pair_of(self, node_i, node_j, sector)


@jax.custom_vjp
def only_backward(x):
    return jnp.exp(-x)


only_backward.defvjp(lambda x: (jnp.exp(-x), x), lambda x, g: (-jnp.exp(-x) * g,))


def branching(self, geometry):
    return Nodes(self.rate * geometry.t if self.rate > 0 else 0 * geometry.t)


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        ({"nodes_of": lambda self, g: self.rate * g.t}, r"Written.nodes returns an array of shape \(7,\).*hx.Nodes"),
        ({"nodes_of": lambda self, g: (g.t, self.rate)}, r"Written.nodes returns a tuple; expected hx.Nodes"),
        ({"pair_of": lambda self, i, j, s: jnp.ones(3)}, r"Written.pair returns an array of shape \(3,\).*a scalar"),
        ({"pair_of": lambda self, i, j, s: (i.channels, 1)}, r"Written.pair returns a tuple"),
        ({"nodes_of": branching}, "Written.nodes branches on a value in Python.*jnp.where"),
        ({"nodes_of": lambda self, g: Nodes(float(self.rate) * g.t)}, "nodes takes a value out of JAX.*float"),
        ({"nodes_of": lambda self, g: Nodes(np.asarray(self.rate) * g.t)}, "nodes gives a value to NumPy.*jnp"),
        ({"nodes_of": lambda self, g: Nodes(g.speed)}, "Written.nodes raises AttributeError.*speed"),
        ({"pair_of": lambda self, i, j, s: only_backward(i.channels - j.channels)}, "custom_vjp.*custom_jvp"),
        ({"pair_of": lambda self, i, j, s: jnp.exp((j.channels - i.channels) / self.rate)}, "does not depend on rate"),
        (
            {"nodes_of": lambda self, g: Nodes(jnp.round(self.rate, 1) * g.t)},
            "moves with rate in jumps, and its derivative is 0.*round",
        ),
        (
            {"pair_of": lambda self, i, j, s: jnp.exp(-jnp.sqrt(i.channels - j.channels))},
            "not finite.*guard both branches.*−1e-17",
        ),
    ],
)
def test_broken_contracts_and_dead_parameters_are_found(methods, message):
    with pytest.raises(testing.LawError, match=message):
        testing.check_term(Written(0.8, **methods))


@final
class OtherArguments(AbstractTerm):
    def nodes(self, geometry):
        return Nodes(geometry.t)

    def pair(self, i, j):
        return jnp.exp(j.channels - i.channels)


@final
class IntegerField(AbstractTerm):
    speed: Any = 100

    def nodes(self, geometry):
        return Nodes(geometry.q * self.speed * geometry.t)

    def pair(self, node_i, node_j, sector):
        return jnp.exp(-(node_i.channels - node_j.channels))


def test_other_arguments_and_integers_are_found():
    message = r"OtherArguments.pair takes \(self, i, j\); expected \(self, node_i, node_j, sector\)"
    with pytest.raises(testing.LawError, match=message):
        testing.check_term(OtherArguments())
    with pytest.raises(testing.LawError, match=r"IntegerField.speed is the Python int 100"):
        testing.check_term(IntegerField())


def test_the_same_term_unbroken_passes():
    testing.check_term(Written(0.8))
