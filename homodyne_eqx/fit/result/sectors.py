"""The result of a fit for each sector: data, model and residual as maps, contrast, offset, and reduced χ²."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...data import OneTimeData, PairData, TwoTimeData
from ...data.selection import sector_arrays
from ...physics.dense_map import two_time_map
from ...physics.geometry import Geometry
from ...physics.model import TwoTimeModel
from ..parameter import Parameter
from ..problem import model_with
from .numbers import reduced_chi2_text
from .summary_row import SummaryRow, quantity

_ROWS = 256


@final
class SectorMaps(NamedTuple):
    """Maps of one sector, each (n_t, n_t): `data` as they are, `model`, and `residual` = (data − model)/σ, NaN where a
    pixel does not count."""

    data: np.ndarray
    model: np.ndarray
    residual: np.ndarray


@final
class Misfit(NamedTuple):
    """Mean of (residual/σ)² over the `n_pixels` pixels of a sector that count, and over those of each frame, `(n_t,)`:
    its row and its column of the map, NaN where none counts. Of pairs and one-time data (0,), and each value counts
    as two pixels."""

    reduced_chi2: float
    n_pixels: int
    of_frames: np.ndarray


@final
@dataclass(frozen=True)
class SectorFit:
    """One sector of a fit.

    - `index`, from 0; `q`: Å⁻¹; `phi`: degrees, or `None`;
    - `contrast`, `offset`: as the fitted model has them; `contrast_uncertainty`, `offset_uncertainty`: 1σ, infinite if
      the data do not determine them, `None` where all parameters that they depend on are fixed or at a bound;
    - `contrast_status`, `offset_status`: "own" where the uncertainty is that of a parameter of this sector alone;
      "common" where other sectors share the parameters, so that their values do not scatter independently; "fixed",
      "at_bound" or "undetermined" as of a parameter;
    - `reduced_chi2`: the mean of (residual/σ)² over the `n_pixels` pixels that count, both triangles of the map.
    """

    index: int
    q: float
    phi: float | None
    contrast: float
    contrast_uncertainty: float | None
    contrast_status: str
    offset: float
    offset_uncertainty: float | None
    offset_status: str
    reduced_chi2: float
    n_pixels: int

    def rows(self) -> tuple[SummaryRow, SummaryRow, SummaryRow]:
        """Contrast, offset and reduced χ² as rows, with the texts to show."""
        text = reduced_chi2_text(self.reduced_chi2, self.n_pixels // 2)
        return (
            quantity("sectors", "contrast", self.contrast, "", self.contrast_uncertainty, self.contrast_status),
            quantity("sectors", "offset", self.offset, "", self.offset_uncertainty, self.offset_status),
            quantity("sectors", "reduced χ²", self.reduced_chi2, text=text),
        )


@final
class SectorView:
    """A fitted model over its data, sector by sector: one map at a time, all by one compiled program.

    **Arguments:** `parameters` of the model, in the order of its leaves, and the `covariance` of those that are free.
    """

    def __init__(
        self,
        model: TwoTimeModel,
        data: TwoTimeData | PairData | OneTimeData,
        parameters: Mapping[str, Parameter],
        covariance: np.ndarray,
    ):
        self._model, self._data, self._covariance = model, data, covariance
        self._parameters = list(parameters.values())

    @cached_property
    def _scaling(self) -> tuple[np.ndarray, np.ndarray]:
        """Contrast and offset, (2, n_sector), and their slopes in the parameters of the scaling, (2, n_sector, n)."""
        values, slopes = _scaling_and_slopes(self._model, self._data.geometry)
        return np.asarray(values, float), np.asarray(slopes, float)

    def maps(self, k: int) -> SectorMaps:
        """Data, model and residual of sector `k`, in the precision of the data.

        **Raises:** `IndexError` for a sector that does not exist.
        """
        assert isinstance(self._data, TwoTimeData)
        c2, excluded = self._data.map_and_excluded(k)
        one = jax.tree.map(lambda x: x[k : k + 1], self._data.geometry.sectors)
        contrast, offset = self._scaling[0][:, k]
        squared = np.asarray(_squared(self._model, self._data.geometry.with_sectors(one)))[0]
        sigma = np.broadcast_to(self._data.sigma[k], c2.shape)
        model, residual = np.empty((2, *c2.shape), np.result_type(c2.dtype, np.float32))
        for rows in _some_rows(len(c2)):
            g2 = offset + contrast * squared[rows]
            model[rows] = g2
            residual[rows] = np.where(excluded[rows], np.nan, (c2[rows] - g2) / sigma[rows])
        return SectorMaps(c2, model, residual)

    def each_map(self) -> Iterator[SectorMaps]:
        """The maps of one sector after the other; no more than one is in memory."""
        return (self.maps(k) for k in range(self._data.n_sector))

    def sectors(self, misfits: Sequence[Misfit]) -> tuple[SectorFit, ...]:
        """The result for each sector, from the `misfit_of` its maps."""
        q, phi = sector_arrays(self._data.geometry)
        (contrast, offset), slopes = self._scaling
        return tuple(
            SectorFit(
                k,
                float(q[k]),
                None if phi is None else float(phi[k]),
                float(contrast[k]),
                *self._uncertainty(slopes[0], k),
                float(offset[k]),
                *self._uncertainty(slopes[1], k),
                misfit.reduced_chi2,
                misfit.n_pixels,
            )
            for k, misfit in enumerate(misfits)
        )

    def _uncertainty(self, slopes: np.ndarray, k: int) -> tuple[float | None, str]:
        """1σ of what has these slopes (n_sector, n) in sector `k`, and its status."""
        first = _size(self._model.g1)  # the leaves of a model: those of g1, then those of the scaling
        by_name = {p.name: p for p in self._parameters}
        place = {name: n for n, name in enumerate(name for name, p in by_name.items() if p.free)}
        moved, positions = [], []
        for index, p in enumerate(by_name[p.tied_to or p.name] for p in self._parameters):
            if p.free and 0 <= index - first < slopes.shape[1] and slopes[k, index - first] != 0:
                moved.append((index - first, p))
                positions.append(place[p.name])
        inside = [p for _, p in moved if not p.at_bound]
        if not inside:
            return None, "at_bound" if moved else "fixed"
        if any(math.isinf(p.uncertainty) for p in inside):
            return math.inf, "undetermined"
        kept = [n for n, (_, p) in enumerate(moved) if not p.at_bound]
        slope = slopes[k, [moved[n][0] for n in kept]]
        among = np.ix_(*[[positions[n] for n in kept]] * 2)
        shared = np.any(np.delete(slopes, k, axis=0)[:, [moved[n][0] for n in kept]] != 0)
        return math.sqrt(slope @ self._covariance[among] @ slope), "common" if shared else "own"


def misfit_of(maps: SectorMaps) -> Misfit:
    """The distance of the model from the data of one sector."""
    n_t, n_pixels = len(maps.residual), 0
    of_frames, sums = np.zeros(n_t, int), np.zeros(n_t)
    for rows in _some_rows(n_t):
        counts = np.isfinite(maps.residual[rows])
        squares = np.square(maps.residual[rows], where=counts, out=np.zeros(counts.shape))
        n_pixels += int(np.count_nonzero(counts))
        of_frames += np.count_nonzero(counts, axis=0)
        of_frames[rows] += np.count_nonzero(counts, axis=1)
        sums += np.sum(squares, axis=0)
        sums[rows] += np.sum(squares, axis=1)
    means = np.where(of_frames > 0, sums / np.maximum(of_frames, 1), np.nan)
    return Misfit(float(np.sum(sums) / 2 / n_pixels), n_pixels, means)


def _some_rows(n_t: int) -> Iterator[slice]:
    """All rows of a map, some at a time, so that what is computed from them takes little memory."""
    return (slice(first, first + _ROWS) for first in range(0, n_t, _ROWS))


def _size(module: eqx.Module) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(eqx.filter(module, eqx.is_inexact_array)))


@eqx.filter_jit
def _squared(model: TwoTimeModel, geometry: Geometry) -> Float[Array, "1 n_t n_t"]:
    return two_time_map(model, geometry)


@eqx.filter_jit
def _scaling_and_slopes(
    model: TwoTimeModel, geometry: Geometry
) -> tuple[Float[Array, "2 n_sector"], Float[Array, "2 n_sector n"]]:
    model = replace(model, ties=())  # a slope in each parameter by itself
    of_scaling = jax.tree.map(eqx.is_inexact_array, model.scaling)
    moves = eqx.tree_at(lambda m: m.scaling, jax.tree.map(lambda _: False, model), of_scaling)
    moving, rest = eqx.partition(model, moves)
    leaves = jax.tree.leaves(moving)
    dtype = jnp.result_type(float)
    vector = jnp.concatenate([jnp.zeros(0, dtype), *(jnp.ravel(leaf).astype(dtype) for leaf in leaves)])

    def scaling(v: Array) -> Array:
        return jnp.stack([x.astype(dtype) for x in model_with(moving, rest, v).scaling(geometry)])

    return scaling(vector), jax.jacfwd(scaling)(vector)
