"""The minimum in which a fit ends: that of its start compared with those of others."""

import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.fit import minima

GEOMETRY = hx.Geometry(q=np.full(4, 0.01), t=0.05 + 0.1 * np.arange(40), phi=[0.0, 45.0, 90.0, 135.0], gap=2e6)
SIGMA = 0.01
FIXED = ("alpha", "beta", "D_offset", "gamma_dot_t_offset")
STEADY = {"alpha": 0.0, "beta": 0.0, "D_offset": 0.0, "gamma_dot_t_offset": 0.0}


def flowing(D0=1500.0, gamma_dot_t0=1e-3, phi0=20.0):
    rates = {"D0": D0, "gamma_dot_t0": gamma_dot_t0, "phi0": phi0, **STEADY}
    return hx.laminar_flow(kernel=hx.SincSquared(), **rates, contrast=np.full(4, 0.3), offset=np.full(4, 1.0))


@pytest.fixture(scope="module")
def data():
    noise = SIGMA * np.random.default_rng(3).standard_normal((4, 40, 40))
    c2 = np.asarray(flowing()(GEOMETRY), float) + (noise + noise.swapaxes(1, 2)) / 2**0.5
    return hx.pack(hx.TwoTimeData(c2, GEOMETRY, sigma=SIGMA))


FAR = {"D0": 40.0, "gamma_dot_t0": 3e-2, "phi0": 100.0}


def test_a_false_minimum_is_left_for_the_one_that_a_start_from_the_data_leads_to(data):
    alone = hx.fit(flowing(**FAR), data, fixed=FIXED, estimate=False)
    assert alone.reduced_chi2 > 1.5
    assert [m.starts for m in alone.minima] == [1]
    compared = hx.fit(flowing(**FAR), data, fixed=FIXED)
    assert compared.converged
    assert compared.reduced_chi2 < 1.1
    found = compared.parameters["gamma_dot_t0"]
    assert abs(found.value - 1e-3) < 5 * found.white_noise_uncertainty
    deepest, other = compared.minima
    assert deepest.chi2 == compared.chi2
    assert other.chi2 == pytest.approx(alone.chi2, rel=1e-6)
    assert deepest.parameters["D0"] == compared.parameters["D0"].value
    assert any("estimated from the data" in note for note in compared.notes)


def test_drawn_starts_are_counted_by_the_minimum_they_lead_to(data):
    result = hx.fit(flowing(**FAR), data, fixed=FIXED, starts=6, estimate=False)
    assert result.reduced_chi2 < 1.1
    assert [m.chi2 for m in result.minima] == sorted(m.chi2 for m in result.minima)
    assert sum(m.starts for m in result.minima) <= 7
    assert len(result.minima) >= 2
    assert any("6 starts were drawn" in note for note in result.notes)
    document = result.to_dict()
    assert [m["starts"] for m in document["minima"]] == [m.starts for m in result.minima]


def test_nothing_is_searched_where_chi2_is_that_of_the_noise(data, monkeypatch):
    def none(*_):
        raise AssertionError("searched")

    monkeypatch.setattr(minima, "search", none)
    result = hx.fit(flowing(phi0=25.0), data, fixed=FIXED)
    assert result.reduced_chi2 == pytest.approx(1, abs=0.05)
    assert len(result.minima) == 1
    for options in ({"max_steps": 0}, {"estimate": False}, {"stages": ()}):
        hx.fit(flowing(**FAR), data, fixed=FIXED, **options)
    with pytest.raises(AssertionError, match="searched"):
        hx.fit(flowing(**FAR), data, fixed=FIXED)


def test_an_interrupted_search_keeps_the_minimum_of_the_start(data, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(minima, "search", interrupted)
    result = hx.fit(flowing(**FAR), data, fixed=FIXED)
    assert result.ended in (
        hx.Ended.CONVERGED,
        hx.Ended.UNDETERMINED,
        hx.Ended.STALLED,
        hx.Ended.STEP_LIMIT,
        hx.Ended.VALLEY,
    )
    assert "interrupted before all starts were compared" in result.notes


@pytest.mark.parametrize("starts", [0, -3])
def test_a_number_of_starts_below_one_is_refused(data, starts):
    with pytest.raises(ValueError, match=rf"starts is {starts}; expected a number of starts to draw, 1 or more"):
        hx.fit(flowing(), data, starts=starts)


def test_minima_are_stored_with_the_result(data, tmp_path):
    result = hx.fit(flowing(**FAR), data, fixed=FIXED)
    assert len(result.minima) == 2
    assert hx.FitResult.load(result.save(tmp_path / "fit")).minima == result.minima
