"""The channels through which the parameters reach the pair function, one scalar each, with their tangents."""

import itertools
import math
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import jaxpr_as_fun
from jaxtyping import Array, Float

from ...physics.dependence import influences_within
from ...physics.geometry import Geometry
from ...physics.model import TwoTimeModel
from ...physics.tied_values import with_tied_values
from ..chi_squared_slopes import scalars_of
from ..frame_values import Evaluation, Slopes, evaluate
from ..packed_maps import SectorGroup


class ChannelTangents(NamedTuple):
    """A scalar that carries a derivative: of each frame, or of the model (one that the pair function itself reads).

    The value of a pair changes by slope_later · tangents[i] + slope_earlier · tangents[j].

    - `columns`: the parameters that the scalar depends on, static;
    - `tangents`: its derivatives by them, (n_sector, n_columns, n_t), or (n_columns, n_t) where they are common to all
      sectors;
    - `kind`: "difference", of frames, with slope_earlier = −slope_later; "frames"; or "model", without slope_earlier.
    """

    columns: np.ndarray
    tangents: Array
    kind: str

    @property
    def common(self) -> bool:
        return self.tangents.ndim == 2

    @property
    def sign(self) -> int:
        """The sign that `ChannelSlopes.unsigned_earlier` lacks."""
        return -1 if self.kind == "difference" else 1


class Linearised(NamedTuple):
    """A model at its parameters: what the pair function reads, and the derivatives of that by the parameters.

    - `channels`: those that depend on any parameter;
    - `has_parameters`: for each channel of the model, whether it is among them;
    - `scaling`: ∂(contrast, offset)/∂parameters, (2, n_sector, n_params).
    """

    evaluation: Evaluation
    contrast: Float[Array, " n_sector"]
    offset: Float[Array, " n_sector"]
    channels: tuple[ChannelTangents, ...]
    has_parameters: tuple[bool, ...]
    scaling: Float[Array, "2 n_sector n_params"]


def linearised(model: TwoTimeModel, free: Any, all_sectors: Geometry, group: SectorGroup) -> Linearised:
    """The frame values of a model with their tangents by every free parameter: O(n_t · n_params) numbers.

    **Arguments:** `all_sectors`: the geometry of all sectors, which the scaling depends on; `group`: the sectors to
    evaluate; `free`: which leaves of the model are parameters, a PyTree of bool or a function of a leaf, as for
    `eqx.partition`. The parameters are those leaves, flattened one after the other.
    """
    parameters, rest = eqx.partition(model, free)
    leaves, tree = jax.tree.flatten(parameters)
    ends = np.cumsum([0, *(leaf.size for leaf in leaves)])
    n_params, ranges = ends[-1], [np.arange(a, b) for a, b in itertools.pairwise(ends)]

    def evaluated(values: list[Array]) -> tuple[list[Array], Evaluation]:
        """The values to be linearised (channels, direct leaves, scaling), and all others."""
        changed = with_tied_values(eqx.combine(jax.tree.unflatten(tree, values), rest))
        contrast, offset = (x[group.sectors] for x in changed.scaling(all_sectors))
        evaluation = evaluate(changed, group.geometry, group.common)
        channels = [evaluation.leaves[channel.leaf] for channel in evaluation.structure.channels]
        return [*channels, *evaluation.direct, jnp.stack([contrast, offset])], evaluation

    traced, (outputs, arrays), (_, static) = eqx.filter_make_jaxpr(evaluated)(leaves)

    def outputs_and_arrays(*values: Array) -> tuple[list[Array], list[Array]]:
        results = jaxpr_as_fun(traced)(*values)
        return results[: len(outputs)], results[len(outputs) :]

    found = influences_within(traced)[: len(outputs)]
    columns = [np.concatenate([np.arange(0), *(ranges[k] for k in sorted(f))]) for f in found]
    *channel_columns, scaling_columns = columns
    needed = np.unique(np.concatenate([np.arange(0), *channel_columns])).astype(int)
    values, tangent, others = jax.linearize(outputs_and_arrays, *leaves, has_aux=True)

    def tangents_along(directions: np.ndarray) -> list[Array]:
        """The tangents of all outputs along some parameters, with these as the first axis."""
        basis = [
            np.eye(n_params, dtype=x.dtype)[directions][:, r].reshape(len(directions), *x.shape)
            for x, r in zip(leaves, ranges)
        ]
        return jax.vmap(tangent)(*(jnp.asarray(x) for x in basis))

    tangents = tangents_along(needed)[:-1] if needed.size else [jnp.zeros((0, *x.shape), x.dtype) for x in values[:-1]]
    scaling = jnp.zeros((2, group.geometry.n_sector, n_params), leaves[0].dtype)
    if scaling_columns.size:
        scaling = scaling.at[:, :, scaling_columns].set(jnp.moveaxis(tangents_along(scaling_columns)[-1], 0, -1))
    evaluation = eqx.combine(jax.tree.unflatten(jax.tree.structure(arrays), others), static)
    contrast, offset = values[-1]
    own_tangents = [_along(x, np.searchsorted(needed, c)) for x, c in zip(tangents, channel_columns, strict=True)]
    channels = _channels(evaluation, own_tangents, channel_columns)
    has_parameters = tuple(channel.columns.size > 0 for channel in channels)
    channels = tuple(itertools.compress(channels, has_parameters))
    return Linearised(evaluation, contrast, offset, channels, has_parameters, scaling)


def _along(tangents: Array, k: np.ndarray) -> Array:
    """Some of the directions; as a slice where they are consecutive, which costs less to compile than a gather."""
    return tangents[k[0] : k[-1] + 1] if k.size and np.all(np.diff(k) == 1) else tangents[k]


def _channels(evaluation: Evaluation, tangents: list[Array], columns: list[np.ndarray]) -> list[ChannelTangents]:
    """One channel for each scalar of each channel leaf and of each direct leaf.

    **Arguments:** for each of those leaves, `columns`: the parameters that it depends on; `tangents`: its derivatives
    by them, (n_columns, …).
    """
    dependence, channels = evaluation.structure, []
    n_frame_leaves = len(dependence.channels)
    for channel, of_leaf, parameters in zip(dependence.channels, tangents, columns, strict=False):
        common = dependence.common[channel.leaf]
        of_leaf = of_leaf if common else jnp.moveaxis(of_leaf, 0, 1)
        frame_axes = 2 if common else 3
        of_leaf = of_leaf.reshape(*of_leaf.shape[:frame_axes], math.prod(of_leaf.shape[frame_axes:]))
        kind = "difference" if channel.difference else "frames"
        channels += [ChannelTangents(parameters, of_leaf[..., k], kind) for k in range(of_leaf.shape[-1])]
    rest = zip(dependence.per_sector, tangents[n_frame_leaves:], columns[n_frame_leaves:], strict=True)
    for by_sector, of_leaf, parameters in rest:
        of_leaf = jnp.moveaxis(of_leaf, 0, 1) if by_sector else of_leaf
        first = of_leaf.shape[: 2 if by_sector else 1]
        of_scalars = of_leaf.reshape(*first, math.prod(of_leaf.shape[len(first) :]))
        at_frames = jnp.broadcast_to(of_scalars[..., None], (*of_scalars.shape, evaluation.n_t))
        channels += [ChannelTangents(parameters, at_frames[..., k, :], "model") for k in range(of_scalars.shape[-1])]
    return channels


class ChannelSlopes(NamedTuple):
    """The slopes of a block of pairs by one channel, (n_sector, n_row, n_column) each.

    `earlier` is None for a difference (it is −`later`) and for a scalar of the model (there is none).
    """

    later: Array
    earlier: Array | None

    def unsigned_earlier(self, channel: ChannelTangents) -> Array | None:
        """The slope in the earlier frame without `channel.sign`; None where there is none."""
        return self.later if channel.kind == "difference" else self.earlier


def channel_slopes(slopes: Slopes, linear: Linearised) -> list[ChannelSlopes]:
    """The slopes of a block of pairs, one entry for each channel that depends on a parameter."""
    found, earlier = [], iter(slopes.earlier)
    for channel, later in zip(linear.evaluation.structure.channels, slopes.later, strict=True):
        earlier_scalars = itertools.repeat(None) if channel.difference else scalars_of(next(earlier))
        found += [ChannelSlopes(a, b) for a, b in zip(scalars_of(later), earlier_scalars)]
    for direct in slopes.direct:
        found += [ChannelSlopes(x, None) for x in scalars_of(direct)]
    return list(itertools.compress(found, linear.has_parameters))
