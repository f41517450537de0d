"""Pages made from templates, in which every value is escaped and none may be missing."""

from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template


def page_template(file: Traversable) -> "Template":
    """The template in a file of the package. **Raises:** `ImportError` without jinja2."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(file.read_text(encoding="utf-8"))
