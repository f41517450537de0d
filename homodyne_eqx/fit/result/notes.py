"""What a result has to say beside its numbers, for whom a minimum of χ² is not yet an answer."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax

from ...data import TwoTimeData
from ...physics.composition import modules_within
from ...physics.model import TwoTimeModel
from ..free_parameters import FreeParameters

_FAR_ABOVE = 4.0


def notes_on(
    fitted: TwoTimeModel, free_parameters: FreeParameters, reduced_chi2: float, data: TwoTimeData | None, loss: str
) -> Iterator[str]:
    """Sentences on a minimum that has been found."""
    # Noise that is correlated between frames widens the scatter of the reduced χ² about 1, not its mean; and a sigma
    # estimated from the plateau leaves out what noise grows with the correlation.
    given = data is None or not data.sigma_source.startswith("estimated")
    if given and loss == "Squares" and reduced_chi2 > _FAR_ABOVE:
        yield (
            f"a minimum, but the residuals are {reduced_chi2**0.5:.2g} times sigma: if sigma is right, the model does "
            "not describe the data. Try other starts (starts=[…]) or another model."
        )
    if free_parameters.free:
        yield from _exchangeable(fitted)


def _exchangeable(model: TwoTimeModel) -> Iterator[str]:
    """What each term says may have changed names: two fields that hold the same kind of thing."""
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
