"""Where a browser may break a line of code.

It would break `--gap` after the hyphens: `class="flag"` keeps a flag of a command whole. It finds no place to break
`hx.Populations(terms,fractions)`, so that a narrow column becomes wide: `<wbr>` allows a break after a bracket, an
equals sign or a slash in long code. A reader who copies the code gets neither.
"""

import re

BLOCK = re.compile(r"(<pre\b.*?</pre>)", re.DOTALL)
CODE = re.compile(r"(<code\b.*?</code>)", re.DOTALL)
TAG = re.compile(r"(<[^>]*>)")
FLAG = re.compile(r"(?<![\w-])--[a-z][\w-]*")
LONG = 20
PLACE = re.compile(r"""(?<=[(=/])(?=[\w"'\[({])""")


def on_page_content(html, **_):
    return "".join(
        _marked(part, _with_flags) if part.startswith("<pre") else _marked(part, _inline) for part in BLOCK.split(html)
    )


def _with_flags(text):
    return FLAG.sub(r'<span class="flag">\g<0></span>', text)


def _inline(text):
    return _with_flags(PLACE.sub("<wbr>", text) if len(text) >= LONG else text)


def _marked(html, change):
    """`html` with the text of its code changed, and no tag."""

    def of_code(code):
        return "".join(part if part.startswith("<") else change(part) for part in TAG.split(code[0]))

    return CODE.sub(of_code, html)
