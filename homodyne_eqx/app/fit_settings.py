"""Everything that says how a file is fitted: model, selection of data, preparation, parameters, solver."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from . import chosen_model
from .assignments import fixed as fixed_of, intervals, values
from .map_models import KNOTS, MapModelChoice
from .model_choice import AccumulationName, KernelName, LossName, ModelChoice, RatesName, ScalingName, WeightsName
from .preparing import Preparation


@final
@dataclass(frozen=True)
class Assigned:
    """Start values by name, one or one for each sector, names of parameters that stay where they start, and bounds."""

    start: Mapping[str, float | tuple[float, ...]]
    fixed: tuple[str, ...]
    bounds: Mapping[str, tuple[float | None, float | None]]


@final
@dataclass(frozen=True)
class FitSettings:
    """The values of the options of `fit`, as written on the command line. `None` and empty: as if not given.

    `start`, `fix` and `bound` hold texts such as `D0=1000`, `contrast=0.3,0.28`, `phi0`, `alpha=-1:0`; `start_from` a
    former result; `layout_options` what one reader alone understands.
    """

    model: str | None = None
    kernel: KernelName = KernelName.gap_average
    rates: RatesName = RatesName.power_law
    diffusion_rates: RatesName | None = None
    shear_rates: RatesName | None = None
    knots: int = KNOTS
    accumulation: AccumulationName = AccumulationName.trapezoid
    scaling: ScalingName = ScalingName.per_sector
    q: tuple[str, str] | None = None
    phi: tuple[str, str] | None = None
    sector: Sequence[int] = ()
    frames: tuple[int, int] | None = None
    gap: str | None = None
    sigma: str | None = None
    one_time: bool = False
    exclude_frames: str | None = None
    exclude_outliers: bool = False
    exclude_sectors: str | None = None
    repeat: Sequence[Path] = ()
    bin_frames: int | None = None
    start: Sequence[str] = ()
    fix: Sequence[str] = ()
    bound: Sequence[str] = ()
    start_from: Path | None = None
    loss: LossName = LossName.squares
    weights: WeightsName = WeightsName.independent
    max_steps: int = 200
    layout_options: Mapping[str, Any] = field(default_factory=dict)

    def documented(self) -> ModelChoice | MapModelChoice | None:
        """The model of maps that is asked for, laminar flow unless given; `None` for a model of another kind.

        **Raises:** `ValueError` for what the model does not have, names of parameters included; no file is read for it.
        """
        apart = (self.diffusion_rates, self.shear_rates)
        choices = (self.model, self.kernel, self.accumulation, self.rates, self.scaling, *apart, self.knots)
        choice = chosen_model.documented(*choices)
        if self.model is not None and choice is not None:
            self.assigned(choice.names)
        return choice

    def assigned(self, names: Sequence[str]) -> Assigned:
        """The settings of the parameters that have these names.

        **Raises:** `ValueError` for other names, what is no number, and values given twice.
        """
        given: dict[str, float | tuple[float, ...]] = {**values("--start", self.start, names, several=True)}
        fixed = fixed_of("--fix", self.fix, names)
        twice = sorted(given.keys() & {name for name, value in fixed.items() if value is not None})
        if twice:
            raise ValueError(f"--start and --fix both give {', '.join(twice)} a value; expected one of them.")
        given |= {name: value for name, value in fixed.items() if value is not None}
        return Assigned(given, tuple(fixed), intervals("--bound", self.bound, names))

    def selection(self) -> dict[str, Any]:
        """Options of `load_selected` but for sigma."""
        chosen = {"q": self.q, "phi": self.phi, "sectors": list(self.sector) or None, "frames": self.frames}
        return {**chosen, "gap": self.gap, "one_time": self.one_time, **self.layout_options}

    def preparation(self) -> Preparation:
        """The steps of preparation after the data are read."""
        return Preparation(
            self.repeat, self.exclude_sectors, self.exclude_frames, self.exclude_outliers, self.bin_frames
        )
