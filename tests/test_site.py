"""The documentation site: built strictly, whole, and usable where it is opened from a disk."""

import os
import re
import shutil
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote, urlsplit

import pytest

import homodyne_eqx as hx
from homodyne_eqx import documented_api, solvers, testing

pytest.importorskip("mkdocs", reason="needs the extra docs")
pytest.importorskip("mkdocstrings_handlers.python", reason="needs the extra docs")

pytestmark = pytest.mark.xdist_group("site")

ROOT = Path(__file__).parent.parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)


class Page(HTMLParser):
    """The anchors of a page, its links, and what it loads."""

    def __init__(self, path: Path):
        super().__init__()
        self.anchors, self.links, self.loaded, self.images = set(), [], [], []
        self.in_text, self.links_in_text = False, []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.anchors.update(found[name] for name in ("id", "name") if found.get(name))
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
            if self.in_text:
                self.links_in_text.append(found["href"])
        self.in_text |= tag == "article"
        if tag in ("script", "img", "iframe") and "src" in found:
            self.loaded.append(found["src"])
        if tag == "link" and found.get("rel") in ("stylesheet", "icon", "preload"):
            self.loaded.append(found["href"])
        if tag == "img":
            self.images.append(found)

    def handle_endtag(self, tag):
        self.in_text &= tag != "article"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(build, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site):
    # The page for a missing address is for servers alone: its links begin at their root.
    return {path: Page(path) for path in site.rglob("*.html") if path.name != "404.html"}


def public_names() -> list[str]:
    """Every name by which a user calls something: of the package and of its public modules."""
    modules = {"": hx, "datasets.": hx.datasets, "errors.": hx.errors, "testing.": testing}
    names = []
    for prefix, module in modules.items():
        for name, value in vars(module).items():
            own = getattr(value, "__module__", "homodyne_eqx").startswith("homodyne_eqx") or prefix == ""
            if not name.startswith("_") and not isinstance(value, ModuleType) and own:
                names.append(prefix + name)
    return [name for name in names if name not in ("datasets.TwoTimeData", "datasets.load")]


def test_every_public_name_has_a_reference(site, pages):
    anchors = set().union(*(page.anchors for page in pages.values()))
    assert {"load", "fit", "testing.check_term", "errors.MissingSigma", "datasets.sheared_colloid"} <= set(
        public_names()
    )
    assert [name for name in public_names() if f"hx.{name}" not in anchors] == []
    assert all(hasattr(hx, name) for name in vars(solvers) if name[0].isupper())  # so they are among these
    compatible = (site / "api" / "jax_backend.html").read_text(encoding="utf-8")
    assert [name for name in documented_api.__all__ if name not in compatible] == []


def test_the_list_of_names_links_each(site, pages):
    linked = {urlsplit(link).fragment for link in pages[site / "api" / "index.html"].links}
    assert [name for name in public_names() if f"hx.{name}" not in linked] == []


def text_of(path: Path) -> str:
    return unescape(re.sub(r"<[^>]+>", "", path.read_text(encoding="utf-8")))


def test_a_signature_has_one_argument_a_line(site):
    signature = re.search(r"^load\(\n.*?\n\) ->", text_of(site / "api" / "data.html"), re.DOTALL | re.MULTILINE)[0]
    for name in ("path", "q", "phi", "sectors", "frames", "gap", "sigma", "mask"):
        assert re.search(rf"^    {name}: ", signature, re.MULTILINE), signature


def test_modules_show_their_fields_as_arguments(site):
    fields = r"^Shear\(\n    rate: AbstractRate,\n    phi0: .*,\n    kernel: AbstractKernel = GapAverage\(\),"
    assert re.search(fields, text_of(site / "api" / "terms.html"), re.MULTILINE)


def test_no_signature_holds_an_address_in_memory(site):
    assert [path.name for path in site.rglob("*.html") if re.search(r" at 0x[0-9a-f]{6}", text_of(path))] == []


def test_every_link_leads_somewhere(site, pages):
    broken = []
    for path, page in pages.items():
        for link in page.links + page.loaded:
            parts = urlsplit(link)
            if parts.scheme in ("http", "https", "mailto", "data", "javascript"):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            fragment = unquote(parts.fragment)
            if not target.is_file() or (
                fragment and target in pages and fragment not in pages[target].anchors | {"__top"}
            ):
                broken.append(f"{path.relative_to(site)}: {link}")
    assert broken == []


def test_no_paragraph_swallows_a_list(pages):
    """Markdown ends a list at a paragraph that is not indented as far as its items; the items that follow are lost."""
    for path in pages:
        for paragraph in re.findall(r"<p>((?:(?!</p>).)*)", path.read_text(encoding="utf-8"), re.DOTALL):
            assert not re.search(r"\n\s*(- |\d+\. )", paragraph), f"{path.name}: {paragraph}"


def test_a_browser_breaks_no_flag_and_finds_a_place_to_break_a_call(site):
    page = (site / "bad_data.html").read_text(encoding="utf-8")
    assert '<code><span class="flag">--exclude-frames</span> found</code>' in page
    assert "<code>data.excluding(<wbr>frames=<wbr>hx.suspicious_frames(<wbr>data))</code>" in page
    unmarked = re.sub(r'<span class="flag">.*?</span>', "", page)
    assert not any("--" in code for code in re.findall(r"<code>.*?</code>", unmarked, re.DOTALL))


def test_nothing_is_loaded_from_elsewhere(site, pages):
    for path, page in pages.items():
        outside = [each for each in page.loaded if urlsplit(each).scheme or each.startswith("/")]
        assert outside == [], path


def test_pictures_state_size_and_description(site, pages):
    pictures = [(path, image) for path, page in pages.items() for image in page.images if "images/" in image["src"]]
    assert len(pictures) > 20
    for path, image in pictures:
        assert image.get("alt"), path
        assert int(image["width"]) > 0, path
        assert int(image["height"]) > 0, path


def test_every_page_states_the_version(pages, site):
    for path in pages:
        assert f"homodyne_eqx {hx.__version__}, pages built on 20" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("door", ["first_fit.html", "choose_a_model.html", "how_it_works.html"])
def test_home_has_three_doors(site, pages, door):
    assert door in pages[site / "index.html"].links


def test_two_clicks_lead_from_home_to_every_page(site, pages):
    """Links in the text alone, for readers with a file, with a motion in mind, or with a change of the engine."""

    def linked_from(path):
        targets = (urlsplit(link) for link in pages[path].links_in_text)
        return {
            (path.parent / unquote(target.path)).resolve() for target in targets if not target.scheme and target.path
        }

    first = linked_from(site / "index.html")
    second = first.union(*(linked_from(path) for path in first if path in pages))
    assert sorted(pages.keys() - second - {site / "index.html"}) == []


@pytest.fixture(scope="module")
def seen(site, tmp_path_factory):
    """`seen("index.html?q=hx.load")`: a page after its scripts have run, opened from the disk without a server."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium")

    def dom(page):
        profile = tmp_path_factory.mktemp("profile")
        options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"]
        command = [CHROMIUM, *options, "--virtual-time-budget=10000", "--dump-dom", f"{site.as_uri()}/{page}"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout

    return dom


def found_by(dom: str) -> list[str]:
    return re.findall(r'<a href="([^"]+)" class="md-search-result__link"', dom)


def test_search_from_a_disk_finds_load(seen, site, pages):
    links = found_by(seen("index.html?q=hx.load"))
    assert any(urlsplit(link).path.endswith("api/data.html") for link in links[:3]), links


@pytest.mark.parametrize(
    ("words", "page"),
    [("NPZ", "files.html"), ("sector", "glossary.html")],
)
def test_search_from_a_disk_finds_the_page_that_answers(seen, words, page):
    assert any(urlsplit(link).path.endswith(page) for link in found_by(seen(f"index.html?q={words}")))
