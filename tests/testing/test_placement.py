"""Terms, rates and detections that know frames instead of times, or take degrees for radians, are found."""

from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx import testing
from homodyne_eqx.testing.placement import check_angles, check_azimuth, check_frames
from homodyne_eqx.testing.probes import TermPairs

pytestmark = pytest.mark.x64


@final
class Moving(hx.AbstractTerm):
    """g1 = exp(−(x_i − x_j)²/2): the node x of each frame is what a test gives."""

    speed: Any = hx.parameter("Å/s")
    phi0: Any = hx.parameter("deg")
    node: Any = eqx.field(static=True)
    of_sector: Any = eqx.field(static=True, default=lambda term, sector: 1.0)

    def nodes(self, geometry):
        return hx.Nodes(self.node(self, geometry))

    def pair(self, node_i, node_j, sector):
        return jnp.exp(-((self.of_sector(self, sector) * (node_i.channels - node_j.channels)) ** 2) / 2)


def along(term, geometry):
    return geometry.q * term.speed * jnp.cos(jnp.deg2rad(term.phi0 - geometry.phi))


def ageing(t):
    return 1 / (0.5 + t)


def trapezoid(f, steps):
    return jnp.concatenate([jnp.zeros(1, f.dtype), jnp.cumsum((f[1:] + f[:-1]) / 2 * steps)])


ZEROED = {
    "square of the time since the first frame": lambda t: (t - t[0]) ** 2,
    "times over the last": lambda t: t / t[-1],
    "logarithm of the time since the first frame": lambda t: jnp.log1p((t - t[0]) / 0.3),
    "mean of all times": lambda t: t * jnp.mean(t),
    "ageing since the first frame": lambda t: trapezoid(ageing(t - t[0]), jnp.diff(t)),
    "span of the run": lambda t: t * (t[-1] - t[0]),
    "smallest time": lambda t: jnp.sqrt(0.1 + t - jnp.min(t)),
}
COUNTED = {
    "numbers of frames": lambda g: 0.2 * jnp.arange(g.n_t).astype(g.t.dtype),
    "numbers of frames and a period": lambda g: g.dt * jnp.arange(g.n_t).astype(g.t.dtype),
    "sum of ones": lambda g: 0.2 * jnp.cumsum(jnp.ones_like(g.t)),
    "sum of rates without steps": lambda g: 0.2 * jnp.cumsum(ageing(g.t)),
    "even times": lambda g: jnp.linspace(g.t[0], g.t[-1], g.n_t),
    "how many frames there are": lambda g: g.t * g.n_t / 7,
    "a sum of rates in equal steps": lambda g: trapezoid(ageing(g.t), g.dt),
}
RADIANS = {
    "both": lambda term, g: jnp.cos(term.phi0 - g.phi),
    "the azimuth": lambda term, g: jnp.cos(jnp.deg2rad(term.phi0) - g.phi),
    "the direction": lambda term, g: jnp.cos(term.phi0 - jnp.deg2rad(g.phi)),
    "one of two components": lambda term, g: (
        jnp.cos(jnp.deg2rad(term.phi0)) * jnp.cos(jnp.deg2rad(g.phi)) + jnp.sin(jnp.deg2rad(term.phi0)) * jnp.sin(g.phi)
    ),
    "a square": lambda term, g: jnp.cos(jnp.deg2rad(term.phi0 - g.phi)) * (1 + 0.1 * jnp.sin(g.phi) ** 2),
    "a distance that does not wrap": lambda term, g: 1 - jnp.abs(term.phi0 - g.phi) / 360,
}


def check_place(term, geometry=None):
    """The laws of this page alone, which `check_term` includes."""
    with jax.enable_x64(True):
        where, look = testing.example_geometry() if geometry is None else geometry, TermPairs()
        return [check(look, term, where) for check in (check_frames, check_azimuth, check_angles)]


@pytest.mark.slow
def test_times_and_degrees_pass():
    laws = testing.check_term(Moving(400.0, 10.0, lambda term, g: along(term, g) * g.t))
    assert {"part of the frames", "frames in between", "azimuth", "angles"} <= set(laws)


def test_what_accumulates_by_the_rule_of_trapezia_passes():
    check_place(Moving(400.0, 10.0, lambda term, g: along(term, g) * trapezoid(ageing(g.t), g.intervals)))


@pytest.mark.parametrize("of", ZEROED.values(), ids=ZEROED)
def test_times_that_are_counted_from_the_first_frame(of):
    with pytest.raises(testing.LawError, match=r"of a part of the frames is that part of the map.*t - t\[0\]"):
        check_place(Moving(400.0, 10.0, lambda term, g: along(term, g) * of(g.t)))


@pytest.mark.parametrize("of", COUNTED.values(), ids=COUNTED)
def test_frames_that_are_counted(of):
    with pytest.raises(testing.LawError, match=r"part of the frames|further frames in between"):
        check_place(Moving(400.0, 10.0, lambda term, g: along(term, g) * of(g)))


@pytest.mark.parametrize("of", RADIANS.values(), ids=RADIANS)
def test_degrees_that_are_taken_for_radians(of):
    with pytest.raises(testing.LawError, match=r"φ \+ 360°|when phi0 goes by 360°"):
        check_place(Moving(400.0, 10.0, lambda term, g: g.q * term.speed * of(term, g) * g.t))


def test_degrees_that_are_taken_for_radians_in_the_pair():
    def of_sector(term, sector):
        return jnp.cos(sector.phi)

    with pytest.raises(testing.LawError, match=r"φ \+ 360°"):
        testing.check_term(Moving(400.0, 10.0, lambda term, g: along(term, g) * g.t, of_sector))


@final
class Course(hx.AbstractRate):
    """rate(t) = of(t, size, phase): a rate that a test gives."""

    size: Any = hx.parameter("{unit}")
    phase: Any = hx.parameter("deg", period=180.0)
    of: Any = eqx.field(static=True)

    def __call__(self, t):
        return self.of(t, self.size, jnp.deg2rad(self.phase))


class TestRates:
    def test_a_right_one_passes(self):
        laws = testing.check_rate(Course(2.0, 20.0, lambda t, size, phase: size * (2 + jnp.cos(3 * t + phase))))
        assert {"times one by one", "angles"} <= set(laws)

    @pytest.mark.parametrize(
        "of",
        [
            lambda t: t - jnp.min(t),
            lambda t: t / jnp.max(t),
            lambda t: t * jnp.mean(t),
            lambda t: jnp.arange(t.size, dtype=t.dtype).reshape(t.shape),
            lambda t: t * jnp.sum(t),
        ],
        ids=["least", "largest", "mean", "numbers", "sum"],
    )
    def test_one_that_looks_at_other_times(self, of):
        with pytest.raises(testing.LawError, match=r"Course\(t\) does not depend on the other times"):
            testing.check_rate(Course(2.0, 20.0, lambda t, size, phase: size * (2 + jnp.cos(of(t) + phase))))

    def test_a_phase_in_radians(self):
        degrees = lambda phase: jnp.rad2deg(phase)  # noqa: E731
        with pytest.raises(testing.LawError, match=r"when phase goes by 360°.*with a period of 180°"):
            testing.check_rate(Course(2.0, 20.0, lambda t, size, phase: size * (2 + jnp.cos(3 * t + degrees(phase)))))


@final
class Fading(hx.AbstractDetection):
    """M = b_i b_j |g1|², b = of(t): a detection that a test gives."""

    size: Any = hx.parameter("")
    of: Any = eqx.field(static=True)

    def nodes(self, g1, geometry):
        moved = g1.nodes(geometry)
        return hx.Nodes((moved.channels, self.of(geometry, self.size)), moved.tables)

    def pair(self, g1, node_i, node_j, sector):
        (moved_i, b_i), (moved_j, b_j) = node_i.channels, node_j.channels
        field = g1.pair(hx.Nodes(moved_i, node_i.tables), hx.Nodes(moved_j, node_j.tables), sector)
        return b_i * b_j * jnp.abs(field) ** 2


@pytest.mark.slow
def test_a_detection_that_looks_at_the_last_frame_says_so():
    fading = Fading(0.4, lambda g, size: jnp.exp(-size * g.t / g.t[-1]))
    with pytest.raises(testing.LawError, match="Fading of a part of the frames"):
        testing.check_detection(fading, unity=False)
    testing.check_detection(fading, unity=False, of_run=True)


@pytest.mark.parametrize("period", [0.0, 360.0])
def test_a_scaling_in_radians(period):
    @final
    class Waves(hx.AbstractScaling):
        size: Any = hx.parameter("")

        def __call__(self, geometry):
            angle = jnp.deg2rad(geometry.phi) if period else geometry.phi
            return 0.3 + self.size * jnp.cos(angle), jnp.ones_like(geometry.phi)

    if period:
        testing.check_scaling(Waves(0.05))
    else:
        with pytest.raises(testing.LawError, match=r"Waves at φ \+ 360°"):
            testing.check_scaling(Waves(0.05))


class TestWhatAClassMustBe:
    def test_it_must_be_final(self):
        class Open(hx.AbstractTerm):
            speed: Any = hx.parameter("Å/s")

            def nodes(self, geometry):
                return hx.Nodes(geometry.q * self.speed * geometry.t)

            def pair(self, node_i, node_j, sector):
                return jnp.exp(node_j.channels - node_i.channels)

        with pytest.raises(testing.LawError, match=r"class Open is not marked as final.*from typing import final"):
            testing.check_term(Open(100.0))

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            (100.0, "Moving.speed is the Python float 100"),
            (3, "Moving.speed is the Python int 3"),
            (1j, "speed is a complex"),
            (None, "speed is None"),
            (jnp.array(100), "speed is an array of int64"),
            ([1.0, 2.0], r"Moving.speed\[0\] is the Python float 1"),
        ],
    )
    def test_its_parameters_must_be_arrays(self, value, message):
        right = Moving(400.0, 10.0, lambda term, g: along(term, g) * g.t)
        with pytest.raises(testing.LawError, match=message):
            testing.check_term(eqx.tree_at(lambda m: m.speed, right, value))


@pytest.mark.slow
def test_a_width_in_degrees_is_no_angle():
    """FiniteSector averages over a range of φ: neither 360° nor 2π more leave it as it is."""
    testing.check_detection(hx.FiniteSector(phi_width=4.0))


def test_a_period_that_the_clock_states_is_kept():
    """With `dt` given every step counts as dt; frames in between would not."""
    geometry = hx.Geometry(q=0.005, t=np.arange(6) * 0.1, dt=0.1004, phi=[20.0, 60.0])
    term = Moving(400.0, 10.0, lambda term, g: along(term, g) * trapezoid(ageing(g.t), g.intervals))
    assert check_place(term, geometry)[0] == ["part of the frames"]
