"""One step puts all that g2 is linear in to where χ² is least: against NumPy's least squares."""

from typing import ClassVar, final

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

import homodyne_eqx as hx
from homodyne_eqx.fit.free_parameters import choose_free
from homodyne_eqx.fit.solve.quadratic import on_host
from homodyne_eqx.fit.starts.linear_scaling import best_scaling

PHI = np.array([0.0, 40.0, 80.0, 120.0, 160.0])
T = np.arange(12) * 0.1
PAIRS = np.tril_indices(12, -1)


@final
class Ramp(hx.AbstractScaling):
    """g2 = base + slope · k + contrast · M in sector k: a user's scaling."""

    contrast: Float[Array, ""] = hx.parameter("", (0.0, jnp.inf), linear=True)
    base: Float[Array, ""] = hx.parameter("", linear=True)
    slope: Float[Array, ""] = hx.parameter("", linear=True)

    def __call__(self, geometry):
        k = jnp.arange(geometry.n_sector, dtype=geometry.q.dtype)
        return jnp.broadcast_to(self.contrast, k.shape), self.base + self.slope * k


@final
class Pair(hx.AbstractScaling):
    """g2 = base + beta · M: a user's scaling that says that it has a closed form, by names of its own."""

    closed_form: ClassVar[bool] = True

    beta: Float[Array, ""] = hx.parameter("", (0.0, jnp.inf), linear=True)
    base: Float[Array, ""] = hx.parameter("", linear=True)

    def __call__(self, geometry):
        return jnp.broadcast_to(self.beta, geometry.q.shape), jnp.broadcast_to(self.base, geometry.q.shape)


def data(seed=0):
    where = hx.Geometry(q=0.0054, t=T, phi=PHI)
    scaling = hx.SmoothScaling(0.3, 1.0, np.array([[0.02, -0.01], [0.03, 0.04]]), np.array([[0.01, 0.02]]))
    g2 = np.array(hx.TwoTimeModel(hx.Diffusion(3e4), scaling)(where), float)
    noise = np.tril(np.random.default_rng(seed).normal(size=g2.shape) * 0.01, -1)
    sigma = np.linspace(0.01, 0.02, 5)
    return hx.TwoTimeData(g2 + noise + noise.transpose(0, 2, 1), where, sigma=sigma), sigma


def smooth_columns(M):
    k = np.deg2rad(PHI)[:, None]
    first, second = (np.cos(k), np.sin(k)), (np.cos(2 * k), np.sin(2 * k))
    one = np.ones_like(M)
    return [M, one, *(c * M for c in (*first, *second)), *(c * one for c in first)]


def ramp_columns(M):
    return [M, np.ones_like(M), np.arange(5)[:, None] * np.ones_like(M)]


@pytest.mark.x64
@pytest.mark.parametrize(
    ("scaling", "columns"),
    [
        (hx.SmoothScaling(0.5, 0.7, np.zeros((2, 2)), np.full((1, 2), 0.1)), smooth_columns),
        (Ramp(0.1, 0.5, 0.0), ramp_columns),
    ],
)
def test_one_step_is_the_best_scaling(scaling, columns):
    maps, sigma = data()
    model = hx.TwoTimeModel(hx.Diffusion(2e4), scaling)
    chosen = choose_free(model, None, (), None)
    normal = on_host(eqx.filter_jit(hx.normal_equations)(model, hx.pack(maps), free=chosen.filter))
    moved = best_scaling(chosen, chosen.array("value"), normal)
    lag = (T[:, None] - T[None, :])[PAIRS]
    M = np.broadcast_to(np.exp(-(0.0054**2) * 2e4 * lag), (5, lag.size))
    design = np.stack([(c / sigma[:, None]).ravel() for c in columns(M)], axis=-1)
    d = (np.asarray(maps.c2)[:, *PAIRS] / sigma[:, None]).ravel()
    expected = np.linalg.lstsq(design, d, rcond=None)[0]
    np.testing.assert_allclose(moved[1:], expected, rtol=1e-8)
    assert moved[0] == 2e4


@pytest.mark.x64
def test_a_step_that_would_leave_the_bounds_is_not_taken():
    maps, _ = data()
    model = hx.TwoTimeModel(hx.Diffusion(2e4), Ramp(0.1, 0.5, 0.0))
    chosen = choose_free(model, None, (), {"contrast": (0.0, 0.15)})
    normal = on_host(eqx.filter_jit(hx.normal_equations)(model, hx.pack(maps), free=chosen.filter))
    assert best_scaling(chosen, chosen.array("value"), normal).tolist() == chosen.array("value").tolist()


@pytest.mark.x64
@pytest.mark.slow
def test_elimination_asks_the_scaling():
    maps, _ = data()
    with pytest.raises(ValueError, match=r"contrast, base, slope have no closed form"):
        hx.fit(hx.TwoTimeModel(hx.Diffusion(2e4), Ramp(0.1, 0.5, 0.0)), maps, eliminate_scaling=True)
    with pytest.raises(ValueError, match=r"can be eliminated only where both are free"):
        hx.fit(hx.TwoTimeModel(hx.Diffusion(2e4), Pair(0.1, 0.5)), maps, eliminate_scaling=True, fixed=["base"])
    eliminated = hx.fit(hx.TwoTimeModel(hx.Diffusion(2e4), Pair(0.1, 0.5)), maps, eliminate_scaling=True)
    plain = hx.fit(hx.TwoTimeModel(hx.Diffusion(2e4), hx.ContrastOffset(0.1, 0.5)), maps)
    for name, other in (("diffusion.rate", "diffusion.rate"), ("beta", "contrast"), ("base", "offset")):
        assert eliminated.parameters[name].value == pytest.approx(plain.parameters[other].value, rel=1e-5)
        assert eliminated.parameters[name].uncertainty == pytest.approx(plain.parameters[other].uncertainty, rel=1e-3)
