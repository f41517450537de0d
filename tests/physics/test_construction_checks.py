"""Parts that do not fit together are refused at construction, by the names of both sides."""

import contextlib
from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest

import homodyne_eqx as hx
from tests.physics.registry import ALL

POWER_LAW = hx.PowerLaw(1e3, -0.5, 10.0)
TERM = hx.Diffusion(POWER_LAW)
STATIC = hx.Static()


@contextlib.contextmanager
def as_a_user():
    """Without the checks of annotations that the tests switch on: the package's own messages."""
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        jaxtyping.config.update("jaxtyping_disable", False)


@pytest.mark.parametrize(
    ("combine", "message"),
    [
        (
            lambda: hx.Diffusion(3e4, hx.Exact()),
            r"Diffusion was given Exact \(an AbstractAccumulation\) as kernel; expected "
            r"an AbstractKernel. It belongs in accumulation=Exact",
        ),
        (
            lambda: hx.Diffusion(3e4, kernel=hx.Constant(1.0)),
            r"given Constant \(an AbstractRate\) as kernel.*belongs in rate=",
        ),
        (
            lambda: hx.Diffusion(3e4, kernel=hx.Exponential),
            r"given the class Exponential as kernel.*Write Exponential\(…\)",
        ),
        (lambda: hx.Shear(1e-3, 10.0, "gap-average"), r"Shear was given the str 'gap-average' as kernel.*GapAverage"),
        (
            lambda: hx.Shear(1e-3, 10.0, accumulation=hx.Exponential()),
            "given Exponential .* as accumulation.*belongs in kernel=",
        ),
        (lambda: hx.Shear(1e-3, hx.GapAverage(), 10.0), "Shear was given .* as (phi0|kernel); expected a"),
        (lambda: hx.Drift(1.0, 0.0, hx.Gaussian()), r"Drift was given Gaussian \(an AbstractKernel\) as accumulation"),
        (lambda: hx.Poiseuille(1.0, 0.0, hx.Gaussian()), "Poiseuille was given Gaussian .* as accumulation"),
        (
            lambda: hx.VelocityProfile(1.0, 0.0, hx.Gaussian()),
            "VelocityProfile was given Gaussian .* as profile.*ShearBands",
        ),
        (lambda: hx.TwoComponents(STATIC, STATIC, 0.1, 1.0, 0.0, hx.Gaussian()), "TwoComponents .* as accumulation"),
        (lambda: hx.TwoComponents(STATIC, POWER_LAW, 0.1, 1.0, 0.0), r"TwoComponents was given PowerLaw .* as second"),
        (lambda: hx.Product((TERM, POWER_LAW)), r"Product was given PowerLaw \(an AbstractRate\) as terms\[1\]"),
        (lambda: hx.RateSum((POWER_LAW, TERM)), r"RateSum was given Diffusion \(an AbstractTerm\) as rates\[1\]"),
        (lambda: hx.Populations((STATIC, 3.0), np.array([0.1])), r"Populations was given the float 3.0 as terms\[1\]"),
        (lambda: hx.Frozen(POWER_LAW), r"Frozen was given PowerLaw .* as term; expected an AbstractTerm"),
        (lambda: hx.FrozenRate(TERM), r"FrozenRate was given Diffusion .* as rate; expected an AbstractRate"),
        (lambda: hx.Distribution(POWER_LAW, lambda x: x.amplitude, 0.1), r"Distribution was given PowerLaw"),
        (
            lambda: hx.FiniteSector(1.0, detection=STATIC),
            r"FiniteSector was given Static \(an AbstractTerm\) as detection",
        ),
        (
            lambda: hx.TwoTimeModel(POWER_LAW, hx.ContrastOffset(0.3, 1.0)),
            r"g1 is a PowerLaw; expected an AbstractTerm",
        ),
        (lambda: hx.Diffusion(TERM), r"Diffusion stands where a rate is expected"),
        (lambda: hx.PowerLaw(TERM, -0.5), r"PowerLaw was given Diffusion \(an AbstractTerm\) as amplitude"),
        (
            lambda: hx.Stretched(TERM),
            r"Stretched was given Diffusion \(an AbstractTerm\) as exponent; expected a number",
        ),
        (lambda: hx.Scaled(2.0, POWER_LAW), "Scaled was given the float 2.0 as rate; expected an AbstractRate"),
        (lambda: hx.ShearBands(TERM, 0.5), "ShearBands was given Diffusion .* as fraction; expected a number"),
        (lambda: hx.Spline((0.1, 1.0), TERM), r"Spline was given Diffusion .* as values; expected numbers"),
        (lambda: hx.ContrastOffset("0.3", 1.0), r"ContrastOffset was given the str '0.3' as contrast"),
        (lambda: POWER_LAW * POWER_LAW, r"multiply PowerLaw, a rate, by PowerLaw .*one number.*a \+ b"),
        (lambda: hx.Constant(1.0) * TERM, r"multiply Constant, a rate, by Diffusion .*Diffusion\(rate\)"),
        (lambda: POWER_LAW * np.ones(2), r"multiply PowerLaw, a rate, by a\w* ndarray"),
        (lambda: TERM * POWER_LAW, r"multiply Diffusion, a term, by PowerLaw"),
        (lambda: TERM * 3.0, r"multiply Diffusion, a term, by the float 3.0"),
        (lambda: 2 * TERM, r"multiply the int 2 by Diffusion, a term.*ContrastOffset"),
        (lambda: TERM + STATIC, r"add Static \(an AbstractTerm\) to Diffusion, a term.*Populations"),
        (lambda: 1 + TERM, r"add the int 1 to Diffusion, a term"),
        (lambda: POWER_LAW + TERM, r"add Diffusion \(an AbstractTerm\) to PowerLaw, a rate"),
        (lambda: POWER_LAW + 3.0, r"add the float 3.0 to PowerLaw.*Constant"),
        (lambda: 1 + POWER_LAW, r"add the int 1 to PowerLaw.*Constant"),
    ],
)
def test_what_does_not_fit_together_is_refused_by_name(combine, message):
    with as_a_user(), pytest.raises(TypeError, match=message):
        combine()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: hx.Populations((hx.Static(),), np.zeros(0)), "1 terms.*two or more"),
        (lambda: hx.Populations((hx.Static(), hx.Static()), np.array([0.2, 0.3])), r"fractions of shape \(2,\)"),
        (lambda: hx.Populations((hx.Static(), hx.Static()), np.array([1.2])), "sum ≤ 1"),
        (lambda: hx.Events(np.ones(2), np.ones(3), 0.1), r"shape \(2,\) and times of shape \(3,\)"),
        (lambda: hx.Spline((1.0, 0.5), np.ones(2)), "increasing times > 0"),
        (lambda: hx.Spline((0.1, 0.5), np.ones(3)), "2 knots and values of shape"),
        (lambda: hx.MonotoneSpline((0.1, 0.5), 1.0, np.ones(2)), r"expected one between each two knots, \(1,\)"),
        (lambda: hx.Network(-1.0, 1.0, jax.random.key(0)), "scale = -1"),
        (lambda: hx.DriftingContrast(np.ones((2, 2))), r"shape \(2, 2\)"),
        (lambda: hx.FiniteSector(1.0, n_phi=0), "0 × 1 points"),
        (lambda: hx.Shear(1e-3, np.array([1.0, 2.0])), r"Shear was given an array of shape \(2,\) as phi0.*one number"),
        (lambda: hx.TwoComponents(STATIC, STATIC, 1.4, 1.0, 0.0), r"TwoComponents was given fraction = 1.4; .*0 to 1"),
        (lambda: hx.PartialHeterodyne(-0.1), r"PartialHeterodyne was given reference = -0.1; .*0 to 1"),
        (lambda: hx.ShearBands(1.2, 0.5), r"ShearBands was given fraction = 1.2; .*within \(0, 1\)"),
        (lambda: hx.ShearBands(0.2, 1.5), r"ShearBands was given share = 1.5"),
        (lambda: hx.WallSlip(0.1, -1.0), r"WallSlip was given slip_moving = -1"),
        (lambda: hx.Distribution(STATIC, lambda x: x, -0.1), r"Distribution was given width = -0.1"),
        (lambda: hx.Product(()), "Product was given no term"),
        (lambda: hx.RateSum(()), "RateSum was given no rate"),
        (lambda: hx.convert_shear_rate(1.0, hx.Exponential(), hx.GapAverage()), "Exponential; expected GapAverage"),
    ],
)
def test_values_out_of_range_are_refused(make, message):
    with as_a_user(), pytest.raises(ValueError, match=message):
        make()


@final
class Hopping(hx.AbstractTerm):
    """g1 = kernel(∫ rate dt · step): a term that states what it takes, and checks nothing itself."""

    rate: hx.AbstractRate = hx.part("s⁻¹")
    step: jaxtyping.Float[jax.Array, ""] = hx.parameter("Å")
    note: Any = None

    def nodes(self, geometry):
        return hx.Nodes(geometry.t)

    def pair(self, node_i, node_j, sector):
        return jnp.exp(node_j.channels - node_i.channels)


def test_a_term_of_ones_own_is_checked_by_what_it_declares():
    Hopping(POWER_LAW, 3.0, note=[1, 2])
    with as_a_user():
        with pytest.raises(
            TypeError,
            match=r"the float 0.3 as rate; expected an AbstractRate. Write hx.Constant\(0\.3\); .*hx\.as_rate",
        ):
            Hopping(0.3, 3.0)
        with pytest.raises(
            TypeError, match=r"Hopping was given PowerLaw .* as step; expected a number. It belongs in rate="
        ):
            Hopping(POWER_LAW, POWER_LAW)
        with pytest.raises(ValueError, match=r"Hopping was given an array of shape \(3,\) as step"):
            Hopping(POWER_LAW, np.ones(3))


def test_numbers_of_any_kind_multiply_a_rate_from_either_side():
    t = jnp.asarray([0.5, 2.0])
    for two in (2, 2.0, jnp.asarray(2.0), np.asarray(2.0, t.dtype), np.ones(1, t.dtype)[0] * 2):
        for twice in (two * POWER_LAW, POWER_LAW * two):
            np.testing.assert_allclose(twice(t), 2 * POWER_LAW(t), rtol=1e-6)


@pytest.mark.slow
def test_traced_values_pass_unchecked():
    """Out of range or not, what jit, grad and vmap put in cannot be looked at."""
    geometry = hx.Geometry(q=0.004, t=[0.0, 0.5], phi=10.0, gap=1e6)

    def total(share):
        term = hx.TwoComponents(STATIC, hx.Diffusion(3e4), share, 1.0, 0.0)
        bands = hx.VelocityProfile(1e-4, 0.0, hx.ShearBands(share, share))
        return jnp.sum(jnp.abs(hx.testing.pair_values(term * bands, geometry)))

    value = jax.jit(total)(1.4)
    np.testing.assert_allclose(jax.vmap(total)(jnp.asarray([0.3, 1.4]))[1], value, rtol=1e-5)
    assert np.isfinite(jax.grad(total)(0.3))
    assert jax.eval_shape(total, jax.ShapeDtypeStruct((), value.dtype)).shape == ()


@pytest.mark.parametrize(
    "make", [pytest.param(e.make, id=name) for of_kind in ALL.values() for name, e in of_kind.items()]
)
def test_trees_hold_anything(make):
    """JAX and Equinox put placeholders where the numbers were: no check may look at them."""
    module = make()
    leaves, tree = jax.tree.flatten(module)
    assert jax.tree.leaves(jax.tree.unflatten(tree, [object() for _ in leaves])) != leaves or not leaves
    dynamic, static = eqx.partition(module, eqx.is_inexact_array)
    assert eqx.tree_equal(eqx.combine(dynamic, static), module)
    stacked = jax.tree.map(lambda x: jnp.stack([x, x]), dynamic)
    assert eqx.tree_equal(jax.tree.map(lambda x: x[1], stacked), dynamic)
