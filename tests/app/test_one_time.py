"""One-time g2 on the command line, from a file to D(q) and figures."""

import json

import numpy as np
import pytest

from homodyne_eqx import FitResult
from tests.data.layouts import aps_u_multi_tau

pytestmark = [pytest.mark.x64, pytest.mark.xdist_group("one_time")]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """The folder of one fit, and what was printed."""
    from typer.testing import CliRunner

    from homodyne_eqx.app.command_line import app

    folder = tmp_path_factory.mktemp("one_time")
    path = aps_u_multi_tau(folder / "scan.hdf")
    finished = CliRunner().invoke(app, ["fit", str(path), "--scaling", "common", "--output", str(folder / "out")])
    assert finished.exit_code == 0, finished.output
    return folder / "out", " ".join(finished.output.split())


def test_a_file_leads_to_the_diffusion_coefficient(fitted):
    folder, printed = fitted
    law = json.loads((folder / "result.json").read_text())["rate_law"]
    assert abs(law["D"] - 2e4) < 4 * law["D_uncertainty"]
    assert abs(law["exponent"] - 2) < 4 * law["exponent_uncertainty"]
    assert law["D_uncertainty"] < 0.05 * law["D"]
    assert "Γ = D q²: D = " in printed
    assert "OneTimeData: 6 sectors × 14 lags" in printed


def test_figures_of_g2_and_of_the_rates_are_drawn(fitted, tmp_path):
    folder, _ = fitted
    assert {path.name for path in (folder / "figures").iterdir()} == {
        "g2_1.png",
        "rates.png",
        "correlations.png",
        "history.png",
    }
    from homodyne_eqx.app.figures.lag_pages import lag_page
    from homodyne_eqx.app.figures.rate_figure import law_of_result, rate_figure
    from homodyne_eqx.app.figures.style import Look

    result = FitResult.load(folder, to_view=True)
    pairs = result.fitted_pairs
    figure = lag_page(result, [2, 4], Look())
    for k, values, residuals in zip((2, 4), figure.axes[::2], figure.axes[1::2], strict=True):
        own, points, line = pairs.of_sector(k), values.lines[0], values.lines[-1]
        np.testing.assert_allclose(points.get_xydata(), np.stack([own.lag, own.data], axis=1))
        np.testing.assert_allclose(line.get_xydata(), np.stack([own.lag, own.model], axis=1))
        np.testing.assert_allclose(residuals.lines[0].get_ydata(), (own.data - own.model) / own.sigma)
        assert f"q = {result.sectors[k].q:.3g} " in values.texts[0].get_text()
    q = np.array([sector.q for sector in result.sectors])
    rate = np.array([result.parameters[f"relaxation.rate[{k}]"].value for k in range(6)])
    over_q2, over_q = rate_figure(law_of_result(result), Look()).axes
    np.testing.assert_allclose(over_q2.lines[0].get_xydata(), np.stack([q**2, rate], axis=1))
    np.testing.assert_allclose(over_q.lines[0].get_xydata(), np.stack([q, rate / q**2], axis=1))
    assert over_q.lines[-1].get_ydata() == pytest.approx([np.average(rate / q**2, weights=q**4)] * 2, rel=0.1)


def test_the_report_shows_g2_and_the_sectors_without_maps(fitted):
    folder, _ = fitted
    page = (folder / "report.html").read_text(encoding="utf-8")
    charts = json.loads(page.partition('id="charts">')[2].partition("</script>")[0])
    assert set(charts) == {"g2", "correlations", "history", "ranges"}
    result = FitResult.load(folder)
    own = result.fitted_pairs.of_sector(0)
    sector = result.sectors[0]
    first = charts["g2"][0]["curves"][0]
    assert charts["g2"][0]["title"] == "φ = −30°"
    np.testing.assert_allclose(first["lag"], own.lag, rtol=1e-4)
    np.testing.assert_allclose(first["data"], (own.data - sector.offset) / sector.contrast, rtol=1e-4)
    np.testing.assert_allclose(first["model"], (own.model - sector.offset) / sector.contrast, rtol=1e-4)
    assert "Adequate" in page
    assert "independent from value to value" in page
    assert page.count('<td class="number">0.2000</td>') == 1 + 6
    assert "Maps of a sector" not in page


def test_figures_and_report_are_made_again(run, fitted, tmp_path):
    folder, _ = fitted
    assert run("plot", folder, "--output", tmp_path / "all", "--dpi", 50).exit_code == 0
    assert (tmp_path / "all" / "g2_1.png").is_file()
    assert run("plot", folder, "--sector", 3, "--output", tmp_path / "one", "--dpi", 50).exit_code == 0
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["sector_3.png"]
    finished = run("plot", folder, "--sector", 6, "--output", tmp_path / "none")
    assert finished.exit_code == 2
    assert "There is no sector 6" in finished.output
    assert run("report", folder, "--output", tmp_path / "again.html").exit_code == 0
    result = FitResult.load(folder, to_view=True)
    assert len(result.plot.g2([1]).axes) == 2
    with pytest.raises(ValueError, match="no maps: OneTimeData were fitted"):
        result.plot.frames()
    with pytest.raises(ValueError, match="no maps: OneTimeData were fitted"):
        result.plot.maps()


def test_inspect_says_what_is_in_the_file_and_how_to_fit_it(run, tmp_path):
    path = aps_u_multi_tau(tmp_path / "scan.hdf")
    shown = run("inspect", path).stdout
    assert "aps-u-multitau" in shown
    assert "6 sectors, 84 values" in shown
    assert f"homodyne-eqx fit {path} --output results" in shown
    some = run("inspect", path, "--sector", 1, "--sector", 2).stdout
    assert "2 sectors, 28 values" in some
    assert f"homodyne-eqx fit {path} --sector 1 --sector 2 --output results" in some
    bare = aps_u_multi_tau(tmp_path / "bare.hdf", drop=("normalized_g2_err",))
    assert "--sigma <VALUE>" in run("inspect", bare).stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--model", "static"], "--model static has rates that may change with time"),
        (["--rates", "constant"], "constant cannot be chosen for a model of one-time correlations"),
        (
            ["--exclude-outliers"],
            "--exclude-outliers cannot be used: these steps need maps, and these data are not maps",
        ),
        (["--bin-frames", 2, "--exclude-sectors", 1], "--exclude-sectors, --bin-frames cannot be used"),
        (["--frames", 0, 5], "these data are no maps"),
        (["--sigma", "estimate"], "noise is estimated from maps alone"),
        (["--model", "rates", "--start", "D0=3"], "'D0', which the model does not have"),
    ],
)
def test_what_is_for_maps_is_refused(run, tmp_path, options, words):
    finished = run("fit", aps_u_multi_tau(tmp_path / "scan.hdf"), *options)
    assert finished.exit_code == 2
    assert words in " ".join(finished.output.split())


def test_models_of_one_time_g2_are_not_for_maps_and_convert_needs_maps(run, steady_file, tmp_path):
    finished = run("fit", steady_file, "--model", "rates")
    assert finished.exit_code == 2
    assert "rates is a model of one-time correlations, and these are maps" in " ".join(finished.output.split())
    finished = run("convert", aps_u_multi_tau(tmp_path / "scan.hdf"), tmp_path / "out.hdf")
    assert "holds one-time correlations, no maps" in " ".join(finished.output.split())


@pytest.mark.slow
@pytest.mark.parametrize("model", ["diffusion", "anomalous", "stretched-rates"])
def test_each_model_is_fitted(run, tmp_path, model):
    finished = run("fit", aps_u_multi_tau(tmp_path / "scan.hdf"), "--model", model)
    assert finished.exit_code == 0, finished.output
