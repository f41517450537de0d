"""Intensities of single speckles over the frames, drawn at random with the correlation of a fitted model."""

import math
from typing import NamedTuple, final

import numpy as np

_GAUSSIAN_FROM = 24
_JITTERS = {"d": (0.0, 1e-10, 1e-8, 1e-6), "f": (0.0, 1e-6, 1e-5, 1e-4, 1e-3)}  # by precision
_LEAST_CONTRAST = 1e-6
_ROWS, _NEGLIGIBLE = 256, 1e-7
_MOST_FRAMES, _LEAST_SHARE, _FEWEST = 2000, 1 / 8, 240


@final
class SpeckleLaw(NamedTuple):
    """The variation of the intensity of one pixel over the frames, as a fraction of its mean.

    - `factors`: what makes correlated numbers of independent ones, (n_t, n_t): of the field; of the intensity itself
      where the pixel averages over so many modes that this is Gaussian;
    - `reach`: the columns, from and to, in which each run of rows of `factors` is not negligible, (n_runs, 2);
    - `mean`: of the intensity of one mode, (n_t,); `shares`: of the modes in the intensity, empty where it is Gaussian;
    - `contrast`: variance of the speckles; `photon_noise`: variance that photons add, in units of the contrast;
    - `follows_intensity`: whether that variance is proportional to the intensity, as of photons. Else it is constant:
      white noise of the pixels of the map;
    - `clipped`: the share of the correlation that had to be left out, since no field has it: 0 unless the model is
      unphysical.
    """

    factors: np.ndarray
    reach: np.ndarray
    mean: np.ndarray
    shares: np.ndarray
    contrast: float
    photon_noise: float
    follows_intensity: bool
    clipped: float

    def with_photons(self, photon_noise: float, follows_intensity: bool) -> "SpeckleLaw":
        """The same speckles seen with other photon noise."""
        return self._replace(photon_noise=photon_noise, follows_intensity=follows_intensity)

    def draw(self, generator: np.random.Generator, n: int) -> np.ndarray:
        """Deviations of the intensity from its mean, in units of the mean: (n_t, n), float32, one column a pixel."""
        n_t = len(self.factors)
        normal = lambda *shape: generator.standard_normal(shape, np.float32)  # noqa: E731
        if not self.follows_intensity:
            return math.sqrt(self.contrast * self.photon_noise) * normal(n_t, n)
        if self.shares.size == 0:
            x = self._correlated(normal(n_t, n))
        else:
            x = np.zeros((n_t, n), np.float32)
            for share in self.shares:
                real, imaginary = self._correlated(normal(n_t, n)), self._correlated(normal(n_t, n))
                # For a complex factor the two sums together are a complex field; the real one needs both as well.
                field = real + 1j * imaginary
                x += np.float32(share / 2) * (field.real**2 + field.imag**2)
            x -= self.mean[:, None]
        if self.photon_noise > 0:
            spread = np.sqrt(np.float32(self.contrast * self.photon_noise) * np.maximum(1 + x, 0))
            x += spread * normal(n_t, n)
        return x

    def _correlated(self, numbers: np.ndarray) -> np.ndarray:
        """`factors` times these numbers, (n_t, n), without the parts of `factors` that are 0 or nearly so."""
        found = np.empty(numbers.shape, self.factors.dtype)
        for run, (first, end) in enumerate(self.reach):
            rows = slice(run * _ROWS, (run + 1) * _ROWS)
            np.matmul(self.factors[rows, first:end], numbers[first:end], out=found[rows])
        return found


def draws_of_sector(draws: int, n_sector: int, n_t: int) -> int:
    """The number of speckles to draw for one sector, at least 240, of `draws` for all sectors.

    Runs of more than 2000 frames take fewer, down to an eighth: the work for a draw grows with n_t², and a long run
    holds many decays, so that the pulls scatter less and their variance is known from fewer draws.
    """
    share = max(min(1.0, (_MOST_FRAMES / n_t) ** 2), _LEAST_SHARE)
    return max(int(draws * share) // n_sector, _FEWEST)


def speckle_law(correlation: np.ndarray, contrast: float) -> SpeckleLaw:
    """Speckles without photon noise.

    A contrast below 1 is that of several modes. These have equal shares but for one, such that the contrast is met.

    **Arguments:** `correlation`: of the field, (n_t, n_t), Hermitian, or its squared modulus where `is_gaussian`; its
    memory is used for the result; `contrast`: over the offset, so that the mean intensity is 1; above 1 it counts as 1.
    """
    contrast = _possible(contrast)
    shares = mode_shares(contrast)
    if shares.size == 0:
        correlation *= correlation.dtype.type(contrast)
    factors, clipped = factor_of(correlation)
    factors = factors.astype(np.complex64 if np.iscomplexobj(factors) else np.float32, copy=False)
    mean = np.einsum("ij,ij->i", factors, np.conj(factors)).real if shares.size else np.zeros(len(factors), np.float32)
    return SpeckleLaw(factors, _reach(factors), mean, shares, contrast, 0.0, True, clipped)


def is_gaussian(contrast: float) -> bool:
    """Whether so many modes share the light that its intensity is Gaussian."""
    return mode_shares(_possible(contrast)).size == 0


def _possible(contrast: float) -> float:
    return min(max(contrast, _LEAST_CONTRAST), 1.0)


def _reach(factors: np.ndarray) -> np.ndarray:
    least, found = _NEGLIGIBLE * max((float(np.max(np.abs(row))) for row in factors), default=0.0), []
    for first in range(0, len(factors), _ROWS):
        columns = np.flatnonzero(np.any(np.abs(factors[first : first + _ROWS]) > least, axis=0))
        found.append((columns[0], columns[-1] + 1) if columns.size else (0, 0))
    return np.array(found, int).reshape(-1, 2)


def mode_shares(contrast: float) -> np.ndarray:
    """Shares of modes in the intensity, of sum 1 and of sum of squares `contrast`; empty for very many."""
    k = math.floor(1 / contrast + 1e-9)
    if k >= _GAUSSIAN_FROM:
        return np.zeros(0)
    equal = (k + math.sqrt(max(k * k - k * (k + 1) * (1 - contrast), 0.0))) / (k * (k + 1))
    last = max(1 - k * equal, 0.0)
    return np.array([equal] * k + ([last] if last > 1e-6 else []))


def factor_of(matrix: np.ndarray) -> tuple[np.ndarray, float]:
    """F with F F† = `matrix`, and the share of its trace in the negative eigenvalues that are left out for that.

    **Arguments:** `matrix`: (n, n), Hermitian, C-contiguous; its memory is that of F wherever F is triangular.
    """
    from scipy.linalg import get_lapack_funcs

    (cholesky,) = get_lapack_funcs(("potrf",), (matrix,))
    diagonal = np.diagonal(matrix).copy()
    scale = float(np.mean(np.abs(diagonal)))
    for jitter in _JITTERS[np.real(matrix).dtype.char]:
        np.fill_diagonal(matrix, diagonal + jitter * scale)
        # In the order of columns, in which LAPACK takes it, the lower triangle is the upper one of the transpose.
        _, failed = cholesky(matrix.T, lower=False, overwrite_a=True, clean=False)
        if not failed:
            for k in range(len(matrix)):
                matrix[k, k + 1 :] = 0
            return matrix, 0.0
        for k in range(len(matrix)):  # the other triangle is as it was
            matrix[k + 1 :, k] = np.conj(matrix[k, k + 1 :])
    np.fill_diagonal(matrix, diagonal)
    values, vectors = np.linalg.eigh(matrix)
    negative = float(-np.sum(values[values < 0]) / max(np.sum(np.abs(values)), 1e-300))
    return vectors * np.sqrt(np.maximum(values, 0)), negative
