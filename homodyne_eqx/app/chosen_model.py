"""The model that a command fits, by its name and by the kind of the data: maps, or one-time correlations."""

from ..data import OneTimeData, PairData, TwoTimeData
from . import extensions, model_file, one_time_models
from .extensions import InstalledModel
from .map_models import KNOTS, MapModelChoice, MapModelName
from .model_choice import AccumulationName, KernelName, ModelChoice, ModelName, RatesName, ScalingName

_USUAL = (KernelName.gap_average, RatesName.power_law, AccumulationName.trapezoid)


def documented(
    model: str | None,
    kernel: KernelName,
    accumulation: AccumulationName,
    rates: RatesName,
    scaling: ScalingName,
    diffusion_rates: RatesName | None = None,
    shear_rates: RatesName | None = None,
    knots: int = KNOTS,
) -> ModelChoice | MapModelChoice | None:
    """The model of maps of this name, laminar flow unless given; `None` for a model of another kind.

    **Arguments:** `diffusion_rates`, `shear_rates`: as `rates` unless given; `knots`: of splines.

    **Raises:** `ValueError` for a name that there is not, and for options that the model does not have.
    """
    apart = (diffusion_rates, shear_rates)
    of_rates = [each or rates for each in apart]
    if model in [*MapModelName] or (RatesName.spline in of_rates and model in (None, *ModelName)):
        name = MapModelName(model) if model in [*MapModelName] else ModelName(model or ModelName.laminar_flow)
        return MapModelChoice(name, kernel, accumulation, *of_rates, rates, scaling, knots)
    if model is not None and model not in [*ModelName]:
        model_file.check_file(model) if model_file.is_in_file(model) else extensions.find(model)
        _refuse_choices(model, kernel, accumulation, rates, *apart)
        if model not in extensions.ONE_TIME and scaling is not ScalingName.per_sector:
            raise ValueError(f"{scaling} cannot be chosen for {model}, which states its own. Leave it out.")
        return None
    return ModelChoice(ModelName(model or ModelName.laminar_flow), kernel, accumulation, rates, scaling, *apart)


def of_maps(
    model: str | None, choice: ModelChoice | MapModelChoice | None, data: TwoTimeData
) -> ModelChoice | InstalledModel:
    """The model to fit to maps: one of this package, or of an installed one.

    **Raises:** `ValueError` for a model of one-time correlations; as `extensions.started`.
    """
    if choice is not None:
        return choice.started(data) if isinstance(choice, MapModelChoice) else choice
    if model is not None and model_file.is_in_file(model):
        return model_file.started(model, data)
    entry = None if model is None else extensions.find(model)
    if entry is None:
        raise ValueError(
            f"--model {model} is a model of one-time correlations, and these are maps. Expected "
            f"{' or '.join([*ModelName, *MapModelName])}; or read the one-time g2 of the file, if it holds them, with "
            "--one-time."
        )
    return extensions.started(entry, data)


def of_pairs(
    model: str | None,
    choice: ModelChoice | MapModelChoice | None,
    data: OneTimeData | PairData,
    scaling: ScalingName,
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
        _refuse_choices("a model of one-time correlations", *choice.options)
    if model is not None and model_file.is_in_file(model):
        return model_file.started(model, data)
    entry = None if model is None else extensions.find(model)
    if entry is not None:
        return extensions.started(entry, data)
    name = one_time_models.DEFAULT if model is None else one_time_models.OneTimeModelName(model)
    return one_time_models.started(name, data, scaling is ScalingName.common)


def _refuse_choices(model: str, *chosen: KernelName | AccumulationName | RatesName | None) -> None:
    """**Raises:** `ValueError` for options of the documented models, which another model does not have."""
    others = [choice for choice in chosen if choice is not None and choice not in _USUAL]
    if others:
        raise ValueError(f"{', '.join(others)} cannot be chosen for {model}, which states its own. Leave it out.")
