"""The container of two-time data: maps, noise, mask, geometry and where they came from."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, final

import numpy as np

from ..physics.geometry import Geometry
from ..physics.notebook_html import described_html
from .checked_maps import (
    check_geometry,
    dead_frames,
    dead_frames_of_lazy_map,
    filled_pixels,
    union_with_frames,
    whole_mask,
    whole_sigma,
    with_whole_maps,
    without_mask,
)
from .cuts import cuts_of
from .described import described
from .doubtful_maps import doubts_on_maps, doubts_on_mask
from .errors import NoPixelLeft, NoSuchSector
from .exclusion import (
    Excluded,
    excluded_pixels,
    exclusion_steps,
    mask_array,
    mask_of_frames,
    mask_of_sector,
    union_of_masks,
)
from .fill_values import fill_pixels
from .maps import array_or_stack, in_memory
from .noise import check_sigma_map, sigma_array_or_estimate
from .noise_estimate import estimate_sigma
from .offered import offered
from .pair_data import PairData
from .plausible import doubts_on_geometry
from .provenance import Provenance
from .selection import Range, make_selection, other_sectors, sector_arrays

MASKS = ("mask", "bad_frames", "outliers")
"""The fields that exclude pixels, in the order in which a pixel is counted."""


@final
@dataclass(frozen=True, eq=False, repr=False)
class TwoTimeData:
    """Measured or simulated two-time maps, ready to be fitted. Immutable, and not a PyTree: the data stay on the host.

    **Arguments:**

    - `c2`: normalised intensity correlation, `(n_sector, n_t, n_t)`, baseline near 1. A float32 or float64 array is
      kept as it is, without a copy; or a stack that reads one map at a time (`shape`, `dtype` and `[k]`). If one half
      of a map is exactly 0 or NaN, it is filled with the transpose of the other half. Masked arrays keep their mask.
    - `geometry`: the `Geometry` of the same sectors and frames, in the same order; phi may be in any order.
    - `sigma`: standard deviation of a pixel, > 0: a number, one for each sector `(n_sector,)`, an array like `c2`, or
      the word `"estimate"` for the scatter of the far-lag plateau, averaged over sectors of equal q and gap unless they
      clearly differ. There is no default.
    - `mask`: True where a pixel is excluded: `(n_t,)` for whole frames, `(n_t, n_t)` for all sectors, or like `c2`;
      or a list of the numbers of excluded frames.
    - `provenance`: where the data came from.
    - `sigma_source`: a sentence on where sigma came from.
    - `bad_frames`, `outliers`: further masks, counted separately; made by `excluding`.

    Pixels that are NaN, infinite or beyond 1e15 are excluded and counted. So is the diagonal: there a frame is
    correlated with itself, and shot noise adds to the value. Frames whose whole row holds one value, 0 or another,
    count as bad frames, and pixels that hold a fill value are masked; `notes` says which.

    **Raises:** `WrongShape`; `AsymmetricMap` for a map that differs from its transpose by more than noise;
    `MissingSigma`, `WrongSigma`, `WrongSigmaPixel`, `SigmaNotEstimated`; `NoPixelLeft` for a sector of which every
    pixel is excluded (all of `homodyne_eqx.errors`); `TypeError` for arrays that do not hold numbers. A lazy stack is
    checked map by map when it is read.
    """

    c2: Any
    geometry: Geometry
    sigma: Any = None
    mask: Any = None
    provenance: Provenance = field(default_factory=Provenance)
    sigma_source: str = "given"
    bad_frames: Any = None
    outliers: Any = None

    def __post_init__(self):
        put = object.__setattr__
        c2, masked = without_mask(self.c2)
        put(self, "c2", array_or_stack(c2))
        check_geometry(self.geometry, self.shape)
        for name in MASKS:
            put(self, name, mask_array(getattr(self, name), self.shape, name))
        sigma, masked_noise = without_mask(self.sigma)
        for found in (masked, masked_noise if np.shape(masked_noise) == self.shape else None):
            put(self, "mask", union_of_masks(self.mask, found))
        halves = () if self.is_lazy else self._check_maps(put)
        sigma = sigma_array_or_estimate(sigma, self.shape)
        if isinstance(sigma, str):
            sigma, source = estimate_sigma(self.c2, [getattr(self, name) for name in MASKS], _alike(self.geometry))
            put(self, "sigma_source", source)
        put(self, "sigma", _read_only(whole_sigma(sigma, halves)))
        if not self.is_lazy:
            _ = self.excluded

    def _check_maps(self, put: Callable[[Any, str, Any], None]) -> tuple[str | None, ...]:
        """Fills empty halves, with their masks, refuses maps that are not symmetric, and takes dead frames to the bad
        ones. **Returns:** which half of each map was filled."""
        c2, halves, notes = with_whole_maps(self.c2)
        put(self, "c2", c2)
        for name in MASKS:
            put(self, name, whole_mask(getattr(self, name), halves))
        masks = [getattr(self, name) for name in MASKS]
        dead, of_frames = dead_frames(c2, masks, self.provenance.first_frame)
        put(self, "bad_frames", union_of_masks(self.bad_frames, dead))
        filled, of_pixels = filled_pixels(c2, [getattr(self, name) for name in MASKS])
        put(self, "mask", union_of_masks(self.mask, filled))
        notes = (*self.provenance.notes, *notes, *of_frames, *of_pixels)
        put(self, "provenance", replace(self.provenance, notes=notes))
        return halves

    def __reduce__(self):
        """Copied and pickled through the constructor, which leaves the arrays read-only again."""
        return TwoTimeData, tuple(getattr(self, each.name) for each in fields(self))

    @property
    def shape(self) -> tuple[int, int, int]:
        """`(n_sector, n_t, n_t)`."""
        n_sector, n_t, _ = self.c2.shape
        return n_sector, n_t, n_t

    @property
    def n_sector(self) -> int:
        return self.shape[0]

    @property
    def n_t(self) -> int:
        return self.shape[1]

    @property
    def is_lazy(self) -> bool:
        """Whether the maps are read from their source one at a time."""
        return not isinstance(self.c2, np.ndarray)

    @property
    def scalar_sigma(self) -> np.ndarray | None:
        """Sigma of each sector, `(n_sector,)`, or `None` if it differs from pixel to pixel."""
        return self.sigma if self.sigma.ndim == 1 else None

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on conversions and exclusions when the data were read, and on values that look wrong."""
        of_maps = () if self.is_lazy else doubts_on_maps(self.c2, self.bad_frames, self.mask)
        return (*self.provenance.notes, *doubts_on_geometry(self.geometry), *of_maps, *doubts_on_mask(self.mask))

    @cached_property
    def excluded(self) -> Excluded:
        """The numbers of excluded pixels, by cause. The first call reads every map of a lazy stack."""
        counts = np.sum([self._read(k)[2] for k in range(self.n_sector)], axis=0)
        return Excluded(*counts[:3].tolist(), math.prod(self.shape), *counts[3:].tolist())

    def weighted_map(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Map and weights of sector `k`, each `(n_t, n_t)` in the dtype of `c2`.

        Excluded pixels have value 0 and weight 0, all others weight 1/sigma². Both triangles are returned unchanged: a
        symmetric map holds each pair of frames twice, and a sum over the map counts it twice.
        """
        c2_k, excluded = self.map_and_excluded(k)
        sigma = self.sigma[k].astype(np.float64)
        weight = ((np.where(excluded, np.inf, sigma) if sigma.ndim else sigma) ** -2).astype(c2_k.dtype)
        return np.where(excluded, c2_k.dtype.type(0), c2_k), np.where(excluded, c2_k.dtype.type(0), weight)

    def map_and_excluded(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Unchanged map of sector `k`, `(n_t, n_t)`, without a copy, and True where its pixels are excluded."""
        if not 0 <= k < self.n_sector:
            raise NoSuchSector((k,), self.n_sector)
        return self._read(k)[:2]

    def select(
        self,
        *,
        q: Range | None = None,
        phi: Range | None = None,
        sectors: Iterable[int] | None = None,
        frames: Range | None = None,
    ) -> "TwoTimeData":
        """The sectors and frames that fulfil every condition given; frame times keep their origin.

        **Arguments:**

        - `q`: `(lowest, highest)`, Å⁻¹ or text with a unit, both included; or a list of such ranges.
        - `phi`: `(from, to)`, degrees, both included, counted modulo 360; or a list of such ranges.
        - `sectors`: indices from 0, in the order wanted.
        - `frames`: `(first, stop)` of these data, from 0, `stop` excluded.

        **Raises:** `NotASelection`, `NoSuchSector`; `NothingSelected`, which lists the q and phi of the data.
        """
        q_of, phi_of = sector_arrays(self.geometry)
        selection = make_selection(q_of, phi_of, self.n_t, q, phi, sectors, frames)
        source, kept = self.provenance, selection.frames
        steps = (*source.steps, *selection.steps(self.n_sector, self.n_t, source))
        return replace(
            self,
            c2=selection.cut_maps(self.c2),
            geometry=selection.cut_geometry(self.geometry),
            sigma=selection.cut_sigma(self.sigma),
            **{name: selection.cut_mask(getattr(self, name)) for name in MASKS},
            provenance=replace(source, frames=source.frames_within(kept.start, kept.stop), steps=steps),
        )

    def excluding(
        self, *, frames: Any = None, outliers: Any = None, sectors: Iterable[int] | None = None
    ) -> "TwoTimeData":
        """These data without bad frames, outliers and sectors, beside earlier exclusions; sigma does not change.

        **Arguments:**

        - `frames`: numbers of frames from 0, an array of booleans `(n_t,)`, or the result of `hx.suspicious_frames`.
          Every pixel of their rows and columns is excluded.
        - `outliers`: a mask as in `TwoTimeData`, or the result of `hx.outlier_pixels`.
        - `sectors`: numbers of sectors from 0; the others are numbered anew, as by `select`.

        **Raises:** `NotASelection`, `WrongShape`, `TypeError`; `NoPixelLeft`; `NoSuchSector`, `NothingSelected`.
        """
        bad = None if frames is None else mask_of_frames(frames, self.n_t)
        found = mask_array(outliers, self.shape, "outliers")
        steps = (*self.provenance.steps, *exclusion_steps(bad, found, self.provenance))
        kept = replace(
            self,
            bad_frames=union_of_masks(self.bad_frames, bad),
            outliers=union_of_masks(self.outliers, found),
            provenance=replace(self.provenance, steps=steps),
        )
        return kept if sectors is None else kept.select(sectors=other_sectors(sectors, self.n_sector))

    def cuts(self, ages: Any = 1, *, lags: int = 40) -> PairData:
        """g2 over the lag: means of the maps over windows of age and bins of lag, with the covariances of their noise.

        **Arguments:** `ages`: the number of equal windows of the age (t_i + t_j)/2, 1 for the mean over all ages; or
        ranges (from, to), s; `lags`: bins, equal in log lag, each at least one frame wide.

        **Returns:** a `PairData`: models that change with time can be fitted too, each value to the mean of 32 of its
        pairs. The covariances follow from differences of neighbouring pixels and from the decay of the map. Sigma of
        the data is not used.

        **Raises:** `NotASelection`; `NoPixelLeft`.
        """
        return cuts_of(self, ages, lags)

    def in_memory(self) -> "TwoTimeData":
        """The same data with all maps read into one array."""
        return replace(self, c2=in_memory(self.c2)) if self.is_lazy else self

    def plot(self, what: str = "maps", sectors: Iterable[int] | None = None) -> Any:
        """A figure of Matplotlib, which the extra `figures` installs; `figure.savefig("maps.png")` writes it.

        **Arguments:** `what`: "maps", small ones of up to 48 sectors; "frames", the mean and the scatter of each row of
        the maps; or "cuts", g2 over the lag. `sectors`: their numbers; the first ones unless given.
        """
        return offered("data.plot")(self, what, sectors)

    def _read(self, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        c2_k, of_mask = without_mask(self.c2[k])
        c2_k = np.asarray(c2_k)
        masks = [mask_of_sector(getattr(self, name), k) for name in MASKS]
        if self.is_lazy:
            masks[0] = masks[0] if of_mask is None else masks[0] | of_mask
            masks[1] = union_with_frames(masks[1], dead_frames_of_lazy_map(c2_k, masks, k))
            filled, _ = fill_pixels(c2_k, excluded_pixels(c2_k, *masks)[0])
            masks[0] = masks[0] if filled is None else masks[0] | filled
        excluded, counts = excluded_pixels(c2_k, *masks)
        if np.all(excluded):
            raise NoPixelLeft(k, *counts.tolist())
        if self.sigma.ndim == 3:
            check_sigma_map(self.sigma[k], excluded, k)
        return c2_k, excluded, counts

    def __repr__(self) -> str:
        counted = "counted when read" if self.is_lazy and "excluded" not in self.__dict__ else str(self.excluded)
        return described(self, counted)

    def _repr_html_(self) -> str:
        return described_html(repr(self))


def _alike(geometry: Geometry) -> np.ndarray:
    """A number for each sector, equal where q and gap are equal, `(n_sector,)`."""
    q, _ = sector_arrays(geometry)
    gap = np.zeros(()) if geometry.gap is None else np.asarray(geometry.gap)
    places = np.stack([np.broadcast_to(x, geometry.n_sector) for x in (q, gap)], axis=1)
    return np.unique(places, axis=0, return_inverse=True)[1].reshape(-1)


def _read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view
