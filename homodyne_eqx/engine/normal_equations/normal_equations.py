"""The normal equations of least squares, tile by tile, without a Jacobian in memory."""

from typing import Any, final

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...physics.geometry import Geometry
from ...physics.model import TwoTimeModel
from ...physics.model_leaves import ready
from ..losses import AbstractLoss, Squares
from ..packed_data import AbstractPacked, AbstractReduction
from ..packed_maps import Group
from ..packed_pairs import PackedPairs
from ..pair_reductions import pair_normal_equations
from .channel_pairs import ChannelPair, unordered_pairs
from .channels import Linearised, linearised
from .frame_sums import ColumnSums, RowSums, sums_over_tiles


@final
class NormalEquations(eqx.Module):
    """Least squares around a model, in its free parameters.

    - `matrix`: JᵀJ, (n_params, n_params), with J = ∂g2/∂parameters / σ;
    - `vector`: Jᵀr, (n_params,), with r = (g2 − data)/σ;
    - `chi2`: rᵀr (with a robust loss: its cost).
    """

    matrix: Float[Array, "n_params n_params"]
    vector: Float[Array, " n_params"]
    chi2: Float[Array, ""]


@final
class _Products(AbstractReduction):
    model: TwoTimeModel
    free: Any
    whole: Geometry
    loss: AbstractLoss

    def of_tiles(self, group: Group) -> NormalEquations:
        linear = linearised(self.model, self.free, self.whole, group.of)
        return _from_sums(linear, *sums_over_tiles(linear, group.tiles, self.loss))

    def of_pairs(self, pairs: PackedPairs) -> NormalEquations:
        return NormalEquations(*pair_normal_equations(self.model, pairs, self.loss, self.free))


def normal_equations(
    model: TwoTimeModel, packed: AbstractPacked, loss: AbstractLoss = Squares(), free: Any = eqx.is_inexact_array
) -> NormalEquations:
    """JᵀJ and Jᵀr over the free parameters, contrast and offset included, in one pass over the data.

    With a loss other than squares the weights are those of iteratively reweighted least squares.

    **Arguments:** `free`: which leaves are parameters, as for `eqx.partition`; they are numbered in the order of the
    leaves.

    **Raises:** `TypeError` for a model that holds a Python number where an array belongs.
    """
    return _compiled(model, packed, loss, free)


@eqx.filter_jit
def _compiled(model: TwoTimeModel, packed: AbstractPacked, loss: AbstractLoss, free: Any) -> NormalEquations:
    return packed.total(_Products(ready(model, packed), free, packed.geometry, loss))


def _from_sums(linear: Linearised, rows: RowSums, columns: ColumnSums) -> NormalEquations:
    """The normal equations, from the sums kept for each frame and the tangents there."""
    n_sector, n_params = linear.scaling.shape[1:]
    matrix, vector = _SumOfBlocks(n_params, n_params), _SumOfBlocks(1, n_params)
    with_scaling = _SumOfBlocks(2 * n_sector, n_params)
    channel_pairs = unordered_pairs(linear.channels)
    for (a, b), later, earlier, cross_sums in zip(
        channel_pairs, rows.squares, columns.squares, rows.cross_sums, strict=True
    ):
        block = ChannelPair(a, b).block(later if earlier is None else later + earlier, cross_sums)
        matrix.add(a.columns, b.columns, block)
        if a is not b:
            matrix.add(b.columns, a.columns, block.T)
    for channel, later, earlier in zip(linear.channels, rows.channels, columns.channels, strict=True):
        frames = jnp.stack(later)
        if earlier is not None:
            frames = frames + channel.sign * jnp.stack(earlier)
        axes = "ksi,pi->ksp" if channel.common else "ksi,spi->ksp"
        with_one, with_M, with_r = jnp.einsum(axes, frames, channel.tangents)
        vector.add(np.arange(1), channel.columns, jnp.sum(with_r, 0, keepdims=True))
        with_scaling.add(np.arange(n_sector), channel.columns, with_M)
        with_scaling.add(n_sector + np.arange(n_sector), channel.columns, with_one)
    dtype = linear.contrast.dtype
    mixed = jnp.einsum("ksp,ksq->pq", linear.scaling, with_scaling.total(dtype).reshape(2, n_sector, n_params))
    ones, M, MM, r, rM = (jnp.sum(x, 1) for x in (rows.ones, rows.M, rows.MM, rows.r, rows.rM))
    weights = jnp.stack([jnp.stack([MM, M]), jnp.stack([M, ones])])
    scaling_matrix = jnp.einsum("ksp,ksq->pq", linear.scaling, jnp.sum(weights[..., None] * linear.scaling[None], 1))
    scaling_vector = jnp.einsum("ksp,ks->p", linear.scaling, jnp.stack([rM, r]))
    return NormalEquations(
        matrix.total(dtype) + mixed + mixed.T + scaling_matrix,
        vector.total(dtype)[0] + scaling_vector,
        jnp.sum(rows.cost),
    )


class _SumOfBlocks:
    """A matrix as the sum of blocks, which may overlap; all are added in one scatter, which compiles faster than one
    for each block."""

    def __init__(self, n_rows: int, n_columns: int):
        self.shape = (n_rows, n_columns)
        self.places: list[np.ndarray] = []
        self.values: list[Array] = []

    def add(self, rows: np.ndarray, columns: np.ndarray, values: Array) -> None:
        self.places.append((rows[:, None] * self.shape[1] + columns[None, :]).ravel())
        self.values.append(values.ravel())

    def total(self, dtype: Any) -> Array:
        zeros = jnp.zeros(self.shape[0] * self.shape[1], dtype)
        if not self.values:
            return zeros.reshape(self.shape)
        return zeros.at[np.concatenate(self.places)].add(jnp.concatenate(self.values)).reshape(self.shape)
