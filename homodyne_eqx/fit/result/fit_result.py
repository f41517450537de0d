"""The result of a fit: the model, its parameters with uncertainties, and how the fit ended."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, final

import numpy as np

from ...data import OneTimeData, PairData, TwoTimeData, whole_file
from ...data.offered import offered
from ...data.stored_pairs import FittedPairs
from ...data.whole_folder import check_folder, replaced_folder
from ...physics.model import TwoTimeModel
from ..parameter import Parameter
from ..solve.ended import Ended
from ..solve.minimise import Iteration
from ..solve.minimum import Minimum
from ..uncertainty.correlations import correlation_matrix
from ..uncertainty.noise_of_fit import ASSUMPTION
from ..uncertainty.speckle_covariance import SpeckleCovariance
from ..verdict.verdict import Verdict
from ..weighted.estimate import INDEPENDENT, Estimate, Guard
from .derived import Curve
from .document import document_of, json_text
from .fitted_pairs import fitted_pairs, misfits_of
from .notebook import summary_html
from .sectors import Misfit, SectorFit, SectorMaps, SectorView, misfit_of
from .stored_result import read_result, write_result
from .summary import summary_of
from .summary_row import SummaryRow
from .table import table_of
from .timing import seconds_spent


@final
@dataclass(frozen=True, repr=False)
class FitResult:
    """The outcome of a fit. `print` shows its `summary()`; `save` writes it to a folder, `load` reads it back.

    - `model`: the fitted model; `parameters`: name → `Parameter`, array-valued ones element by element (`contrast[3]`).
      A path in the model (`g1.terms[0].rate.value`) finds its parameter as well;
    - `chi2`, `degrees_of_freedom`: over pairs of frames, each counted once;
    - `covariance`: (n_free, n_free), in the order of `free_names`, including the noise of a finite number of speckles;
      `white_noise_covariance`: for noise that is independent from pair to pair, the inverse of the normal matrix;
    - `verdict`: whether the model describes the data;
    - `converged`, `ended`, `message`: how it ended;
    - `minima`: the distinct minima that the starts led to, the deepest first; the deepest is that of the result;
    - `weights`: the weights used, "independent" or "speckle"; after a fit with `weights="speckle"` also `guard`, the
      test that decided, and `estimates`, the free parameters with each kind of weights, by these names;
    - `kernel`: its name; if terms have different kernels, each with its term, that of the shear first;
    - `averages` computes the `derived` quantities, `rates` the `curves`, `spread` the covariance, `judgement` the
      verdict, `sentences` the message;
    - `history`: every step from the start that was followed; `seconds`: times of the whole fit, of packing the data, of
      comparing starts, of first stages on averaged or sampled data, and of the first step, compilation included;
    - `notes`: starts that were moved or compared, data that were sampled first, components that may have been
      exchanged. `summary()` shows them, and adds notes on the numbers.

    Uncertainties and the verdict are computed at first use, for example by `print`.
    """

    model: TwoTimeModel
    parameters: Mapping[str, Parameter]
    chi2: float
    degrees_of_freedom: int
    white_noise_covariance: np.ndarray
    ended: Ended
    sentences: Callable[[], str]
    kernel: str
    averages: Callable[[], list[Parameter]]
    rates: Callable[[], Mapping[str, Curve]]
    spread: Callable[[], SpeckleCovariance]
    judgement: Callable[[], Verdict]
    history: tuple[Iteration, ...]
    seconds: Mapping[str, float]
    notes: tuple[str, ...]
    loss: str
    data: TwoTimeData | PairData | OneTimeData | None = field(default=None)
    minima: tuple[Minimum, ...] = ()
    assumption: str = ASSUMPTION
    weights: str = INDEPENDENT
    guard: Guard | None = None
    estimates: Mapping[str, Estimate] = field(default_factory=dict)

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
    def message(self) -> str:
        return self.sentences()

    @cached_property
    def derived(self) -> Mapping[str, Parameter]:
        """Rates averaged over the frames, with uncertainties; computed at first use."""
        return {quantity.name: quantity for quantity in self.averages()}

    def curves(self) -> Mapping[str, Curve]:
        """Each rate over time by name, with an interval of ± 1σ; computed at first use.

        `result.curves()["J"]` has `t`, s, `value`, `low`, `high`, each one value for each frame, and `unit`.
        """
        return self._curves

    @cached_property
    def _curves(self) -> Mapping[str, Curve]:
        return self.rates()

    @cached_property
    def speckle_covariance(self) -> SpeckleCovariance:
        """The covariance for the noise of a finite number of speckles, and the estimated number of these."""
        return self.spread()

    @property
    def covariance(self) -> np.ndarray:
        return self.speckle_covariance.covariance

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the residuals are those of the noise, and otherwise a remedy; computed at first use."""
        return self.judgement()

    @property
    def correlations(self) -> np.ndarray:
        """Correlation coefficients of the free parameters, −1 to 1, (n_free, n_free), in the order of `free_names`; NaN
        for parameters at a bound or not determined."""
        return correlation_matrix(self.covariance)

    @property
    def seconds_spent(self) -> Mapping[str, float]:
        """The time spent on compilation, on the fit, and on earlier stages."""
        return seconds_spent(self.history, self.seconds)

    @cached_property
    def equation(self) -> str:
        """The fitted model as an equation with its values."""
        return str(self.model)

    def maps(self, sector: int) -> SectorMaps:
        """Data, model and residual (data − model)/σ of one sector, each (n_t, n_t); the residual is NaN where a pixel
        does not count. Computed on request, by one compiled program for all sectors.

        **Raises:** `IndexError` for a sector that does not exist; `ValueError` where packed data were fitted.
        """
        return self._view.maps(sector)

    def each_map(self) -> Iterator[SectorMaps]:
        """The maps of one sector after the other, one in memory at a time. After the last one `sectors` is known, too.

        **Raises:** `ValueError` where packed data were fitted.
        """
        misfits = []
        for maps in self._view.each_map():
            misfits.append(misfit_of(maps))
            yield maps
        vars(self).setdefault("_misfits", tuple(misfits))

    @cached_property
    def sectors(self) -> tuple[SectorFit, ...]:
        """q, azimuth, contrast, offset and reduced χ² of each sector; computed at first use, from all maps.

        **Raises:** `ValueError` where packed data were fitted.
        """
        if isinstance(self.data, PairData | OneTimeData):
            return SectorView(self.model, self.data, self.parameters, self.covariance).sectors(self._misfits)
        return self._view.sectors(self._misfits)

    @property
    def reduced_chi2_of_frames(self) -> np.ndarray:
        """The mean of (residual/σ)² over the pixels of each frame that count, (n_sector, n_t); NaN where none does.
        Computed at first use, from all maps.

        **Raises:** `ValueError` where packed data, pairs or one-time data were fitted.
        """
        _ = self._view
        return np.stack([misfit.of_frames for misfit in self._misfits])

    @cached_property
    def _misfits(self) -> tuple[Misfit, ...]:
        if isinstance(self.data, PairData | OneTimeData):
            return misfits_of(self.fitted_pairs, self.data.n_sector)
        return tuple(misfit_of(maps) for maps in self._view.each_map())

    @cached_property
    def fitted_pairs(self) -> FittedPairs:
        """Data, model and residual of every value, with lag and age, of a fit to `PairData` or `OneTimeData`.

        **Raises:** `ValueError` where other data were fitted.
        """
        if not isinstance(self.data, PairData | OneTimeData):
            raise ValueError(
                "This result has no values of pairs: two-time maps or packed data were fitted. Its maps are "
                "result.maps(sector)."
            )
        return fitted_pairs(self.model, self.data)

    @cached_property
    def _view(self) -> SectorView:
        if isinstance(self.data, PairData | OneTimeData):
            raise ValueError(
                f"This result has no maps: {type(self.data).__name__} were fitted. See result.fitted_pairs."
            )
        if self.data is None:
            raise ValueError(
                "This result has no maps: packed data were fitted. Fit the TwoTimeData themselves, or give the result "
                "the data that were packed: dataclasses.replace(result, data=data)."
            )
        return SectorView(self.model, self.data, self.parameters, self.covariance)

    @property
    def plot(self) -> Any:
        """Figures: `result.plot.maps()`, `.cuts()`, `.g2()`, `.frames()`, `.rates()`, `.correlations()`, `.history()`,
        each a `matplotlib.figure.Figure`; `.save(folder)` writes them all."""
        return offered("result.plot")(self)

    def report(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the report of the fit, one HTML file that any browser shows without a network: the verdict, parameters,
        interactive maps, rates, residuals and history.

        **Returns:** the path. **Raises:** `FileExistsError` if it is there and `overwrite` is not given; `ImportError`
        without the packages of the extra `report`.
        """
        return offered("result.report")(self, path, overwrite=overwrite)

    def summary(self) -> tuple[SummaryRow, ...]:
        """All rows of the report, with the texts that `print`, the terminal and `result.json` show."""
        return self._rows

    @cached_property
    def _rows(self) -> tuple[SummaryRow, ...]:
        return summary_of(self)

    def __str__(self) -> str:
        return table_of(self.summary())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return summary_html(self.summary())

    def to_dict(self) -> dict[str, Any]:
        """Everything but the arrays of the data, as plain numbers, strings, lists and dictionaries."""
        return document_of(self)

    def save(self, path: str | Path, *, overwrite: bool = False, more: Mapping[str, Any] | None = None) -> Path:
        """Write the result to a folder, whole or not at all: `result.json` for reading, `curves.csv` with
        the rates over time, and `result.h5`, from which `FitResult.load` makes the result again, data included.

        **Arguments:**

        - `path`: a folder, made unless it is there and empty; or a name that ends in `.json`, for that file alone.
        - `overwrite`: replace a former result. A folder that holds anything else is never replaced.
        - `more`: additional values for the JSON file.

        **Returns:** the path. **Raises:** `FileExistsError` if the path exists and `overwrite` is not given, or if the
        folder holds other files; `ValueError` for a name that ends in `.h5`; `ImportError` for a folder without h5py.
        """
        path = Path(path)
        if path.suffix == ".h5":
            raise ValueError(f"{path} is the name of a file; expected a folder, or a name that ends in .json.")
        if path.suffix == ".json":
            with whole_file(path, overwrite=overwrite) as temporary:
                Path(temporary).write_text(json_text({**self.to_dict(), **(more or {})}), encoding="utf-8")
            return path
        check_folder(path, overwrite)
        with replaced_folder(path) as folder:
            write_result(self, folder, more or {})
        return path

    @classmethod
    def load(cls, path: str | Path, *, model: TwoTimeModel | None = None, to_view: bool = False) -> "FitResult":
        """The result that was saved to a folder. Its data are read from the folder map by map, when they are needed.

        **Arguments:**

        - `path`: the folder, or its `result.h5`;
        - `model`: a model of the same structure as the one fitted, whose arrays are replaced by the saved ones. Needed
          only if the model contains functions, which files cannot hold (`Shared`, `Distribution`, networks);
        - `to_view`: load only for the summary, figures and the report. No model is needed; `result.model` has gaps, and
          the maps are those in the file.

        Files are read, not run. The Python modules that they name are imported, and the `equinox.Module`s that they
        name are made.

        **Raises:** `FileNotFoundError`; `ValueError` for a file of another kind or version, a model that needs `model`,
        or one that does not suit; `OSError` for a file that is damaged.
        """
        fields, computed = read_result(Path(path), model, to_view)
        result = cls(**fields)
        vars(result).update(computed)  # what the cached properties of these names would compute again
        return result
