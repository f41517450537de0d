"""The contrast and offset that minimise χ², in closed form."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..physics.model import TwoTimeModel
from .blocks import block_of
from .frame_values import evaluate
from .packing import Group, Packed


class ScalingSums(NamedTuple):
    """Per sector Σ w · (1, M, M², d, Md), with M = (g2 − offset)/contrast and d the data; (n_sector,) each."""

    ones: Float[Array, " n_sector"]
    m: Float[Array, " n_sector"]
    mm: Float[Array, " n_sector"]
    d: Float[Array, " n_sector"]
    md: Float[Array, " n_sector"]


def scaling_sums(model: TwoTimeModel, packed: Packed) -> ScalingSums:
    """What contrast and offset are determined from, in one pass."""
    n_sector = packed.geometry.n_sector

    def of_group(group: Group) -> ScalingSums:
        evaluation = evaluate(model, group.geometry, group.common)

        def add(sums: Array, step: Any) -> tuple[Array, None]:
            tile = group.tiles.tile(step)
            M = evaluation.values(block_of(evaluation, group.tiles, tile))
            w, d = tile.weights, tile.values
            over = lambda x: jnp.sum(x, (1, 2))  # noqa: E731
            each = [over(w + 0 * M), over(w * M), over(w * M * M), over(w * d), over(w * M * d)]
            return sums + jnp.stack(each), None

        start = jnp.zeros((5, group.geometry.n_sector), jnp.result_type(float))
        sums, _ = jax.lax.scan(jax.checkpoint(add), start, group.tiles.steps())
        return ScalingSums(*jnp.zeros((5, n_sector), sums.dtype).at[:, group.sectors].add(sums))

    return packed.total(of_group)


def with_best_scaling(
    model: TwoTimeModel, packed: Packed, low: Float[Array, "2"], high: Float[Array, "2"]
) -> TwoTimeModel:
    """The model with the contrast and offset that minimise χ² for its motion as it is, in closed form.

    One pair a sector, or one for all where the model has scalars. A contrast or offset beyond its bounds is put on the
    bound, and the other is then the best for that.

    **Arguments:** `low`, `high`: bounds of (contrast, offset).

    **Raises:** `TypeError` if the scaling of the model does not state a closed form.
    """
    if not model.scaling.closed_form:
        raise TypeError(
            f"The scaling is a {type(model.scaling).__name__}; contrast and offset can be eliminated from one with a "
            "closed form alone, such as ContrastOffset."
        )
    (of_contrast, of_offset), scaling = jax.tree.flatten(model.scaling)
    s = scaling_sums(model, packed)
    if of_contrast.ndim == 0 and of_offset.ndim == 0:
        s = ScalingSums(*(jnp.sum(x) for x in s))
    mean_m, mean_d = s.m / _positive(s.ones), s.d / _positive(s.ones)
    spread = s.mm - s.m * mean_m
    slope = (s.md - s.m * mean_d) / _positive(spread)
    contrast = jnp.clip(jnp.where(spread > 0, slope, jnp.clip(0.0, low[0], high[0])), low[0], high[0])
    offset = mean_d - contrast * mean_m
    held = jnp.clip(offset, low[1], high[1])
    again = jnp.clip((s.md - s.m * held) / _positive(s.mm), low[0], high[0])
    contrast = jnp.where(held == offset, contrast, again)
    best = [
        jnp.broadcast_to(x, jnp.broadcast_shapes(x.shape, old.shape))
        for x, old in ((contrast, of_contrast), (held, of_offset))
    ]
    return eqx.tree_at(lambda m: m.scaling, model, jax.tree.unflatten(scaling, best))


def _positive(x: Array) -> Array:
    return jnp.where(x > 0, x, 1)
