"""The input of a fit: selected parameters and packed data, both checked, in the same way for every kind of fit."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import jax
import jax.numpy as jnp

from ..data import OneTimeData, PairData, TwoTimeData
from ..engine import AbstractPacked, Packed, pack
from ..engine.losses import AbstractLoss
from ..engine.packing import pack_maps
from ..physics.geometry import is_concrete
from ..physics.model import TwoTimeModel
from ..physics.model_leaves import check_leaves, in_precision_of
from ..physics.per_sector import check_sectors
from .free_parameters import FreeParameters, ParameterBounds, Priors, choose_free
from .problem import Problem, checked_surplus, problem_of, surplus
from .result.kernel import kernel_of
from .result.notes import exchange_notes

FitData = TwoTimeData | PairData | OneTimeData | AbstractPacked
"""The data to which a model is fitted."""


@final
@dataclass(frozen=True)
class FitInput:
    """A model and data, ready to be fitted.

    - `model`: the start; `free_parameters`: its parameters, which of them are free, and their bounds;
    - `packed`: the data, packed; `maps`: the same as two-time maps, or `pairs`: as data of pairs or one-time data; both
      `None` where they were given packed;
    - `loss`; `degrees_of_freedom`: pairs of frames less free parameters, not positive for data that determine nothing
      by themselves; `packing_seconds`: the time for packing;
    - `kernel`, `exchange_notes`: what a result says of the parts of the model, whatever their values.
    """

    model: TwoTimeModel
    free_parameters: FreeParameters
    packed: AbstractPacked
    maps: TwoTimeData | None
    loss: AbstractLoss
    degrees_of_freedom: int
    packing_seconds: float
    kernel: str
    exchange_notes: tuple[str, ...]
    pairs: PairData | OneTimeData | None = None

    @property
    def source(self) -> FitData:
        """The data as they were given: packed only where they were given so."""
        return self.maps or self.pairs or self.packed

    def check_enough(self) -> None:
        """**Raises:** `TooFewPairs` for no more pairs of frames than parameters."""
        free = self.free_parameters.free
        checked_surplus(self.degrees_of_freedom - surplus(0, free), free)

    def problem(self, box: bool = False) -> Problem:
        """The least-squares problem of these parameters and data; `box`: for a solver that is told the bounds."""
        return problem_of(self.model, self.free_parameters, self.packed, self.loss, box=box)


def fit_input(
    model: TwoTimeModel,
    data: FitData,
    free: Iterable[str] | None,
    fixed: Iterable[str],
    bounds: ParameterBounds | None,
    loss: AbstractLoss,
    priors: Priors | None = None,
) -> FitInput:
    """Select the free parameters by name, pack the data, and check that they can determine the parameters.

    **Raises:** `ValueError` for names that the model does not have, bounds that are not an interval, a start outside
    its bounds, a `PerSector` without one value for each sector, and fewer pairs of frames than parameters; `TypeError`
    for anything but two-time data, data of pairs and one-time data, for a model that holds a Python number where an
    array belongs, and where model or data are traced; `NeedsTimeOrigin` (of `homodyne_eqx.errors`) for a model that
    changes with time and data that hold lags alone.
    """
    check_input(model, data)
    given = input_of(model, data, choose_free(model, free, fixed, bounds, priors), loss)
    given.check_enough()
    return given


def check_input(model: TwoTimeModel, *data: FitData) -> None:
    """Refuse what is no data, leaves of the model that are no arrays, and what is traced.

    **Raises:** `TypeError`, as `fit_input`.
    """
    _refuse_tracing(model, *data)
    for each in data:
        if not isinstance(each, FitData):
            raise TypeError(
                f"data is a {type(each).__name__}; expected TwoTimeData(c2, geometry, sigma=…), PairData or "
                "OneTimeData, or hx.pack of one of them."
            )
    check_leaves(model)


def _refuse_tracing(*given: Any) -> None:
    """Refuse what is traced, and everything within `jit`, where new arrays are traced too.

    **Raises:** `TypeError`.
    """
    if all(is_concrete(x) for x in (*jax.tree.leaves(given), jnp.zeros(()))):
        return
    raise TypeError(
        "A fit runs step by step in Python and cannot be traced by jit, vmap or grad. Call it outside them; or make "
        "hx.least_squares_problem(model, data) outside, which optimistix.least_squares(hx.residual, …) solves inside "
        "them, with traced arrays in the place of its own; for many data sets there is hx.fit_many."
    )


def input_of(
    model: TwoTimeModel,
    data: FitData,
    free_parameters: FreeParameters,
    loss: AbstractLoss,
    devices: Sequence[Any] | None = None,
) -> FitInput:
    """The same with the free parameters selected already, and where there may be fewer pairs than parameters;
    `devices`: for data that are not packed, as of `pack`.

    **Raises:** as `fit_input`, of the data.
    """
    begun = time.perf_counter()
    check_sectors(model, data.geometry)
    packed = data if isinstance(data, AbstractPacked) else pack(data, devices=devices)
    packed.check(model)
    return FitInput(
        model=in_precision_of(model, packed),
        free_parameters=free_parameters,
        packed=packed,
        maps=data if isinstance(data, TwoTimeData) else None,
        pairs=data if isinstance(data, PairData | OneTimeData) else None,
        loss=loss,
        degrees_of_freedom=surplus(int(packed.n_pairs), free_parameters.free),
        packing_seconds=time.perf_counter() - begun,
        kernel=kernel_of(model),
        exchange_notes=tuple(exchange_notes(model)),
    )


def with_maps(given: FitInput, data: TwoTimeData | Packed) -> FitInput:
    """The same model and parameters with other maps, of the same number of sectors and the same types."""
    begun = time.perf_counter()
    like = given.packed if isinstance(given.packed, Packed) else None
    packed = data if isinstance(data, Packed) else pack_maps(data, like=like)
    return replace(
        given,
        packed=packed,
        maps=data if isinstance(data, TwoTimeData) else None,
        degrees_of_freedom=surplus(int(packed.n_pairs), given.free_parameters.free),
        packing_seconds=time.perf_counter() - begun,
    )
