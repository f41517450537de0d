"""The quantities of terms beside their parameters: means and curves of rates, against numbers worked out by hand."""

from typing import ClassVar, final

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

import homodyne_eqx as hx

T = np.array([0.0, 0.5, 1.0, 2.0, 4.0])
FLOOR = 0.25  # half the first spacing
AT = np.array([FLOOR, 0.5, 1.0, 2.0, 4.0])
POWER_LAW = hx.PowerLaw(3.0, -0.5, 1.0)


def one_sector(t=T):
    geometry = hx.Geometry(q=np.array([0.005, 0.01]), t=t, phi=np.array([10.0, 50.0]), gap=1e6)
    return geometry.with_sectors(jax.tree.map(lambda x: x[1], geometry.sectors))


def found(quantities):
    return {quantity.name: (np.asarray(quantity.value), quantity.unit) for quantity in quantities}


def _summaries(module, t=T):
    return found(module.summaries(one_sector(t)))


def first_rate(g1):
    return g1.terms[0].rate


def trapezoid(values):
    return np.sum((values[1:] + values[:-1]) / 2 * np.diff(T)) / (T[-1] - T[0])


BY_TRAPEZOID = trapezoid(3.0 * AT**-0.5 + 1.0)


@final
class Creep(hx.AbstractTerm):
    """g1 = exp(−∫ rate dt − scale ∫ speed dt): a user's term, with two rates that say no more than their unit."""

    rate: hx.AbstractRate = hx.component("s⁻¹", converter=hx.as_rate)
    speed: hx.AbstractRate = hx.component("Å/s", converter=hx.as_rate)
    scale: Float[Array, ""] = hx.parameter("Å⁻¹")

    def nodes(self, geometry):
        integrated = hx.Trapezoid()
        return hx.Nodes(integrated(self.rate, geometry) + self.scale * integrated(self.speed, geometry))

    def pair(self, node_i, node_j, sector):
        return jnp.exp(node_j.channels - node_i.channels)


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (
            hx.Diffusion(POWER_LAW),
            {"mean J": (BY_TRAPEZOID, "Å²/s"), "mean D_SE = J/2": (BY_TRAPEZOID / 2, "Å²/s")},
        ),
        (
            hx.Diffusion(POWER_LAW, accumulation=hx.Exact()),  # (3·2·√4 + 4)/4
            {"mean J": (4.0, "Å²/s"), "mean D_SE = J/2": (2.0, "Å²/s")},
        ),
        (hx.Shear(POWER_LAW, 0.0), {"mean shear rate": (BY_TRAPEZOID, "s⁻¹")}),
        (
            hx.Relaxation(0.7) * hx.Drift(20.0, 5.0),
            {"mean relaxation rate": (0.7, "s⁻¹"), "mean drift velocity": (20.0, "Å/s")},
        ),
        (
            hx.Populations((hx.Diffusion(2.0), hx.Diffusion(5.0) * hx.Ballistic(4.0)), [0.3]),
            {
                "mean J (diffusion_1)": (2.0, "Å²/s"),
                "mean D_SE = J/2 (diffusion_1)": (1.0, "Å²/s"),
                "mean J (diffusion_2)": (5.0, "Å²/s"),
                "mean D_SE = J/2 (diffusion_2)": (2.5, "Å²/s"),
                "mean velocity": (4.0, "Å/s"),
            },
        ),
        (
            hx.TwoComponents(hx.Static(), hx.Relaxation(0.2), hx.PowerLaw(0.1, 1.0), 30.0, 0.0, hx.Exact()),
            {
                "mean fraction": (trapezoid(0.1 * AT), ""),  # not what accumulates
                "mean velocity": (30.0, "Å/s"),
                "mean relaxation rate": (0.2, "s⁻¹"),
            },
        ),
        (
            hx.Ballistic(3.0) * hx.Poiseuille(POWER_LAW, 0.0),
            {"mean velocity (ballistic)": (3.0, "Å/s"), "mean velocity (poiseuille)": (BY_TRAPEZOID, "Å/s")},
        ),
        (hx.Frozen(hx.Relaxation(0.7)), {"mean relaxation rate": (0.7, "s⁻¹")}),
        (
            hx.Distribution(hx.Relaxation(0.7), lambda term: term.rate.value, 0.3),
            {"mean relaxation rate": (0.7, "s⁻¹")},
        ),
        (
            hx.Shared(hx.Shear(0.4, 0.0) * hx.NonAffine(1.0, 3.0), lambda g: g.terms[1].rate, first_rate),
            {"mean shear rate": (0.4, "s⁻¹"), "mean non-affine shear rate": (0.4, "s⁻¹")},
        ),
        (
            hx.Diffusion(hx.Constant(1.0) + POWER_LAW),
            {"mean J": (BY_TRAPEZOID + 1, "Å²/s"), "mean D_SE = J/2": (BY_TRAPEZOID / 2 + 0.5, "Å²/s")},
        ),
        (hx.OrnsteinUhlenbeck(3.0, 2.0), {"short-time J": (9.0, "Å²/s")}),
        (hx.Echo(1.0, 2.0, 0.0) * hx.Static(), {}),
        (
            Creep(POWER_LAW, 2.0, 1.0) * hx.Diffusion(1.0),
            {
                "mean creep rate": (BY_TRAPEZOID, "s⁻¹"),
                "mean creep speed": (2.0, "Å/s"),
                "mean J": (1.0, "Å²/s"),
                "mean D_SE = J/2": (0.5, "Å²/s"),
            },
        ),
    ],
)
def test_means_over_the_frames(term, expected):
    model = hx.TwoTimeModel(term, hx.ContrastOffset(0.3, 1.0))
    for module in (term, model):
        values = _summaries(module)
        assert {name: unit for name, (_, unit) in values.items()} == {
            name: unit for name, (_, unit) in expected.items()
        }
        for name, (value, _) in expected.items():
            assert values[name][0].shape == ()
            assert values[name][0] == pytest.approx(value, rel=1e-5), name


def test_curves_are_the_rates_at_the_frames_and_finite_at_0():
    g1 = hx.TwoComponents(hx.Diffusion(POWER_LAW), hx.Diffusion(2.0), hx.PowerLaw(0.1, 1.0), 30.0, 0.0)
    values = found(hx.TwoTimeModel(g1, hx.ContrastOffset(0.3, 1.0)).curves(one_sector()))
    expected = {
        "J (diffusion_1)": (3.0 * AT**-0.5 + 1.0, "Å²/s"),
        "J (diffusion_2)": (np.full(5, 2.0), "Å²/s"),
        "fraction": (0.1 * AT, ""),
        "velocity": (np.full(5, 30.0), "Å/s"),
    }
    assert {*values} == {*expected}
    for name, (value, unit) in expected.items():
        np.testing.assert_allclose(values[name][0], value, rtol=1e-5)
        assert values[name][1] == unit


@final
class Bursts(hx.AbstractTerm):
    """g1 = 1: a user's term that states one more number and one more curve, and has a rate in a tuple."""

    rates: tuple[hx.AbstractRate, ...] = hx.component("s⁻¹", label="burst rate")
    stated: ClassVar[tuple] = (
        ("bursts in all", "", lambda term, geometry: term.rates[0](geometry.t).sum()),
        ("age", "s", lambda term, geometry: geometry.t),
    )

    def nodes(self, geometry):
        return hx.Nodes(None)

    def pair(self, node_i, node_j, sector):
        return jnp.ones_like(sector.q)


@final
class Silent(hx.AbstractTerm):
    """g1 = 1: a user's term that writes its summaries itself."""

    rate: hx.AbstractRate = hx.component("s⁻¹", converter=hx.as_rate)

    def nodes(self, geometry):
        return hx.Nodes(None)

    def pair(self, node_i, node_j, sector):
        return jnp.ones_like(sector.q)

    def summaries(self, geometry):
        return (hx.Quantity("mean J", "Å²/s", 7 * self.rate(geometry.t[0])),)


@final
class Flickering(hx.AbstractDetection):
    """M = |g1|²: a detection that holds a rate."""

    flicker: hx.AbstractRate = hx.component("s⁻¹", converter=hx.as_rate)

    def nodes(self, g1, geometry):
        return g1.nodes(geometry)

    def pair(self, g1, node_i, node_j, sector):
        return jnp.abs(g1.pair(node_i, node_j, sector)) ** 2


def test_what_else_a_class_states_and_rates_in_a_tuple():
    term = hx.Static() * Bursts((hx.Constant(2.0), hx.Constant(3.0)))
    values = _summaries(term)
    assert {name: float(value) for name, (value, _) in values.items()} == {
        "mean burst rate[0]": 2.0,
        "mean burst rate[1]": 3.0,
        "bursts in all": 10.0,
    }
    curves = found(term.curves(one_sector()))
    assert {*curves} == {"burst rate[0]", "burst rate[1]", "age"}
    assert curves["age"][0].tolist() == T.tolist()


def test_a_user_may_write_the_summaries_of_a_term():
    g1 = hx.Populations((Silent(0.5), hx.Diffusion(2.0)), [0.3])
    values = _summaries(hx.TwoTimeModel(g1, hx.ContrastOffset(0.3, 1.0)))
    assert {name: float(value) for name, (value, _) in values.items()} == {
        "mean J (silent)": 3.5,
        "mean J (diffusion)": 2.0,
        "mean D_SE = J/2": 1.0,
    }
    assert {*found(g1.curves(one_sector()))} == {"silent rate", "J"}


def test_a_detection_states_its_rates():
    detection = hx.DriftingContrast(np.zeros(1), Flickering(0.25))
    model = hx.TwoTimeModel(hx.Relaxation(2.0), hx.ContrastOffset(0.3, 1.0), detection)
    values = _summaries(model)
    assert {name: float(value) for name, (value, _) in values.items()} == {
        "mean relaxation rate": 2.0,
        "mean flickering flicker": 0.25,
    }


@final
class Twice(hx.AbstractTerm):
    """g1 = 1: a term with two rates of one label."""

    a: hx.AbstractRate = hx.component("s⁻¹", label="rate", converter=hx.as_rate)
    b: hx.AbstractRate = hx.component("s⁻¹", label="rate", converter=hx.as_rate)

    def nodes(self, geometry):
        return hx.Nodes(None)

    def pair(self, node_i, node_j, sector):
        return jnp.ones_like(sector.q)


def test_one_label_for_two_rates_of_a_term_is_refused():
    with pytest.raises(ValueError, match=r"Twice .*'mean rate \(twice\)'.*label"):
        Twice(1.0, 2.0).summaries(one_sector())
