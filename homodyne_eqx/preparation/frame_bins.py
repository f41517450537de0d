"""Two-time data of which several adjacent frames become one, with the noise that the means have."""

from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from ..data import TwoTimeData
from ..data.errors import NoiseOfBinsUnknown, NotASelection, SigmaNotEstimated
from ..data.exclusion import mask_of_sector
from ..data.two_time import MASKS

_FEWEST = 3
_LEAST_SHARE = 0.5
_NOTED = 0.01


def binned(data: TwoTimeData, bin_frames: Any, *, sigma: Any = None) -> TwoTimeData:
    """The mean over bins of so many adjacent frames: blocks of b × b pairs, at the mean time of each bin.

    Maps become smaller by b², and a fit faster. dt becomes b · dt; times keep their origin; frames after the
    last whole bin are left out. A block counts where at least half of its pairs do; the blocks on the diagonal, which
    hold the correlation of frames with themselves and the shortest lags, do not.

    Noise that neighbouring pixels share, such as speckle noise, falls by less than 1/b. So sigma is multiplied by the
    factor by which binning reduces the scatter of the far-lag plateau. This scatter is estimated before and after
    binning, as by `sigma="estimate"`. `sigma_source` states the factor.

    Lags shorter than a bin are lost, and decays within a bin are smeared. An exponential decay keeps its rate: the mean
    over a bin multiplies it by a constant, 1 + (Γ b dt)²/12 to first order for c2 ∝ exp(−Γ lag), and the fitted
    contrast is larger by this factor. Other decays, and oscillations, change their shape. `notes` reports it if c2
    falls so fast that the factor is above 1.01. `hx.fit(…, stages=(hx.BlockAverage(b), …))` uses bins for the start
    only.

    **Arguments:**

    - `data`: exclude bad frames before. Lazy data stay lazy: one map is in memory at a time.
    - `bin_frames`: b, the number of frames in a bin, ≥ 2.
    - `sigma`: of the binned data, as in `TwoTimeData`; replaces the estimate described above.

    **Returns:** `TwoTimeData` of n_t // b frames; its provenance has the step.

    **Raises:** `NotASelection` for a number that leaves fewer than 3 bins; `NoiseOfBinsUnknown` if there are too few
    bins for an estimate: give `sigma`; `NoPixelLeft`.
    """
    whole = isinstance(bin_frames, int | np.integer) and not isinstance(bin_frames, bool) and bin_frames > 1
    n = data.n_t // bin_frames if whole else 0
    if n < _FEWEST:
        expected = (
            f"a whole number from 2 to {data.n_t // _FEWEST}, since {_FEWEST} bins of {data.n_t} frames are needed"
        )
        raise NotASelection("bin_frames", bin_frames, expected)
    frames = int(bin_frames)
    maps = BinnedMaps(data, frames)
    source = data.provenance
    left = data.n_t - n * frames
    step = f"binned: {frames} frames each, {n} bins" + (f"; the last {left} frames left out" if left else "")
    smeared = _smearing(maps)
    kept = source.frames_within(0, n * frames)
    provenance = replace(
        source,
        frames=kept,
        frames_each=source.frames_each * frames,
        steps=(*source.steps, step),
        notes=(*source.notes, *smeared),
    )
    of_bins = {
        "c2": maps if data.is_lazy else np.stack([maps[k] for k in range(data.n_sector)]),
        "geometry": _geometry(data, n, frames),
        "provenance": provenance,
        **{name: maps.mask_of_bins(name) for name in MASKS},
    }
    if sigma is not None:
        return TwoTimeData(sigma=sigma, **of_bins)
    share = _share_of_noise_left(data, of_bins, frames)
    values, said = maps.sigma(), f"{data.sigma_source}; times {_listed(share)} for bins of {frames} frames"
    values = values * share.reshape(-1, *[1] * (values.ndim - 1))
    return TwoTimeData(sigma=values, sigma_source=said, **of_bins)


@final
@dataclass(frozen=True)
class BinnedMaps:
    """A stack of maps, each the mean over blocks of `frames` × `frames` pairs of that of `data`, weighted by 1/sigma²
    where they count."""

    data: TwoTimeData
    frames: int

    @property
    def shape(self) -> tuple[int, int, int]:
        n = self.data.n_t // self.frames
        return self.data.n_sector, n, n

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(self.data.c2.dtype)

    def __getitem__(self, k: int) -> np.ndarray:
        c2, excluded = self.data.map_and_excluded(k)
        weight = self._weight(k, excluded)
        total = self._sums(weight)
        mean = self._sums(np.where(excluded, 0, c2) * weight) / np.where(total > 0, total, 1)
        counts = self._sums(~excluded) >= _LEAST_SHARE * self.frames**2
        finite = np.isfinite(c2)
        number = self._sums(finite)
        plain = self._sums(np.where(finite, c2, 0)) / np.where(number > 0, number, 1)
        masked = np.zeros(mean.shape, bool)
        for name in MASKS:
            masked |= mask_of_sector(self.mask_of_bins(name, k), 0)
        shown = np.where(masked & (number > 0), plain, np.nan)
        diagonal = np.eye(len(mean), dtype=bool) & (total > 0)
        return np.where((counts & ~masked) | diagonal, mean, shown).astype(self.dtype)

    def sigma(self) -> np.ndarray:
        """The sigma of a pixel in each block: `(n_sector,)`, or the harmonic mean of the variances, like the maps."""
        if self.data.sigma.ndim == 1:
            return np.asarray(self.data.sigma, float)
        made = np.empty(self.shape)
        for k in range(self.shape[0]):
            excluded = self.data.map_and_excluded(k)[1]
            total, number = self._sums(self._weight(k, excluded)), self._sums(~excluded)
            made[k] = np.where(number > 0, np.sqrt(number / np.where(number > 0, total, 1)), 1.0)
        return made

    def mask_of_bins(self, name: str, k: int | None = None) -> np.ndarray | None:
        """The bins that the mask of this name excludes: it excludes more than half of each. Of sector `k` alone, with
        one sector, or of all sectors."""
        mask = getattr(self.data, name)
        if mask is None:
            return None
        if mask.ndim == 1:
            whole = mask[: self.shape[1] * self.frames].reshape(self.shape[1], self.frames)
            share = np.count_nonzero(whole, axis=1) / self.frames
            # Of the pairs of a bin with a good one so many are left as it has good frames.
            found = share > 1 - _LEAST_SHARE
        elif mask.ndim == 2:
            found = self._mostly(mask)
        elif k is None:
            found = np.stack([self._mostly(of_sector) for of_sector in mask])
        else:
            found = self._mostly(mask[k])[None]
        return found if np.any(found) or k is not None else None

    def _mostly(self, mask: np.ndarray) -> np.ndarray:
        return self._sums(mask) > (1 - _LEAST_SHARE) * self.frames**2

    def _weight(self, k: int, excluded: np.ndarray) -> np.ndarray:
        sigma = self.data.sigma[k]
        if sigma.ndim == 0:
            return np.where(excluded, 0.0, 1.0)
        return np.where(excluded, 0, np.where(excluded, 1, sigma).astype(float) ** -2.0)

    def _sums(self, values: np.ndarray) -> np.ndarray:
        n, size = self.shape[1], self.frames
        whole = values[: n * size, : n * size].astype(np.float64)
        return whole.reshape(n, size, n, size).sum(axis=(1, 3))


def _geometry(data: TwoTimeData, n: int, frames: int):
    geometry = data.geometry
    times = np.asarray(geometry.t)[: n * frames].astype(np.float64).reshape(n, frames).mean(axis=1)
    uniform = bool(np.all(np.asarray(geometry.intervals) == np.asarray(geometry.dt)))
    return geometry.with_times(times.astype(np.asarray(geometry.t).dtype), geometry.dt * frames if uniform else None)


def _share_of_noise_left(data: TwoTimeData, of_bins: dict[str, Any], frames: int) -> np.ndarray:
    """The factor of the scatter of the plateau of each sector by binning, between 1/frames and 1, `(n_sector,)`."""
    try:
        before = replace(data, sigma="estimate").sigma
        after = TwoTimeData(sigma="estimate", **of_bins).sigma
    except SigmaNotEstimated as error:
        raise NoiseOfBinsUnknown(frames, error.reason) from error
    return np.clip(after / before, 1 / frames, 1.0)


def _smearing(maps: BinnedMaps) -> tuple[str, ...]:
    """A note where c2 decays so fast that bins change it by more than 1 %: of the sector where it does the most."""
    data, size = maps.data, maps.frames
    worst, of_sector = 0.0, 0
    for k in range(data.n_sector):
        c2, excluded = data.map_and_excluded(k)
        near, past, far = (
            _mean_at(c2, excluded, lags)
            for lags in (range(1, 2), range(1 + size, 2 + size), range(2 * data.n_t // 3, data.n_t))
        )
        if np.isfinite(near) and near > far:
            decayed = -np.log(np.clip((past - far) / (near - far), 1e-6, 1.0))
            if decayed > worst:
                worst, of_sector = float(decayed), k
    factor = worst**2 / 12
    if factor < _NOTED:
        return ()
    falls, more = 100 * (1 - np.exp(-worst)), f"{100 * factor:.2g} %" if factor < 0.5 else "far"
    return (
        f"bins of {size} frames are wide for sector {of_sector}: c2 falls by {falls:.0f} % within one. The contrast is "
        f"{more} too large, and a decay that is not exponential changes its shape. Bin fewer frames",
    )


def _mean_at(c2: np.ndarray, excluded: np.ndarray, lags: range) -> float:
    found = [np.diagonal(c2, lag)[~np.diagonal(excluded, lag)] for lag in lags]
    values = np.concatenate(found) if found else np.zeros(0)
    return float(np.mean(values)) if values.size else np.nan


def _listed(share: np.ndarray) -> str:
    low, high = float(np.min(share)), float(np.max(share))
    return f"{low:.2g}" if f"{low:.2g}" == f"{high:.2g}" else f"{low:.2g} to {high:.2g}"
