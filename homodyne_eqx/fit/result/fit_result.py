"""What a fit returns: the model, its parameters with uncertainties, and an honest word on how it ended."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, final

import numpy as np

from ...data import TwoTimeData, whole_file
from ...physics.model import TwoTimeModel
from ..parameter import Parameter
from ..solve.ended import Ended
from ..solve.minimise import Iteration
from ..uncertainty.correlated_noise import correlation_factor
from .derived import Curve
from .table import table_of

ASSUMPTION = (
    "Uncertainties are 1σ from JᵀJ at the solution and assume that the noise of different pairs of frames is "
    "independent. c2 of finitely many speckles has noise that is correlated between frames; where the residuals are "
    "correlated, multiply by the factor given (a rough one: from the correlation of the residuals along one time axis)."
)


@final
@dataclass(frozen=True, repr=False)
class FitResult:
    """The outcome of a fit. `print` shows a table; `save` writes JSON.

    - `model`: the fitted model; `parameters`: name → `Parameter`, array-valued ones element by element (`contrast[3]`).
      A path in the model (`g1.terms[0].rate.value`) finds its parameter as well;
    - `chi2`, `degrees_of_freedom`: over pairs of frames, each counted once;
    - `covariance`: (n_free, n_free), in the order of `free_names`;
    - `converged`, `ended`, `message`: how it ended;
    - `kernel`: its name; where terms have different ones, each with its term, that of the shear first;
    - `averages`: computes name, value, 1σ and unit of each of the `derived` quantities; `rates`: the `curves`;
    - `history`: every step from the start that was gone on from; `seconds`: of the whole fit, of packing the data, of
      comparing starts where there were several, of first stages on averaged or sampled data where there were any, and
      of the first step, compilation included;
    - `notes`: what else to know: starts that were moved or compared, data that were sampled first, and a minimum that
      does not describe the data.
    """

    model: TwoTimeModel
    parameters: Mapping[str, Parameter]
    chi2: float
    degrees_of_freedom: int
    covariance: np.ndarray
    ended: str
    message: str
    kernel: str
    averages: Callable[[], list[tuple[str, float, float, str]]]
    rates: Callable[[], Mapping[str, Curve]]
    history: tuple[Iteration, ...]
    seconds: Mapping[str, float]
    notes: tuple[str, ...]
    loss: str
    data: TwoTimeData | None = field(default=None)
    assumption: str = ASSUMPTION

    @property
    def converged(self) -> bool:
        return self.ended == Ended.CONVERGED

    @property
    def reduced_chi2(self) -> float:
        return self.chi2 / self.degrees_of_freedom

    @property
    def free_names(self) -> tuple[str, ...]:
        return tuple(name for name, parameter in self.parameters.items() if parameter.free)

    @cached_property
    def derived(self) -> Mapping[str, Parameter]:
        """Rates averaged over the frames, with uncertainties; computed when asked for."""
        return {
            name: Parameter(name, name, value, unit, uncertainty=uncertainty)
            for name, value, uncertainty, unit in self.averages()
        }

    def curves(self) -> Mapping[str, Curve]:
        """Each rate over time by name, with 1σ to either side; computed when asked for first.

        `result.curves()["J"]` has `t`, s, `value`, `low`, `high`, each one value a frame, and `unit`.
        """
        return self._curves

    @cached_property
    def _curves(self) -> Mapping[str, Curve]:
        return self.rates()

    @cached_property
    def noise_factor(self) -> float | None:
        """By what to multiply the uncertainties for noise that is correlated between frames, roughly; computed when
        asked for. `None` without the data."""
        return None if self.data is None else correlation_factor(self.model, self.data)

    def __str__(self) -> str:
        return table_of(self)

    __repr__ = __str__

    def to_dict(self) -> dict[str, Any]:
        """Everything but the arrays of the data, as plain numbers, strings, lists and dictionaries."""
        from ...versions import versions

        source = None if self.data is None else self.data.provenance
        return {
            "converged": self.converged,
            "ended": self.ended,
            "message": self.message,
            "chi2": self.chi2,
            "degrees_of_freedom": self.degrees_of_freedom,
            "reduced_chi2": self.reduced_chi2,
            "kernel": self.kernel,
            "loss": self.loss,
            "parameters": {name: _plain(p) for name, p in self.parameters.items()},
            "derived": {name: _plain(p) for name, p in self.derived.items()},
            "covariance": {"names": list(self.free_names), "matrix": _finite(self.covariance.tolist())},
            "noise_factor": self.noise_factor,
            "assumption": self.assumption,
            "notes": list(self.notes),
            "iterations": len(self.history),
            "seconds": dict(self.seconds),
            "model": str(self.model),
            "data": None if source is None else {"repr": repr(self.data), **_plain(source)},
            "excluded": None if self.data is None else _plain(self.data.excluded),
            "versions": versions(),
        }

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the result as JSON, whole or not at all.

        **Raises:** `FileExistsError` if the file is there and `overwrite` is not given.
        """
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        with whole_file(path, overwrite=overwrite) as temporary:
            Path(temporary).write_text(text + "\n", encoding="utf-8")
        return Path(path)


def _plain(x: Any) -> dict[str, Any]:
    return {name: _finite(value) for name, value in vars(x).items()}


def _finite(x: Any) -> Any:
    """As JSON knows it: None for infinity and NaN, plain lists, dictionaries and numbers."""
    if isinstance(x, Mapping):
        return {str(name): _finite(value) for name, value in x.items()}
    if isinstance(x, np.generic | np.ndarray):
        x = x.tolist()
    if isinstance(x, list | tuple):
        return [_finite(value) for value in x]
    if isinstance(x, float) and not math.isfinite(x):
        return None
    return str(x) if isinstance(x, Path) else x
