"""Figures of data before a fit: what they hold, and that they are drawn for one sector as for many."""

import subprocess
import sys

import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.app.figures.data_figures import draw_data_figures
from homodyne_eqx.app.figures.data_look import look_at

pytestmark = pytest.mark.x64


def data_of(n_sector, n=40, spike=None, **fields):
    noise = 0.01 * np.random.default_rng(0).standard_normal((n_sector, n, n))
    lag = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    c2 = 1 + 0.3 * np.exp(-lag / 5.0) + noise + noise.swapaxes(1, 2)
    if spike is not None:
        c2[:, spike] *= 1.5
        c2[:, :, spike] *= 1.5
    geometry = hx.Geometry(q=np.linspace(0.004, 0.008, n_sector), t=0.5 * np.arange(n), **fields)
    return hx.TwoTimeData(c2, geometry, sigma=0.01)


def test_row_means_and_cuts_are_those_of_the_pairs_that_count():
    data = data_of(2, spike=21).excluding(frames=[10])
    (look,) = look_at(data, [1])
    c2, excluded = data.map_and_excluded(1)
    far = ~excluded & (np.abs(np.subtract.outer(np.arange(40), np.arange(40))) > 3)
    assert look.row_mean[21] == pytest.approx(np.mean(c2[21][far[21]]))
    assert np.isnan(look.row_mean[10])
    assert np.nanargmax(look.row_mean) == 21
    lag, mean = look.mean_cut
    np.testing.assert_allclose(lag[:3], [0.5, 1.0, 1.5])
    assert mean[1] == pytest.approx(np.mean(np.diagonal(c2, 2)[~np.diagonal(excluded, 2)]))
    assert np.all(np.isnan(look.small[10]))


@pytest.mark.parametrize(("n_sector", "pages"), [(1, 1), (5, 2)])
def test_every_sector_has_a_map(n_sector, pages, tmp_path, monkeypatch):
    drawn = []
    from homodyne_eqx.app.figures import data_figures

    page = data_figures.map_page
    monkeypatch.setattr(data_figures, "MAPS_A_PAGE", 3)
    monkeypatch.setattr(data_figures, "map_page", lambda looks, *more: drawn.extend(looks) or page(looks, *more))
    names = [path.name for path in draw_data_figures(data_of(n_sector, n=24), tmp_path, dpi=40)]
    assert names[: pages + 1] == [*(f"maps_{k + 1}.png" for k in range(pages)), "frames.png"]
    assert [look.number for look in drawn] == list(range(n_sector))


@pytest.mark.parametrize("n_sector", [1, 2, 3])
def test_few_maps_stand_in_the_middle_under_their_colours(n_sector):
    *maps, colours = data_of(n_sector, n=24).plot("maps").axes
    assert len(maps) == n_sector
    left, right = maps[0].get_position().x0, maps[-1].get_position().x1
    bar = colours.get_position()
    assert left + right == pytest.approx(bar.x0 + bar.x1, abs=1e-6)
    assert 0 < left < right < 1


def test_a_plot_marks_frames_that_do_not_fit_and_those_excluded():
    data = data_of(2, spike=21, phi=[0.0, 60.0]).excluding(frames=[10])
    figure = data.plot("frames")
    assert figure.get_suptitle() == "red: 1 frame left out by --exclude-frames found;  grey: 1 frame excluded"
    assert "21" in [text.get_text() for text in figure.axes[0].texts]
    above, below = figure.axes[:2]
    looks = look_at(data, [0, 1])
    for line, look in zip(above.lines, looks, strict=False):
        np.testing.assert_allclose(line.get_ydata(), look.row_mean - np.nanmedian(look.row_mean))
    scatter = below.lines[0].get_ydata()
    assert np.nanmedian(scatter) == pytest.approx(1.0, abs=0.1)  # in units of that of the other rows
    assert np.nanargmax(scatter) == 21
    maps = data.plot()
    values = np.concatenate([look.small[np.isfinite(look.small)] for look in looks])
    low, high = np.quantile(values, [0.01, 0.99])
    for axes, look in zip(maps.axes, looks, strict=False):
        shown = (axes.images or axes.collections)[0]
        np.testing.assert_array_equal(np.ma.filled(shown.get_array(), np.nan), look.small)
        assert shown.get_clim() == pytest.approx((low - 0.03 * (high - low), high + 0.03 * (high - low)))
        np.testing.assert_allclose(axes.lines[0].get_xdata(), [10.5])  # frame 21, s
    assert [axes.get_title() for axes in maps.axes[:2]] == ["0:  0°,  0.004 Å$^{-1}$", "1:  60°,  0.008 Å$^{-1}$"]
    cuts = data.plot("cuts", sectors=[1])
    *of_ages, of_mean = cuts.axes[0].lines
    for line, cut in zip(of_ages, looks[1].cuts, strict=True):
        np.testing.assert_array_equal(line.get_xydata(), np.stack([cut.bin_lag, cut.data], axis=1))
    np.testing.assert_array_equal(of_mean.get_xydata(), np.stack(looks[1].mean_cut, axis=1))
    ages = [f"{cut.age:.3g} s" for cut in looks[1].cuts]
    assert [text.get_text() for text in cuts.legends[0].get_texts()] == [*ages, "mean"]
    few = data_of(1, n=12).plot("frames")
    assert few.get_suptitle() == "no bad frame found"


def test_what_cannot_be_drawn_is_refused():
    data = data_of(2)
    with pytest.raises(hx.errors.NotASelection, match=r"what is 'map'; expected one of maps, frames, cuts"):
        data.plot("map")
    with pytest.raises(hx.errors.NoSuchSector):
        data.plot(sectors=[2])
    with pytest.raises(hx.errors.NotASelection, match=r"expected 1 to 48 of them"):
        data.plot(sectors=[])


def test_a_plot_loads_matplotlib_and_nothing_else_does():
    code = (
        "import sys, homodyne_eqx as hx; d = hx.datasets.sheared_colloid(); assert 'matplotlib' not in sys.modules; "
        "d.plot('cuts', [0]); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
