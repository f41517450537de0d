"""The place in its map of the residuals of each sector, beside the place of the noise of drawn speckles."""

from typing import NamedTuple, final

import numpy as np

from .sector_noise import SectorNoise


@final
class LagScores(NamedTuple):
    """Deviations from the expected values, in standard deviations, (n_sector,).

    - `near`: of the share of the whitened residuals near the diagonal; `near_ratio`: that share ÷ the expected one, of
      all sectors together;
    - `smooth`: of the squares of the residuals ÷ the whitened squares, which is large for residuals that change slowly
      over the map, as those of a wrong model;
    - `additive`: of the share of the residuals in a sum of one number for each of the two frames.
    """

    near: np.ndarray
    near_ratio: float
    smooth: np.ndarray
    additive: np.ndarray


def lag_scores(sectors: tuple[SectorNoise, ...]) -> LagScores:
    found, drawn = [sector.found for sector in sectors], [sector.drawn for sector in sectors]
    near, of_near = np.array([s.near for s in found]), np.stack([s.near for s in drawn])
    smooth = np.array([s.plain / max(float(s.form), 1e-300) for s in found])
    of_smooth = np.stack([s.plain / np.maximum(s.form, 1e-300) for s in drawn])
    expected = np.maximum(np.mean(of_smooth, axis=1), 1e-300)
    return LagScores(
        near=_deviations(near, of_near),
        near_ratio=float(np.sum(near) / max(float(np.sum(np.mean(of_near, axis=1))), 1e-300)),
        smooth=_deviations(smooth / expected, of_smooth / expected[:, None]),
        additive=_deviations(np.array([s.additive for s in found]), np.stack([s.additive for s in drawn])),
    )


def _deviations(found: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """(found − mean over the drawn blocks) ÷ standard deviation, one of all sectors, (n_sector,)."""
    spread = np.sqrt(np.mean(np.var(drawn, axis=1, ddof=1)))
    return (found - np.mean(drawn, axis=1)) / max(float(spread), 1e-300)
