"""Models of two-time maps beside the two documented ones, by name, whose start is searched for in the data."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import final

import numpy as np

from ..data import TwoTimeData
from ..physics.accumulation import AbstractAccumulation
from ..physics.documented_models import LAMINAR_NAMES
from ..physics.kernels import Stretched
from ..physics.model import TwoTimeModel
from ..physics.parameter_names import named_leaves
from ..physics.rates import AbstractRate, ExponentialShare, PowerLaw, Spline
from ..physics.scaling import ContrastOffset
from ..physics.terms import AbstractTerm, Ballistic, Diffusion, Shear, TwoComponents
from .extensions import InstalledModel
from .model_choice import ACCUMULATIONS, KERNELS, AccumulationName, KernelName, ModelName, RatesName, ScalingName

TWO_COMPONENT_NAMES: dict[str, str] = {
    "D0_ref": "diffusion_1.rate.amplitude",
    "alpha_ref": "diffusion_1.rate.exponent",
    "D_offset_ref": "diffusion_1.rate.offset",
    "D0_sample": "diffusion_2.rate.amplitude",
    "alpha_sample": "diffusion_2.rate.exponent",
    "D_offset_sample": "diffusion_2.rate.offset",
    "v0": "two_components.velocity.amplitude",
    "v_beta": "two_components.velocity.exponent",
    "v_offset": "two_components.velocity.offset",
    "f0": "two_components.fraction.f0",
    "f1": "two_components.fraction.f1",
    "f2": "two_components.fraction.f2",
    "f3": "two_components.fraction.f3",
    "phi0": "two_components.phi0",
}
"""The published names of the fourteen parameters, and those of this package. Their phi0_het is −phi0."""
STRETCHING = {"stretching": "diffusion.kernel.exponent"}
KNOTS = 5
"""The number of knots of a spline, unless given."""


class MapModelName(StrEnum):
    two_component = "two-component"
    stretched_static = "stretched-static"
    stretched_laminar_flow = "stretched-laminar-flow"
    ballistic = "ballistic"


@final
@dataclass(frozen=True)
class MapModelChoice:
    """One of these models with its choices, or a documented one with a rate that is a spline. `diffusion_rates`,
    `motion_rates` (of the shear rate or velocity) and `share` say how they change with time; `knots`: of a spline."""

    name: MapModelName | ModelName
    kernel: KernelName
    accumulation: AccumulationName
    diffusion_rates: RatesName
    motion_rates: RatesName
    share: RatesName
    scaling: ScalingName
    knots: int = KNOTS

    def __post_init__(self):
        if self.accumulation is AccumulationName.exact and RatesName.spline in self.options:
            raise ValueError("--accumulation exact is of power laws; a spline has no such integral. Leave it out.")

    @property
    def options(self) -> tuple[KernelName | AccumulationName | RatesName, ...]:
        """The choices of kernel, accumulation and rates."""
        return (self.kernel, self.accumulation, self.diffusion_rates, self.motion_rates)

    @property
    def aliases(self) -> Mapping[str, str]:
        """Names that may stand for those of the model."""
        known = {*self._own_names}
        return {name: own for name, own in (TWO_COMPONENT_NAMES | STRETCHING).items() if own in known}

    @property
    def _own_names(self) -> tuple[str, ...]:
        return tuple(leaf.name for leaf in named_leaves(self._model(1, (1.0, 2.0))))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all parameters, and those that may stand for them."""
        return (*self._own_names, *self.aliases)

    def started(self, data: TwoTimeData) -> InstalledModel:
        """The model with the values from which the search for a start begins."""
        model = self._model(data.n_sector, _span(data))
        names = [leaf.name for leaf in named_leaves(model)]
        held = dict.fromkeys((name for name in names if self._is_held(name)), 0.0)
        within = {name: ends for name, ends in _ranges(data).items() if name in names}
        return InstalledModel(self.name.value, "estimated", model, held, self.aliases, within)

    def _is_held(self, name: str) -> bool:
        """Whether it makes a rate change that is to be constant."""
        diffusion, motion = (each is RatesName.constant for each in (self.diffusion_rates, self.motion_rates))
        if name.endswith((".f1", ".f3")):
            return self.share is RatesName.constant
        if name in ("alpha", "D_offset") or name.startswith("diffusion"):
            return diffusion and (name in LAMINAR_NAMES or name.endswith((".rate.exponent", ".rate.offset")))
        of_motion = name in ("beta", "gamma_dot_t_offset") or name.endswith((".velocity.exponent", ".velocity.offset"))
        return motion and of_motion

    def _model(self, n_sector: int, span: tuple[float, float]) -> TwoTimeModel:
        """`span`: times of the first knot of a spline and of the last, s."""
        common = self.scaling is ScalingName.common
        contrast, offset = (0.3, 1.0) if common else (np.full(n_sector, 0.3), np.ones(n_sector))
        return TwoTimeModel(self._term(ACCUMULATIONS[self.accumulation], span), ContrastOffset(contrast, offset))

    def _rate(self, how: RatesName, size: float, span: tuple[float, float]) -> AbstractRate:
        if how is RatesName.spline:
            return Spline(tuple(np.geomspace(*span, self.knots).tolist()), np.full(self.knots, size))
        return PowerLaw(size, 0.0, 0.0)

    def _term(self, accumulation: AbstractAccumulation, span: tuple[float, float]) -> AbstractTerm:
        rate = self._rate(self.diffusion_rates, 1e4, span)
        speed = self._rate(self.motion_rates, 100.0, span)
        if self.name is MapModelName.two_component:
            reference, sample = (Diffusion(rate, accumulation=accumulation) for _ in range(2))
            return TwoComponents(reference, sample, ExponentialShare(0.3), speed, 0.0, accumulation)
        if self.name is MapModelName.ballistic:
            return Ballistic(speed, accumulation=accumulation)
        stretched = self.name in (MapModelName.stretched_static, MapModelName.stretched_laminar_flow)
        kernel = (Stretched(1.0),) if stretched else ()
        diffusion = Diffusion(rate, *kernel, accumulation=accumulation)
        if self.name in (MapModelName.stretched_static, ModelName.static):
            return diffusion
        shear_rate = self._rate(self.motion_rates, 1e-3, span)
        return diffusion * Shear(shear_rate, 0.0, KERNELS[self.kernel], accumulation)


def _span(data: TwoTimeData) -> tuple[float, float]:
    """From the first frame after t = 0 to the last one, s."""
    t = np.asarray(data.geometry.t, float)
    return float(t[t > 0][0]), float(t[-1])


def _ranges(data: TwoTimeData) -> dict[str, tuple[float, float]]:
    """Between which rates and velocities are searched for: from a decay that the frames hardly show to one within the
    first lag."""
    t, q = np.asarray(data.geometry.t, float), float(np.mean(data.geometry.q))
    shortest, longest = float(np.min(np.diff(t))), float(t[-1] - t[0])
    transport = (0.02 / longest / q**2, 6 / shortest / q**2)
    velocity = (0.1 / longest / q, 3 / shortest / q)
    of_rate = ("amplitude", "values")
    terms = ("diffusion", "diffusion_1", "diffusion_2")
    of_transport = ["D0", *(f"{term}.rate.{x}" for term in terms for x in of_rate)]
    of_velocity = [f"{term}.velocity.{x}" for term in ("two_components", "ballistic") for x in of_rate]
    return {**dict.fromkeys(of_transport, transport), **dict.fromkeys(of_velocity, velocity)}
