"""The solver in its own right: minima within bounds, no dependence on units, derivatives of solutions, refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import optimistix as optx
import pytest
import scipy.optimize
from more_garbow_hillstrom import PROBLEMS
from nist_strd import residual_of

import homodyne_eqx as hx

X64 = jax.config.jax_enable_x64
# In single precision its slope at another stationary point, 7.877, is rounding.
STATIONARY_IN_SINGLE = ("Wood",)
QUICK = ("Rosenbrock", "PowellBadlyScaled", "PowellSingular", "Biggs")


def solved(fn, start, low=-np.inf, high=np.inf, *, args=None, max_steps=1000, **options):
    given = {"lower": arrays(low), "upper": arrays(high), **options}
    return optx.least_squares(
        fn, hx.BoundedLevenbergMarquardt(), arrays(start), args, options=given, throw=False, max_steps=max_steps
    )


def arrays(tree):
    return jax.tree.map(jnp.asarray, tree, is_leaf=lambda x: isinstance(x, list))


def squares(r):
    return float(jnp.sum(r**2))


def by_scipy(problem):
    """The sum of squares that another solver with bounds reaches from the same start, moved inside where it must be."""
    value, slope = jax.jit(problem.residual), jax.jit(jax.jacfwd(problem.residual))
    inside = np.clip(problem.start, np.array(problem.low) + 1e-6, np.array(problem.high) - 1e-6)
    beside = scipy.optimize.least_squares(
        lambda y: np.asarray(value(jnp.asarray(y))), inside, jac=lambda y: np.asarray(slope(jnp.asarray(y))),
        method="trf", bounds=(problem.low, problem.high), x_scale="jac", xtol=1e-14, ftol=1e-14, gtol=1e-14,
    )  # fmt: skip
    return 2 * beside.cost


@pytest.mark.parametrize(
    "name",
    [
        name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)
        for name in PROBLEMS
        if X64 or name not in STATIONARY_IN_SINGLE
    ],
)
def test_it_finds_the_least_of_the_sums_of_squares_within_bounds(name):
    problem = PROBLEMS[name]
    found = solved(lambda y, _: problem.residual(y), problem.start, problem.low, problem.high)
    assert found.result == optx.RESULTS.successful
    y = found.value
    low, high = (np.asarray(x, y.dtype) for x in (problem.low, problem.high))
    assert np.all((np.asarray(y) >= low) & (np.asarray(y) <= high))
    rounding = 1e-20 if X64 else 1e-11
    assert squares(problem.residual(y)) == pytest.approx(problem.least, rel=1e-8 if X64 else 1e-5, abs=rounding)
    if X64:
        assert squares(problem.residual(y)) <= by_scipy(problem) * (1 + 1e-8) + rounding
    # What is at no bound has no slope; what is at a bound has one that points outwards.
    slope = np.asarray(jax.jacfwd(problem.residual)(y).T @ problem.residual(y))
    size = np.asarray(jnp.linalg.norm(jax.jacfwd(problem.residual)(y), axis=0)) * problem.least**0.5
    small = (1e-6 if X64 else 3e-3) * size + (1e-9 if X64 else 1e-4)
    at_low, at_high = np.asarray(y) == low, np.asarray(y) == high
    assert np.all(np.abs(slope)[~at_low & ~at_high] <= small[~at_low & ~at_high])
    assert np.all(slope[at_low] >= -small[at_low])
    assert np.all(slope[at_high] <= small[at_high])


@pytest.mark.x64
def test_the_steps_do_not_depend_on_units():
    """A change of the units of unknowns and residuals by powers of 2, which is exact, changes no step in any digit."""
    problem, units = PROBLEMS["Biggs"], 2.0 ** np.array([30, -20, 5, 0, -3, 11])
    plain = solved(lambda y, _: problem.residual(y), problem.start, problem.low, problem.high)
    to = lambda y: (np.asarray(y) / units).tolist()  # noqa: E731
    changed = solved(
        lambda y, _: 2.0**-40 * problem.residual(y * units), to(problem.start), to(problem.low), to(problem.high)
    )
    np.testing.assert_allclose(np.asarray(changed.value) * units, plain.value, rtol=1e-12)
    assert int(changed.stats["num_steps"]) == int(plain.stats["num_steps"])


@pytest.mark.x64
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_unknown_at_its_bound_is_exactly_there_and_costs_the_others_nothing(sign):
    """Rat42 with its second unknown held below or above what it would be: the others as if it were fixed."""
    residual, bound = residual_of("Rat42"), 2.6180767 - 0.1 * sign
    ends = ([0.0, -np.inf, 0.0], [np.inf, bound, np.inf]) if sign > 0 else ([0.0, bound, 0.0], np.inf)
    low, high = (jnp.broadcast_to(jnp.asarray(x), (3,)) for x in ends)
    found = solved(residual, [75.0, bound, 0.07], low, high)
    assert float(found.value[1]) == bound
    fixed = solved(lambda y, _: residual(jnp.stack([y[0], jnp.asarray(bound), y[1]])), [75.0, 0.07])
    np.testing.assert_allclose(found.value[jnp.array([0, 2])], fixed.value, rtol=1e-7)
    assert int(found.stats["num_steps"]) <= int(fixed.stats["num_steps"]) + 1


def tied(y, args):
    """A residual whose unknowns are coupled, in a structure of its own."""
    a, b = y["a"], y["b"]
    return {"first": jnp.stack([10 * (b[0] - a**2), args - a]), "second": (b[0] * b[1] - 1) * args}


START = {"a": -1.2, "b": np.array([1.0, 2.0])}


def test_unknowns_and_bounds_of_any_structure():
    high = {"a": 0.3, "b": np.inf}
    found = solved(tied, START, -np.inf, high, args=jnp.asarray(1.5))
    assert found.result == optx.RESULTS.successful
    assert found.value["a"] == np.asarray(0.3, found.value["a"].dtype)
    assert float(found.value["b"][0]) == pytest.approx(0.09, rel=1e-3)
    assert float(found.value["b"][1]) == pytest.approx(1 / 0.09, rel=1e-3)


@pytest.mark.x64
@pytest.mark.parametrize("args", [1.5, 0.1])
def test_the_derivatives_of_a_solution_at_a_bound_and_inside(args):
    def of(both):
        options = {"upper": {"a": both[1], "b": jnp.inf}}
        found = optx.least_squares(
            tied, hx.BoundedLevenbergMarquardt(rtol=1e-12), jax.tree.map(jnp.asarray, START), both[0],
            options=options, adjoint=hx.BoundedImplicitAdjoint(),
        ).value  # fmt: skip
        return jnp.concatenate([found["a"][None], found["b"]])

    at = jnp.array([args, 0.3])
    numeric = np.stack([(of(at + e) - of(at - e)) / 2e-5 for e in 1e-5 * jnp.eye(2)], axis=1)
    assert (float(of(at)[0]) == 0.3) == (args > 0.3)
    for derivative in (jax.jacrev, jax.jacfwd):
        np.testing.assert_allclose(derivative(of)(at), numeric, rtol=1e-4, atol=1e-6)


@pytest.mark.x64
def test_without_a_bound_in_reach_the_implicit_adjoint_of_optimistix_does():
    def of(args, adjoint):
        start = jax.tree.map(jnp.asarray, START)
        return optx.least_squares(tied, hx.BoundedLevenbergMarquardt(), start, args, adjoint=adjoint).value["b"][1]

    both = [jax.grad(of)(jnp.asarray(0.8), each) for each in (optx.ImplicitAdjoint(), hx.BoundedImplicitAdjoint())]
    assert float(both[0]) == pytest.approx(float(both[1]), rel=1e-9)
    assert float(both[0]) == pytest.approx(-2 / 0.8**3, rel=1e-5)


def test_what_has_no_effect_is_not_moved():
    found = solved(lambda y, _: jnp.stack([y[0] - 3, 0 * y[1]]), [0.0, 7.0])
    assert np.asarray(found.value).tolist() == pytest.approx([3.0, 7.0], rel=1e-6)
    assert float(found.value[1]) == 7.0
    tiny = 1e-20 if X64 else 1e-12
    for scale, moved in ((1.0, False), (1 / tiny, True)):
        found = solved(lambda y, _: jnp.stack([y[0] - 3, tiny * y[1] - 1]), [0.0, 7.0], scale=scale)
        assert (float(found.value[1]) != 7.0) == moved


def test_a_region_without_finite_residuals_is_left_alone():
    """√y is not a number below 0; the step from 4 towards −1 would lead there."""
    found = solved(lambda y, _: jnp.stack([jnp.sqrt(y[0]) - 0.1, y[0] + 1]), [4.0])
    assert found.result == optx.RESULTS.successful
    expected = scipy.optimize.minimize_scalar(
        lambda y: (y**0.5 - 0.1) ** 2 + (y + 1) ** 2, bounds=(0, 1), method="bounded", options={"xatol": 1e-10}
    )
    assert float(found.value[0]) == pytest.approx(expected.x, abs=1e-5 if X64 else 1e-3)
    nowhere = solved(lambda y, _: jnp.sqrt(y), [-1.0])
    assert nowhere.result == optx.RESULTS.nonfinite


def test_what_cannot_be_is_refused():
    line = lambda y, _: y - 1.0  # noqa: E731
    with pytest.raises(ValueError, match=r"options\['lower'\] has shape \(3,\); expected \(2,\)"):
        solved(line, [0.0, 0.0], [0.0, 0.0, 0.0])
    with pytest.raises(ValueError, match=r"options\['upper'\] is a .*; expected one number"):
        solved(line, [0.0, 0.0], -1.0, {"a": 1.0})
    with pytest.raises(Exception, match="lies outside its bounds"):
        solved(line, [0.0, 5.0], -1.0, 1.0)
    with pytest.raises(Exception, match="lower bound exceeds the upper one"):
        solved(line, [0.0, 0.0], 1.0, -1.0)
    with pytest.raises(ValueError, match="0 unknowns"):
        solved(line, np.zeros(0))


def test_too_few_steps_are_no_success():
    problem = PROBLEMS["Wood"]
    found = solved(lambda y, _: problem.residual(y), problem.start, problem.low, problem.high, max_steps=3)
    assert found.result == optx.RESULTS.nonlinear_max_steps_reached
