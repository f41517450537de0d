"""Parts that declare that they depend on the lag alone do so, and parts without this declaration are named."""

from typing import ClassVar, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.physics.composition import modules_within
from homodyne_eqx.physics.dense_map import nodes_at
from homodyne_eqx.physics.per_sector import at_sector
from homodyne_eqx.physics.steadiness import changing_parts
from homodyne_eqx.testing import example_geometry
from tests.physics.registry import DETECTIONS, RATES, TERMS

SCALING = hx.ContrastOffset(0.3, 1.0)


def with_constant_rates(module):
    """The same with rates that are constant in value."""

    def constant(x):
        if isinstance(x, hx.PowerLaw):
            return eqx.tree_at(lambda rate: rate.exponent, x, 0 * x.exponent)
        return eqx.tree_at(lambda rate: rate.values, x, jnp.full_like(x.values, 1e4)) if is_spline(x) else x

    is_spline = lambda x: isinstance(x, hx.Spline)  # noqa: E731
    return jax.tree.map(constant, module, is_leaf=lambda x: isinstance(x, hx.PowerLaw) or is_spline(x))


def later(geometry, shift):
    return eqx.tree_at(lambda g: g.t, geometry, geometry.t + shift)


QUICK = ("diffusion", "anomalous_diffusion", "echo", "shared", "constant", "power_law", "scaled", "stokes_einstein")


def every(registry):
    """All of a registry; of most it is enough that `make test-slow` looks at them."""
    entries = [pytest.param(e, id=k, marks=() if k in QUICK else pytest.mark.slow) for k, e in registry.items()]
    return pytest.mark.parametrize("entry", entries)


@pytest.mark.x64
@every(TERMS)
def test_a_term_that_says_so_depends_on_the_lag_alone(entry):
    term, where = with_constant_rates(entry.make()), example_geometry()
    now, then = (np.asarray(two_pairs(term, at)) for at in (where, later(where, 3.7)))
    changes = np.abs(np.abs(now) - np.abs(then)).max()
    if set(changing_parts(term)) - {"PowerLaw", "Spline"}:
        assert changes > 1e-3, "it depends on the lag alone and does not say so"
    else:
        assert changes < 1e-9


@eqx.filter_jit
def two_pairs(term, geometry):
    """g1 of two pairs of frames in the first sector."""
    sector = jax.tree.map(lambda x: x[0], geometry.sectors)
    node = nodes_at(term, geometry, sector)
    at = lambda k: jax.tree.map(lambda x: x[k], node)  # noqa: E731
    return jnp.stack([at_sector(term, sector.index).pair(at(i), at(j), sector) for i, j in ((5, 2), (3, 1))])


@pytest.mark.x64
@every(RATES)
def test_a_rate_that_says_so_is_the_same_at_all_times(entry):
    rate = entry.make()
    changes = np.ptp(np.asarray(rate(jnp.array([0.1, 0.7, 3.0]))))
    assert (changes == 0) == (not changing_parts(rate))


@pytest.mark.parametrize("entry", DETECTIONS.values(), ids=DETECTIONS.keys())
def test_only_a_contrast_that_drifts_does_not_say_so(entry):
    detection = entry.make()
    drifts = any(isinstance(x, hx.DriftingContrast) for _, x in modules_within(detection))
    assert changing_parts(detection) == (("DriftingContrast",) if drifts else ())


@final
class Creep(hx.AbstractTerm):
    """g1 = exp(−rate τ), for all one knows."""

    rate: hx.AbstractRate = hx.component("s⁻¹", converter=hx.as_rate)

    def nodes(self, geometry):
        return hx.Nodes(self.rate(geometry.t) * geometry.t)

    def pair(self, node_i, node_j, sector):
        return jnp.exp(node_j.channels - node_i.channels)


@final
class SteadyCreep(hx.AbstractTerm):
    steady: ClassVar[bool] = True
    rate: hx.AbstractRate = hx.component("s⁻¹", converter=hx.as_rate)

    def nodes(self, geometry):
        return hx.Nodes(self.rate(geometry.t) * geometry.t)

    def pair(self, node_i, node_j, sector):
        return jnp.exp(node_j.channels - node_i.channels)


def test_a_class_of_your_own_states_it():
    assert changing_parts(hx.TwoTimeModel(Creep(1.0), SCALING)) == ("Creep",)
    assert changing_parts(hx.TwoTimeModel(SteadyCreep(1.0), SCALING)) == ()
    found = changing_parts(hx.TwoTimeModel(SteadyCreep(hx.PowerLaw(1.0, 0.3)) * Creep(1.0), SCALING))
    assert found == ("PowerLaw", "Creep")
