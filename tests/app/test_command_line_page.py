"""The page on the command line lists every option as it is, and the commands that other pages show are understood."""

import shlex
from collections.abc import Iterator
from enum import StrEnum

import pytest
import typer.main

from tests.pages import DOCS, shown_commands

PAGES = sorted(
    str(page.relative_to(DOCS))
    for page in DOCS.rglob("*.md")
    if any(" homodyne-eqx " in f" {command} " for command in shown_commands(page.relative_to(DOCS)))
)


def commands():
    from homodyne_eqx.app.command_line import app

    return typer.main.get_command(app).commands


def option_rows() -> Iterator[str]:
    """A row of the table for each option that differs from others in more than its command."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for name, command in commands().items():
        for option in (each for each in command.params if each.opts[0].startswith("-")):
            flags = " ".join([", ".join((*option.opts, *option.secondary_opts)), option.metavar or ""]).strip()
            default = option.default if option.default not in (None, (), [], False) else ""
            of_kind = f"{', '.join(type(default))}. " if isinstance(default, StrEnum) else ""
            rows.setdefault((flags, str(default), f"{of_kind}{option.help}"), []).append(name)
    for (flags, default, said), names in rows.items():
        cells = (f"`{flags}`", ", ".join(names), f"`{default}`" if default else "", said)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def test_the_page_lists_every_option_as_it_is():
    page = (DOCS / "command_line.md").read_text(encoding="utf-8")
    assert [line for line in page.splitlines() if line.startswith("| `--")] == [*option_rows()]


@pytest.mark.parametrize("name", commands())
def test_a_help_text_is_wrapped_by_the_terminal_and_not_by_its_source(name):
    paragraphs = commands()[name].help.split("\n\n")
    assert len(paragraphs[0]) > 30
    assert not any("\n" in text for text in paragraphs)


@pytest.mark.parametrize("page", PAGES)
def test_what_the_pages_show_are_commands_and_options_that_there_are(page):
    shown = [command.split("homodyne-eqx ", 1)[1] for command in shown_commands(page) if "homodyne-eqx " in command]
    known = commands()
    assert shown
    for line in shown:
        name, *words = shlex.split(line)
        if name.startswith("--"):
            continue
        flags = {flag for option in known[name].params for flag in (*option.opts, *option.secondary_opts)}
        wrong = [word for word in words if word.startswith("--") and word not in flags]
        assert not wrong, f"{page} shows homodyne-eqx {line}, and {name} has no {', '.join(wrong)}"
