"""Where a browser may break a line of code.

It would break `--gap` after the hyphens: `class="flag"` keeps a flag of a command whole. It finds no place to break
`hx.Populations(terms,fractions)`, so that a narrow column becomes wide: `<wbr>` allows a break after a bracket, an
equals sign or a slash. A reader who copies the code gets neither.
"""

import re

BLOCK = re.compile(r"(<pre\b.*?</pre>)", re.DOTALL)
CODE = re.compile(r"(<code\b.*?</code>)", re.DOTALL)
TAG = re.compile(r"(<[^>]*>)")
FLAG = re.compile(r"(?<![\w-])--[a-z][\w-]*")
PLACE = re.compile(r"""(?<=[(=/])(?=[\w"'\[({])""")


def on_page_content(html, **_):
    return "".join(
        _marked(part, FLAG, _flag) if part.startswith("<pre") else _inline(part) for part in BLOCK.split(html)
    )


def _flag(match):
    return f'<span class="flag">{match[0]}</span>'


def _inline(html):
    return _marked(_marked(html, PLACE, "<wbr>"), FLAG, _flag)


def _marked(html, pattern, replacement):
    """`html`, with the replacement in the text of its code, and not within tags."""

    def of_code(code):
        parts = TAG.split(code[0])
        return "".join(part if part.startswith("<") else pattern.sub(replacement, part) for part in parts)

    return CODE.sub(of_code, html)
