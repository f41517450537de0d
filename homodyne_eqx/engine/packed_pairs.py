"""Scattered pairs of frames, packed into chunks of one size, and a model evaluated for a chunk of them."""

from collections.abc import Callable
from typing import Any, NamedTuple, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PyTree

from ..data import PairData
from ..physics.dense_map import PairFunction
from ..physics.geometry import Geometry, is_concrete
from ..physics.model import TwoTimeModel
from ..physics.per_sector import at_sector
from ..physics.steadiness import check_steady
from ..physics.terms import Nodes
from .packed_data import AbstractPacked, AbstractReduction
from .scan_carry import scan_carry

_PAIRS_IN_A_CHUNK = 2**15


class Chunk(NamedTuple):
    """Some values: `values`, `weights` (1/σ²) and `present`, where there is a datum that counts (elsewhere both are 0),
    `(n,)`; `later`, `earlier`: their frames, `(n, m)`, each value the mean over m pairs; `sector`: of each, `(n,)`."""

    values: Float[Array, " n"]
    weights: Float[Array, " n"]
    present: Bool[Array, " n"]
    later: Int[Array, "n m"]
    earlier: Int[Array, "n m"]
    sector: Int[Array, " n"]


@final
class PackedPairs(AbstractPacked):
    """Packed `PairData` or `OneTimeData`: chunks of one size, of which the last is filled up.

    - `values`: (n_chunks, n), NaN where there is no datum; `weights`: 1/σ², likewise, 0 there;
    - `later`, `earlier`: numbers of the two frames, (n_chunks, n, m): each value is the mean over m pairs;
    - `sector`: which sector of `geometry` each is of, (n_chunks, n);
    - `lags_only`: whether the times of the frames are lags from a frame of no known age;
    - `covariances`: of the noise of the values of each sector, in their order, `None` where it is independent from
      value to value. χ² takes it as independent; what is stated of uncertainties does not.
    """

    values: Float[Array, "n_chunks n"]
    weights: Float[Array, "n_chunks n"]
    later: Int[Array, "n_chunks n m"]
    earlier: Int[Array, "n_chunks n m"]
    sector: Int[Array, "n_chunks n"]
    geometry: Geometry
    lags_only: bool = eqx.field(static=True)
    covariances: tuple[Float[Array, "_ _"], ...] | None = None

    @property
    def n_pairs(self) -> int | Float[Array, ""]:
        """The number of values with weight."""
        if is_concrete(self.values):
            return int(np.count_nonzero(~np.isnan(np.asarray(self.values))))
        return jnp.sum((~jnp.isnan(self.values)).astype(jnp.result_type(float)))

    @property
    def n_tiles(self) -> int:
        """The number of chunks."""
        return self.values.shape[0]

    def beside(self, tree: Any) -> Any:
        """`tree` as it is: the data are on one device."""
        return tree

    def subset(self, tiles: Int[Array, " n"]) -> "PackedPairs":
        """Some of the chunks."""
        return PackedPairs(*(x[tiles] for x in self.chunks()), self.geometry, self.lags_only)

    def check(self, model: TwoTimeModel) -> None:
        """**Raises:** `NeedsTimeOrigin` for lags alone and a model that may change with time."""
        if self.lags_only:
            check_steady(model)

    def total(self, reduction: AbstractReduction) -> PyTree:
        """The value of `reduction` for these pairs."""
        return reduction.of_pairs(self)

    def chunks(self) -> Any:
        """The operand of a scan over the chunks."""
        return self.values, self.weights, self.later, self.earlier, self.sector

    def chunk(self, step: Any) -> Chunk:
        """The chunk of one step of such a scan."""
        values, weights, later, earlier, sector = step
        compute = jnp.result_type(float)
        present = ~jnp.isnan(values)
        values, weights = (jnp.where(present, x, 0).astype(compute) for x in (values, weights))
        return Chunk(values, weights, present, later, earlier, sector)

    def scan(self, add: Callable[[PyTree, Chunk], PyTree], start: PyTree, *sources: PyTree) -> PyTree:
        """`add(sum, chunk)` from `start` over all chunks. Reverse differentiation computes a chunk again instead of
        storing it. **Arguments:** `sources`: what the sums are computed from, see `scan_carry`."""

        def step(carry: PyTree, operand: Any) -> tuple[PyTree, None]:
            return add(carry, self.chunk(operand)), None

        carry = scan_carry(start, self.chunks(), *sources)
        return jax.lax.scan(jax.checkpoint(step), carry, self.chunks())[0]

    def some(self, most: int) -> "PackedPairs":
        """At most so many of the values that count, drawn at random, the same each time; all where a sector would keep
        none."""
        counts = np.flatnonzero(~np.isnan(np.asarray(self.values).ravel()))
        if len(counts) <= most:
            return self
        drawn = np.sort(np.random.default_rng(0).choice(counts, most, replace=False))
        flat = [np.asarray(x).reshape(-1, *x.shape[2:])[drawn] for x in self.chunks()]
        if len(np.unique(flat[-1])) < self.geometry.n_sector:
            return self
        return PackedPairs(*_chunked(*flat), self.geometry, self.lags_only)


def pack_pairs(data: PairData, dtype: np.dtype) -> PackedPairs:
    """The values that count, in chunks."""
    counts = ~data.left_out
    later, earlier = np.maximum(data.i, data.j)[counts], np.minimum(data.i, data.j)[counts]
    values, sigma = data.value[counts].astype(dtype), np.asarray(data.sigma[counts], float)
    arrays = _chunked(values, sigma**-2.0, later, earlier, data.sector[counts])
    covariances = None
    if data.covariances is not None:
        kept = [counts[data.sector == k] for k in range(data.n_sector)]
        cut = [c[np.ix_(here, here)] for c, here in zip(data.covariances, kept, strict=True)]
        covariances = tuple(jnp.asarray(c, jnp.result_type(float)) for c in cut)
    return PackedPairs(*arrays, data.geometry, data.lags_only, covariances)


def _chunked(
    values: np.ndarray, weights: np.ndarray, later: np.ndarray, earlier: np.ndarray, sector: np.ndarray
) -> tuple[Array, ...]:
    """Arrays with a leading axis of chunks of one size; the last chunk is filled up with NaN and 0."""
    n = len(values)
    most = max(_PAIRS_IN_A_CHUNK // later.shape[1], 1)
    n_chunks = -(-n // most)
    size = -(-n // n_chunks)
    compute = np.dtype(jnp.result_type(float))

    def cut(x: np.ndarray, fill: float, kind: np.dtype) -> Array:
        whole = np.full((n_chunks * size, *x.shape[1:]), fill, kind)
        whole[:n] = x
        return jnp.asarray(whole.reshape(n_chunks, size, *x.shape[1:]))

    index = np.dtype(np.int32)
    return (
        cut(values, np.nan, values.dtype),
        cut(weights, 0.0, compute),
        *(cut(x, 0.0, index) for x in (later, earlier, sector)),
    )


def values_of_pairs(function: PairFunction, geometry: Geometry, nodes: Nodes, chunk: Chunk) -> Float[Array, " n"]:
    """M of each value of a chunk: the pair function of its frames, or its mean over several pairs.

    **Arguments:** `nodes`: `sector_nodes(function, geometry)`.
    """
    sectors = geometry.sectors

    def of_pair(later: Array, earlier: Array, sector: Array) -> Array:
        node = lambda frame: jax.tree.map(lambda x: x[sector, frame], nodes)  # noqa: E731
        here = jax.tree.map(lambda x: x[sector], sectors)
        return at_sector(function, here.index).pair(node(later), node(earlier), here)

    of_pairs = jax.vmap(of_pair, (0, 0, None))
    return jnp.mean(jax.vmap(of_pairs)(chunk.later, chunk.earlier, chunk.sector), axis=1)
