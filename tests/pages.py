"""The code that the pages of the documentation show."""

import re
import textwrap
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)


def blocks(page: str | Path, language: str) -> list[str]:
    """The code blocks of a page in this language, those within tabs included."""
    found = BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))
    return [textwrap.dedent(code) for _, name, code in found if name == language]


def shown_commands(page: str | Path) -> list[str]:
    """The commands after `$` in the console blocks of a page, each in one line and without its comment."""
    lines = "\n".join(blocks(page, "console")).replace("\\\n", " ").splitlines()
    return [re.sub(r" +#.*", "", line)[2:] for line in lines if line.startswith("$ ")]
