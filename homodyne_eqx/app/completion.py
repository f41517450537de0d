"""What a shell completes beside options: names of models, and parameters of a result."""

import json
from pathlib import Path
from typing import Any

import typer

from .extensions import offered_models


def models(incomplete: str) -> list[str]:
    """Names of models that begin so, installed ones included."""
    return [name for name in offered_models() if name.startswith(incomplete)]


def parameters_of_result(context: typer.Context, incomplete: str) -> list[str]:
    """Free parameters of the result that the command line names; none where it names no result yet."""
    folder = context.params.get("result")
    try:
        document: Any = json.loads((Path(folder or ".") / "result.json").read_text(encoding="utf-8"))
        free = [name for name, fields in document["parameters"].items() if fields["free"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
    return [name for name in free if name.startswith(incomplete)]
