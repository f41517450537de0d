"""The parametric bootstrap: a fitted model is fitted again to maps that are simulated from itself."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import ArrayLike

from ..data import TwoTimeData
from ..engine import Packed, pack
from ..engine.losses import AbstractLoss, Squares
from ..engine.normal_equations.sector_slopes import sector_slopes
from ..engine.repacking import repacked
from ..fit.free_parameters import FreeParameters
from ..fit.minimiser import Minimiser
from ..fit.result.fit_result import FitResult
from ..fit.result.numbers import number_texts
from ..fit.solve.ended import Ended
from ..fit.solve.levenberg_marquardt import levenberg_marquardt
from ..fit.uncertainty.speckle_covariance import SpeckleCovariance, speckle_covariance
from ..noise.law_of_sector import law_of_sector
from ..noise.map_noise import MapNoise, map_noise
from .estimate_table import estimate_table
from .from_the_fit import from_the_fit
from .scatter import nearest_turns, scatter_covariance

_FEWEST = 3
_MAX_STEPS = 200
_MOST_FAILED = 0.1


@final
@dataclass(frozen=True, repr=False)
class Bootstrap:
    """The scatter of the parameters of a fit over maps simulated from the fitted model; `print` shows a table.

    - `names`, `units`: of the free parameters; `values`: those of the fit, (n_free,);
    - `refits`: of the simulated maps, (n, n_free), angles within half a period of the fitted one;
    - `covariance`: of the refits, with the denominator n − 1, (n_free, n_free); NaN for parameters that are at a bound
      in the fit; `uncertainties`: name → 1σ;
    - `bias`: mean of the refits − values, (n_free,), and `bias_uncertainty`: 1σ of the bias from n refits;
    - `speckles`: the number with which each sector was simulated, (n_sector,); `notes`: further remarks.

    All hold for the given values of fixed parameters. Refits keep the bounds of the fit; refits that end at a bound
    count in the scatter.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    values: np.ndarray
    refits: np.ndarray
    at_bound: np.ndarray
    speckles: np.ndarray
    notes: tuple[str, ...]

    @property
    def n(self) -> int:
        return len(self.refits)

    @property
    def covariance(self) -> np.ndarray:
        return scatter_covariance(self.refits, self.at_bound)

    @property
    def uncertainties(self) -> Mapping[str, float]:
        return dict(zip(self.names, np.sqrt(np.diagonal(self.covariance)).tolist(), strict=True))

    @property
    def bias(self) -> np.ndarray:
        return np.where(self.at_bound, np.nan, np.mean(self.refits, axis=0) - self.values)

    @property
    def bias_uncertainty(self) -> np.ndarray:
        return np.sqrt(np.diagonal(self.covariance) / self.n)

    def __str__(self) -> str:
        heading = ("parameter", "fitted", "± 1σ", "bias", "± bias", "unit")
        sigma, each = list(self.uncertainties.values()), zip(self.bias, self.bias_uncertainty, strict=True)
        rows = []
        for k, (bias, of_bias) in enumerate(each):
            texts = number_texts(float(self.values[k]), sigma[k], float(bias), float(of_bias))
            rows.append((self.names[k], *texts, self.units[k]))
        low, high = np.min(self.speckles), np.max(self.speckles)
        range_text = f"{low:.0f}" if low == high else f"{low:.0f} to {high:.0f}"
        first = (
            f"{self.n} refits to simulated maps of {range_text} speckles; the relative error of 1σ is "
            f"{100 / math.sqrt(2 * (self.n - 1)):.0f} %."
        )
        return estimate_table(heading, rows, (first, *(f"note: {note}" for note in self.notes)))

    __repr__ = __str__


def bootstrap(
    result: FitResult,
    data: TwoTimeData | Packed | None = None,
    n: int = 40,
    seed: int = 0,
    speckles: ArrayLike | Sequence[float] | None = None,
    *,
    loss: AbstractLoss | None = None,
) -> Bootstrap:
    """Simulate maps from a fitted model, fit the model to each from the fitted parameters, and take their covariance.

    The maps have the pairs and weights of the data. Their noise is simulated: speckle intensities are drawn with the
    fitted correlation, contrast and photon noise, and then correlated, c2 = ⟨I_i I_j⟩/(⟨I_i⟩⟨I_j⟩). The fit is not
    linearised, so the scatter includes bounds, curved valleys of χ² and bias. It makes n fits, one after the other,
    with the maps of one fit in memory.

    **Arguments:**

    - `result`: a converged result of `fit`; `data`: the fitted data, `TwoTimeData` or packed; by default those of the
      result;
    - `n`: the number of maps, at least 3. The relative error of 1σ is 1/√(2(n − 1)), 11 % for 40; `seed`: of the random
      numbers;
    - `speckles`: the number of independent speckles of a map, one number or (n_sector,); by default as found by
      `speckle_covariance`. The photon noise of a speckle does not change, and in a sector with noise that is
      independent from pixel to pixel no noise changes;
    - `loss`: that of the fit; needed unless it was `Squares`. The simulated maps have no outliers.

    Assumptions, as for `speckle_covariance`: the model is right, sectors share no speckles, and the speckles of a
    sector are independent.

    **Returns:** a `Bootstrap`.

    **Raises:** `ValueError` for a result that did not converge or holds no data, for n below 3 and impossible speckles,
    and if more than one in ten refits do not converge. Fewer failures are left out, and `notes` gives their number.
    """
    if not result.converged:
        raise ValueError(f"The fit did not converge ({result.ended}): {result.message} Bootstrap a converged one.")
    if n < _FEWEST:
        raise ValueError(f"n is {n}; expected at least {_FEWEST} refits, and 40 for a relative error of 1σ of 11 %.")
    packed = _packed(result, data)
    given = None if speckles is None else _checked(speckles, packed.geometry.n_sector)
    found = speckle_covariance(result, packed, loss=loss)
    used = found.speckles if given is None else np.where(found.white, found.speckles, given)
    parameters = from_the_fit(result)
    fitted, noises = _of_sectors(result, packed, parameters, found, used)
    minimiser = Minimiser(result.model, loss or Squares(), levenberg_marquardt(), _MAX_STEPS, None, None, False)
    refits, at_bound, failed = [], [], []
    for replicate in range(n):
        _, outcome = minimiser.minimum(parameters, _simulated(packed, fitted, noises, (seed, replicate)))
        if outcome.ended == Ended.INTERRUPTED:
            raise KeyboardInterrupt
        if outcome.ended == Ended.CONVERGED:
            refits.append(outcome.parameters)
            at_bound.append(outcome.at_bound)
        else:
            failed.append(str(outcome.ended))
    if len(failed) > _MOST_FAILED * n or len(refits) < _FEWEST:
        raise ValueError(
            f"{len(failed)} of {n} refits did not converge ({', '.join(sorted({*failed}))}); expected at most one in "
            "ten. The data hardly determine the parameters: fix some, or bound them."
        )
    free = [result.parameters[name] for name in result.free_names]
    values = np.array([p.value for p in free])
    periods = np.array([np.inf if p.period is None else p.period for p in free])
    return Bootstrap(
        names=result.free_names,
        units=tuple(p.unit for p in free),
        values=values,
        refits=nearest_turns(np.array(refits, float), values, periods),
        at_bound=np.array([p.at_bound for p in free]),
        speckles=used,
        notes=tuple(_notes(result, found, given is not None, np.sum(at_bound, axis=0), len(failed), n)),
    )


def _of_sectors(
    result: FitResult, packed: Packed, parameters: FreeParameters, found: SpeckleCovariance, speckles: np.ndarray
) -> tuple[list[np.ndarray], list[MapNoise]]:
    """The fitted map of each sector, (n_t, n_t), and its noise."""
    fitted, noises = [], []
    for k, of_sector in enumerate(speckles.tolist()):
        slopes = sector_slopes(result.model, packed, parameters.filter, k)
        law = law_of_sector(slopes).with_photons(float(found.photon_noise[k]), not found.white[k])
        g2 = slopes.whole(lambda band: slopes.offset + slopes.contrast * band.M)  # noqa: B023
        fitted.append(g2.astype(packed.values.dtype))
        noises.append(map_noise(law, slopes.offset, of_sector))
    return fitted, noises


def _simulated(packed: Packed, fitted: list[np.ndarray], noises: list[MapNoise], seed: tuple[int, int]) -> Packed:
    return repacked(packed, lambda k: fitted[k] + noises[k].draw(np.random.default_rng([*seed, k])))


def _packed(result: FitResult, data: TwoTimeData | Packed | None) -> Packed:
    found = result.data if data is None else data
    if found is None:
        raise ValueError("This result is of packed data, which it does not hold. Pass them: bootstrap(result, packed).")
    if not isinstance(found, TwoTimeData | Packed):
        raise TypeError(f"data is a {type(found).__name__}; expected TwoTimeData, whose speckles can be drawn anew.")
    return found if isinstance(found, Packed) else pack(found)


def _checked(speckles: ArrayLike | Sequence[float], n_sector: int) -> np.ndarray:
    given = np.asarray(speckles, float)
    if given.shape not in ((), (n_sector,)):
        raise ValueError(
            f"speckles has shape {given.shape}; expected one number, or one for each sector ({n_sector},)."
        )
    if not np.all(np.isfinite(given) & (given > 0)):
        raise ValueError(f"speckles is {speckles}; expected how many make a map, finite and > 0.")
    return np.broadcast_to(given, n_sector)


def _notes(
    result: FitResult, found: SpeckleCovariance, given: bool, at_bound: np.ndarray, failed: int, n: int
) -> Iterator[str]:
    """`at_bound`: in how many refits each free parameter is."""
    if failed:
        yield f"{failed} of {n} refits did not converge and are left out"
    for name, count in zip(result.free_names, at_bound.tolist(), strict=True):
        if result.parameters[name].at_bound:
            yield f"{name} is at a bound in the fit and has no uncertainty"
        elif count:
            yield f"{name} is at a bound in {count} of {n - failed} refits"
    white = np.flatnonzero(found.white).tolist()
    if given and white:
        yield f"noise is independent from pixel to pixel, for any number of speckles, in sectors {white}"
    yield from found.notes
