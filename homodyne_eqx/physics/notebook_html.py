"""HTML for notebooks: small pieces without scripts, in the colours of the page around them."""

from collections.abc import Iterable, Sequence
from html import escape

_TABLE = "border-collapse:collapse;margin:0.4em 0"
_LEFT = "text-align:left;padding:1px 14px 1px 0;vertical-align:top"
_RIGHT = "text-align:right;padding:1px 14px 1px 0;vertical-align:top;white-space:nowrap"


def table_html(heading: Sequence[str], lines: Iterable[Sequence[str]], right: Sequence[int] = ()) -> str:
    """A table. **Arguments:** `heading`: empty for none; `right`: numbers of the columns that are set flush right."""

    def line(cells: Sequence[str], tag: str) -> str:
        styles = [_RIGHT if k in right else _LEFT for k in range(len(cells))]
        return "".join(f'<{tag} style="{style}">{escape(cell)}</{tag}>' for cell, style in zip(cells, styles))

    head = f"<thead><tr>{line(heading, 'th')}</tr></thead>" if heading else ""
    body = "".join(f"<tr>{line(cells, 'td')}</tr>" for cells in lines)
    return f'<table style="{_TABLE}">{head}<tbody>{body}</tbody></table>'


def described_html(text: str) -> str:
    """A heading, then lines of a name and what there is to say of it, as a heading and a table."""
    heading, *lines = text.splitlines()
    named = [(*line.split(maxsplit=1), "")[:2] for line in lines]
    return f"<b>{escape(heading)}</b>{table_html((), named)}"


def preformatted_html(text: str) -> str:
    """A text as it is, line by line."""
    return f'<pre style="overflow-x:auto;margin:0.4em 0">{escape(text)}</pre>'
