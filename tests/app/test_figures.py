"""The numbers in the figures, by brute force; and the figures are not empty."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st

from homodyne_eqx.app.figures import draw_figures
from homodyne_eqx.app.figures.age_cuts import age_cuts
from homodyne_eqx.app.figures.block_average import beside_diagonal, block_edges, block_mean
from homodyne_eqx.app.figures.g2_curves import grouped
from homodyne_eqx.app.figures.lag_means import lag_means
from homodyne_eqx.app.figures.panels import panels_of
from homodyne_eqx.app.figures.plot import Plot
from homodyne_eqx.app.figures.rates import rate_limits
from homodyne_eqx.app.figures.residual_frames import conspicuous, mean_of_known
from homodyne_eqx.fit import Curve
from tests.app.drawn_results import drawn


@given(n=st.integers(1, 40), most=st.integers(1, 12), seed=st.integers(0, 99))
def test_block_means_are_means_over_blocks(n, most, seed):
    rng = np.random.default_rng(seed)
    values = np.where(rng.random((n, n)) < 0.3, np.nan, rng.standard_normal((n, n)))
    small, size = block_mean(values, most), int(np.ceil(n / most))
    assert len(small) == np.ceil(n / size) <= most
    for i, j in np.ndindex(small.shape):
        block = values[i * size : (i + 1) * size, j * size : (j + 1) * size]
        kept = block[np.isfinite(block)]
        expected = kept.mean() if kept.size else np.nan
        np.testing.assert_allclose(small[i, j], expected, rtol=1e-12, atol=1e-15)


def test_edges_lie_halfway_between_frames_also_where_they_are_not_uniform():
    t = np.array([0.0, 1.0, 3.0, 7.0, 8.0])
    np.testing.assert_allclose(block_edges(t, 10), [-0.5, 0.5, 2.0, 5.0, 7.5, 8.5])
    np.testing.assert_allclose(block_edges(t, 3), [-0.5, 2.0, 7.5, 8.5])


def test_the_diagonal_is_filled_from_its_neighbours():
    c2 = np.add.outer(np.arange(5.0), np.arange(5.0))
    spiked = c2 + 100 * np.eye(5)
    beside = beside_diagonal(spiked)
    np.testing.assert_allclose(beside, [1, 2, 4, 6, 7])
    filled = block_mean(spiked, 5, None, beside)
    np.testing.assert_array_equal(filled, np.where(np.eye(5, dtype=bool), np.diag(beside), c2))
    counts = np.ones((5, 5), bool)
    counts[1, 2] = counts[4, 0] = False
    np.testing.assert_allclose(beside_diagonal(spiked, counts), [1, np.nan, np.nan, 6, 7])
    without = block_mean(spiked, 2, counts, np.zeros(5))
    kept = np.where(counts, np.where(np.eye(5, dtype=bool), 0, c2), np.nan)
    expected = [[np.nanmean(kept[i : i + 3, j : j + 3]) for j in (0, 3)] for i in (0, 3)]
    np.testing.assert_allclose(without, expected)


def test_cuts_are_what_the_map_is_at_that_age_and_lag():
    """On a map that is linear in age and lag, means over ages and bins of the lag are exact."""
    n_t = 200
    t = 0.5 * np.arange(n_t)
    age, lag = np.add.outer(t, t) / 2, np.abs(np.subtract.outer(t, t))
    c2 = 1 + 0.01 * age - 0.002 * lag
    counts = ~np.eye(n_t, dtype=bool)
    cuts = age_cuts(c2, c2, counts, t)
    assert len(cuts) == 4
    for cut, part in zip(cuts, (1 / 8, 1 / 4, 1 / 2, 3 / 4), strict=True):
        assert cut.age == pytest.approx(part * t[-1], abs=0.6)
        # An odd lag lies half a frame from the age of an even one.
        np.testing.assert_allclose(cut.model, 1 + 0.01 * cut.age - 0.002 * cut.lag, atol=0.01 * 0.3)
        np.testing.assert_allclose(cut.data, 1 + 0.01 * cut.age - 0.002 * cut.bin_lag, atol=0.01 * 0.3)
        assert np.all(np.diff(cut.bin_lag) > 0)


def test_masked_pixels_are_left_out_of_the_cuts():
    n_t = 60
    lag = np.abs(np.subtract.outer(np.arange(n_t), np.arange(n_t)))
    c2 = 1.2 - 0.002 * lag  # linear in the lag, so that the mean of a bin is the value at its mean lag
    counts = lag > 0
    spoilt, masked = c2.copy(), np.random.default_rng(0).random(c2.shape) < 0.3
    spoilt[masked], spoilt[masked.T] = 1e3, np.nan
    for clean, cut in zip(
        age_cuts(c2, c2, counts, np.arange(n_t)),
        age_cuts(spoilt, c2, counts & ~masked & ~masked.T, np.arange(n_t)),
        strict=True,
    ):
        np.testing.assert_allclose(cut.data, 1.2 - 0.002 * cut.bin_lag, rtol=1e-12)
        np.testing.assert_array_equal(cut.model, clean.model)
        assert len(cut.bin_lag) > 0.7 * len(clean.bin_lag)


ALWAYS = {"maps", "g2", "frames", "rates", "correlations", "history"}


@pytest.mark.parametrize(
    ("n_sector", "n_t", "phi", "names"),
    [(1, 12, False, ALWAYS), (9, 30, True, {*ALWAYS, "cuts"})],
    ids=["one small map without azimuth", "many sectors"],
)
def test_every_figure_comes_out_with_something_on_it(tmp_path, n_sector, n_t, phi, names):
    import matplotlib as mpl
    from matplotlib.image import imread

    before = dict(mpl.rcParams)
    files = draw_figures(drawn(n_sector, n_t, phi), tmp_path / "figures", dpi=60)
    assert {path.stem for path in files} == names
    for path in files:
        pixels = imread(path)[..., :3].reshape(-1, 3)
        assert len(np.unique(pixels, axis=0)) > 50
        white = np.mean(np.all(pixels == 1, axis=1))
        assert white < (0.95 if path.stem in ("maps", "frames", "correlations") else 0.98)  # lines cover less
    assert dict(mpl.rcParams) == before


def test_the_chosen_sectors_and_nothing_else(tmp_path):
    files = draw_figures(drawn(3, 12), tmp_path / "figures", [2, 0], form="svg")
    assert [path.name for path in files] == ["sector_2.svg", "sector_0.svg"]
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {"sector_2.svg", "sector_0.svg"}
    text = files[0].read_text(encoding="utf-8")
    assert "sector 2" in text
    assert "sector 0" not in text


def test_a_result_without_maps_has_the_other_figures(tmp_path):
    files = draw_figures(drawn(2, 12, maps=False), tmp_path / "figures", dpi=60)
    assert {path.stem for path in files} == {"correlations", "history"}
    with pytest.raises(ValueError, match="no maps to draw"):
        draw_figures(drawn(2, 12, maps=False), tmp_path / "figures", [0])


def test_scales_hold_every_model_and_are_common():
    panels = panels_of(drawn(3, 30))
    assert panels.scales.low < min(np.nanmin(p.model) for p in panels.of_sectors)
    assert panels.scales.high > max(np.nanmax(p.model) for p in panels.of_sectors)
    assert 2 <= panels.scales.residual <= 4
    assert panels.scales.block == 1
    assert [p.sector.index for p in panels_of(drawn(3, 30), [2]).of_sectors] == [2]


@pytest.mark.parametrize("n_t", [40, 500], ids=["as it is", "averaged over blocks"])
def test_a_bad_frame_does_not_set_the_scale_of_the_residual(n_t):
    clean, spoilt = panels_of(drawn(2, n_t)), panels_of(drawn(2, n_t, bad_frame=7))
    assert np.nanmax(spoilt.of_sectors[0].residual) > 50 * clean.scales.residual
    assert spoilt.scales.residual == clean.scales.residual


def test_means_over_lags_are_those_of_a_loop():
    rng = np.random.default_rng(4)
    n_t = 23
    c2, model, t = rng.random((n_t, n_t)), rng.random((n_t, n_t)), np.cumsum(rng.random(n_t))
    counts = rng.random((n_t, n_t)) < 0.7
    found = lag_means(c2, model, counts, t)
    assert np.all(np.diff(found.lag) > 0)
    for step in range(1, 8):  # bins of one lag each
        pairs = [(i, j) for i in range(n_t) for j in range(n_t) if abs(i - j) == step and counts[i, j]]
        k = np.argmin(np.abs(found.lag - np.mean([abs(t[i] - t[j]) for i, j in pairs])))
        assert found.lag[k] == pytest.approx(np.mean([abs(t[i] - t[j]) for i, j in pairs]))
        assert found.data[k] == pytest.approx(np.mean([c2[pair] for pair in pairs]))
        assert found.model[k] == pytest.approx(np.mean([model[pair] for pair in pairs]))


def test_a_rate_that_diverges_does_not_set_the_scale():
    t = np.arange(1000.0)
    value = np.where(t == 0, 1e9, 5.0)
    low, high = rate_limits([Curve(t, value, value - 1, value + 1, "s⁻¹")])
    assert 3 < low < 4 < 6 < high < 7
    constant = np.full(10, 1e-4)
    low, high = rate_limits([Curve(np.arange(10.0), constant, 0.999 * constant, 1.001 * constant, "s⁻¹")])
    assert low < 0.92e-4
    assert 1.08e-4 < high < 1.3e-4


def test_frames_that_stand_out_are_named():
    of_frames = np.ones((3, 50))
    of_frames[:, 17], of_frames[1, 4], of_frames[:, 9] = 9.0, 5.0, np.nan
    assert conspicuous(mean_of_known(of_frames)) == [17, 4]


def test_curves_of_g2_are_told_apart_by_q_or_else_by_azimuth():
    def at(*places):
        one = panels_of(drawn(1, 12)).of_sectors[0]
        sectors = [replace(one.sector, index=k, q=q, phi=phi) for k, (q, phi) in enumerate(places)]
        return tuple(replace(one, sector=sector) for sector in sectors)

    (one,) = grouped(at((0.1, 30.0), (0.1, 10.0)))
    assert one[:2] == ("q = 0.1 Å⁻¹", False)
    assert [each.sector.phi for each in one[2]] == [10.0, 30.0]
    two = grouped(at((0.2, 30.0), (0.1, 10.0), (0.1, 30.0), (0.2, 10.0)))
    assert [title for title, *_ in two] == ["φ = 10°", "φ = 30°"]
    assert [[each.sector.q for each in members] for *_, members in two] == [[0.1, 0.2]] * 2
    many = grouped(at(*((0.1 + 0.01 * k, None) for k in range(30))))
    assert (len(many), len(many[0][2])) == (1, 8)
    assert (many[0][2][0].sector.index, many[0][2][-1].sector.index) == (0, 29)


def test_the_figures_of_a_result_in_python(tmp_path):
    from matplotlib.figure import Figure

    plot = Plot(drawn(5, 20))
    for draw in (plot.maps, plot.cuts, plot.g2, plot.frames, plot.rates, plot.correlations, plot.history):
        figure = draw(width=5.0, style="dark_background")
        assert isinstance(figure, Figure)
        assert figure.get_facecolor() == (0, 0, 0, 1)
    assert plot.maps([1]).get_size_inches()[0] == pytest.approx(7.2)
    first = plot.maps([1], colours="magma").axes[0].get_images()
    assert (first or plot.maps([1], colours="magma").axes[0].collections)[0].get_cmap().name == "magma"
    assert [path.name for path in plot.save(tmp_path / "out", [1], form="pdf")] == ["sector_1.pdf"]


def test_what_there_is_not_is_refused(tmp_path):
    result = drawn(2, 12)
    with pytest.raises(ValueError, match="no sector 5"):
        draw_figures(result, tmp_path / "figures", sectors=[5])
    with pytest.raises(ValueError, match="png, pdf, svg"):
        draw_figures(result, tmp_path / "figures", form="bmp")
    for wrong, said in ({"colours": "nope"}, "viridis"), ({"width": 1.0}, "inches"), ({"style": "nope"}, "style sheet"):
        with pytest.raises(ValueError, match=said):
            Plot(result).maps(**wrong)
    assert not (tmp_path / "figures").exists()
