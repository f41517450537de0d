"""Whether a model depends on the lag alone, so that it needs no origin of time."""

from typing import Any

import equinox as eqx

from .composition import modules_within
from .detection import AbstractDetection
from .errors import NeedsTimeOrigin
from .rates import AbstractRate
from .terms import AbstractTerm


def changing_parts(model: eqx.Module) -> tuple[str, ...]:
    """The classes within a model that do not state that they are steady, each once, in the order of its fields."""
    parts = (part for _, part in modules_within(model))
    said = (part for part in parts if isinstance(part, AbstractRate | AbstractTerm | AbstractDetection))
    return tuple(dict.fromkeys(type(part).__name__ for part in said if not part.steady))


def check_steady(model: Any) -> None:
    """**Raises:** `NeedsTimeOrigin` for a model that may change with time."""
    parts = changing_parts(model)
    if parts:
        raise NeedsTimeOrigin(parts)
