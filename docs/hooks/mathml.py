"""Sets the equations of a page as MathML while the site is built, so that no script is loaded to read them."""

import html
import re

from latex2mathml.converter import convert

EQUATION = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)


def on_page_content(content, **_):
    return EQUATION.sub(_set, content)


def _set(match):
    tag, opening, latex = match.groups()
    mathml = convert(html.unescape(latex).strip(), display="block" if opening == "[" else "inline")
    return f'<{tag} class="arithmatex">{mathml}</{tag}>'
