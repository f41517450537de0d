"""Bad input ends a command with a message and exit code 2, not with a traceback."""

import functools
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from ..data.errors import AbstractInputError
from .spelling import InOptions, printable

BAD_INPUT = 2
INTERRUPTED = 130
TRACEBACK_VARIABLE = "HOMODYNE_EQX_TRACEBACK"

_PACKAGE = Path(__file__).parent.parent


def refuses_bad_input(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn an error about input into a message on stderr and exit code 2, and Ctrl-C into exit code 130.

    With `HOMODYNE_EQX_TRACEBACK=1` errors pass through.
    """

    @functools.wraps(command)
    def guarded(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        except (ValueError, TypeError, IndexError, OSError, ImportError) as error:
            if os.environ.get(TRACEBACK_VARIABLE, "0") not in ("", "0"):
                raise
            message = in_options(error)
            _say(message)
            for place in _places(options.get("config"), message):
                _say(f"{place}; flags override the file.", "dim")
            if not _explains_itself(error):
                _say(f"({type(error).__name__}; set {TRACEBACK_VARIABLE}=1 to see where it came from.)", "dim")
            raise typer.Exit(BAD_INPUT) from None
        except KeyboardInterrupt:
            _say("Interrupted.")
            raise typer.Exit(INTERRUPTED) from None

    return guarded


def _places(config: Any, message: str) -> list[str]:
    """The places in a configuration file of the settings that the message names; `config`: of the command."""
    return config.places(message) if hasattr(config, "places") else []


def _say(message: str, style: str = "red") -> None:
    Console(file=sys.stderr, highlight=False, soft_wrap=True).print(printable(message), style=style, markup=False)


def in_options(error: BaseException) -> str:
    """The message of an error, with the options that repair it written as flags where the error states them."""
    return error.text(InOptions()) if isinstance(error, AbstractInputError) else str(error) or type(error).__name__


def _explains_itself(error: BaseException) -> bool:
    """Whether the message has a remedy: of an error of a type of the package, or of a usual type raised in it."""
    if isinstance(error, AbstractInputError):
        return True
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and _PACKAGE in Path(frames[-1].filename).parents
