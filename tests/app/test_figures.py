"""What the figures are drawn from, by brute force; and that they come out with something on them."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from homodyne_eqx.app.figures import draw_figures
from homodyne_eqx.app.figures.age_cuts import age_cuts
from homodyne_eqx.app.figures.block_average import block_edges, block_mean, without_diagonal
from homodyne_eqx.app.figures.panels import common_scales, sector_panels
from homodyne_eqx.data.result_file import ResultArrays, load_result_arrays, save_result_arrays


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
    filled = without_diagonal(spiked)
    np.testing.assert_allclose(np.diagonal(filled), [1, 2, 4, 6, 7])
    off = ~np.eye(5, dtype=bool)
    np.testing.assert_array_equal(filled[off], c2[off])


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
    c2 = np.exp(-lag / 10.0)
    counts = lag > 0
    spoilt, masked = c2.copy(), np.random.default_rng(0).random(c2.shape) < 0.3
    spoilt[masked], spoilt[masked.T] = np.nan, np.nan
    for clean, cut in zip(
        age_cuts(c2, c2, counts, np.arange(n_t)),
        age_cuts(spoilt, c2, counts & ~masked & ~masked.T, np.arange(n_t)),
        strict=True,
    ):
        shared = np.isin(cut.bin_lag, clean.bin_lag)
        assert shared.any()
        assert np.all(np.isfinite(cut.data))


@pytest.fixture
def written(tmp_path):
    """A result file of any size: `written(n_sector, n_t, phi)`."""

    def write(n_sector, n_t, phi=True, steps=5):
        rng = np.random.default_rng(0)
        lag = np.abs(np.subtract.outer(np.arange(n_t), np.arange(n_t)))

        def maps():
            for k in range(n_sector):
                model = 1 + 0.2 * np.exp(-lag / (5.0 + k))
                residual = rng.standard_normal((n_t, n_t))
                residual[lag == 0] = np.nan
                residual[n_t // 2] = np.nan
                yield model + 0.01 * np.nan_to_num(residual), model, residual

        names = ("D0", "alpha", "phi0", "contrast[0]")
        arrays = ResultArrays(
            q=np.full(n_sector, 0.00541),
            phi=np.linspace(-170, 123.456, n_sector) if phi else None,
            gap=None,
            t=0.1 * np.arange(n_t),
            sigma=np.full(n_sector, 0.01),
            names=names,
            units=("Å²/s^(1+alpha)", "", "deg", ""),
            values=np.ones(4),
            uncertainties=np.ones(4),
            free_names=names,
            covariance=np.diag([1e4, 0.01, np.inf, 1e-6]),
            chi2=np.geomspace(1e6, 1e4, steps),
            expected_decrease=np.ones(steps),
            elapsed=np.arange(steps, dtype=float),
            history=rng.random((steps, 4)),
            degrees_of_freedom=10_000,
        )
        path = tmp_path / "result.h5"
        save_result_arrays(path, arrays, maps())
        return load_result_arrays(path)

    return write


@pytest.mark.parametrize(
    ("n_sector", "n_t", "phi", "names"),
    [
        (1, 12, False, {"sectors_1", "history"}),
        (9, 30, True, {"sectors_1", "sectors_2", "sectors_3", "overview", "history"}),
        (1, 700, True, {"sectors_1", "history"}),
    ],
    ids=["one small map without azimuth", "many sectors", "a large map"],
)
def test_every_figure_comes_out_with_something_on_it(written, tmp_path, n_sector, n_t, phi, names):
    import matplotlib as mpl
    from matplotlib.image import imread

    before = dict(mpl.rcParams)
    files = draw_figures(written(n_sector, n_t, phi), tmp_path / "figures", dpi=60)
    assert {path.stem for path in files} == names
    for path in files:
        pixels = imread(path)[..., :3].reshape(-1, 3)
        assert len(np.unique(pixels, axis=0)) > 50
        assert np.mean(np.all(pixels == 1, axis=1)) < 0.95
    assert dict(mpl.rcParams) == before


def test_scales_hold_every_model_and_are_common(written):
    file = written(3, 30)
    panels = [sector_panels(file, k, 300) for k in range(3)]
    scales = common_scales(panels, 30, 300)
    assert scales.low < min(np.nanmin(p.model) for p in panels)
    assert scales.high > max(np.nanmax(p.model) for p in panels)
    assert 2 <= scales.residual <= 4
    assert scales.block == 1


def test_sectors_and_formats_that_there_are_not(written, tmp_path):
    file = written(2, 12)
    with pytest.raises(ValueError, match="no sector"):
        draw_figures(file, tmp_path / "figures", sectors=[5])
    with pytest.raises(ValueError, match="png, pdf, svg"):
        draw_figures(file, tmp_path / "figures", form="bmp")
