"""The map between the real line and an interval: one-to-one, inside, and gentle."""

import hypothesis
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from homodyne_eqx.fit.solve.interval import from_interval, to_interval

pytestmark = pytest.mark.x64

INTERVALS = [(-np.inf, np.inf), (0.0, np.inf), (-np.inf, 2.0), (-2.0, 2.0)]


@pytest.mark.parametrize("interval", INTERVALS)
@hypothesis.given(reference=st.floats(0.01, 1.9), x=st.floats(0.01, 1.9))
def test_it_inverts(interval, reference, x):
    low, high, reference, x = (jnp.asarray([v]) for v in (*interval, reference, x))
    np.testing.assert_allclose(to_interval(from_interval(x, low, high, reference), low, high, reference), x, rtol=1e-9)


@pytest.mark.parametrize("interval", INTERVALS)
@hypothesis.given(v=st.floats(-1e6, 1e6), reference=st.floats(0.1, 1.9))
def test_it_stays_inside_and_rises(interval, v, reference):
    low, high, reference, v = (jnp.asarray([x]) for x in (*interval, reference, v))
    x, slope = jax.jvp(lambda v: to_interval(v, low, high, reference), (v,), (jnp.ones(1),))
    assert interval[0] <= float(x[0]) <= interval[1]
    assert float(slope[0]) >= 0
    assert np.isfinite(float(slope[0]))


def test_without_ends_it_is_the_identity():
    free = jnp.asarray([jnp.inf])
    v = jnp.asarray([-3.7])
    np.testing.assert_array_equal(to_interval(v, -free, free, v), v)
