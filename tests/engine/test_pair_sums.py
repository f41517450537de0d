"""Sums over tiles, and the sine quotient that their values are made of, against plain computations."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, PartitionSpec

from homodyne_eqx.engine.pair_sums import LANES, by_column, by_row, in_lanes
from homodyne_eqx.physics.kernels.sinc import sinc_from_sine

SHAPES = [(1, 1, 1), (3, 7, 5), (2, 32, 48), (2, 37, 20), (5, 72, 72), (4, 40, 136), (2, 100, 101)]


def _arrays(shape, n=20):
    rng = np.random.default_rng(1)
    return [jnp.asarray(rng.standard_normal(shape), jnp.result_type(float)) for _ in range(n)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("sum_of", "axis"), [(by_row, 2), (by_column, 1)])
def test_many_sums_in_one_walk_are_those_one_by_one(shape, sum_of, axis):
    arrays = _arrays(shape)
    tree = {"some": arrays[:3], "others": (arrays[3], None, arrays[4:])}
    found = jax.jit(sum_of)(tree)
    assert jax.tree.structure(found) == jax.tree.structure(tree)
    for total, x in zip(jax.tree.leaves(found), jax.tree.leaves(tree), strict=True):
        assert total.dtype == x.dtype
        np.testing.assert_allclose(total, np.sum(x, axis), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("n", range(1, 300))
def test_lanes_hold_whole_steps_and_leave_few_columns_over(n):
    steps, whole = in_lanes(n)
    assert whole % (LANES * steps) == 0
    assert 0 <= n - whole < 3 * LANES


@pytest.mark.parametrize("sum_of", [by_row, by_column])
@pytest.mark.parametrize("shape", [(2, 6, 4), (2, 100, 101)])
def test_their_derivatives_are_those_of_sums(sum_of, shape):
    x, y = (z / shape[2] for z in _arrays(shape, 2))
    total = sum_of([x])[0]
    weights = jnp.cos(jnp.arange(total.size, dtype=x.dtype)).reshape(total.shape)

    def cost(x, y):
        a, b, c = sum_of([x * y, x**2, jnp.ones_like(x)])
        return jnp.sum(weights * a * b + c)

    def plain(x, y):
        a, b, c = (jnp.sum(z, 2 if sum_of is by_row else 1) for z in (x * y, x**2, jnp.ones_like(x)))
        return jnp.sum(weights * a * b + c)

    twice = lambda f: jax.grad(lambda *z: jnp.sum(jax.grad(f)(*z) ** 2))  # noqa: E731
    along = lambda f: lambda *z: jax.jvp(f, z, z)[1]  # noqa: E731
    for derivative in (jax.grad, along, twice):
        np.testing.assert_allclose(derivative(cost)(x, y), derivative(plain)(x, y), rtol=1e-4, atol=1e-4)
    many = jax.vmap(sum_of, in_axes=([0, None],))([jnp.stack([x, 2 * x]), y])
    for k, scale in enumerate((1, 2)):
        for total, once in zip(many, sum_of([scale * x, y]), strict=True):
            np.testing.assert_allclose(total[k], once, rtol=1e-5, atol=1e-5)


WEIGHTS = 0.1 * np.arange(1.0, 4.0)
WITHIN = {
    "checkpoint": jax.checkpoint,
    "scan": lambda f: lambda y: jax.lax.scan(lambda total, w: (total + f(w * y), None), f(0 * y), _weights(y))[0],
    "cond": lambda f: lambda y: jax.lax.cond(y[0, 0, 0] > -10, f, jnp.sum, y),
    "shard_map": lambda f: jax.shard_map(
        lambda y: jax.lax.psum(f(y), "sector"),
        mesh=Mesh(np.array(jax.devices()[:1]), ("sector",)),
        in_specs=PartitionSpec("sector"),
        out_specs=PartitionSpec(),
    ),
}
DERIVATIVES = {
    "reverse": jax.grad,
    "reverse over reverse": lambda f: jax.grad(lambda y: jnp.sum(jax.grad(f)(y) ** 2)),
    "forward over reverse": lambda f: lambda y: jax.jvp(jax.grad(f), (y,), (jnp.cos(y),))[1],
    "batch of forward": lambda f: lambda y: jax.vmap(lambda w: jax.jvp(f, (y,), (w * y,))[1])(_weights(y)),
    "forward of batch": lambda f: lambda y: jax.jvp(jax.vmap(lambda w: f(w * y)), (_weights(y),), (_weights(y),))[1],
}


def _weights(y):
    return jnp.asarray(WEIGHTS, y.dtype)


@pytest.mark.parametrize("derivative", DERIVATIVES.values(), ids=DERIVATIVES)
@pytest.mark.parametrize("within", WITHIN.values(), ids=WITHIN)
def test_they_are_differentiated_within_what_jax_offers(within, derivative):
    (y,) = (z / 8 for z in _arrays((2, 6, 8), 1))

    def cost(sums, z):
        a, b = sums([z**2, z**3])
        return jnp.sum(jnp.sin(a) * b)

    plain = lambda arrays: [jnp.sum(x, 2) for x in arrays]  # noqa: E731
    found = jax.jit(derivative(within(functools.partial(cost, by_row))))(y)
    expected = jax.jit(derivative(within(functools.partial(cost, plain))))(y)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_the_sine_quotient_keeps_its_digits_with_its_derivatives():
    """Against the series in extended precision, on both sides of where one form takes over from the other."""
    wide = np.concatenate([np.linspace(0, 0.4, 201), -np.geomspace(1e-9, 0.3, 50), np.linspace(1, 30, 59)])
    z = jnp.asarray(wide, jnp.result_type(float))
    function = lambda x: sinc_from_sine(x, jnp.sin(x))  # noqa: E731
    x = np.asarray(z, np.longdouble)
    safe = np.where(np.abs(x) < 0.4, 1, x)
    expected, power = [], np.where(np.abs(x) < 0.4, x, 0)
    for order in range(3):
        terms, factorial = np.zeros_like(x), np.longdouble(1)
        for k in range(14):
            factorial = factorial * (2 * k) * (2 * k + 1) if k else np.longdouble(1)
            if 2 * k >= order:
                falling = np.prod([2 * k - m for m in range(order)], initial=1)
                terms += (-1) ** k / factorial * falling * power ** (2 * k - order)
        closed = (
            np.sin(safe) / safe,
            (np.cos(safe) - np.sin(safe) / safe) / safe,
            -np.sin(safe) / safe - 2 * (np.cos(safe) - np.sin(safe) / safe) / safe**2,
        )[order]
        expected.append(np.where(np.abs(x) < 0.4, terms, closed))
    tolerances = (1e-15, 2e-14, 1e-11) if z.dtype == jnp.float64 else (3e-7, 2e-6, 3e-5)
    found = function(z), jax.vmap(jax.grad(function))(z), jax.vmap(jax.grad(jax.grad(function)))(z)
    for value, exact, tolerance in zip(found, expected, tolerances, strict=True):
        np.testing.assert_allclose(value, exact.astype(float), rtol=0, atol=tolerance)
