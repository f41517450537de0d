"""The numbers that the charts of a report are drawn from."""

from dataclasses import replace

import numpy as np
import pytest

from homodyne_eqx.app.figures.panels import panels_of
from homodyne_eqx.app.html_report.charts import charts_of
from tests.app.drawn_results import drawn

N_T = 30


@pytest.fixture(scope="module")
def result():
    made = drawn(3, N_T, bad_frame=7)
    own = ((0.2, 1.0), (0.3, 1.1), (0.4, 0.9))
    sectors = tuple(replace(s, contrast=c, offset=o) for s, (c, o) in zip(made.sectors, own, strict=True))
    vars(made)["sectors"] = sectors
    return made


@pytest.fixture(scope="module")
def charts(result):
    return charts_of(result, panels_of(result))


def test_g2_of_each_sector_is_scaled_by_its_contrast_and_offset(result, charts):
    (group,) = charts["g2"]
    assert (group["title"], [curve["name"] for curve in group["curves"]]) == (
        "q = 0.00541 Å⁻¹",
        ["−170°", "−23.27°", "123.46°"],
    )
    for curve, one in zip(group["curves"], panels_of(result).of_sectors, strict=True):
        for name in ("data", "model"):
            expected = (getattr(one.lags, name) - one.sector.offset) / one.sector.contrast
            np.testing.assert_allclose(curve[name], expected, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(curve["lag"], one.lags.lag, rtol=1e-4)


def test_cuts_are_of_their_sector(result, charts):
    for chart, one in zip(charts["sectors"], panels_of(result).of_sectors, strict=True):
        assert chart["label"].startswith(f"{one.sector.index}: q 0.00541 Å⁻¹, φ ")
        for cut, expected in zip(chart["cuts"], one.cuts, strict=True):
            assert cut["age"] == f"{expected.age:.3g} s"
            for name in ("lag", "model", "bin_lag", "data"):
                np.testing.assert_allclose(cut[name], getattr(expected, name), rtol=1e-4)


def test_frames_show_the_largest_of_those_drawn_as_one(charts, result, monkeypatch):
    from homodyne_eqx.app.html_report import charts as module

    of_frames = result.reduced_chi2_of_frames
    known = np.isfinite(of_frames[0])
    found = charts["frames"]
    for row, expected in zip(found["values"], of_frames, strict=True):
        assert [x is not None for x in row] == known.tolist()
        np.testing.assert_allclose(np.array(row, float)[known], expected[known], rtol=1e-4)
    np.testing.assert_allclose(found["t"], 0.1 * np.arange(N_T), rtol=1e-4)
    assert found["highest"] == pytest.approx(2 * np.nanmedian(of_frames))
    worst = found["conspicuous"][0]
    assert (worst["frame"], worst["t"]) == (7, pytest.approx(0.7))
    assert worst["value"] == pytest.approx(np.mean(of_frames[:, 7]))
    monkeypatch.setattr(module, "_MOST_FRAMES", 10)
    found = charts_of(result, panels_of(result))["frames"]
    assert (found["of"], found["t"][:3]) == (3, [0.0, 0.3, 0.6])
    of_three = np.fmax.reduce(of_frames.reshape(3, 10, 3), axis=2)
    np.testing.assert_allclose(np.array(found["values"], float), of_three, rtol=1e-4)


def test_rates_correlations_and_history_are_those_of_the_result(charts, result):
    (rate,) = charts["rates"]
    curve = result.curves()["J"]
    assert (rate["name"], rate["unit"]) == ("J", "Å²/s")
    for name in ("t", "value", "low", "high"):
        np.testing.assert_allclose(rate["curves"][0][name], getattr(curve, name), rtol=1e-4)
    found = charts["correlations"]
    assert found["names"] == ["D0", "alpha", "phi0", "contrast[0]"]
    assert found["values"][0] == [1.0, -0.999, None, 0.1]
    found = charts["history"]
    assert found["reduced"] == [10.0 ** (3 - k) for k in range(5)]
    assert [each["name"] for each in found["parameters"]] == ["D0", "alpha"]
    steps = np.array([step.parameters for step in result.history])
    np.testing.assert_allclose(found["parameters"][0]["values"], (steps[:, 0] - 1) / 100, rtol=1e-4)


def test_the_scales_are_those_of_the_panels(charts, result):
    scales = panels_of(result).scales
    found = charts["maps"]
    assert (found["g2"], found["residual"], found["block"]) == ([scales.low, scales.high], scales.residual, 1)
    np.testing.assert_allclose(found["edges"], 0.1 * np.arange(N_T + 1) - 0.05, atol=1e-7)
    assert "maps" not in charts_of(drawn(2, 12, maps=False), None)
