"""Draws from the posterior of a fit, and whether they may be trusted."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ...data.offered import offered
from ...fit.result.numbers import number_texts
from ...versions import versions
from ..estimate_table import estimate_table

_BINS = 40
_LEVELS = (0.6827, 0.95)
LARGEST_R_HAT, FEWEST_EFFECTIVE = 1.01, 100


@final
@dataclass(frozen=True, repr=False)
class Posterior:
    """Draws from the probability of the free parameters, given data and priors; `print` shows them. Made by `sample`.

    - `names`, `units`: of the free parameters; `draws`: (chains, n, n_free); `flat`: (chains · n, n_free);
    - `fitted`, `stated`: value and uncertainty of the fit, (n_free,);
    - `log_density`: of each draw, up to a constant, (chains, n); `divergences`: the number of abandoned steps;
    - `r_hat`: name → ratio of the spread of all chains to that within one, 1 where they agree; `effective`: name →
      effective number of independent draws; `reliable`: True if every R-hat is at most 1.01, every effective number at
      least 100, and no step was abandoned;
    - `density`: the sampled density, see `log_density`; `seconds`.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    draws: np.ndarray
    log_density: np.ndarray
    divergences: int
    r_hat: Mapping[str, float]
    effective: Mapping[str, float]
    fitted: np.ndarray
    stated: np.ndarray
    density: Any
    seconds: float

    @property
    def flat(self) -> np.ndarray:
        return self.draws.reshape(-1, self.draws.shape[-1])

    @property
    def mean(self) -> Mapping[str, float]:
        return dict(zip(self.names, np.mean(self.flat, axis=0).tolist(), strict=True))

    @property
    def covariance(self) -> np.ndarray:
        return np.atleast_2d(np.cov(self.flat.T))

    @property
    def uncertainties(self) -> Mapping[str, float]:
        return dict(zip(self.names, np.sqrt(np.diagonal(self.covariance)).tolist(), strict=True))

    def interval(self, name: str, level: float | int = 0.6827) -> tuple[float, float]:
        """(low, high) that holds this share of the draws, as many below as above.

        **Raises:** `KeyError` for a parameter that is not free; `ValueError` for a level that is not between 0 and 1.
        """
        if name not in self.names:
            raise KeyError(f"{name} was not sampled. There are {', '.join(self.names)}.")
        if not 0 < level < 1:
            raise ValueError(f"level is {level}; expected a number between 0 and 1, 0.95 for example.")
        ends = np.quantile(self.flat[:, self.names.index(name)], [(1 - level) / 2, (1 + level) / 2])
        return float(ends[0]), float(ends[1])

    @property
    def reliable(self) -> bool:
        return not self.doubts

    @property
    def doubts(self) -> tuple[str, ...]:
        """Reasons to doubt the draws, in words; empty if they are reliable."""
        said = []
        if self.divergences:
            said.append(
                f"{self.divergences} of {self.draws.shape[0] * self.draws.shape[1]} steps diverged: part of the "
                "posterior may be missing. Bound or fix what the data hardly determine."
            )
        far = [name for name, x in self.r_hat.items() if not x <= LARGEST_R_HAT]
        if far:
            said.append(f"The chains do not agree on {', '.join(far[:4])} (R-hat above {LARGEST_R_HAT}). Draw more.")
        few = [name for name, x in self.effective.items() if not x >= FEWEST_EFFECTIVE]
        if few:
            said.append(f"Fewer than {FEWEST_EFFECTIVE} independent draws of {', '.join(few[:4])}. Draw more.")
        return tuple(said)

    def inference_data(self) -> Any:
        """The draws as `arviz.InferenceData`, with the units of the parameters as attributes.

        **Raises:** `ImportError` without the packages of the extra `posterior`.
        """
        arviz = arviz_module()
        found = arviz.from_dict(
            posterior={name: self.draws[:, :, k] for k, name in enumerate(self.names)},
            sample_stats={"lp": self.log_density},
        )
        for name, unit in zip(self.names, self.units, strict=True):
            found.posterior[name].attrs["units"] = unit
        return found

    def plot(self, **options: Any) -> Any:
        """A figure of Matplotlib, which the extra `figures` installs: how each parameter is distributed, and the normal
        distribution that the fit states. `width`, inches, and `style` as of `result.plot`."""
        return offered("posterior.plot")(self, **options)

    def document(self) -> dict[str, Any]:
        """A summary of the draws as plain values for JSON: of every parameter mean, 1σ, intervals, R-hat, effective
        number and a histogram."""
        sigma, parameters = self.uncertainties, {}
        for k, name in enumerate(self.names):
            counts, edges = np.histogram(self.flat[:, k], _BINS)
            ends = {level: self.interval(name, level) for level in _LEVELS}
            parameters[name] = {
                "unit": self.units[k],
                "mean": self.mean[name],
                "uncertainty": sigma[name],
                "fitted": float(self.fitted[k]),
                "stated": float(self.stated[k]),
                "intervals": [{"level": level, "low": low, "high": high} for level, (low, high) in ends.items()],
                "r_hat": self.r_hat[name],
                "effective": self.effective[name],
                "histogram": {"edges": edges.tolist(), "counts": counts.tolist()},
            }
        chains, draws, _ = self.draws.shape
        return {
            "kind": "posterior",
            "reliable": self.reliable,
            "doubts": list(self.doubts),
            "chains": chains,
            "draws": draws,
            "divergences": self.divergences,
            "seconds": self.seconds,
            "parameters": parameters,
            "covariance": {"names": list(self.names), "matrix": self.covariance.tolist()},
            "text": str(self),
            "versions": versions(),
        }

    def __str__(self) -> str:
        rows = []
        sigma = list(self.uncertainties.values())
        for k, name in enumerate(self.names):
            value, *others = number_texts(self.mean[name], sigma[k], float(self.stated[k]))
            numbers = (f"{self.r_hat[name]:.3f}", f"{self.effective[name]:.0f}")
            rows.append((name, value, *others, *numbers, self.units[k]))
        heading = ("parameter", "mean", "± 1σ", "stated", "R-hat", "ESS", "unit")
        chains, n, _ = self.draws.shape
        first = f"{n} draws in each of {chains} chains, {self.seconds:.0f} s; stated: 1σ of the fit."
        last = "The draws may be trusted: no divergences, chains agree." if self.reliable else " ".join(self.doubts)
        return estimate_table(heading, rows, (first, last))

    __repr__ = __str__


def arviz_module() -> Any:
    """ArviZ, without what it says of its own future. **Raises:** `ImportError` with the remedy where it is missing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            import arviz  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ImportError(
            "Posteriors need NumPyro and ArviZ. Install them with: pip install 'homodyne-eqx[posterior]'."
        ) from error
    return arviz
