"""The report of a fit: what stands in it, and what a browser makes of it without a network."""

import base64
import gzip
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.app.html_report.packing import LEVELS, packed_maps, packed_text
from homodyne_eqx.app.html_report.report import report_text
from homodyne_eqx.app.inferred import Inferred
from homodyne_eqx.app.report import in_flags
from homodyne_eqx.fit.result.numbers import value_text
from tests.app.made_inference import made_contour, made_posterior, made_profile
from tests.app.steady import DT, FRAMES, GAP, PHI, SIGMA, Q, steady_maps

pytestmark = [pytest.mark.x64, pytest.mark.xdist_group("html_report")]

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
START = {"D0": 2e4, "alpha": 0.0, "D_offset": 0.0, "gamma_dot_t0": 2e-4, "beta": 0.0, "gamma_dot_t_offset": 0.0}
FIXED = ("alpha", "D_offset", "beta", "gamma_dot_t_offset")


def data():
    geometry = hx.Geometry(q=Q, phi=PHI, gap=GAP, t=DT * np.arange(FRAMES), dt=DT)
    return hx.TwoTimeData(steady_maps(), geometry, sigma=SIGMA, provenance=hx.Provenance(path="</script><b>&.hdf"))


@pytest.fixture(scope="module")
def result():
    """Diffusion and shear in three sectors, by the right model."""
    start = hx.laminar_flow(**START, phi0=20.0, contrast=np.full(3, 0.3), offset=np.ones(3), kernel=hx.GapAverage())
    return hx.fit(start, data(), fixed=FIXED, sample=False, scan=False)


@pytest.fixture(scope="module")
def page(result):
    return report_text(result, command=["fit", "a file.hdf", "--sigma", "0.005"], in_words=in_flags)


class Opened(HTMLParser):
    """The elements that a page does not close, the files that it loads, and its text outside scripts and styles."""

    def __init__(self, page):
        super().__init__()
        self.open, self.loaded, self.text = [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.loaded += [found[name] for name in ("src", "href", "srcset", "data") if name in found]
        if tag not in ("meta", "link", "br", "input", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        if not {"script", "style"} & {*self.open}:
            self.text += text


def test_the_page_is_whole_and_loads_nothing(page):
    opened = Opened(page)
    assert opened.open == []
    assert opened.loaded == ["data:,"]
    assert "url(" not in page[: page.index('id="plotly"')]


def test_the_verdict_stands_first_and_every_row_of_the_summary_is_there(page, result):
    text = " ".join(unescape(Opened(page).text).split())
    first = text.index("Adequate: the model describes the data")
    for row in result.summary():
        if row.group in ("verdict", "sectors"):
            continue
        assert text.index(row.value_text) >= first, row
        assert row.uncertainty_text in text
    assert text.index("mean J") < text.index("Parameters") < text.index("Provenance")
    assert "homodyne-eqx fit 'a file.hdf' --sigma 0.005" in text
    assert result.assumption in text
    for sector in result.sectors:
        assert all(row.value_text in text for row in sector.rows())


def test_names_of_files_are_text(page):
    assert "</script><b>" not in page
    assert "&lt;/script&gt;&lt;b&gt;&amp;.hdf" in page


@pytest.mark.parametrize(
    ("changes", "adequate", "word"),
    [
        ({}, False, "Not adequate: the model does not describe the data"),
        ({"ended": hx.Ended.UNDETERMINED}, True, "Adequate, but the data do not determine all parameters"),
        ({"ended": hx.Ended.STEP_LIMIT}, None, "Not judged: the fit did not reach its end"),
    ],
    ids=["inadequate", "undetermined", "not judged"],
)
def test_what_is_said_first(result, changes, adequate, word):
    verdict = replace(result.verdict, adequate=bool(adequate))
    if adequate is None:
        verdict = replace(verdict, expected_reduced_chi2=np.nan)
    page = report_text(replace(result, judgement=lambda: verdict, data=None, **changes))
    assert f"<title>{word}: fit</title>" in page
    text = " ".join(Opened(page).text.split())
    assert text.index(word, len(word)) < 200
    assert "do not rely on" in text


def unpacked(text):
    return gzip.decompress(base64.b64decode(text))


def test_maps_come_out_of_the_page_as_they_went_in():
    rng = np.random.default_rng(0)
    maps = []
    for k in range(3):
        half = np.tril(rng.standard_normal((7, 7)) * 10**k)
        maps.append(half + np.tril(half, -1).T)
    maps[1][2, :], maps[1][:, 2] = np.nan, np.nan
    maps[2][:] = np.nan
    maps[0][3, 1] = np.nan  # the other half has it
    text, ranges = packed_maps(maps)
    steps = np.frombuffer(unpacked(text), "<u2").reshape(3, 28)
    for values, (low, high), of_map in zip(maps, ranges, steps, strict=True):
        for (i, j), step in zip(zip(*np.tril_indices(7), strict=True), of_map, strict=True):
            expected = values[j, i]
            if np.isnan(expected):
                assert step == 0
            else:
                assert low + (step - 1) / LEVELS * (high - low) == pytest.approx(expected, abs=(high - low) / LEVELS)


def test_a_text_comes_out_of_the_page_as_it_went_in():
    assert unpacked(packed_text("γ̇ <script>")).decode("utf-8") == "γ̇ <script>"


def test_the_pictures_show_what_the_result_says(page, result):
    charts = json.loads(re.search(r'<script type="application/json" id="charts">(.*?)</script>', page).group(1))
    rates = {rate["name"]: rate for rate in charts["rates"]}
    assert {*rates} == {*result.curves()}
    curve, shown = result.curves()["J"], rates["J"]["curves"][0]
    for name in ("t", "value", "low", "high"):
        np.testing.assert_allclose(shown[name], getattr(curve, name), rtol=1e-4)
    np.testing.assert_allclose(charts["frames"]["values"], result.reduced_chi2_of_frames, rtol=1e-4)
    names = charts["correlations"]["names"]
    places = [result.free_names.index(name) for name in names]
    np.testing.assert_allclose(
        np.array(charts["correlations"]["values"], float), result.correlations[np.ix_(places, places)], atol=1e-4
    )
    assert charts["history"]["reduced"][-1] == pytest.approx(result.reduced_chi2, rel=1e-4)
    assert len(charts["sectors"]) == 3
    packed = re.search(r'id="packed-1">(.*?)</script>', page).group(1)
    steps = np.frombuffer(unpacked(packed), "<u2").reshape(3, -1)
    low, high = charts["ranges"][1][1]
    model = low + (steps[1].astype(float) - 1) / LEVELS * (high - low)
    rows, columns = np.tril_indices(FRAMES)
    off = rows > columns
    expected = result.maps(1).model[rows, columns]
    np.testing.assert_allclose(model[off], expected[off], atol=2 * (high - low) / LEVELS)


def test_packed_data_have_a_report_without_maps(result):
    page = report_text(replace(result, data=None))
    assert "Packed data" in page
    assert 'id="map-data"' not in page
    assert 'id="rate-0"' in page
    assert Opened(page).open == []


def test_a_chart_that_there_is_nothing_for_is_left_out(result):
    one = next(name for name in result.free_names)
    parameters = {name: p if name == one else replace(p, free=False) for name, p in result.parameters.items()}
    alone = replace(result, data=None, parameters=parameters, rates=dict, history=result.history[:1])
    page = report_text(alone)
    assert 'id="rate-0"' not in page
    assert "<h2>Correlations" not in page
    assert Opened(page).open == []


def test_a_report_is_written_once_and_replaced_when_asked(result, tmp_path):
    path = result.report(tmp_path / "report.html")
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    with pytest.raises(FileExistsError):
        result.report(path)
    assert result.report(path, overwrite=True) == path


def test_the_command_writes_it_again_with_the_command_of_the_fit(run, result, tmp_path):
    out = result.save(tmp_path / "out", more={"command": ["fit", "a b.hdf"]})
    done = run("report", out)
    assert done.exit_code == 0, done.output
    assert "homodyne-eqx fit &#39;a b.hdf&#39;" in (out / "report.html").read_text(encoding="utf-8")
    refused = run("report", out)
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    done = run("report", out / "result.h5", "--output", tmp_path / "other.html")
    assert done.exit_code == 0
    found = hx.FitResult.load(out)
    text = Opened((tmp_path / "other.html").read_text(encoding="utf-8")).text
    assert value_text(found.parameters["D0"].value, found.parameters["D0"].uncertainty) in text


def test_the_code_of_the_page_on_reports_runs(result, tmp_path, monkeypatch):
    page = (Path(__file__).parents[2] / "docs" / "report.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    exec(source, {"result": result})
    assert (tmp_path / "report.html").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"two_sectors.pdf", "rates.png", "figures", "report.html"}
    named = set(re.findall(r"^\| `(\w+)`, ", page, re.MULTILINE))
    assert {path.stem for path in (tmp_path / "figures").iterdir()} == named - {"cuts", "g2_1"}


def browsed(path, *options):
    """The page after its scripts, and what the browser logged."""
    home = path.parent / "browser"
    command = [
        *(BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={home}"),
        *("--virtual-time-budget=30000", "--enable-logging=stderr", "--host-resolver-rules=MAP * ~NOTFOUND"),
        *options,
        path.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
def test_a_browser_draws_every_picture_without_a_network_or_an_error(result, tmp_path):
    profiles = [(made_profile(), (0.68, 0.95)), (made_contour(), (0.68, 0.95))]
    page = report_text(result, inferred=Inferred(profiles, made_posterior().document()))
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    dom, logged = browsed(path, "--dump-dom")
    assert logged == []
    assert 'data-drawn="yes"' in dom
    assert re.search(r'id="failure" hidden', dom)
    charts = re.findall(r'<div class="(?:chart|map)[^"]*" id="([^"]+)"', page)
    assert {"rate-0", "rate-1", "map-data", "map-model", "map-residual", "cuts", "g2-0", "together"} <= {*charts}
    assert {"frames", "correlations", "chi2", "steps"} <= {*charts}
    assert {"profile-0", "profile-1", "marginal-0", "marginal-1"} <= {*charts}
    starts = {name: dom.index(f'id="{name}"') for name in charts}
    ends = dict(zip(starts, [*list(starts.values())[1:], len(dom)], strict=True))
    for name in charts:
        drawn = dom[starts[name] : ends[name]]
        assert "main-svg" in drawn, name
        if name.startswith("map") or name in ("frames", "correlations"):
            assert re.search(r'<image[^>]+href="data:image/png;base64,\w', drawn), name
        elif name.startswith("marginal"):
            assert re.search(r'class="point"[^>]*><path d="M', drawn), name
        else:
            assert re.search(r'<path class="(js-line|point)" d="M', drawn) or 'class="js-line"' in drawn, name


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
def test_a_picture_that_cannot_be_drawn_is_said(page, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(page.replace('id="plotly">', 'id="plotly">!'), encoding="utf-8")
    dom, logged = browsed(path, "--dump-dom")
    assert logged
    assert "cannot be drawn by this browser" in dom
    assert not re.search(r'id="failure" hidden', dom)
