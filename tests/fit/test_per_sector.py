"""Fits with one value for each sector."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.fit.free_parameters import choose_free
from homodyne_eqx.fit.result.derived import derived_quantities
from homodyne_eqx.fit.solve.quadratic import Quadratic
from homodyne_eqx.fit.starts.oscillations import oscillations_of
from homodyne_eqx.fit.uncertainty.covariance import inverse

Q = np.array([0.006, 0.004, 0.006, 0.005])
J, SIGMA = 1e5, 0.01
WHERE = hx.Geometry(q=Q, t=0.05 * np.arange(30), phi=np.array([0.0, 0.0, 60.0, 90.0]))
STILL = hx.ContrastOffset(0.3, 1.0)


@pytest.fixture(scope="module")
def data():
    g2 = np.asarray(eqx.filter_jit(hx.TwoTimeModel(hx.Diffusion(J), STILL))(WHERE), float)
    noise = np.tril(np.random.default_rng(1).normal(size=g2.shape) * SIGMA, -1)
    return hx.TwoTimeData(g2 + noise + noise.transpose(0, 2, 1), WHERE, sigma=SIGMA)


@pytest.mark.x64
def test_a_table_of_rates_follows_the_law_that_made_the_data(data):
    """Γ = ½ q² J in every sector, though nothing in the model knows of q; each within its uncertainty."""
    start = hx.TwoTimeModel(hx.Relaxation(hx.PerSector(np.full(4, 1.0))), STILL)
    result = hx.fit(start, data)
    assert result.converged, result.message
    table = [result.parameters[f"g1.rate.value[{k}]"] for k in range(4)]
    expected = Q**2 * J / 2
    values, errors = (np.array([getattr(p, field) for p in table]) for field in ("value", "uncertainty"))
    np.testing.assert_array_less(np.abs(values - expected), 4 * errors)
    np.testing.assert_allclose(values / Q**2, J / 2, rtol=0.05)
    assert [p.unit for p in table] == ["s⁻¹"] * 4
    np.testing.assert_array_equal(result.model.g1.rate.value.values, values)


@pytest.mark.parametrize("start_fit", [hx.fit, hx.descend, hx.least_squares_problem])
def test_another_number_of_values_than_sectors_is_refused(data, start_fit):
    wrong = hx.TwoTimeModel(hx.Relaxation(hx.PerSector([1.0, 2.0, 3.0])), STILL)
    with pytest.raises(ValueError, match=r"g1\.rate\.value is a PerSector of 3 values; the geometry has 4 sectors"):
        start_fit(wrong, data)


def test_mean_rates_are_reported_sector_by_sector():
    term = hx.Diffusion(hx.PerSector([1.0, 2.0, 3.0, 4.0])) * hx.Diffusion(5.0)
    model = hx.TwoTimeModel(term, STILL)
    free = jax.tree.map(eqx.is_inexact_array, model)
    everything = inverse(Quadratic(np.eye(7), np.zeros(7), 0.0), np.zeros(7, bool))  # each of variance 1
    derived = derived_quantities(model, free, everything.variance, everything.variance, WHERE)
    rows = {quantity.name: [quantity.value, quantity.uncertainty] for quantity in derived}
    for k in range(4):
        assert rows[f"mean J (diffusion_1)[{k}]"] == pytest.approx([k + 1.0, 1.0], rel=1e-5)
    assert rows["mean J (diffusion_2)"] == pytest.approx([5.0, 1.0], rel=1e-5)
    assert len(rows) == 2 * 4 + 2


def test_a_scan_counts_the_fastest_sector():
    drift = hx.Drift(hx.PerSector([10.0, 400.0, 20.0, 1.0]), 10.0)
    model = hx.TwoTimeModel(hx.Populations((hx.Static(), drift), jnp.array([0.3])), STILL)
    (oscillation,) = oscillations_of(model, choose_free(model, None, (), None), WHERE)
    assert oscillation.frequencies == ("drift.velocity",)
    assert oscillation.angle == pytest.approx(0.006 * 400.0 * 29 * 0.05)


def test_bounds_and_fixed_by_name_and_element():
    model = hx.TwoTimeModel(hx.Relaxation(hx.PerSector([1.0, 2.0, 3.0, 4.0])), STILL)
    found = choose_free(model, None, ["contrast"], {"g1.rate.value[2]": (2.5, 3.5), "g1.rate.value": (0.5, None)})
    assert {p.name: (p.low, p.high) for p in found.free if p.leaf == "relaxation.rate"} == {
        f"relaxation.rate[{k}]": (2.5, 3.5) if k == 2 else (0.5, np.inf) for k in range(4)
    }
