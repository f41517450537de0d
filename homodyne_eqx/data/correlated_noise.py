"""The noise of a two-time map whose pixels share their speckles, from the map itself."""

from dataclasses import dataclass
from typing import final

import numpy as np

_FAR = 2 / 3
_DECAYED = 0.05
_FASTEST = 4.0
_LEAST_SHARE = 1e-12


@final
@dataclass(frozen=True)
class NoiseOfMap:
    """Covariances cov(c2_ij, c2_kl) = variance · h_ij h_kl (κ_ik κ_jl + κ_il κ_jk) of the pixels of one map.

    - `variance`: of a pixel far from the diagonal; `correlation`: κ, (n_t, n_t), 1 on its diagonal: that of the
      intensity of a speckle in two frames, photons included;
    - `contrast`, `level`: c2 goes from level + contrast at short lags to level at far lags.

    To leading order in the contrast that is the noise of finitely many speckles whose light is a Gaussian field, with
    h = 1. The next order is exact for the variance of a pixel: h² = 1 + contrast · (4M − 4M² + 2M³)/(1 + M²), where
    c2 = level + contrast · M.
    """

    variance: float
    correlation: np.ndarray
    contrast: float
    level: float

    def covariance_of_means(self, bins: list[tuple[np.ndarray, np.ndarray]], means: np.ndarray) -> np.ndarray:
        """The covariances of means over pairs of frames, (n, n).

        **Arguments:** `bins`: (later, earlier) frames of each mean; `means`: of c2, (n,).
        """
        found = np.empty((len(bins), len(bins)))
        for number, (later, earlier) in enumerate(bins):
            u = np.zeros(self.correlation.shape)
            u[later, earlier] = 0.5 / len(later)
            spread = self.correlation @ (u + u.T) @ self.correlation
            found[number] = [2 * self.variance * np.mean(spread[i, j]) for i, j in bins]
        M = np.clip((means - self.level) / max(self.contrast, 1e-12), 0, 1)
        h = np.sqrt(1 + max(self.contrast, 0.0) * (4 * M - 4 * M**2 + 2 * M**3) / (1 + M**2))
        return (found + found.T) / 2 * np.outer(h, h)


def noise_of_map(c2: np.ndarray, counts: np.ndarray) -> NoiseOfMap:
    """The noise of a symmetric map, (n_t, n_t), from the pixels that count.

    Differences of pixels that are neighbours along a row, and along a row and a column, leave what is smooth in the
    map out. Their variances, 2 v (1 − κ₁) and 4 v (1 − κ₁)² at lags where little of the correlation is left, give v and
    κ of the next frame. That κ falls with the lag as c2 does.
    """
    decay, contrast, level = _decay(c2, counts)
    n_t = len(c2)
    i, j = np.tril_indices(n_t - 1, -1)
    least = np.flatnonzero(decay < _DECAYED)
    far = i - j >= min(int(least[0]) if least.size else n_t, int(_FAR * n_t)) + 1
    i, j = i[far], j[far]
    square = counts[i, j] & counts[i + 1, j] & counts[i, j + 1] & counts[i + 1, j + 1]
    i, j = i[square], j[square]
    row = c2[i + 1, j] - c2[i, j]
    both = row - (c2[i + 1, j + 1] - c2[i, j + 1])
    a, b = float(np.mean(row**2)) / 2, float(np.mean(both**2)) / 4
    share = min(max(b / a, _LEAST_SHARE), 1.0) if a > 0 else 1.0
    kappa = (1 - share) * decay
    kappa[0] = 1.0
    frames = np.arange(n_t)
    values, vectors = np.linalg.eigh(kappa[np.abs(frames[:, None] - frames)])
    return NoiseOfMap(a / share, (vectors * np.maximum(values, 0)) @ vectors.T, contrast, level)


def _decay(c2: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, float, float]:
    """The part of the correlation of neighbouring frames that is left after each lag, (n_t,); the contrast at lag 0,
    from the first two lags; and the level of the mean over all ages at long lags.

    The part is 1 at lags 0 and 1, and 0 from the lag on at which the mean over all ages reaches its level.
    """
    n_t = len(c2)
    means = np.array([_mean(np.diagonal(c2, lag), np.diagonal(counts, lag)) for lag in range(n_t)])
    known = np.isfinite(means[1:])
    means[1:] = np.interp(np.arange(1, n_t), np.arange(1, n_t)[known], means[1:][known])
    level = float(np.median(means[int(_FAR * n_t) :]))
    decay = np.clip((means - level) / max(means[1] - level, 1e-12), 0, 1)
    decay[0] = 1.0
    ended = np.flatnonzero(decay <= 0)
    if ended.size:
        decay[ended[0] :] = 0.0
    first = max(float(means[1] - level), 0.0)
    slower = float(np.clip(decay[2], 1 / _FASTEST, 1)) if n_t > 2 else 1.0
    return decay, min(first / slower, max(first, 1.0)), level


def _mean(values: np.ndarray, counts: np.ndarray) -> float:
    return float(np.mean(values[counts])) if np.any(counts) else np.nan
