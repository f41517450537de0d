"""What moves the pairs: each scalar through which the parameters reach the pair function, with its tangents."""

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
from ..chi_squared_slopes import scalars_of
from ..frame_values import Evaluation, Slopes, evaluate
from ..packing import Group


class ChannelTangents(NamedTuple):
    """A scalar of a frame that carries a derivative, or a scalar of the model that the pair function reads itself.

    It moves a pair by slope_later · tangents[i] + slope_earlier · tangents[j].

    - `columns`: the parameters it depends on, static;
    - `tangents`: (n_sector, n_columns, n_t), or (n_columns, n_t) where it is common to all sectors;
    - `kind`: "difference" (slope_earlier = −slope_later), "both", or "later" (a scalar of the model: no second part).
    """

    columns: np.ndarray
    tangents: Array
    kind: str

    @property
    def common(self) -> bool:
        return self.tangents.ndim == 2

    @property
    def sign(self) -> int:
        """That of `ChannelSlopes.of_earlier`: a difference is minus the slope in the later frame."""
        return -1 if self.kind == "difference" else 1


class Linearised(NamedTuple):
    """A model at its parameters: what the pairs need, and how the parameters move it.

    - `channels`: those that any parameter reaches; `reached`: which of all they are;
    - `scaling`: ∂(contrast, offset)/∂parameters, (2, n_sector, n_params).
    """

    evaluation: Evaluation
    contrast: Float[Array, " n_sector"]
    offset: Float[Array, " n_sector"]
    channels: tuple[ChannelTangents, ...]
    reached: tuple[bool, ...]
    scaling: Float[Array, "2 n_sector n_params"]


def linearised(model: TwoTimeModel, free: Any, everywhere: Geometry, group: Group) -> Linearised:
    """The frame values of a model with their tangents in every free parameter: O(n_t · n_params) numbers.

    **Arguments:** `everywhere`: the geometry of all sectors, which the scaling sees; `group`: the sectors in question;
    `free`: which leaves of the model are parameters, a PyTree of bool or a function of a leaf, as for
    `eqx.partition`. The parameters are those leaves, flattened one after the other.
    """
    moving, rest = eqx.partition(model, free)
    leaves, tree = jax.tree.flatten(moving)
    ends = np.cumsum([0, *(leaf.size for leaf in leaves)])
    ranges = [np.arange(a, b) for a, b in itertools.pairwise(ends)]

    def evaluated(values: list[Array]) -> tuple[list[Array], Evaluation]:
        moved = eqx.combine(jax.tree.unflatten(tree, values), rest)
        contrast, offset = (x[group.sectors] for x in moved.scaling(everywhere))
        evaluation = evaluate(moved, group.geometry, group.common)
        channels = [evaluation.leaves[channel.leaf] for channel in evaluation.structure.channels]
        return [*channels, *evaluation.direct, jnp.stack([contrast, offset])], evaluation

    traced, (numbers, arrays), (_, static) = eqx.filter_make_jaxpr(evaluated)(leaves)

    def numbers_of(*values: Array) -> tuple[list[Array], list[Array]]:
        results = jaxpr_as_fun(traced)(*values)
        return results[: len(numbers)], results[len(numbers) :]

    found = influences_within(traced)[: len(numbers)]
    columns = [np.concatenate([np.arange(0), *(ranges[k] for k in sorted(f))]) for f in found]
    needed = np.unique(np.concatenate([np.arange(0), *columns[:-1]])).astype(int)
    values, tangent, others = jax.linearize(numbers_of, *leaves, has_aux=True)
    basis = lambda k: [np.eye(ends[-1], dtype=x.dtype)[k][:, r].reshape(-1, *x.shape) for x, r in zip(leaves, ranges)]  # noqa: E731
    along = lambda k: jax.vmap(tangent)(*(jnp.asarray(x) for x in basis(k)))  # noqa: E731
    moved = along(needed)[:-1] if needed.size else [jnp.zeros((0, *x.shape), x.dtype) for x in values[:-1]]
    scaling = jnp.zeros((2, group.geometry.n_sector, ends[-1]), leaves[0].dtype)
    if columns[-1].size:
        scaling = scaling.at[:, :, columns[-1]].set(jnp.moveaxis(along(columns[-1])[-1], 0, -1))
    evaluation = eqx.combine(jax.tree.unflatten(jax.tree.structure(arrays), others), static)
    contrast, offset = values[-1]
    channels = _channels(evaluation, moved, [np.searchsorted(needed, c) for c in columns[:-1]], columns[:-1])
    reached = tuple(channel.columns.size > 0 for channel in channels)
    return Linearised(evaluation, contrast, offset, tuple(itertools.compress(channels, reached)), reached, scaling)


def _channels(evaluation: Evaluation, moved: list[Array], within: list[np.ndarray], columns: list[np.ndarray]) -> tuple:
    """One channel for each scalar: array-valued channels and direct leaves are taken apart."""
    structure, channels = evaluation.structure, []
    for channel, tangents, k, of in zip(structure.channels, moved, within, columns, strict=False):
        tangents = _along(tangents, k)
        tangents = tangents if structure.common[channel.leaf] else jnp.moveaxis(tangents, 0, 1)
        frames = 2 if structure.common[channel.leaf] else 3
        tangents = tangents.reshape(*tangents.shape[:frames], math.prod(tangents.shape[frames:]))
        kind = "difference" if channel.difference else "both"
        channels += [ChannelTangents(of, tangents[..., e], kind) for e in range(tangents.shape[-1])]
    m = len(structure.channels)
    for per_sector, tangents, k, of in zip(structure.per_sector, moved[m:], within[m:], columns[m:], strict=True):
        tangents = _along(tangents, k)
        tangents = jnp.moveaxis(tangents, 0, 1) if per_sector else tangents
        first = tangents.shape[: 2 if per_sector else 1]
        flat = tangents.reshape(*first, math.prod(tangents.shape[len(first) :]))
        at_frames = lambda x: jnp.broadcast_to(x[..., None], (*x.shape, evaluation.n_t))  # noqa: E731
        channels += [ChannelTangents(of, at_frames(flat[..., e]), "later") for e in range(flat.shape[-1])]
    return tuple(channels)


def _along(tangents: Array, k: np.ndarray) -> Array:
    """Some of the directions; as a slice where they follow each other, which costs less to compile than a gather."""
    return tangents[k[0] : k[-1] + 1] if k.size and np.all(np.diff(k) == 1) else tangents[k]


class ChannelSlopes(NamedTuple):
    """The slopes of a block of pairs in one channel, (n_sector, n_row, n_column) each.

    `earlier` is None for a difference (it is −`later`) and for a scalar of the model (there is none).
    """

    later: Array
    earlier: Array | None

    def of_earlier(self, channel: ChannelTangents) -> Array | None:
        """The slope in the earlier frame, up to the sign that the channel states; None where it has none."""
        return self.later if channel.kind == "difference" else self.earlier


def channel_slopes(slopes: Slopes, linear: Linearised) -> list[ChannelSlopes]:
    """The slopes of a block, one entry a channel that any parameter reaches."""
    found, earlier = [], iter(slopes.earlier)
    for channel, later in zip(linear.evaluation.structure.channels, slopes.later, strict=True):
        second = itertools.repeat(None) if channel.difference else scalars_of(next(earlier))
        found += [ChannelSlopes(a, b) for a, b in zip(scalars_of(later), second)]
    for direct in slopes.direct:
        found += [ChannelSlopes(x, None) for x in scalars_of(direct)]
    return list(itertools.compress(found, linear.reached))
