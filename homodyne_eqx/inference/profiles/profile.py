"""χ² along one parameter, the others at their best, and the intervals that follow."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ...data.offered import offered
from ...fit.result.numbers import number_texts, value_text
from ..estimate_table import estimate_table
from ..weighted_chi2 import quantile_of_chi2

ONE_SIGMA = math.erf(math.sqrt(0.5))
LEVELS = (ONE_SIGMA, 0.95, 0.99)


@final
@dataclass(frozen=True, repr=False)
class Profile:
    """χ² along a parameter, with all others fitted; `print` shows intervals. Made by `profile`.

    - `name`, `unit`; `value`: the fitted value; `sigma`: its 1σ without bounds;
    - `values`: of the parameter, (n,), increasing; `statistic`: χ² there, less that of the fit, in units of the noise:
      1 at the ends of an interval of 68 %, (n,);
    - `names`, `others`: of all free parameters, and their values at each point, (n, n_free);
    - `ends`: the reason why the points end below and above: "level", "bound" of the parameter, or "open" if χ² does not
      rise.
    """

    name: str
    unit: str
    value: float
    sigma: float
    values: np.ndarray
    statistic: np.ndarray
    names: tuple[str, ...]
    others: np.ndarray
    ends: tuple[str, str]
    notes: tuple[str, ...] = ()

    def interval(self, level: float | int = ONE_SIGMA) -> tuple[float, float]:
        """(low, high) that covers the true value with this probability; 68 % unless given.

        An end is the bound of the parameter if the bound comes first, and infinite if χ² does not rise enough.

        **Raises:** `ValueError` for a probability that is not between 0 and 1, or beyond what was profiled.
        """
        if not 0 < level < 1:
            raise ValueError(f"level is {level}; expected a number between 0 and 1, 0.95 for example.")
        target = math.sqrt(quantile_of_chi2(level, 1))
        root, middle = np.sqrt(np.maximum(self.statistic, 0)), int(np.flatnonzero(self.values == self.value)[0])
        sides = ((slice(middle, None, -1), self.ends[0], -math.inf), (slice(middle, None), self.ends[1], math.inf))
        found = [_crossing(self.values[side], root[side], target, end, out) for side, end, out in sides]
        if any(x is None for x in found):
            raise ValueError(f"level is {level}; the profile ends before. Make it with profile(…, to={level}).")
        return found[0], found[1]  # pyright: ignore[reportReturnType]

    def plot(self, **options: Any) -> Any:
        """A figure of Matplotlib, which the extra `figures` installs: the profile, the parabola of `sigma`, and the
        intervals of 68 % and 95 %. `width`, inches, and `style` as of `result.plot`."""
        return offered("profile.plot")(self, **options)

    def intervals(self, levels: Sequence[float | int] = LEVELS) -> dict[float, tuple[float, float]]:
        """Level → interval, of these levels as far as the profile goes."""
        found = {}
        for level in levels:
            try:
                found[float(level)] = self.interval(level)
            except ValueError:
                if not 0 < level < 1:
                    raise
        return found

    def text(self, levels: Sequence[float | int] = LEVELS) -> str:
        """A table of the intervals of these levels, as far as the profile goes, and notes."""
        rows = []
        for level, (low, high) in self.intervals(levels).items():
            below, above = self.value - low, high - self.value
            said = number_texts(self.value, self.sigma, below, above)
            ends = [value_text(x, self.sigma) if math.isfinite(x) else "open" for x in (low, high)]
            rows.append((level_text(level), *ends, said[2], said[3], self.unit))
        value, sigma = number_texts(self.value, self.sigma)
        first = f"{self.name} = {value} ± {sigma} {self.unit}".rstrip() + " by the curvature of χ²."
        at_bound = [("lower", "upper")[k] for k in (0, 1) if self.ends[k] == "bound"]
        notes = [f"note: χ² stays below the highest level up to the {side} bound" for side in at_bound]
        notes += [f"note: {note}" for note in self.notes]
        return estimate_table((self.name, "low", "high", "−", "+", "unit"), rows, (first, *notes))

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__

    def document(self, levels: Sequence[float | int] = LEVELS) -> dict[str, Any]:
        """The same as plain values, for JSON, with the intervals of these levels; `from_document` reads it back."""
        intervals = [{"level": k, "low": low, "high": high} for k, (low, high) in self.intervals(levels).items()]
        arrays = {name: getattr(self, name).tolist() for name in ("values", "statistic", "others")}
        return {"kind": "profile", **vars(self), **arrays, "intervals": intervals}


def level_text(level: float) -> str:
    """A probability in per cent: 68 %, 99.9 %."""
    return f"{100 * level:.0f} %" if level == ONE_SIGMA else f"{100 * level:.6g} %"


def _crossing(values: np.ndarray, root: np.ndarray, target: float, ended: str, outside: float) -> float | None:
    """The first value at which the root of the statistic reaches the target."""
    beyond = np.flatnonzero(root >= target)
    if not beyond.size:
        return {"bound": float(values[-1]), "open": outside}.get(ended)
    k = int(beyond[0])
    share = (target - root[k - 1]) / (root[k] - root[k - 1])
    return float(values[k - 1] + share * (values[k] - values[k - 1]))
