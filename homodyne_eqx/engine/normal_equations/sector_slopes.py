"""The derivatives of g2 by every parameter at the pairs of one sector, in the form that the channels give them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
from .channels import channel_slopes, linearised

_TILE, _TILES_AT_ONCE = 128, 36
_FIELDS = ("q", "gap", "phi")


@final
class ChannelOfSector(NamedTuple):
    """∂(contrast · M_ij)/∂θ_k = later_ij · tangents_ki + earlier_ij · tangents_kj, for frame i after frame j.

    `columns`: the parameters k; `tangents`: (n_columns, n_t). Of `kind` "difference", `earlier` is −`later`; of "model"
    it is 0, and the tangents are the same at all frames.
    """

    kind: str
    columns: np.ndarray
    tangents: np.ndarray


@final
class SlopesOfBand(NamedTuple):
    """Some rows of the lower triangle of a sector: frames `first` to `end`, with all frames from 0 to `end`.

    - `M`: (g2 − offset)/contrast, and `field`: the correlation of the light's field, real where it can be, see
      `field_correlation`: (end − first, end), with their diagonal, 0 above it;
    - `slopes`: `later` and `earlier` of each channel, (end − first, end), 0 above the diagonal and on it, single
      precision; `earlier` is None of kinds "difference" and "model".
    """

    first: int
    end: int
    M: np.ndarray
    field: np.ndarray
    slopes: tuple[tuple[np.ndarray, np.ndarray | None], ...]


@final
@dataclass(frozen=True)
class SectorSlopes:
    """A fitted model at the pairs of frames of one sector; arrays on the host.

    - `contrast`, `offset`; `scaling`: ∂(contrast, offset)/∂θ, (2, n_params);
    - `channels`: of the slopes of contrast · M;
    - `bands`: gives the lower triangle from above to below, a band of rows at a time; worked out anew in each call.
    """

    n_t: int
    contrast: float
    offset: float
    scaling: np.ndarray
    channels: tuple[ChannelOfSector, ...]
    bands: Callable[[], Iterator[SlopesOfBand]]

    def whole(self, of_band: Callable[[SlopesOfBand], np.ndarray]) -> np.ndarray:
        """The Hermitian matrix, (n_t, n_t), of which `of_band` gives the lower triangle."""
        out = np.empty(0)
        for band in self.bands():
            values, rows, before = of_band(band), slice(band.first, band.end), slice(0, band.first)
            if band.first == 0:
                out = np.empty((self.n_t, self.n_t), values.dtype)
            square = np.tril(values[:, band.first :])
            out[rows, before] = values[:, before]
            out[before, rows] = np.conj(values[:, before]).T
            out[rows, rows] = square + np.conj(np.tril(square, -1)).T
        return out


def sector_slopes(model: TwoTimeModel, packed: Packed, free: Any, sector: int) -> SectorSlopes:
    """The slopes of one sector. One compiled program does for all sectors and bands.

    **Arguments:** `free`: which leaves are parameters, as for `normal_equations`.
    """
    n_t = packed.geometry.n_t
    size, common = min(n_t, _TILE), tuple(name for name in _FIELDS if getattr(packed.geometry, name) is not None)
    runs, number = _runs_of_rows(-(-n_t // size)), jnp.asarray([sector], jnp.int32)

    def of_run(run: int) -> tuple[tuple, tuple]:
        return _of_tiles(model, packed.geometry, free, number, common, jnp.asarray(_starts(runs, run, size, n_t)), size)

    ((contrast, offset, tangents, scaling), first_tiles), (kinds, columns) = of_run(0)
    channels = zip(kinds, columns, tangents, strict=True)

    def bands() -> Iterator[SlopesOfBand]:
        for number, run in enumerate(runs):
            tiles = jax.tree.map(np.asarray, first_tiles if number == 0 else of_run(number)[0][1])
            before = 0
            for block in run:
                yield _band(jax.tree.map(lambda x: x[before : before + block + 1], tiles), block * size, n_t)  # noqa: B023
                before += block + 1

    return SectorSlopes(
        n_t,
        float(contrast),
        float(offset),
        np.asarray(scaling, float),
        tuple(ChannelOfSector(kind, np.asarray(of), np.asarray(tangent, float)) for kind, of, tangent in channels),
        bands,
    )


def _runs_of_rows(n_blocks: int) -> list[list[int]]:
    """Rows of tiles that are worked out together: not many more tiles than the last row has, which is n_blocks."""
    runs: list[list[int]] = [[]]
    for block in range(n_blocks):
        if runs[-1] and sum(runs[-1]) + len(runs[-1]) + block + 1 > max(n_blocks, _TILES_AT_ONCE):
            runs.append([])
        runs[-1].append(block)
    return runs


def _starts(runs: list[list[int]], run: int, size: int, n_t: int) -> np.ndarray:
    """First frames of the rows and columns of the tiles of a run, the last one repeated such that all runs have as
    many, (n_tiles, 2)."""
    most = max(sum(of) + len(of) for of in runs)
    tiles = [(block, column) for block in runs[run] for column in range(block + 1)]
    return np.minimum(np.array(tiles + tiles[-1:] * (most - len(tiles)), np.int32) * size, n_t - size)


def _band(tiles: tuple, first: int, n_t: int) -> SlopesOfBand:
    """The band of the rows of frame `first` and the next ones, of which these are the tiles."""
    size = tiles[0].shape[-1]
    end = min(first + size, n_t)

    def in_a_row(x: np.ndarray) -> np.ndarray:
        out = np.empty((end - first, end), x.dtype)
        for k, tile in enumerate(x):
            column = min(k * size, n_t - size)
            out[:, column : column + size] = tile[size - (end - first) :]  # the last tile begins early
        return out

    M, field, slopes = jax.tree.map(in_a_row, tiles)
    return SlopesOfBand(first, end, M, field, tuple(slopes))


@eqx.filter_jit
def _of_tiles(
    model: TwoTimeModel,
    geometry: Geometry,
    free: Any,
    sectors: Int[Array, " 1"],
    common: tuple[str, ...],
    starts: Int[Array, "n_tiles 2"],
    size: int,
) -> tuple[tuple, tuple]:
    """Tile by tile: XLA evaluates a large block several times over, once for each of its outputs."""
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

        by_channel = tuple(
            (below(x.later), None if x.earlier is None else below(x.earlier)) for x in channel_slopes(slopes, linear)
        )
        return jnp.where(order >= 0, M[0], 0), jnp.where(order >= 0, field, 0), by_channel

    tiles = jax.lax.map(of_tile, starts)
    tangents = [channel.tangents if channel.common else channel.tangents[0] for channel in linear.channels]
    kinds = tuple(channel.kind for channel in linear.channels)
    columns = tuple(tuple(int(k) for k in channel.columns) for channel in linear.channels)
    return ((contrast, linear.offset[0], tangents, linear.scaling[:, 0]), tiles), (kinds, columns)
