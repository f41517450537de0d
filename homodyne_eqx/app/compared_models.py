"""Names of models to compare on the command line, and the folders of their results."""

import re
from collections.abc import Mapping
from typing import Any

from .model_choice import RatesName


def folder_of(name: str) -> str:
    """A name for the folder of the result of a model."""
    return re.sub(r"[^\w.-]+", "-", name.replace("\\", "/").rpartition("/")[2])


def model_and_rates(name: str) -> Mapping[str, Any]:
    """The settings that a name asks for: `laminar-flow:constant` is laminar flow with constant rates."""
    model, _, rates = name.rpartition(":")
    if model and rates in [*RatesName]:
        return {"model": model, "rates": RatesName(rates), "diffusion_rates": None, "shear_rates": None}
    return {"model": name}
