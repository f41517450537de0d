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
from ..physics.rates import ExponentialShare, PowerLaw
from ..physics.scaling import ContrastOffset
from ..physics.terms import AbstractTerm, Ballistic, Diffusion, Shear, TwoComponents
from .extensions import InstalledModel
from .model_choice import ACCUMULATIONS, KERNELS, AccumulationName, KernelName, RatesName, ScalingName

TWO_COMPONENT_NAMES: Mapping[str, str] = {
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


class MapModelName(StrEnum):
    two_component = "two-component"
    stretched_static = "stretched-static"
    stretched_laminar_flow = "stretched-laminar-flow"
    ballistic = "ballistic"


@final
@dataclass(frozen=True)
class MapModelChoice:
    """One of these models with its choices. What is constant in time, `diffusion_rates`, `motion_rates` (the shear rate
    or velocity) and `share` say."""

    name: MapModelName
    kernel: KernelName
    accumulation: AccumulationName
    diffusion_rates: RatesName
    motion_rates: RatesName
    share: RatesName
    scaling: ScalingName

    @property
    def aliases(self) -> Mapping[str, str]:
        """Names that may stand for those of the model."""
        if self.name is MapModelName.two_component:
            return TWO_COMPONENT_NAMES
        return {} if self.name is MapModelName.ballistic else STRETCHING

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all parameters, and those that may stand for them."""
        return (*(leaf.name for leaf in named_leaves(self._model(1))), *self.aliases)

    def started(self, data: TwoTimeData) -> InstalledModel:
        """The model with the values from which the search for a start begins."""
        model = self._model(data.n_sector)
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

    def _model(self, n_sector: int) -> TwoTimeModel:
        common = self.scaling is ScalingName.common
        contrast, offset = (0.3, 1.0) if common else (np.full(n_sector, 0.3), np.ones(n_sector))
        return TwoTimeModel(self._term(ACCUMULATIONS[self.accumulation]), ContrastOffset(contrast, offset))

    def _term(self, accumulation: AbstractAccumulation) -> AbstractTerm:
        rate, speed = PowerLaw(1e4, 0.0, 0.0), PowerLaw(100.0, 0.0, 0.0)
        if self.name is MapModelName.two_component:
            reference, sample = (Diffusion(rate, accumulation=accumulation) for _ in range(2))
            return TwoComponents(reference, sample, ExponentialShare(0.3), speed, 0.0, accumulation)
        if self.name is MapModelName.ballistic:
            return Ballistic(speed, accumulation=accumulation)
        stretched = Diffusion(rate, Stretched(1.0), accumulation)
        if self.name is MapModelName.stretched_static:
            return stretched
        return stretched * Shear(PowerLaw(1e-3, 0.0, 0.0), 0.0, KERNELS[self.kernel], accumulation)


def _ranges(data: TwoTimeData) -> dict[str, tuple[float, float]]:
    """Between which rates and velocities are searched for: from a decay that the frames hardly show to one within the
    first lag."""
    t, q = np.asarray(data.geometry.t, float), float(np.mean(data.geometry.q))
    shortest, longest = float(np.min(np.diff(t))), float(t[-1] - t[0])
    transport = (0.02 / longest / q**2, 6 / shortest / q**2)
    velocity = (0.1 / longest / q, 3 / shortest / q)
    of_transport = ("D0", "diffusion_1.rate.amplitude", "diffusion_2.rate.amplitude")
    of_velocity = ("two_components.velocity.amplitude", "ballistic.velocity.amplitude")
    return {**dict.fromkeys(of_transport, transport), **dict.fromkeys(of_velocity, velocity)}
