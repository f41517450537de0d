"""Geometry: what it accepts, what it derives, and what it refuses."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx

T = np.arange(5) * 0.1


def test_scalars_and_arrays_become_one_value_a_sector():
    geometry = hx.Geometry(q=0.01, t=T, phi=np.array([0.0, 45.0, 90.0]), gap=np.array([1e6]))
    assert (geometry.n_sector, geometry.n_t) == (3, 5)
    assert geometry.q.shape == geometry.gap.shape == geometry.phi.shape == (3,)
    assert hx.Geometry(q=0.01, t=T).n_sector == 1


def test_the_frame_period_follows_from_the_times():
    geometry = hx.Geometry(q=0.01, t=np.array([0.0, 0.1, 0.2, 0.7]))
    assert float(geometry.dt) == pytest.approx(0.1)
    np.testing.assert_allclose(geometry.intervals, [0.1, 0.1, 0.5], rtol=1e-6)


def test_the_time_floor_is_half_the_first_spacing():
    assert float(hx.Geometry(q=0.01, t=T).time_floor) == pytest.approx(0.05)
    assert float(hx.Geometry(q=0.01, t=np.array([3.0, 3.2])).time_floor) == pytest.approx(0.1)
    assert float(hx.Geometry(q=0.01, t=np.array([0.0]), dt=0.3).time_floor) == pytest.approx(0.15)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"q": 0.0}, r"q is .*0\.? *\]?; expected the scattering-vector magnitude in Å⁻¹, > 0"),
        ({"q": np.array([0.01, np.nan])}, "q holds values that are not finite"),
        ({"gap": -1.0}, "gap is .*distance between the walls"),
        ({"phi": np.inf}, "phi holds values that are not finite"),
        ({"t": np.array([0.0, 0.2, 0.1])}, r"t does not increase from frame 1 \(0.2.* to frame 2 \(0.1"),
        ({"t": np.array([-1.0, 0.2])}, "t starts at -1.*start of the flow"),
        ({"t": np.zeros((2, 2))}, r"t has shape \(2, 2\); expected a 1-D array"),
        ({"t": np.array([1.0])}, "one frame.*Pass dt in seconds"),
        ({"t": T + 1j}, "Expected real numbers"),
        ({"dt": 0.0}, "dt is .*frame period in seconds, > 0"),
        ({"dt": 0.106}, r"dt is 0.106 s, but t has a median spacing of 0.1 s"),
        (
            {"t": np.array([0.0, 0.1, 0.2, 0.3, 0.5]), "dt": 0.1},
            r"dt is 0.1 s, but t has a median spacing of 0.1 s \(deviations up to 0.1 s\)",
        ),
        ({"dt": 0.2}, r"dt is 0.2 s, but t has a median spacing of 0.1 s.*Leave dt out"),
        ({"dt": np.array([0.1, 0.1])}, r"dt has shape \(2,\)"),
        ({"q": np.ones(2), "phi": np.ones(3)}, r"disagree in number: q \(2,\), phi \(3,\)"),
        ({"q": np.ones((2, 2))}, r"q has shape \(2, 2\); expected a scalar or one value for each sector"),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        hx.Geometry(**{"q": 0.01, "t": T, **arguments})


def test_a_frame_period_within_five_per_cent_of_the_spacing_is_taken():
    t = np.array([0.0, 0.102, 0.199, 0.3, 0.404])
    geometry = hx.Geometry(q=0.01, t=t, dt=0.104)
    np.testing.assert_allclose(geometry.intervals, 0.104, rtol=1e-6)
    np.testing.assert_allclose(geometry.t, t, rtol=1e-6)


def test_traced_values_pass_and_a_derivative_flows_through():
    term = hx.Diffusion(1e4)

    @jax.jit
    @jax.grad
    def slope(q):
        return jnp.sum(hx.TwoTimeModel(term, hx.ContrastOffset(0.3, 1.0))(hx.Geometry(q=q, t=T)))

    lag = np.abs(np.subtract.outer(T, T))
    expected = np.sum(-2 * 0.3 * 0.01 * 1e4 * lag * np.exp(-(0.01**2) * 1e4 * lag))
    assert float(slope(0.01)) == pytest.approx(expected, rel=1e-4)


def test_new_values_compile_nothing():
    model = hx.TwoTimeModel(hx.Diffusion(1e4), hx.ContrastOffset(0.3, 1.0))
    evaluate = eqx.filter_jit(eqx.debug.assert_max_traces(lambda m, g: m(g), max_traces=1))
    for q in (0.01, 0.02):
        evaluate(model, hx.Geometry(q=q, t=T + q))


def test_other_sectors_see_the_same_frames():
    geometry = hx.Geometry(q=np.array([0.01, 0.02]), t=T, phi=np.array([0.0, 90.0]))
    second = geometry.with_sectors(jax.tree.map(lambda x: x[1:], geometry.sectors))
    assert second.n_sector == 1
    assert float(second.q[0]) == pytest.approx(0.02)
    assert second.gap is None
    np.testing.assert_array_equal(second.t, geometry.t)


@pytest.mark.parametrize("n_t", [2, 3, 8000])
def test_the_frame_period_of_many_frames_has_no_rounding_of_one_spacing(n_t):
    """In single precision times of 800 s are known to 6e-5 s, so that one spacing of 0.1 s is wrong by as much."""
    t = (0.05 + 0.1 * np.arange(n_t)).astype(np.float32)
    np.testing.assert_allclose(hx.Geometry(q=0.01, t=t).dt, 0.1, rtol=5e-6 if n_t < 9 else 3e-7)


def test_the_frame_period_of_uneven_frames_is_the_median():
    t = np.array([0.0, 0.1, 0.2, 0.3, 5.0])
    np.testing.assert_allclose(hx.Geometry(q=0.01, t=t).dt, 0.1, rtol=1e-6)
