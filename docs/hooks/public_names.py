"""`::: hx.load` in a page is the reference of `homodyne_eqx.load`, under the name by which it is called.

It has that name as its anchor: `api/data.md#hx.load` links to it. `names: data` stands for links to all names of the
page `api/data.md`.
"""

import inspect
import re
from functools import reduce
from pathlib import Path

import homodyne_eqx

NAME = re.compile(r"^::: hx\.(\S+)$", re.MULTILINE)
ALL_NAMES = re.compile(r"\bnames: (\w+)")


def on_page_markdown(markdown, page, config, **_):
    if page.file.src_uri == "api/index.md":
        api = Path(config.docs_dir) / "api"
        return ALL_NAMES.sub(lambda match: _links(api, match[1]), markdown)
    return NAME.sub(_reference, markdown)


def _links(api, topic):
    names = NAME.findall((api / f"{topic}.md").read_text(encoding="utf-8"))
    return ", ".join(f"[`{name}`]({topic}.md#hx.{name})" for name in names)


def _reference(match):
    name = match[1]
    options = {"heading": f"hx.{name}", "toc_label": name.split(".")[-1], "heading_level": 3}
    lines = "".join(f"\n      {option}: {value}" for option, value in options.items())
    return f'<a id="hx.{name}"></a>\n\n::: {_source(name)}\n    options:{lines}'


def _source(name):
    """Where the source defines it. A function may have the name of its module, so that the path by which it is called
    would lead to the module."""
    found = inspect.unwrap(reduce(getattr, name.split("."), homodyne_eqx))
    if inspect.isclass(found) or inspect.isroutine(found):
        return f"{found.__module__}.{found.__qualname__}"
    return f"homodyne_eqx.{name}"
