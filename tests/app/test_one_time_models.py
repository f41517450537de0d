"""The start of a fit to one-time data, estimated from the data."""

import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.app.one_time_models import OneTimeModelName, started

TAU, Q = np.geomspace(1e-3, 10.0, 60), np.array([0.002, 0.004])
D, CONTRAST, OFFSET = 2e5, np.array([0.2, 0.3]), np.array([1.0, 1.1])
RATE = D * Q**2


@pytest.fixture
def data():
    g2 = OFFSET[:, None] + CONTRAST[:, None] * np.exp(-2 * RATE[:, None] * TAU)
    return hx.OneTimeData(TAU, g2, q=Q, sigma=0.01)


@pytest.mark.parametrize("name", OneTimeModelName)
def test_each_model_starts_near_what_made_the_data(data, name):
    model = started(name, data, common_scaling=False).model
    np.testing.assert_allclose(model.scaling.contrast, CONTRAST, rtol=0.1)
    np.testing.assert_allclose(model.scaling.offset, OFFSET, rtol=0.02)
    g1 = model.g1
    if name in ("rates", "stretched-rates"):
        np.testing.assert_allclose(g1.rate.value.values, RATE, rtol=0.2)
    elif name == "diffusion":
        assert float(g1.rate.diffusion.value) == pytest.approx(D, rel=0.2)
    else:
        assert float(g1.coefficient) == pytest.approx(2 * D, rel=0.2)


def test_a_common_scaling_starts_at_the_mean(data):
    model = started(OneTimeModelName.rates, data, common_scaling=True).model
    assert float(model.scaling.contrast) == pytest.approx(0.25, rel=0.1)
    assert float(model.scaling.offset) == pytest.approx(1.05, rel=0.02)
