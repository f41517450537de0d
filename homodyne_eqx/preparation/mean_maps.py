"""The weighted mean of the maps of several measurements, sector by sector."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import final

import numpy as np

from ..data import TwoTimeData
from ..data.exclusion import mask_of_sector
from ..data.two_time import MASKS


@final
@dataclass(frozen=True)
class MeanMaps:
    """A stack of maps, each the mean of those of the repeats, weighted by 1/sigma² where they count.

    A pixel that counts in none of them is the plain mean of what is finite if a mask of all repeats excludes it, and
    else NaN. The diagonal is the plain mean.
    """

    repeats: tuple[TwoTimeData, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.repeats[0].shape

    @property
    def dtype(self) -> np.dtype:
        return np.result_type(*(each.c2.dtype for each in self.repeats))

    def __getitem__(self, k: int) -> np.ndarray:
        read = [each.map_and_excluded(k) for each in self.repeats]
        values, weights = self._values_and_weights(k, read)
        total = np.sum(weights, axis=0)
        mean = np.sum(weights * values, axis=0) / np.where(total > 0, total, 1)
        masked = np.eye(len(mean), dtype=bool)
        for name in MASKS:
            masked |= self._common_mask_of_sector(name, k)
        unused = np.where(masked, _mean_of_finite([c2 for c2, _ in read]), np.nan)
        return np.where(total > 0, mean, unused).astype(self.dtype)

    def values_and_weights(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Sector `k` of every repeat, values 0 where the weight 1/sigma² is, `(n_repeats, n_t, n_t)` in float64."""
        return self._values_and_weights(k, [each.map_and_excluded(k) for each in self.repeats])

    def _values_and_weights(
        self, k: int, read: Sequence[tuple[np.ndarray, np.ndarray]]
    ) -> tuple[np.ndarray, np.ndarray]:
        values, weights = np.empty((2, len(self.repeats), *self.shape[1:]))
        for r, (c2, excluded) in enumerate(read):
            values[r] = np.where(excluded, 0, c2)
            sigma = np.where(excluded, 1.0, self.repeats[r].sigma[k])
            weights[r] = np.where(excluded, 0, sigma**-2)
        return values, weights

    def sigma_of_all(self, k: int) -> np.ndarray:
        """1/√Σ 1/sigma² of all repeats, a number, or a map where a sigma is one."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(1 / np.sqrt(sum(np.asarray(each.sigma[k], float) ** -2.0 for each in self.repeats)))

    def sigma_of_present(self, k: int) -> np.ndarray:
        """1/√Σ 1/sigma² of the repeats that have a pixel, `(n_t, n_t)`; where none has it, as if all had."""
        total = np.sum(self.values_and_weights(k)[1], axis=0)
        return np.where(total > 0, 1 / np.sqrt(np.where(total > 0, total, 1)), self.sigma_of_all(k))

    def common_mask(self, name: str) -> np.ndarray | None:
        """The mask of this name that all repeats share, or `None`: of frames if all list frames, else of pixels."""
        masks = [getattr(each, name) for each in self.repeats]
        if any(mask is None for mask in masks):
            return None
        if len({mask.ndim for mask in masks}) == 1:
            common = reduce(np.logical_and, masks)
        else:
            common = np.stack([self._common_mask_of_sector(name, k) for k in range(self.shape[0])])
        return common if np.any(common) else None

    def _common_mask_of_sector(self, name: str, k: int) -> np.ndarray | bool:
        masks = [getattr(each, name) for each in self.repeats]
        if all(mask is not None and mask.ndim == 1 for mask in masks):
            return mask_of_sector(reduce(np.logical_and, masks), k)
        if any(mask is None for mask in masks):
            return False
        return reduce(np.logical_and, [mask_of_sector(mask, k) for mask in masks])


def _mean_of_finite(maps: list[np.ndarray]) -> np.ndarray:
    finite = [np.isfinite(each) for each in maps]
    count = np.sum(finite, axis=0)
    total = np.sum([np.where(ok, each, 0) for ok, each in zip(finite, maps, strict=True)], axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
