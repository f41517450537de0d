"""Completion in a shell, beside options: names of models, and parameters of a result."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from .extensions import offered_models


def models(incomplete: str) -> list[str]:
    """Names of models that begin so, installed ones included."""
    return [name for name in offered_models() if name.startswith(incomplete)]


def parameters_of_result(context: typer.Context, incomplete: str) -> list[str]:
    """Free parameters of the result that the command line names; none where it names no result yet."""
    # An option without its value, the one to be completed, ends the parsing before arguments have their places.
    words = [str(each) for each in (context.params.get("result"), *context.args) if each is not None]
    return parameters_of_first(words, incomplete)


def parameters_of_first(words: Sequence[str], incomplete: str) -> list[str]:
    """Free parameters that begin so, of the first of the words that is the folder of a result."""
    for word in words:
        try:
            document: Any = json.loads((Path(word) / "result.json").read_text(encoding="utf-8"))
            free = [name for name, fields in document["parameters"].items() if fields["free"]]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
        return [name for name in free if name.startswith(incomplete)]
    return []
