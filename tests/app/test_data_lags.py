"""Figures of g2 over the lag before a fit: the values that count, their errors, and where `inspect` writes them."""

import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.app.figures.data_lags import age_edges, lag_points
from tests.data.layouts import aps_u_multi_tau

pytestmark = pytest.mark.x64

TAU, Q = np.geomspace(1e-3, 1.0, 12), np.array([0.002, 0.004, 0.006])
G2 = 1 + 0.2 * np.exp(-2 * 1e6 * Q[:, None] ** 2 * TAU)


def one_time(**options):
    return hx.OneTimeData(TAU, G2, q=Q, **{"sigma": np.array([0.01, 0.02, 0.03]), **options})


def over_age_and_lag(n=60, n_lag=8):
    age, lag = np.arange(0, n, 4), np.unique(np.geomspace(1, n // 2, n_lag).round().astype(int))
    value = 1 + 0.2 * np.exp(-0.1 * lag) + 0.001 * age[:, None]
    value = np.where(age[:, None] + lag < n, value, np.nan)[None]
    return hx.PairData.over_age_and_lag(value, hx.Geometry(q=0.003, t=0.1 * np.arange(n)), age, lag, sigma=0.01)


def test_points_are_the_values_that_count_with_their_errors():
    mask = np.zeros(G2.shape, bool)
    mask[1, 4] = True
    (points,) = lag_points(one_time(mask=mask).pairs, 1, [])
    kept = np.arange(12) != 4
    np.testing.assert_allclose(points.lag, TAU[kept])
    np.testing.assert_allclose(points.value, G2[1, kept])
    np.testing.assert_allclose(points.sigma, 0.02)
    panel = one_time(mask=mask).plot([2, 1]).axes[1]
    (drawn,) = panel.containers
    np.testing.assert_allclose(drawn.lines[0].get_xydata(), np.stack([TAU[kept], G2[1, kept]], axis=1))
    bars = np.array(drawn.lines[2][0].get_segments())
    np.testing.assert_allclose(np.ptp(bars[:, :, 1], axis=1), 0.04)
    assert panel.get_xscale() == "log"
    assert panel.get_title().startswith("1:  0.004")


def test_each_window_of_age_holds_a_quarter_and_has_its_colour():
    data = over_age_and_lag()
    edges = age_edges(data)
    groups = list(lag_points(data, 0, edges))
    counts = [group.lag.size for group in groups]
    assert sum(counts) == data.excluded.used
    assert max(counts) - min(counts) <= 0.2 * sum(counts)
    means = [group.value.mean() - np.mean(1 + 0.2 * np.exp(-1.0 * group.lag)) for group in groups]
    assert np.all(np.diff(means) > 0)  # g2 rises by 0.001 a frame of age
    figure = data.plot()
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(texts) == 4
    assert texts[0].endswith(f"to {edges[0]:.3g} s")
    assert len({container.lines[0].get_color() for container in figure.axes[0].containers}) == 4


def test_many_values_are_averaged_by_their_weights():
    rng = np.random.default_rng(0)
    tau = np.sort(rng.uniform(0.01, 10, 2000))
    sigma = np.where(np.arange(2000) % 2, 0.01, 1.0)
    value = 1.1 + np.where(np.arange(2000) % 2, 0.0, 0.3)
    (points,) = lag_points(hx.OneTimeData(tau, value, q=0.003, sigma=sigma).pairs, 0, [])
    assert points.lag.size <= 60
    np.testing.assert_allclose(points.value[points.sigma < 0.005], 1.1, atol=1e-3)
    assert np.sum(points.sigma**-2.0) == pytest.approx(np.sum(sigma**-2.0))
    assert np.sum(points.value * points.sigma**-2.0) == pytest.approx(np.sum(value * sigma**-2.0))


def test_what_cannot_be_drawn_is_said():
    with pytest.raises(hx.errors.NoSuchSector, match="3"):
        one_time().plot([3])
    with pytest.raises(hx.errors.NotASelection, match="1 to 24 of them"):
        one_time().plot([])
    many = hx.OneTimeData(TAU, np.tile(G2[:1], (30, 1)), q=0.001 * np.arange(1, 31), sigma=0.01)
    assert len(many.plot().axes) == 24


def test_inspect_writes_the_pictures_of_all_sectors(run, tmp_path):
    path, out = aps_u_multi_tau(tmp_path / "scan.hdf"), tmp_path / "pictures"
    finished = run("inspect", path, "--output", out)
    assert finished.exit_code == 0
    assert "6 sectors, 84 values" in finished.stdout
    assert f"wrote {out}: g2_1.png" in finished.stdout
    assert [each.name for each in out.iterdir()] == ["g2_1.png"]
    assert run("inspect", path, "--output", out).exit_code == 2
    assert run("inspect", path, "--output", out, "--force").exit_code == 0
    bare = aps_u_multi_tau(tmp_path / "bare.hdf", drop=("normalized_g2_err",))
    refused = run("inspect", bare, "--output", tmp_path / "none")
    assert refused.exit_code == 2
    assert "the file holds none. Pass --sigma VALUE" in refused.output
    assert not (tmp_path / "none").exists()
    assert run("inspect", bare, "--sigma", 0.002, "--output", tmp_path / "given").exit_code == 0
