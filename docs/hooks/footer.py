"""The foot of every page states the version of the package and the day on which the pages were built."""

import re
from pathlib import Path

from mkdocs.utils import get_build_date

VERSION = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)


def on_config(config):
    source = Path(config.config_file_path).parent / "homodyne_eqx" / "__init__.py"
    (version,) = VERSION.findall(source.read_text(encoding="utf-8"))
    config.copyright = f"homodyne_eqx {version}, pages built on {get_build_date()}"
