"""Data, models and results in notebooks: small, without scripts, and the same words as `print`."""

import re
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.fit.result.notebook import summary_html
from homodyne_eqx.fit.result.summary_row import Remedy, quantity, sentence


class Words(HTMLParser):
    """The text of a page; fails on tags that do not match, and on scripts."""

    def __init__(self, page):
        super().__init__()
        self.open, self.said = [], []
        self.feed(page)
        assert not self.open
        self.text = " ".join(" ".join(self.said).split())

    def handle_starttag(self, tag, attrs):
        assert tag in ("div", "b", "table", "thead", "tbody", "tr", "th", "td", "pre", "ul", "li")
        assert {name for name, _ in attrs} <= {"style"}
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.said.append(text)


@pytest.fixture
def data():
    geometry = hx.Geometry(q=0.01, phi=np.array([0.0, 90.0]), gap=1e6, t=0.1 * np.arange(8), dt=0.1)
    origin = hx.Provenance(path="<b>&.hdf", format="npz", notes=("one & two",))
    return hx.TwoTimeData(np.ones((2, 8, 8)), geometry, sigma=0.01, provenance=origin)


def test_data(data):
    shown = data._repr_html_()
    assert len(shown) < 5000
    text = Words(shown).text
    for line in repr(data).splitlines():
        assert " ".join(line.split()) in text
    assert "<b>&" not in shown


def test_model():
    model = hx.static_diffusion(D0=1e4, alpha=-0.3, D_offset=0.0, contrast=0.3, offset=1.0)
    assert Words(model._repr_html_()).text == " ".join(str(model).split())


def test_result():
    rows = (
        sentence("verdict", "model", "the decay is <faster>.", "inadequate", (Remedy("other_model"),)),
        quantity("parameters", "D0", 1234.5678, "Å²/s", 12.0, "free"),
        quantity("parameters", "alpha", 0.0, "", None, "fixed"),
        *(quantity("sectors", f"contrast[{k}]", 0.3, "", 0.01, "own") for k in range(40)),
        quantity("derived", "mean J", 99.0, "Å²/s", 1.0),
        quantity("quality", "χ²", 1612.0),
        sentence("ending", "not converged", "the steps ran out.", "step_limit"),
        sentence("notes", "note", "a & b."),
    )
    shown = summary_html(rows)
    assert len(shown) < 20_000
    text = Words(shown).text
    said = ("NOT ADEQUATE : The decay is <faster>. Try another model.", "D0 1235 12 Å²/s", "alpha 0 fixed", "χ² = 1612")
    assert all(each in text for each in (*said, "not converged : the steps ran out.", "a & b."))
    assert text.index("mean J 99.0 1.0 Å²/s") > text.index("contrast[27]")
    assert "contrast[28]" not in text
    assert "12 more in .parameters" in text
    assert re.search(r'color:#cf222e">NOT ADEQUATE', shown)
    assert unescape(shown) != shown
