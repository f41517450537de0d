"""Data of pairs or one-time data beside the fitted model, value by value and sector by sector."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...data import OneTimeData, PairData
from ...data.stored_pairs import FittedPairs
from ...engine import PackedPairs, pack
from ...engine.packed_pairs import values_of_pairs
from ...physics.dense_map import sector_nodes
from ...physics.model import TwoTimeModel
from .sectors import Misfit


def fitted_pairs(model: TwoTimeModel, data: PairData | OneTimeData) -> FittedPairs:
    """The data beside the model, with all values in the order in which they are."""
    pairs = data.pairs
    counts = ~pairs.left_out
    packed = pack(data)
    n = int(np.count_nonzero(counts))
    g2 = np.asarray(_g2(model, packed), float).ravel()[:n]
    value, sigma = np.asarray(pairs.value[counts], float), np.asarray(pairs.sigma[counts], float)
    age = np.full(n, np.nan) if pairs.age is None else pairs.age[counts]
    return FittedPairs(pairs.sector[counts], pairs.lag[counts], age, value, g2, sigma, (value - g2) / sigma)


def misfits_of(fitted: FittedPairs, n_sector: int) -> tuple[Misfit, ...]:
    """The distance of the model from the data of each sector."""
    own = [fitted.residual[fitted.sector == k] for k in range(n_sector)]
    return tuple(Misfit(float(np.mean(r**2)), 2 * len(r), np.zeros(0)) for r in own)


@eqx.filter_jit
def _g2(model: TwoTimeModel, packed: PackedPairs) -> Float[Array, "n_chunks n"]:
    contrast, offset = model.scaling(packed.geometry)
    nodes = sector_nodes(model, packed.geometry)

    def of_step(step: Any) -> Array:
        chunk = packed.chunk(step)
        M = values_of_pairs(model, packed.geometry, nodes, chunk)
        return (offset[chunk.sector] + contrast[chunk.sector] * M).astype(jnp.result_type(float))

    return jax.lax.map(of_step, packed.chunks())
