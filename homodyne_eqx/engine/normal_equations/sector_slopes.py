"""The derivatives of g2 by every parameter at all pairs of one sector, in the form that the channels give them."""

from typing import Any, NamedTuple, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int

from ...physics.dense_map import nodes_at, pair_block
from ...physics.geometry import Geometry
from ...physics.model import FieldOfModel, TwoTimeModel
from ..frame_values import Block
from ..packing import Packed, SectorGroup
from .channels import channel_slopes, linearised


@final
class SlopesOfChannel(NamedTuple):
    """∂(contrast · M_ij)/∂θ_k = later_ij · tangents_ki + earlier_ij · tangents_kj, for frame i after frame j.

    - `columns`: the parameters k; `tangents`: (n_columns, n_t);
    - `later`, `earlier`: (n_t, n_t), strictly lower triangular; `earlier` is None for `kind` "difference" (it is
      −`later`) and for "model" (it is 0, and the tangents are the same at all frames).
    """

    kind: str
    columns: np.ndarray
    tangents: np.ndarray
    later: np.ndarray
    earlier: np.ndarray | None

    def sums(self, factor: np.ndarray) -> np.ndarray:
        """For each frame the sum of factor · slope over all pairs that it is in, (n_columns, n_t).

        **Arguments:** `factor`: of each pair, (n_t, n_t), strictly lower triangular. Half of the sum over the frames is
        that over the pairs.
        """
        T, later = self.tangents, factor * self.later
        if self.kind == "difference":
            matrix = later - later.T
            return T * np.sum(matrix, 1) - T @ matrix.T
        if self.earlier is None:
            return T * (np.sum(later, 1) + np.sum(later, 0))
        earlier = factor * self.earlier
        return T * (np.sum(later, 1) + np.sum(earlier, 0)) + T @ earlier.T + T @ later

    def at_pairs(self, column: int) -> np.ndarray:
        """The slope by one of the columns at every pair, (n_t, n_t), strictly lower triangular."""
        T = self.tangents[column]
        if self.kind == "difference":
            return self.later * np.subtract.outer(T, T)
        return self.later * T[:, None] + (0 if self.earlier is None else self.earlier * T[None, :])


@final
class SectorSlopes(NamedTuple):
    """A fitted model at all pairs of frames of one sector; arrays on the host in double precision.

    - `contrast`, `offset`; `M`: (g2 − offset)/contrast, (n_t, n_t), symmetric, with its diagonal;
    - `field`: the correlation of the light's field, (n_t, n_t), Hermitian, real where it can be; see
      `field_correlation`;
    - `channels`: the slopes of contrast · M; `scaling`: ∂(contrast, offset)/∂θ, (2, n_params).
    """

    contrast: float
    offset: float
    M: np.ndarray
    field: np.ndarray
    channels: tuple[SlopesOfChannel, ...]
    scaling: np.ndarray


def sector_slopes(model: TwoTimeModel, packed: Packed, free: Any, sector: int) -> SectorSlopes:
    """The slopes of one sector. One compiled program does for all sectors; it holds some n_t² numbers a channel.

    **Arguments:** `free`: which leaves are parameters, as for `normal_equations`.
    """
    common = tuple(name for name in ("q", "gap", "phi") if getattr(packed.geometry, name) is not None)
    traced = _sector_slopes(model, packed.geometry, free, jnp.asarray([sector], jnp.int32), common)
    (contrast, offset, M, field, channels, scaling), (kinds, columns) = traced
    host = lambda x: np.asarray(x, complex if np.iscomplexobj(x) else float)  # noqa: E731
    M, field = host(M), host(field)
    found = [
        SlopesOfChannel(
            kind,
            np.asarray(of),
            host(tangents),
            np.tril(host(later), -1),
            None if earlier is None else np.tril(host(earlier), -1),
        )
        for kind, of, (tangents, later, earlier) in zip(kinds, columns, channels, strict=True)
    ]
    field = np.tril(field, -1) + np.conj(np.tril(field)).T
    return SectorSlopes(
        float(contrast), float(offset), np.tril(M, -1) + np.tril(M).T, field, tuple(found), host(scaling)
    )


@eqx.filter_jit
def _sector_slopes(
    model: TwoTimeModel, geometry: Geometry, free: Any, sectors: Int[Array, " 1"], common: tuple[str, ...]
) -> tuple[tuple, tuple]:
    here = jax.tree.map(lambda x: x[sectors], geometry.sectors)
    linear = linearised(model, free, geometry, SectorGroup(geometry.with_sectors(here), sectors, common))
    frame = jnp.arange(geometry.n_t)
    in_order: Bool[Array, "n n"] = frame[:, None] >= frame[None, :]
    frames = linear.evaluation.frames(jnp.zeros((), jnp.int32), geometry.n_t)
    M, slopes = linear.evaluation.values_and_slopes(Block(frames, frames, in_order, full_square=False))
    one = jax.tree.map(lambda x: x[0], here)
    nodes = nodes_at(FieldOfModel(model), geometry, one)
    field = pair_block(FieldOfModel(model), nodes, nodes, in_order, one)
    contrast = linear.contrast[0]
    channels = []
    for channel, slope in zip(linear.channels, channel_slopes(slopes, linear), strict=True):
        tangents = channel.tangents if channel.common else channel.tangents[0]
        earlier = None if slope.earlier is None else contrast * slope.earlier[0]
        channels.append((tangents, contrast * slope.later[0], earlier))
    kinds = tuple(channel.kind for channel in linear.channels)
    columns = tuple(tuple(int(k) for k in channel.columns) for channel in linear.channels)
    return (contrast, linear.offset[0], M[0], field, channels, linear.scaling[:, 0]), (kinds, columns)
