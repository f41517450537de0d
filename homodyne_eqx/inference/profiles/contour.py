"""Where χ² of two parameters rises by so much, the others at their best."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ...data.offered import offered
from ..weighted_chi2 import quantile_of_chi2


@final
@dataclass(frozen=True)
class Contour:
    """χ² around a fit in two parameters, with all others fitted. Made by `profile`.

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
