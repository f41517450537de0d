"""Models to compare on the command line: their names, their folders, and which settings of parameters are for which."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..data import OneTimeData, PairData, TwoTimeData
from ..physics.close_names import did_you_mean
from . import chosen_model
from .extensions import InstalledModel
from .fit_settings import FitSettings
from .model_choice import RatesName

_ASSIGNING = ("start", "fix", "bound")


def folder_of(name: str) -> str:
    """A name for the folder of the result of a model."""
    return re.sub(r"[^\w.-]+", "-", name.replace("\\", "/").rpartition("/")[2])


def model_and_rates(name: str) -> Mapping[str, Any]:
    """The settings that a name asks for: `laminar-flow:constant` is laminar flow with constant rates."""
    model, _, rates = name.rpartition(":")
    if model and rates in [*RatesName]:
        return {"model": model, "rates": RatesName(rates), "diffusion_rates": None, "shear_rates": None}
    return {"model": name}


def settings_of_models(
    settings: FitSettings, names: Sequence[str], data: TwoTimeData | OneTimeData | PairData | None
) -> dict[str, FitSettings]:
    """The settings of each model: those of a parameter apply to the models that have it.

    **Arguments:** `data`: `None` before they are read; a model that is made from them then has every name.

    **Raises:** `ValueError` for a parameter that none of the models has, and as `FitSettings.documented`.
    """
    without = replace(settings, **dict.fromkeys(_ASSIGNING, ()))
    of_models = {name: replace(without, **model_and_rates(name)) for name in names}
    known = {name: _names(each, data) for name, each in of_models.items()}
    if all(each is not None for each in known.values()):
        _check_names(settings, list(dict.fromkeys(one for each in known.values() if each for one in each)))
    found = {}
    for name, each in of_models.items():
        own = known[name]
        kept = {
            option: tuple(text for text in getattr(settings, option) if own is None or _parameter(text) in own)
            for option in _ASSIGNING
        }
        found[name] = replace(each, **kept)
    return found


def _names(settings: FitSettings, data: TwoTimeData | OneTimeData | PairData | None) -> tuple[str, ...] | None:
    choice = settings.documented()
    if choice is not None and (data is None or isinstance(data, TwoTimeData)):
        return choice.names
    if data is None:
        return None
    if isinstance(data, TwoTimeData):
        made = chosen_model.of_maps(settings.model, choice, data)
    else:
        made = chosen_model.of_pairs(settings.model, choice, data, settings.scaling)
    return made.all_names if isinstance(made, InstalledModel) else made.names


def _check_names(settings: FitSettings, known: Sequence[str]) -> None:
    for option in _ASSIGNING:
        for text in getattr(settings, option):
            name = _parameter(text)
            if name not in known:
                raise ValueError(
                    f"--{option} names {name!r}, which none of the models has.{did_you_mean(name, known)} They have "
                    f"{', '.join(known)}."
                )


def _parameter(text: str) -> str:
    return text.partition("=")[0].strip()
