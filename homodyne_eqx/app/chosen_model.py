"""The model that a command fits, by its name and by what the data are: maps, or one-time correlations."""

from ..data import OneTimeData, PairData, TwoTimeData
from . import extensions, one_time_models
from .extensions import InstalledModel
from .model_choice import AccumulationName, KernelName, ModelChoice, ModelName, RatesName, ScalingName

_USUAL = (KernelName.gap_average, RatesName.power_law, AccumulationName.trapezoid)


def documented(
    model: str | None, kernel: KernelName, accumulation: AccumulationName, rates: RatesName, scaling: ScalingName
) -> ModelChoice | None:
    """The documented model of this name, laminar flow unless given; `None` for a model of another kind.

    **Raises:** `ValueError` for a name that there is not, and for options that the model does not have.
    """
    if model is not None and model not in [*ModelName]:
        extensions.find(model)
        _refuse_choices(model, kernel, accumulation, rates)
        if model not in extensions.ONE_TIME and scaling is not ScalingName.per_sector:
            raise ValueError(f"{scaling} cannot be chosen for {model}, which states its own. Leave it out.")
        return None
    return ModelChoice(ModelName(model or ModelName.laminar_flow), kernel, accumulation, rates, scaling)


def of_maps(model: str | None, choice: ModelChoice | None, data: TwoTimeData) -> ModelChoice | InstalledModel:
    """The model to fit to maps: the documented one, or that of an installed package.

    **Raises:** `ValueError` for a model of one-time correlations; as `extensions.started`.
    """
    if choice is not None:
        return choice
    entry = None if model is None else extensions.find(model)
    if entry is None:
        raise ValueError(
            f"--model {model} is a model of one-time correlations, and these are maps. Expected "
            f"{' or '.join(ModelName)}; or read the one-time g2 of the file, if it holds them, with --one-time."
        )
    return extensions.started(entry, data)


def of_pairs(
    model: str | None, choice: ModelChoice | None, data: OneTimeData | PairData, scaling: ScalingName
) -> InstalledModel:
    """The model to fit to one-time correlations, started from the data; a rate in each sector unless it is named.

    **Raises:** `ValueError` for a documented model, whose rates may change with time; as `extensions.started`.
    """
    if choice is not None:
        if model is not None:
            raise ValueError(
                f"--model {model} has rates that may change with time, and these are one-time correlations, which hold "
                f"lags alone. Expected {', '.join(extensions.ONE_TIME)}; or run the two-time analysis of the same "
                "frames and fit its maps."
            )
        _refuse_choices("a model of one-time correlations", choice.kernel, choice.accumulation, choice.rates)
    entry = None if model is None else extensions.find(model)
    if entry is not None:
        return extensions.started(entry, data)
    name = one_time_models.DEFAULT if model is None else one_time_models.OneTimeModelName(model)
    return one_time_models.started(name, data, scaling is ScalingName.common)


def _refuse_choices(model: str, *chosen: KernelName | AccumulationName | RatesName) -> None:
    """**Raises:** `ValueError` for options of the documented models, which another model does not have."""
    others = [choice for choice in chosen if choice not in _USUAL]
    if others:
        raise ValueError(f"{', '.join(others)} cannot be chosen for {model}, which states its own. Leave it out.")
