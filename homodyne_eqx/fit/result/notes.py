"""Notes on the model of a result: parts that may have been exchanged."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax

from ...physics.composition import modules_within
from ...physics.model import TwoTimeModel


def exchange_notes(model: TwoTimeModel) -> Iterator[str]:
    """Sentences on the parts that each term declares as exchangeable: two fields of the same kind."""
    for _, module in modules_within(model):
        for field in dataclasses.fields(module):
            other = field.metadata.get("exchanges_with", "")
            if other and _kind(getattr(module, field.name)) == _kind(getattr(module, other)):
                also = field.metadata["exchange"]
                yield (
                    f"the two components may have changed names: {field.name} and {other} exchanged, "
                    f"{f'{also}, ' if also else ''}is the same map."
                )


def _kind(component: eqx.Module) -> Any:
    return jax.tree.structure(eqx.filter(component, eqx.is_array))
