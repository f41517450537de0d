"""The law checks find what is wrong, and say so."""

import contextlib
from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx import testing
from homodyne_eqx.physics.detection import AbstractDetection
from homodyne_eqx.physics.kernels import AbstractDifferenceKernel
from homodyne_eqx.physics.parameters import parameter
from homodyne_eqx.physics.rates import AbstractIntegrableRate, AbstractRate
from homodyne_eqx.physics.terms import AbstractTerm, Nodes

pytestmark = pytest.mark.x64


@final
class Custom(AbstractTerm):
    """g1 = of(q · speed · lag): a term whose pair function a test gives."""

    speed: Any = parameter("Å/s")
    of: Any = eqx.field(static=True)

    def nodes(self, geometry):
        return Nodes(geometry.q * self.speed * geometry.t)

    def pair(self, node_i, node_j, sector):
        return self.of(node_i.channels - node_j.channels)


@final
class FloatField(AbstractTerm):
    speed: float = 100.0

    def nodes(self, geometry):
        return Nodes(geometry.q * self.speed * geometry.t)

    def pair(self, node_i, node_j, sector):
        return jnp.exp(-(node_i.channels - node_j.channels))


@final
class NoFrames(AbstractTerm):
    def nodes(self, geometry):
        return Nodes(geometry.t, geometry.q)

    def pair(self, node_i, node_j, sector):
        return jnp.exp(node_j.channels - node_i.channels)


@jax.custom_jvp
def wrong_slope(x):
    return jnp.exp(-x)


wrong_slope.defjvp(lambda primals, tangents: (jnp.exp(-primals[0]), -2 * jnp.exp(-primals[0]) * tangents[0]))


def test_a_right_term_passes():
    laws = testing.check_term(Custom(100.0, lambda x: jnp.exp(-x)))
    assert {"value at lag 0", "derivatives", "precision"} <= set(laws)


@pytest.mark.parametrize(
    ("of", "message"),
    [
        (lambda x: 0.9 * jnp.exp(-x), "is 1 at lag 0. Found 0.9 against 1"),
        (lambda x: jnp.cosh(x), "never exceeds 1"),
        (lambda x: jnp.exp(-jnp.sqrt(x)), "not finite"),
        (wrong_slope, "is that by differences"),
        (lambda x: jnp.exp(-jnp.floor(x * 1000 + 0.3) / 1000), "is that by differences"),
        (lambda x: jnp.exp(-x) * np.float64(1), "float64 constant"),
        (lambda x: 1e4 * jnp.expm1(jnp.log(1e4 + jnp.exp(-x)) - jnp.log(1e4 + 0 * x)), "in float32 is near float64"),
        (lambda x: jnp.exp(-1e6 * x) + 0 * x, "shows nothing"),
    ],
    ids=["lag 0", "too large", "infinite slope", "wrong slope", "rounded", "float64", "difference", "nothing"],
)
def test_broken_terms_are_found(of, message):
    with pytest.raises(testing.LawError, match=message), jax.numpy_dtype_promotion("standard"):
        testing.check_term(Custom(100.0, of))


@final
class RootOfSpeed(AbstractTerm):
    speed: Any = parameter("Å/s")

    def nodes(self, geometry):
        return Nodes(geometry.q * jnp.sqrt(self.speed) * geometry.t)

    def pair(self, node_i, node_j, sector):
        return jnp.exp(node_j.channels - node_i.channels)


def test_singular_points_are_looked_at():
    testing.check_term(RootOfSpeed(100.0))
    with pytest.raises(testing.LawError, match=r"RootOfSpeed with respect to speed at singular\[0\] are not finite"):
        testing.check_term(RootOfSpeed(100.0), singular=[RootOfSpeed(0.0)])


def test_a_python_float_is_found():
    with pytest.raises(testing.LawError, match=r"FloatField.speed is the Python float 100"):
        testing.check_term(FloatField())


@final
class Width(AbstractTerm):
    """g1 = exp(−(width² + 1) τ): even in its parameter."""

    width: Any = parameter("")

    def nodes(self, geometry):
        return Nodes((self.width**2 + 1) * geometry.t)

    def pair(self, node_i, node_j, sector):
        return jnp.exp(node_j.channels - node_i.channels)


def test_a_parameter_at_a_symmetric_point_is_not_dead():
    testing.check_term(Width(0.0))


def test_nodes_must_be_of_frames():
    with pytest.raises(testing.LawError, match=r"NoFrames.nodes.tables has shape \(\)"):
        testing.check_term(NoFrames())


@final
class WrongIntegral(AbstractIntegrableRate):
    slope: Any = parameter("")

    def __call__(self, t):
        return self.slope * t

    def integral(self, start, stop):
        return self.slope * (stop**2 - start**2)


def test_a_wrong_integral_is_found():
    with pytest.raises(testing.LawError, match="integral of WrongIntegral is the area under it"):
        testing.check_rate(WrongIntegral(2.0))


@final
class Course(AbstractRate):
    """rate(t) = of(t, size): a rate that a test gives."""

    size: Any = parameter("")
    of: Any = eqx.field(static=True)

    def __call__(self, t):
        return self.of(t, self.size)


@pytest.mark.parametrize(
    ("of", "message"),
    [
        (lambda t, size: size * t**-0.5, r"values of Course at t = 0 are not finite"),
        (lambda t, size: jnp.exp(-size * jnp.abs(t) ** size), None),
        (
            lambda t, size: jnp.sum(size * t),
            r"Course\(t\) of an argument of shape \(5,\) returns an array of shape \(\)",
        ),
        (lambda t, size: size * t if size > 0 else t, r"Course\(t\) branches on a value"),
        (lambda t, size: t, "does not depend on size"),
    ],
)
def test_broken_rates_are_found(of, message):
    with pytest.raises(testing.LawError, match=message) if message else contextlib.nullcontext():
        testing.check_rate(Course(2.0, of))


@final
class Decay(AbstractDifferenceKernel):
    """kernel(x) = of(x): a kernel that a test gives."""

    of: Any = eqx.field(static=True)

    def __call__(self, x):
        return self.of(x)


@jax.custom_jvp
def flat_at_zero(x):
    return jnp.exp(-x)


flat_at_zero.defjvp(lambda x, t: (jnp.exp(-x[0]), jnp.where(x[0] > 1, -jnp.exp(-x[0]), 0) * t[0]))


@pytest.mark.parametrize(
    ("of", "message"),
    [
        (lambda x: jnp.exp(-jnp.sqrt(x)), "derivatives of Decay by its amount are not finite"),
        (lambda x: jnp.where(x > 0, jnp.sin(x) / x, 1), "derivatives of Decay by its amount are not finite"),
        (flat_at_zero, "the derivative of Decay by its amount is that by differences"),
        (lambda x: jnp.exp(-jnp.sum(x)), r"Decay\(x\) of an argument of shape \(6,\) returns"),
    ],
)
def test_broken_kernels_are_found(of, message):
    with pytest.raises(testing.LawError, match=message):
        testing.check_kernel(Decay(of))


@final
class Detected(AbstractDetection):
    """M = of(g1): a detection that a test gives."""

    of: Any = eqx.field(static=True)

    def nodes(self, g1, geometry):
        return g1.nodes(geometry)

    def pair(self, g1, node_i, node_j, sector):
        return self.of(g1.pair(node_i, node_j, sector))


@pytest.mark.parametrize(
    ("of", "message"),
    [
        (lambda g1: jax.lax.complex(g1, g1), "Detected.pair is complex.*abs"),
        (lambda g1: jnp.stack([g1, g1]), r"Detected.pair returns an array of shape \(2,\)"),
        (lambda g1: 0.5 * g1**2, "Detected is 1 at lag 0"),
    ],
)
def test_broken_detections_are_found(of, message):
    with pytest.raises(testing.LawError, match=message):
        testing.check_detection(Detected(of))


@final
class NotOneAtZero(AbstractDifferenceKernel):
    def __call__(self, x):
        return jnp.exp(-x) / 2


def test_a_kernel_that_does_not_begin_at_one_is_found():
    with pytest.raises(testing.LawError, match="NotOneAtZero is 1 at 0"):
        testing.check_kernel(NotOneAtZero())


def test_the_wrong_kind_is_refused():
    with pytest.raises(TypeError):
        testing.check_term(hx.Constant(1.0))


def test_it_leaves_the_precision_as_it_was():
    before = jax.config.jax_enable_x64
    testing.check_kernel(hx.Exponential())
    assert jax.config.jax_enable_x64 == before
