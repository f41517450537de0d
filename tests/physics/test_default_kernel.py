"""The kernel of shear where none is named: the average over the gap, everywhere but in the documented functions."""

import numpy as np

import homodyne_eqx as hx
from homodyne_eqx import documented_api as jb

PARAMETERS = np.array([300.0, 0.0, 0.0, 4e-4, 0.0, 0.0, 0.0])
T, Q, GAP = 0.2 * np.arange(5), 0.02, 2e6


def model(**kernel):
    return hx.from_parameter_vector(PARAMETERS, 0.3, 1.0, **kernel)


def test_every_model_and_term():
    names = ("D0", "alpha", "D_offset", "gamma_dot_t0", "beta", "gamma_dot_t_offset", "phi0")
    flow = hx.laminar_flow(**dict(zip(names, PARAMETERS, strict=True)), contrast=0.3, offset=1.0)
    for made in (model(), flow):
        assert made.g1.terms[1].kernel == hx.GapAverage()
    assert hx.Shear(1e-3, 0.0).kernel == hx.GapAverage()


def test_the_map_is_the_average_over_the_gap():
    """g1 = sin y / y of the phase across half the gap, worked out by hand."""
    geometry = hx.Geometry(q=Q, t=T, phi=0.0, gap=GAP)
    lag = np.abs(np.subtract.outer(T, T))
    g1 = np.exp(-(Q**2) * 300.0 * lag / 2) * np.sinc(Q * GAP * 4e-4 * lag / (2 * np.pi))
    np.testing.assert_allclose(model()(geometry)[0], 1 + 0.3 * g1**2, rtol=1e-4)


def test_the_documented_functions_keep_their_form():
    geometry = hx.Geometry(q=Q, t=T, phi=0.0, gap=GAP)
    documented = jb.compute_g2_scaled(PARAMETERS, T, T, 0.0, Q, GAP, 0.3, 1.0, 0.2)
    np.testing.assert_allclose(documented, model(kernel=hx.SincSquared())(geometry), rtol=1e-4)
    assert np.max(np.abs(np.asarray(documented) - np.asarray(model()(geometry)))) > 0.05
