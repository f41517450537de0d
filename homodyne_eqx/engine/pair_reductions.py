"""Sums over scattered pairs of frames: χ², normal equations, and what determines contrast and offset."""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from ..physics.dense_map import sector_nodes
from ..physics.model import TwoTimeModel
from ..physics.tied_values import with_tied_values
from .losses import AbstractLoss
from .packed_pairs import Chunk, PackedPairs, values_of_pairs


def pair_costs(model: TwoTimeModel, pairs: PackedPairs, loss: AbstractLoss) -> Float[Array, ""]:
    """Σ ρ(((data − g2)/σ)²)."""
    pairs.check(model)
    contrast, offset = model.scaling(pairs.geometry)
    nodes = sector_nodes(model, pairs.geometry)

    def add(total: Array, chunk: Chunk) -> Array:
        M = values_of_pairs(model, pairs.geometry, nodes, chunk)
        residual = offset[chunk.sector] + contrast[chunk.sector] * M - chunk.values
        cost = loss.cost(chunk.weights * jnp.where(chunk.present, residual, 0) ** 2)
        return total + jnp.sum(jnp.where(chunk.present, cost, 0))

    return pairs.scan(add, jnp.zeros((), contrast.dtype), model, nodes)


def pair_scaling_sums(model: TwoTimeModel, pairs: PackedPairs) -> Float[Array, "5 n_sector"]:
    """Σ w, Σ w M, Σ w M², Σ w d and Σ w M d over the values of each sector."""
    pairs.check(model)
    nodes = sector_nodes(model, pairs.geometry)

    def add(sums: Array, chunk: Chunk) -> Array:
        M = values_of_pairs(model, pairs.geometry, nodes, chunk)
        M, w, d = jnp.where(chunk.present, M, 0), chunk.weights, chunk.values
        summands = jnp.stack([w, w * M, w * M * M, w * d, w * M * d])
        return sums.at[:, chunk.sector].add(summands)

    start = jnp.zeros((5, pairs.geometry.n_sector), jnp.result_type(float))
    return pairs.scan(add, start, model, nodes)


def pair_normal_equations(
    model: TwoTimeModel, pairs: PackedPairs, loss: AbstractLoss, free: Any
) -> tuple[Float[Array, "n_params n_params"], Float[Array, " n_params"], Float[Array, ""]]:
    """JᵀJ, Jᵀr and the cost. The Jacobian of one chunk is in memory at a time."""
    linear = _linear(model, pairs, free)

    def add(sums: tuple[Array, Array, Array], chunk: Chunk) -> tuple[Array, Array, Array]:
        residual, jacobian = linear.of(chunk)
        z = chunk.weights * residual**2
        weights = chunk.weights * loss.slope(z) if loss.reweights else chunk.weights
        weighted = jacobian * weights[None, :]
        matrix, vector, cost = sums
        return (
            matrix + weighted @ jacobian.T,
            vector + weighted @ residual,
            cost + jnp.sum(jnp.where(chunk.present, loss.cost(z), 0)),
        )

    n, dtype = linear.n_params, linear.dtype
    start = jnp.zeros((n, n), dtype), jnp.zeros(n, dtype), jnp.zeros((), dtype)
    return pairs.scan(add, start, model, linear.sources)


def pair_residuals(
    model: TwoTimeModel, pairs: PackedPairs, free: Any
) -> tuple[Float[Array, "n_chunks n"], Float[Array, "n_chunks n_params n"]]:
    """g2 − data of every value, and its derivatives by the free parameters; 0 where there is no datum."""
    linear = _linear(model, pairs, free)
    return jax.lax.map(lambda step: linear.of(pairs.chunk(step)), pairs.chunks())


class _Linear(NamedTuple):
    """`of(chunk)`: g2 − data of its values, (n,), and the derivatives by the parameters, (n_params, n)."""

    of: Callable[[Chunk], tuple[Array, Array]]
    n_params: int
    dtype: Any
    sources: PyTree


def _linear(model: TwoTimeModel, pairs: PackedPairs, free: Any) -> _Linear:
    """Derivatives are those of forward mode, along each parameter that the pair function depends on; contrast and
    offset enter g2 linearly. Values of frames and their derivatives are computed once for all chunks. A parameter that
    is in the scaling and, by a tie, in the motion has a derivative of either kind."""
    pairs.check(model)
    moving, rest = eqx.partition(model, free)
    leaves, tree = jax.tree.flatten(moving)
    geometry, n_params = pairs.geometry, sum(leaf.size for leaf in leaves)
    of_scaling = _columns_of_scaling(moving, leaves)
    motion = np.setdiff1d(np.arange(n_params), of_scaling)
    if any(tied.startswith("scaling.") != other.startswith("scaling.") for tied, other in model.ties):
        of_scaling = motion = np.arange(n_params)

    def changed(values: list[Array]) -> TwoTimeModel:
        return with_tied_values(eqx.combine(jax.tree.unflatten(tree, values), rest))

    def scaling(values: list[Array]) -> Array:
        return jnp.stack(changed(values).scaling(geometry))

    def node_arrays(values: list[Array]) -> Any:
        return eqx.filter(sector_nodes(changed(values), geometry), eqx.is_inexact_array)

    def along(function: Callable, columns: np.ndarray) -> Any:
        """The derivatives of a function of the leaves along some parameters, which are the first axis."""
        return jax.vmap(lambda t: jax.jvp(function, (leaves,), (t,))[1])(_basis(leaves, columns))

    (contrast, offset), nodes = scaling(leaves), sector_nodes(changed(leaves), geometry)
    arrays, static = eqx.partition(nodes, eqx.is_inexact_array)
    dtype = contrast.dtype
    slopes = along(scaling, of_scaling) if of_scaling.size else jnp.zeros((0, 2, geometry.n_sector), dtype)
    tangents = (_basis(leaves, motion), along(node_arrays, motion)) if motion.size else None

    def of(chunk: Chunk) -> tuple[Array, Array]:
        def M_of(values: list[Array], of_frames: Any) -> Array:
            return values_of_pairs(changed(values), geometry, eqx.combine(of_frames, static), chunk)

        M, c = M_of(leaves, arrays), contrast[chunk.sector]
        by_scaling = slopes[:, 0, chunk.sector] * M[None, :] + slopes[:, 1, chunk.sector]
        jacobian = jnp.zeros((n_params, M.size), by_scaling.dtype).at[of_scaling].add(by_scaling)
        if tangents is not None:
            derivative = jax.vmap(lambda t: jax.jvp(M_of, (leaves, arrays), t)[1])
            jacobian = jacobian.at[motion].add(c[None, :] * derivative(tangents))
        residual = offset[chunk.sector] + c * M - chunk.values
        return jnp.where(chunk.present, residual, 0), jnp.where(chunk.present[None, :], jacobian, 0)

    return _Linear(of, n_params, dtype, arrays)


def _columns_of_scaling(moving: TwoTimeModel, leaves: list[Array]) -> np.ndarray:
    """Numbers of the parameters that are contrasts and offsets, among all that move."""
    marked = eqx.tree_at(lambda m: m.scaling, jax.tree.map(lambda _: False, moving), replace_fn=_all_true)
    ends = np.cumsum([0, *(leaf.size for leaf in leaves)])
    ranges = [np.arange(a, b) for a, b in itertools.pairwise(ends)]
    chosen = [r for r, of_scaling in zip(ranges, jax.tree.leaves(marked), strict=True) if of_scaling]
    return np.concatenate([np.arange(0), *chosen]).astype(int)


def _all_true(scaling: Any) -> Any:
    return jax.tree.map(lambda _: True, scaling)


def _basis(leaves: list[Array], columns: np.ndarray) -> list[Array]:
    """Unit vectors along parameters, as tangents of the leaves with a leading axis, (n_columns, …)."""
    n, first, found = sum(leaf.size for leaf in leaves), 0, []
    for leaf in leaves:
        part = np.eye(n)[columns][:, first : first + leaf.size]
        found.append(jnp.asarray(part.reshape(len(columns), *leaf.shape), leaf.dtype))
        first += leaf.size
    return found
