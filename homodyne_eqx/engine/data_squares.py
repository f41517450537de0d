"""The squares of the data themselves, for χ² in terms of sums."""

from typing import final

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from .packed_data import AbstractPacked, AbstractReduction
from .packed_maps import Group
from .packed_pairs import Chunk, PackedPairs


@final
class _Squares(AbstractReduction):
    n_sector: int = eqx.field(static=True)

    def of_tiles(self, group: Group) -> Array:
        tiles = group.tiles
        weights = tiles.weights if tiles.weights.ndim > 1 else tiles.weights[None, :, None, None]
        values, weights = (x.astype(jnp.result_type(float)) for x in (tiles.values, weights))
        of_member = jnp.sum(jnp.where(jnp.isnan(values), 0, weights * values**2), axis=(0, 2, 3))
        return jnp.zeros(self.n_sector, of_member.dtype).at[group.of.sectors].add(of_member)

    def of_pairs(self, pairs: PackedPairs) -> Array:
        def add(sums: Array, chunk: Chunk) -> Array:
            return sums.at[chunk.sector].add(chunk.weights * chunk.values**2)

        return pairs.scan(add, jnp.zeros(self.n_sector, jnp.result_type(float)))


def data_squares(packed: AbstractPacked) -> Float[Array, " n_sector"]:
    """Σ w d² over the data of each sector: w the weight of a datum d."""
    return packed.total(_Squares(packed.geometry.n_sector))
