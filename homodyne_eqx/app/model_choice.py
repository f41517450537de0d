"""The models that the command line offers, by name, and the start of a fit."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from ..data import TwoTimeData
from ..data.errors import MissingGeometry
from ..engine import Cauchy, Huber, SoftL1
from ..engine.losses import AbstractLoss, Squares
from ..fit.starts.steady_motion import SteadyMotion
from ..physics.accumulation import AbstractAccumulation, Exact, Trapezoid
from ..physics.documented_models import LAMINAR_NAMES, STATIC_NAMES, laminar_flow, static_diffusion
from ..physics.kernels import AbstractKernel, GapAverage, SincSquared
from ..physics.model import TwoTimeModel


class ModelName(StrEnum):
    laminar_flow = "laminar-flow"
    static = "static"


class KernelName(StrEnum):
    gap_average = "gap-average"
    sinc_squared = "sinc-squared"


class AccumulationName(StrEnum):
    trapezoid = "trapezoid"
    exact = "exact"


class RatesName(StrEnum):
    power_law = "power-law"
    constant = "constant"
    spline = "spline"


class ScalingName(StrEnum):
    per_sector = "per-sector"
    common = "common"


class LossName(StrEnum):
    squares = "squares"
    soft_l1 = "soft-l1"
    huber = "huber"
    cauchy = "cauchy"


class WeightsName(StrEnum):
    independent = "independent"
    speckle = "speckle"


KERNELS: dict[KernelName, AbstractKernel] = {
    KernelName.gap_average: GapAverage(),
    KernelName.sinc_squared: SincSquared(),
}
ACCUMULATIONS: dict[AccumulationName, AbstractAccumulation] = {
    AccumulationName.trapezoid: Trapezoid(),
    AccumulationName.exact: Exact(),
}
LOSSES: dict[LossName, type[AbstractLoss]] = {
    LossName.squares: Squares,
    LossName.soft_l1: SoftL1,
    LossName.huber: Huber,
    LossName.cauchy: Cauchy,
}
FIXED_WHEN_CONSTANT = {"alpha": 0.0, "D_offset": 0.0, "beta": 0.0, "gamma_dot_t_offset": 0.0}
"""The exponents and offsets whose value 0 makes a power law a constant."""


@dataclass(frozen=True)
class ModelChoice:
    """A documented model: its kernel, accumulation rule, form of the rates (of the two apart where `diffusion_rates` or
    `shear_rates` is given), and number of contrasts and offsets."""

    name: ModelName
    kernel: KernelName
    accumulation: AccumulationName
    rates: RatesName = RatesName.power_law
    scaling: ScalingName = ScalingName.per_sector
    diffusion_rates: RatesName | None = None
    shear_rates: RatesName | None = None

    @property
    def sheared(self) -> bool:
        return self.name is ModelName.laminar_flow

    @property
    def options(self) -> tuple[KernelName | AccumulationName | RatesName | None, ...]:
        """The choices of kernel, accumulation and rates."""
        return (self.kernel, self.accumulation, self.rates, self.diffusion_rates, self.shear_rates)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all parameters."""
        return (*(LAMINAR_NAMES if self.sheared else STATIC_NAMES), "contrast", "offset")

    @property
    def fixed(self) -> dict[str, float]:
        """The parameters that the choice of rates fixes, by name."""
        of_diffusion, of_shear = self.diffusion_rates or self.rates, self.shear_rates or self.rates
        chosen = {name: of_diffusion if name in STATIC_NAMES else of_shear for name in FIXED_WHEN_CONSTANT}
        constant = [name for name in self.names if chosen.get(name) is RatesName.constant]
        return {name: FIXED_WHEN_CONSTANT[name] for name in constant}

    def build(self, values: dict[str, Any]) -> TwoTimeModel:
        """The model with a value for every name of `names`."""
        accumulation = ACCUMULATIONS[self.accumulation]
        if self.sheared:
            return laminar_flow(**values, kernel=KERNELS[self.kernel], accumulation=accumulation)
        return static_diffusion(**values, accumulation=accumulation)


def check_geometry(choice: Any, data: TwoTimeData) -> None:
    """Refuse data without what the model reads, before anything is estimated; models of other packages do so later.

    **Raises:** `MissingGeometry`, which names the model that does without.
    """
    if not isinstance(choice, ModelChoice) or not choice.sheared:
        return
    missing = tuple(name for name in ("gap", "phi") if getattr(data.geometry, name) is None)
    if missing:
        otherwise = f"--model {ModelName.static.value}, for a sample that does not flow, needs none"
        raise MissingGeometry(f"--model {choice.name.value}", missing, otherwise)


@dataclass(frozen=True)
class Start:
    """Values for every parameter of a model, and where each came from."""

    values: dict[str, Any]
    sources: dict[str, str]
    notes: tuple[str, ...]


def start_values(
    choice: ModelChoice,
    data: TwoTimeData,
    given: Mapping[str, float | tuple[float, ...]],
    guess: SteadyMotion | None,
    bounds: Mapping[str, tuple[float | None, float | None]],
) -> Start:
    """Given values where there are any; what is left from an estimate of steady motion.

    Exponents and offsets of the rates start at 0. Where an exponent is given and its amplitude is not, the amplitude
    gives the estimated rate on average over the frames. What is not given is moved inside its bounds.

    **Arguments:** `given`: a number, or of contrast and offset one for each sector; `guess`: may be `None` only where
    everything is given; `bounds`: name → (low, high) as in a fit.

    **Raises:** `ValueError` for several values of what is one number, or of another number of sectors.
    """
    _check_lengths(choice, data.n_sector, given)
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for name in choice.names:
        if name in given:
            values[name], sources[name] = given[name], "given"
        elif name in choice.fixed:
            values[name], sources[name] = choice.fixed[name], "constant rates"
        elif name in FIXED_WHEN_CONSTANT:
            values[name], sources[name] = 0.0, "no ageing"
    if guess is not None:
        estimated: dict[str, Any] = {"contrast": guess.contrast, "offset": guess.offset}
        estimated["D0"] = _amplitude(guess.J, values["alpha"], values["D_offset"], data)
        if choice.sheared:
            shear_rate = max(float(guess.shear_rate or 0.0), 1e-12)
            estimated["gamma_dot_t0"] = _amplitude(shear_rate, values["beta"], values["gamma_dot_t_offset"], data)
            estimated["phi0"] = guess.phi0
        for name in choice.names:
            if name not in values:
                values[name], sources[name] = estimated[name], "estimated"
    for name in bounds.keys() - given.keys() - choice.fixed.keys():
        inside = moved_inside(values[name], *bounds[name])
        if np.any(inside != values[name]):
            values[name], sources[name] = inside, f"{sources[name]}, moved into its bounds"
    for name in ("contrast", "offset"):
        values[name] = np.asarray(values[name], float)
        mean = float(np.mean(values[name]))
        values[name] = mean if choice.scaling is ScalingName.common else values[name] + np.zeros(data.n_sector)
    return Start(values, sources, () if guess is None else guess.notes)


def _check_lengths(choice: ModelChoice, n_sector: int, given: Mapping[str, float | tuple[float, ...]]) -> None:
    for name, value in given.items():
        if not isinstance(value, tuple):
            continue
        by_sector = name in ("contrast", "offset") and choice.scaling is ScalingName.per_sector
        if not by_sector or len(value) != n_sector:
            expected = f"one, or one for each of the {n_sector} sectors" if by_sector else "one number"
            raise ValueError(f"--start {name} has {len(value)} values; expected {expected}.")


def moved_inside(value: Any, low: float | None, high: float | None) -> Any:
    """The value where it lies between the bounds, else a point a tenth of the way in (of the bound, if it is one)."""
    lowest, highest = -np.inf if low is None else low, np.inf if high is None else high
    span = highest - lowest
    margin = 0.1 * span if np.isfinite(span) else 0.1 * max(abs(low or 0.0), abs(high or 0.0))
    moved = np.where(value < lowest, lowest + margin, np.where(value > highest, highest - margin, value))
    return float(moved) if moved.ndim == 0 else moved


def _amplitude(rate: float, exponent: float, offset: float, data: TwoTimeData) -> float:
    """Amplitude of a power law whose average over the frames is `rate`, where the offset leaves anything of it."""
    t = np.maximum(np.asarray(data.geometry.t, float), float(data.geometry.time_floor))
    return max(rate - offset, 0.05 * rate) / float(np.mean(t**exponent))
