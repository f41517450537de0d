"""χ² compared with its expected value for the noise of the data."""

from collections.abc import Iterator
from typing import NamedTuple, final

import numpy as np

from ..result.summary_row import Remedy
from ..uncertainty.noise_of_fit import NoiseOfFit
from .finding import Finding, Kind

_LIMIT_OF_WHITE = 1.25


@final
class ExpectedChi2(NamedTuple):
    """The reduced χ² that a right model is expected to have, and the standard deviation of it from data to data."""

    value: float
    spread: float


def expected_chi2(noise: NoiseOfFit, degrees_of_freedom: int) -> ExpectedChi2:
    """1 for noise that is independent from pixel to pixel. That of speckles is stronger near the diagonal than on the
    plateau that sigma describes, and it is correlated, which widens the spread."""
    if all(sector.white for sector in noise.sectors):
        return ExpectedChi2(1.0, float(np.sqrt(2 / degrees_of_freedom)))
    inside = noise.directions.inside
    taken = noise.directions.pseudo_inverse @ noise.variance_of_pulls[np.ix_(inside, inside)]
    total, squares = -float(np.trace(taken)), 0.0
    relative = np.sqrt(np.mean([_relative_variance(sector.drawn.plain) for sector in noise.sectors]))
    of_speckles = np.sqrt(np.mean([_relative_variance(sector.drawn.form) for sector in noise.sectors]))
    for sector, speckles in zip(noise.sectors, noise.speckles, strict=True):
        cost = sector.cost / speckles
        smooth = np.mean(sector.drawn.plain) * sector.block_size * sector.mean_weight / speckles
        total += cost
        squares += (relative * smooth) ** 2 + (of_speckles * cost) ** 2
    return ExpectedChi2(float(total / degrees_of_freedom), float(np.sqrt(squares) / degrees_of_freedom))


def size_findings(reduced: float, noise: NoiseOfFit) -> Iterator[Finding]:
    """A finding if white noise is larger than sigma: then the model is wrong, or sigma."""
    white = bool(noise.sectors) and all(sector.white for sector in noise.sectors)
    if white and not noise.loss.reweights and reduced > _LIMIT_OF_WHITE:
        text = (
            f"the residuals are {reduced**0.5:.3g} times sigma: if sigma is right, the model does not describe the "
            "data."
        )
        yield Finding(Kind.SIZE, text, reduced / _LIMIT_OF_WHITE, (Remedy("other_starts"), Remedy("other_model")))


def _relative_variance(of_blocks: np.ndarray) -> float:
    return float(np.var(of_blocks, ddof=1) / max(float(np.mean(of_blocks)) ** 2, 1e-300))
