"""An angle comes back next to its start by turns that leave χ² as it is, and by no others."""

import equinox as eqx
import jax
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.engine import Squares, pack
from homodyne_eqx.fit.free_parameters import choose_free
from homodyne_eqx.fit.problem import model_with
from homodyne_eqx.fit.result.equal_angles import nearest_to_start
from homodyne_eqx.fit.solve.ended import Ended
from homodyne_eqx.fit.solve.minimise import Outcome
from homodyne_eqx.fit.solve.quadratic import Quadratic

pytestmark = pytest.mark.x64

GEOMETRY = hx.Geometry(q=0.01, t=np.arange(5) * 0.1, phi=[0.0, 40.0], gap=1e6)
START = 20.0
MODEL = hx.TwoTimeModel(hx.Diffusion(1e3) * hx.Shear(1e-3, START), hx.ContrastOffset(0.3, 1.0))


@pytest.fixture(scope="module")
def packed():
    return pack(hx.TwoTimeData(np.asarray(MODEL(GEOMETRY)), GEOMETRY, sigma=0.01))


def turned(packed, phi0, **options):
    """φ0 of the parameters and of the model, after a fit that ended at `phi0`."""
    chosen = choose_free(MODEL, ["phi0"], (), options.get("bounds"), options.get("priors"))
    fitted = model_with(*eqx.partition(MODEL, chosen.filter), np.array([phi0]))
    normal = Quadratic(np.eye(1), np.zeros(1), 1.0)
    outcome = Outcome(Ended.CONVERGED, np.array([phi0]), normal, (), np.zeros(1, bool), 0.0)
    model, found = nearest_to_start(fitted, chosen, outcome, packed, Squares())
    assert found.parameters[0] == pytest.approx(float(jax.tree.leaves(eqx.filter(model, chosen.filter))[0]))
    return float(found.parameters[0])


@pytest.mark.parametrize(
    ("away", "left"), [(89, 89), (91, -89), (-89, -89), (-91, 89), (179, -1), (-361, -1), (720, 0)]
)
def test_it_comes_within_a_quarter_turn(packed, away, left):
    assert turned(packed, START + away) == pytest.approx(START + left)


def test_it_stays_where_a_bound_or_a_prior_says(packed):
    assert turned(packed, 200.0, bounds={"phi0": (0.0, 300.0)}) == pytest.approx(20.0)
    assert turned(packed, 195.0, bounds={"phi0": (16.0, 300.0)}) == pytest.approx(195.0)
    assert turned(packed, 200.0, priors={"phi0": hx.Normal(200.0, 5.0)}) == pytest.approx(200.0)
