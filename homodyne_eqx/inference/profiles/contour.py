"""The line along which χ² of two parameters has risen by a given amount, with all others at their best."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ...data.offered import offered
from ...fit.result.numbers import value_text
from ...physics.minus_sign import with_minus
from ..estimate_table import estimate_table
from ..weighted_chi2 import quantile_of_chi2
from .profile import ONE_SIGMA, level_text

LEVELS = (ONE_SIGMA, 0.95)


@final
@dataclass(frozen=True, repr=False)
class Contour:
    """χ² around a fit in two parameters, with all others fitted; `print` shows between which values the contours lie.
    Made by `profile`.

    - `names`, `units`: of the two; `centre`: the fitted values, (2,);
    - `ellipse`: their covariance, (2, 2); near the fit the contours are its ellipses;
    - `rays`: of each direction from the centre the points, (n, 3): both parameters and the root of χ² less that of the
      fit, in units of the noise.
    """

    names: tuple[str, str]
    units: tuple[str, str]
    centre: np.ndarray
    ellipse: np.ndarray
    rays: tuple[np.ndarray, ...]

    def contour(self, level: float | int = 0.95) -> np.ndarray:
        """The line within which the true pair is with this probability, (n_rays, 2), in order. A point is where
        its ray ends, at a bound for instance, if χ² does not rise enough before.

        **Raises:** `ValueError` for a probability that is not between 0 and 1.
        """
        if not 0 < level < 1:
            raise ValueError(f"level is {level}; expected a number between 0 and 1, 0.95 for example.")
        target = np.sqrt(quantile_of_chi2(level, 2))
        found = []
        for ray in self.rays:
            beyond = np.flatnonzero(ray[:, 2] >= target)
            if not beyond.size:
                found.append(ray[-1, :2])
                continue
            k = int(beyond[0])
            share = (target - ray[k - 1, 2]) / (ray[k, 2] - ray[k - 1, 2])
            found.append(ray[k - 1, :2] + share * (ray[k, :2] - ray[k - 1, :2]))
        return np.array(found)

    def plot(self, **options: Any) -> Any:
        """A figure of Matplotlib, which the extra `figures` installs: the contours of 68 % and 95 %, and the ellipses
        of the covariance. `width`, inches, and `style` as of `result.plot`."""
        return offered("contour.plot")(self, **options)

    def text(self, levels: Sequence[float | int] = LEVELS) -> str:
        """A table of the ranges of both parameters within the contours of these levels."""
        sigma = np.sqrt(np.diagonal(self.ellipse))
        rows = []
        for level in levels:
            line = self.contour(level)
            for k, (name, unit) in enumerate(zip(self.names, self.units, strict=True)):
                ends = (value_text(float(x), float(sigma[k])) for x in (line[:, k].min(), line[:, k].max()))
                rows.append((name, level_text(level), *ends, unit))
        correlation = float(self.ellipse[0, 1] / np.prod(sigma))
        said = f"Ranges of pairs within the contours; correlation {with_minus(f'{correlation:.3f}')} by the covariance."
        return estimate_table(("parameter", "level", "low", "high", "unit"), rows, (said,))

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__

    def document(self, levels: Sequence[float | int] = LEVELS) -> dict[str, Any]:
        """The same as plain values, for JSON, with the contours of these levels; `from_document` reads it back."""
        contours = [{"level": float(level), "points": self.contour(level).tolist()} for level in levels]
        arrays = {"centre": self.centre.tolist(), "ellipse": self.ellipse.tolist()}
        rays = [ray.tolist() for ray in self.rays]
        return {"kind": "contour", **vars(self), **arrays, "rays": rays, "contours": contours}
