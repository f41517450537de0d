"""Figures by the arrays, labels and titles that they hold."""

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import Normalize

from homodyne_eqx.app.figures import draw_figures
from homodyne_eqx.app.figures.panels import panels_of
from homodyne_eqx.app.figures.plot import Plot
from tests.app.drawn_results import drawn

N_T = 12
OFF_DIAGONAL = ~np.eye(N_T, dtype=bool)
AZIMUTHS = {3: ("−170°", "−23.27°", "123.46°"), 5: ("−170°", "−96.64°", "−23.27°", "50.09°", "123.46°")}


def shown_map(axes):
    """The array of the only map in a panel."""
    (shown,) = [*axes.images, *axes.collections]
    return np.ma.filled(shown.get_array(), np.nan)


def assert_is_map(found, expected):
    np.testing.assert_allclose(found[OFF_DIAGONAL], expected[OFF_DIAGONAL], rtol=1e-6)


@pytest.fixture(scope="module")
def three():
    """Three sectors, each with a map, a contrast and an offset of its own."""
    result = drawn(3, N_T)
    own = ((0.2, 1.0), (0.3, 1.1), (0.4, 0.9))
    sectors = tuple(replace(s, contrast=c, offset=o) for s, (c, o) in zip(result.sectors, own, strict=True))
    vars(result)["sectors"] = sectors
    return result


def counted(result, k):
    """Data and model of a sector where the data count, NaN elsewhere; and the residual."""
    maps = vars(result)["_view"].maps(k)
    return np.where(np.isfinite(maps.residual), maps.data, np.nan), maps.model, maps.residual


def test_a_page_shows_data_model_and_residual_of_each_sector_in_a_row(three):
    figure = Plot(three).maps()
    for k in range(3):
        row = figure.axes[4 * k : 4 * k + 4]
        for axes, expected in zip(row, counted(three, k), strict=False):
            assert_is_map(shown_map(axes), expected)
        assert row[0].get_ylabel() == f"sector {k}\nφ = {AZIMUTHS[3][k]}\nq = 0.00541 Å⁻¹\nt₂  (s)"
    assert [axes.get_title() for axes in figure.axes[12:]] == ["g₂:  data  |  model", "(data − model)/σ"]
    scales = panels_of(three).scales
    limits = [(axes.images or axes.collections)[0].get_clim() for axes in figure.axes[:3]]
    assert limits == [(scales.low, scales.high)] * 2 + [(-scales.residual, scales.residual)]


def test_means_over_blocks_are_said():
    figure = Plot(drawn(1, 401)).maps()
    assert figure.axes[-1].get_title() == "(data − model)/σ, mean of 3×3"


def test_the_file_of_a_sector_shows_that_sector(three, tmp_path):
    for path, k in zip(draw_figures(three, tmp_path, [2, 0], form="svg"), (2, 0), strict=True):
        text = path.read_text(encoding="utf-8")
        assert path.name == f"sector_{k}.svg"
        assert [n for n in range(3) if f"sector {n}" in text] == [k]
        assert AZIMUTHS[3][k] in text


def test_an_overview_has_data_model_and_residual_below_each_name():
    result = drawn(5, N_T)
    figure = Plot(result).maps()
    (image,) = figure.axes[0].images
    pixels, scales = np.asarray(image.get_array()), panels_of(result).scales
    colours = [mpl.colormaps[name].with_extremes(bad="0.8") for name in ("viridis", "viridis", "RdBu_r")]
    norms = [Normalize(scales.low, scales.high)] * 2 + [Normalize(-scales.residual, scales.residual)]
    step = N_T + 1  # one pixel between two maps
    for k in range(5):
        for row, values in enumerate(counted(result, k)):
            found = pixels[row * step : row * step + N_T, k * step : k * step + N_T][::-1]
            expected = colours[row](norms[row](np.ma.masked_invalid(values.astype(np.float32))), bytes=True)
            np.testing.assert_array_equal(found[OFF_DIAGONAL], expected[OFF_DIAGONAL])
    texts = [text for text in figure.axes[0].texts if text.get_text().endswith("°")]
    assert [text.get_text() for text in sorted(texts, key=lambda text: text.get_position()[0])] == [*AZIMUTHS[5]]
    rows = [text for text in figure.axes[0].texts if text.get_text() in ("data", "model", "residual")]
    by_height = sorted(rows, key=lambda text: text.get_position()[1])  # the axis runs downwards
    assert [text.get_text() for text in by_height] == ["data", "model", "residual"]
    assert [axes.get_title() for axes in figure.axes[1:]] == ["g₂", "(data − model)/σ"]


def test_cuts_are_titled_by_their_sector_and_show_its_data_and_model(three):
    figure = Plot(three).cuts()
    for k, axes in enumerate(figure.axes):
        assert axes.get_title() == f"{k}: 0.00541 Å⁻¹, {AZIMUTHS[3][k]}"
        cuts = panels_of(three).of_sectors[k].cuts
        lines = [line for line in axes.lines if line.get_xdata().size]
        for cut, model, data in zip(cuts, lines[::2], lines[1::2], strict=True):
            np.testing.assert_array_equal(model.get_xydata(), np.stack([cut.lag, cut.model], 1))
            np.testing.assert_array_equal(data.get_xydata(), np.stack([cut.bin_lag, cut.data], 1))


def test_g2_is_scaled_by_contrast_and_offset_of_its_sector(three):
    (axes,) = Plot(three).g2().axes
    assert axes.get_title() == "q = 0.00541 Å⁻¹"
    assert axes.get_legend_handles_labels()[1] == [*AZIMUTHS[3]]
    of_sectors = panels_of(three).of_sectors
    for one, model, data in zip(of_sectors, axes.lines[::2], axes.lines[1::2], strict=False):
        sector, lags = one.sector, one.lags
        np.testing.assert_allclose(model.get_ydata(), (lags.model - sector.offset) / sector.contrast)
        np.testing.assert_allclose(data.get_ydata(), (lags.data - sector.offset) / sector.contrast)
        np.testing.assert_array_equal(data.get_xdata(), lags.lag)


def test_the_history_is_reduced_chi2_and_distances_in_units_of_sigma(three):
    above, below = Plot(three).history().axes
    assert (above.get_title(), above.get_yscale()) == ("reduced χ²", "log")
    np.testing.assert_allclose(above.lines[0].get_xydata(), [[k, 10.0 ** (3 - k)] for k in range(5)])
    assert [line.get_label() for line in below.lines] == ["D0", "alpha"]  # phi0 has no σ, contrast is of the scaling
    steps = np.array([step.parameters for step in three.history])
    np.testing.assert_allclose(below.lines[0].get_ydata(), (steps[:, 0] - 1.0) / 100.0)
    np.testing.assert_allclose(below.lines[1].get_ydata(), (steps[:, 1] - 1.0) / 0.1)


def test_a_rate_lies_within_the_band_of_its_uncertainty(three):
    (axes,) = Plot(three).rates().axes
    assert axes.get_title() == "J  (10⁴ Å²/s)"
    curve = three.curves()["J"]
    np.testing.assert_allclose(axes.lines[0].get_xydata(), np.stack([curve.t, curve.value / 1e4], 1))
    edge = axes.collections[0].get_paths()[0].vertices
    for t, low, high in zip(curve.t, curve.low, curve.high, strict=True):
        of_frame = edge[edge[:, 0] == t, 1]
        assert [of_frame.min(), of_frame.max()] == pytest.approx([low / 1e4, high / 1e4])


def test_correlations_are_named_along_both_axes(three):
    axes, _ = Plot(three).correlations().axes
    names = ["D0", "alpha", "phi0", "contrast[0]"]
    assert [label.get_text() for label in axes.get_xticklabels()] == names
    assert [label.get_text() for label in axes.get_yticklabels()] == names
    np.testing.assert_array_equal(shown_map(axes), three.correlations)
    written = {tuple(text.get_position()): text.get_text() for text in axes.texts}
    assert written == {
        **{(k, k): "1" for k in (0, 1, 3)},
        (0, 1): "−0.999",
        (1, 0): "−0.999",
        (0, 3): "0.10",
        (3, 0): "0.10",
        (1, 3): "0.00",
        (3, 1): "0.00",
    }


def test_frames_are_shown_sector_by_sector_and_the_worst_is_named():
    result = drawn(2, N_T, bad_frame=7)
    above, below, _ = Plot(result).frames().axes
    of_frames = result.reduced_chi2_of_frames
    (shown,) = below.collections
    np.testing.assert_array_equal(np.ma.filled(shown.get_array(), np.nan), of_frames)
    assert shown.get_clim() == pytest.approx((0.0, 2 * np.nanmedian(of_frames)))
    assert below.get_ylim() == (-0.5, 1.5)
    line = above.lines[0].get_xydata()
    np.testing.assert_allclose(line[:, 0], 0.1 * np.arange(N_T))
    known = np.arange(N_T) != N_T // 2
    np.testing.assert_allclose(line[known, 1], np.mean(of_frames[:, known], axis=0))
    (named,) = [text for text in above.texts if text.get_text() == "frame 7"]
    assert named.xy == (pytest.approx(0.7), line[7, 1])
