"""The options that the readers of files state, as flags of a command."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from ..data.formats import ReaderOption, all_reader_options
from .options import DATA
from .spelling import flag


def with_reader_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command with a flag for each option of the readers, in place of its `**options`.

    The values go to `**options` by their names in Python; `None` for a flag that was not given.
    """
    signature = inspect.signature(command)
    own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    flags = [
        inspect.Parameter(option.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_annotation(option))
        for option in all_reader_options()
    ]

    @functools.wraps(command)
    def flagged(*arguments: Any, **options: Any) -> Any:
        return command(*arguments, **options)

    complete = signature.replace(parameters=[*own, *flags])
    flagged.__signature__ = complete  # pyright: ignore[reportAttributeAccessIssue]
    flagged.__annotations__ = {name: p.annotation for name, p in complete.parameters.items()}
    return flagged


def _annotation(option: ReaderOption) -> Any:
    metavar = option.placeholder or None
    shown = typer.Option(flag(option.name), metavar=metavar, help=option.help, rich_help_panel=DATA)
    return Annotated[option.text_or_type | None, shown]
