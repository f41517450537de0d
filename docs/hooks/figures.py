"""Pictures with their size, so that a page does not jump while they load, and a link to the picture in full size.

One that stands alone in a paragraph gets a caption: the paragraph in italics that follows, or else the text that
describes the picture. `{ width=49% }` behind a picture is its share of the width of the page.
"""

import re
import struct
from pathlib import Path
from posixpath import dirname, join, normpath

IMAGE = re.compile(r"<img [^>]*?/?>")
ALONE = re.compile(r"<p>(<img [^>]*/?>)</p>(?:\s*<p><em>((?:(?!</?p>|</?em>).)*)</em></p>)?", re.DOTALL)
ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


def on_page_content(html, page, config, **_):
    folder = Path(config.docs_dir) / dirname(page.file.src_uri)

    def figure(match):
        caption = match[2] or dict(ATTRIBUTE.findall(match[1]))["alt"]
        return f"<figure>{match[1]}<figcaption>{caption}</figcaption></figure>"

    return IMAGE.sub(lambda match: _enlargeable(match[0], folder), ALONE.sub(figure, html))


def _enlargeable(image, folder):
    given = dict(ATTRIBUTE.findall(image))
    source, alt = given["src"], given["alt"]
    if ":" in source:
        return image
    width, height = _size(Path(normpath(join(folder, source))))
    share = f' style="width: {given["width"]}"' if given.get("width", "").endswith("%") else ""
    return f'<a class="enlarge" href="{source}"><img src="{source}" alt="{alt}" width="{width}" height="{height}"{share}></a>'


def _size(png):
    """Width and height, pixels, as stated in the first chunk of a PNG file."""
    head = png.read_bytes()[:24]
    if head[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError(f"{png} is no PNG file. Pictures of the pages are PNG files.")
    return struct.unpack(">II", head[16:24])
