"""Pictures that stand alone in a paragraph: with a caption, their size, and a link to the picture in full size.

The caption is the paragraph in italics that follows, or else the text that describes the picture.
"""

import re
import struct
from pathlib import Path
from posixpath import dirname, join, normpath

ALONE = re.compile(r"<p>(<img [^>]*/?>)</p>(?:\s*<p><em>((?:(?!</?p>|</?em>).)*)</em></p>)?", re.DOTALL)
ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


def on_page_content(html, page, config, **_):
    def figure(match):
        image = dict(ATTRIBUTE.findall(match[1]))
        source = Path(config.docs_dir) / normpath(join(dirname(page.file.src_uri), image["src"]))
        width, height = _size(source)
        caption = match[2] or image["alt"]
        return (
            f'<figure><a class="enlarge" href="{image["src"]}"><img src="{image["src"]}" alt="{image["alt"]}" '
            f'width="{width}" height="{height}"></a><figcaption>{caption}</figcaption></figure>'
        )

    return ALONE.sub(figure, html)


def _size(png):
    """Width and height, pixels, as stated in the first chunk of a PNG file."""
    head = png.read_bytes()[:24]
    if head[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError(f"{png} is no PNG file. Pictures of the pages are PNG files.")
    return struct.unpack(">II", head[16:24])
