"""The derivatives of g2 by every parameter at all pairs of one sector, in the form that the channels give them."""

from typing import Any, NamedTuple, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from ...physics.dense_map import nodes_at, pair_block
from ...physics.geometry import Geometry
from ...physics.model import FieldOfModel, TwoTimeModel
from ..frame_values import Block
from ..packed_maps import Packed, SectorGroup
from ..tiles import triangle
from .channels import channel_slopes, linearised

_TILE = 128


@final
class SlopesOfChannel(NamedTuple):
    """∂(contrast · M_ij)/∂θ_k = later_ij · tangents_ki + earlier_ij · tangents_kj, for frame i after frame j.

    - `columns`: the parameters k; `tangents`: (n_columns, n_t);
    - `later`, `earlier`: (n_t, n_t), strictly lower triangular, single precision; `earlier` is None for `kind`
      "difference" (it is −`later`) and for "model" (it is 0, and the tangents are the same at all frames).
    """

    kind: str
    columns: np.ndarray
    tangents: np.ndarray
    later: np.ndarray
    earlier: np.ndarray | None

    def at_pairs(self, column: int) -> np.ndarray:
        """The slope by one of the columns at every pair, (n_t, n_t), strictly lower triangular."""
        T = self.tangents[column]
        if self.kind == "difference":
            return self.later * np.subtract.outer(T, T)
        return self.later * T[:, None] + (0 if self.earlier is None else self.earlier * T[None, :])


@final
class SectorSlopes(NamedTuple):
    """A fitted model at all pairs of frames of one sector; arrays on the host, in double precision but for the slopes.

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
    size = min(packed.geometry.n_t, _TILE)
    traced = _sector_slopes(model, packed.geometry, free, jnp.asarray([sector], jnp.int32), common, size)
    (contrast, offset, tiles, tangents, scaling), (kinds, columns) = traced
    M, field, slopes = jax.tree.map(lambda x: _of_tiles(np.asarray(x), packed.geometry.n_t), tiles)
    found = [
        SlopesOfChannel(kind, np.asarray(of), np.asarray(tangent, float), later, earlier)
        for kind, of, tangent, (later, earlier) in zip(kinds, columns, tangents, slopes, strict=True)
    ]
    return SectorSlopes(
        float(contrast),
        float(offset),
        _whole(M.astype(float, copy=False)),
        _whole(field.astype(complex if np.iscomplexobj(field) else float, copy=False)),
        tuple(found),
        np.asarray(scaling, float),
    )


@eqx.filter_jit
def _sector_slopes(
    model: TwoTimeModel, geometry: Geometry, free: Any, sectors: Int[Array, " 1"], common: tuple[str, ...], size: int
) -> tuple[tuple, tuple]:
    """The lower triangle in tiles: XLA evaluates a large block several times over, once for each of its outputs."""
    here = jax.tree.map(lambda x: x[sectors], geometry.sectors)
    linear = linearised(model, free, geometry, SectorGroup(geometry.with_sectors(here), sectors, common))
    one, function = jax.tree.map(lambda x: x[0], here), FieldOfModel(model)
    nodes = nodes_at(function, geometry, one)
    contrast, count = linear.contrast[0], jnp.arange(size, dtype=jnp.int32)

    def frames_of_field(first: Int[Array, ""]) -> Any:
        return jax.tree.map(lambda x: jax.lax.dynamic_slice_in_dim(x, first, size), nodes)

    def of_tile(start: Int[Array, " 2"]) -> tuple:
        row, column = start
        order = (row + count)[:, None] - (column + count)[None, :]
        rows, columns = linear.evaluation.frames(row, size), linear.evaluation.frames(column, size)
        M, slopes = linear.evaluation.values_and_slopes(Block(rows, columns, order >= 0, full_square=False))
        field = pair_block(function, frames_of_field(row), frames_of_field(column), order >= 0, one)

        def below(slope: Array) -> Array:
            return jnp.where(order > 0, contrast * slope[0], 0).astype(jnp.float32)

        by_channel = [
            (below(x.later), None if x.earlier is None else below(x.earlier)) for x in channel_slopes(slopes, linear)
        ]
        return jnp.where(order >= 0, M[0], 0), jnp.where(order >= 0, field, 0), by_channel

    tiles = jax.lax.map(of_tile, jnp.asarray(triangle(geometry.n_t, size)[0]))
    tangents = [channel.tangents if channel.common else channel.tangents[0] for channel in linear.channels]
    kinds = tuple(channel.kind for channel in linear.channels)
    columns = tuple(tuple(int(k) for k in channel.columns) for channel in linear.channels)
    return (contrast, linear.offset[0], tiles, tangents, linear.scaling[:, 0]), (kinds, columns)


def _of_tiles(tiles: np.ndarray, n_t: int) -> np.ndarray:
    """The lower triangle (n_t, n_t) of which these are the tiles, (n_tiles, size, size)."""
    size = tiles.shape[-1]
    out = np.zeros((n_t, n_t), tiles.dtype)
    for tile, (row, column) in zip(tiles, triangle(n_t, size)[0], strict=True):
        out[row : row + size, column : column + size] = tile
    return out


def _whole(lower: np.ndarray) -> np.ndarray:
    """The Hermitian matrix of which this is the lower triangle."""
    whole = lower + np.conj(lower.T)
    np.fill_diagonal(whole, np.diagonal(lower))
    return whole
