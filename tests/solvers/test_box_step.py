"""The least-squares step within a box: the minimum of all faces, found by trying every one."""

import itertools

import hypothesis
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize

from homodyne_eqx.solvers.box_step import box_step
from homodyne_eqx.solvers.step_of_length import step_of_length

X64 = jax.config.jax_enable_x64
CLOSE = 1e-9 if X64 else 1e-3


def problem(seed, n=3, m=5, correlated=0.0, tight=0.3):
    """A matrix with columns of length 1, a right-hand side, and a box around 0, some ends at 0 and some infinite."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(m, n)) + correlated * rng.normal(size=(m, 1))
    A /= np.linalg.norm(A, axis=0)
    low, high = -tight * rng.uniform(size=n), tight * rng.uniform(size=n)
    low[rng.uniform(size=n) < 0.3], high[rng.uniform(size=n) < 0.2] = 0.0, 0.0
    low[rng.uniform(size=n) < 0.2], high[rng.uniform(size=n) < 0.2] = -np.inf, np.inf
    return A, rng.normal(size=m), low, high


def solved(A, b, damping, low, high):
    return jax.jit(box_step)(*(jnp.asarray(x, float) for x in (A, b, damping, low, high)))


def objective(A, b, damping, u):
    return np.sum((A @ u + b) ** 2) / 2 + damping * np.sum(np.asarray(u) ** 2) / 2


def least_of_all_faces(A, b, damping, low, high):
    """The objective at the best feasible point among the minima of all faces of the box."""
    n, best = low.size, np.inf
    N, g = A.T @ A + damping * np.eye(n), A.T @ b
    for face in itertools.product((0, -1, 1), repeat=n):
        face = np.array(face)
        held = face != 0
        u = np.where(face < 0, low, np.where(face > 0, high, 0.0))
        if not np.all(np.isfinite(u)):
            continue
        if not held.all():
            free = ~held
            u[free] = np.linalg.solve(N[np.ix_(free, free)], -g[free] - N[np.ix_(free, held)] @ u[held])
        if np.all((u >= low - 1e-12) & (u <= high + 1e-12)):
            best = min(best, objective(A, b, damping, np.clip(u, low, high)))
    return best


@hypothesis.given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 4),
    correlated=st.sampled_from([0.0, 3.0]),
    log_damping=st.floats(-3, 2),
)
def test_it_is_the_least_of_all_faces(seed, n, correlated, log_damping):
    A, b, low, high = problem(seed, n, correlated=correlated)
    damping = 10.0**log_damping
    step = solved(A, b, damping, low, high)
    u = np.asarray(step.u, float)
    assert np.all((u >= np.asarray(low, step.u.dtype)) & (u <= np.asarray(high, step.u.dtype)))
    least = least_of_all_faces(A, b, damping, low, high)
    assert objective(A, b, damping, u) - least <= CLOSE * (np.sum(b**2) + least)
    np.testing.assert_array_equal(u[np.asarray(step.at_low)], np.asarray(low, step.u.dtype)[np.asarray(step.at_low)])
    np.testing.assert_array_equal(u[np.asarray(step.at_high)], np.asarray(high, step.u.dtype)[np.asarray(step.at_high)])
    expected = objective(A, b, 0.0, 0 * u) - objective(A, b, 0.0, u)
    assert float(step.decrease) == pytest.approx(expected, abs=10 * CLOSE)


@pytest.mark.x64
@pytest.mark.parametrize("seed", range(5))
def test_many_unknowns_as_by_scipy(seed):
    A, b, low, high = problem(seed, n=40, m=60, correlated=1.0)
    high = np.where(high == low, low + 0.1, high)
    found = solved(A, b, 1e-20, low, high)
    # scipy writes A u − b.
    expected = scipy.optimize.lsq_linear(A, -b, (low, high), method="bvls", tol=1e-14)
    assert 5 < np.sum(np.asarray(found.at_low) | np.asarray(found.at_high)) < 40
    np.testing.assert_allclose(found.u, expected.x, atol=1e-8)


def test_without_bounds_it_is_the_step_of_levenberg_and_marquardt():
    A, b, *_ = problem(7)
    far = np.full(3, np.inf)
    found = solved(A, b, 0.5, -far, far)
    np.testing.assert_allclose(found.u, -np.linalg.solve(A.T @ A + 0.5 * np.eye(3), A.T @ b), rtol=1e4 * CLOSE / 10)
    assert not np.any(np.asarray(found.at_low) | np.asarray(found.at_high))


def test_an_element_without_effect_or_without_room_stays():
    A, b, *_ = problem(8)
    A[:, 1] = 0
    low, high = np.array([-1.0, -1.0, 0.0]), np.array([1.0, 1.0, 0.0])
    found = solved(A, b, 1e-8, low, high)
    assert float(found.u[1]) == float(found.u[2]) == 0
    expected = np.clip(-A[:, 0] @ b, -1, 1)
    assert float(found.u[0]) == pytest.approx(expected, rel=1e-5)


@hypothesis.given(seed=st.integers(0, 10**6), correlated=st.sampled_from([0.0, 3.0]), log_radius=st.floats(-4, 1))
def test_a_step_of_given_length_is_the_best_of_those_as_short(seed, correlated, log_radius):
    A, b, low, high = problem(seed, correlated=correlated, tight=3.0)
    radius = 10.0**log_radius
    whole = solved(A, b, 1e-15 if X64 else 1e-9, low, high)
    arguments = (jnp.asarray(x, float) for x in (A, b, radius))
    rest = (jnp.asarray(x, float) for x in (1.0, low, high))
    step, damping = jax.jit(step_of_length)(*arguments, whole, *rest)
    length = np.linalg.norm(step.u)
    assert length <= 1.21 * radius
    if np.linalg.norm(whole.u) > 1.21 * radius:
        assert length >= 0.79 * radius
        assert float(damping) > 0
    else:
        np.testing.assert_array_equal(step.u, whole.u)
    again = solved(A, b, float(damping) or (1e-15 if X64 else 1e-9), low, high)
    np.testing.assert_allclose(again.u, step.u, atol=10 * CLOSE)
