"""The contrast and offset that minimise χ², in closed form."""

from typing import Any, NamedTuple, final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..physics.model import TwoTimeModel
from .blocks import block_of
from .frame_values import evaluate
from .packed_data import AbstractPacked, AbstractReduction
from .packed_maps import Group
from .packed_pairs import PackedPairs
from .pair_reductions import pair_scaling_sums
from .scan_carry import scan_carry


class ScalingSums(NamedTuple):
    """Σ w, Σ w M, Σ w M², Σ w d and Σ w M d over the pairs of each sector, (n_sector,) each.

    w is the weight of a pair, M its (g2 − offset)/contrast and d its datum.
    """

    ones: Float[Array, " n_sector"]
    m: Float[Array, " n_sector"]
    mm: Float[Array, " n_sector"]
    d: Float[Array, " n_sector"]
    md: Float[Array, " n_sector"]


@final
class _Sums(AbstractReduction):
    model: TwoTimeModel
    n_sector: int = eqx.field(static=True)

    def of_tiles(self, group: Group) -> ScalingSums:
        evaluation = evaluate(self.model, group.of.geometry, group.of.common)

        def add(sums: Array, step: Any) -> tuple[Array, None]:
            tile = group.tiles.tile(step)
            M = evaluation.values(block_of(evaluation, group.tiles, tile))
            w, d = tile.weights, tile.values
            summands = [w + 0 * M, w * M, w * M * M, w * d, w * M * d]
            return sums + jnp.stack([jnp.sum(x, (1, 2)) for x in summands]), None

        zeros = jnp.zeros((5, group.of.geometry.n_sector), jnp.result_type(float))
        start = scan_carry(zeros, evaluation, group.tiles)
        sums, _ = jax.lax.scan(jax.checkpoint(add), start, group.tiles.steps())
        return ScalingSums(*jnp.zeros((5, self.n_sector), sums.dtype).at[:, group.of.sectors].add(sums))

    def of_pairs(self, pairs: PackedPairs) -> ScalingSums:
        return ScalingSums(*pair_scaling_sums(self.model, pairs))


def scaling_sums(model: TwoTimeModel, packed: AbstractPacked) -> ScalingSums:
    """The sums that determine contrast and offset, in one pass over the data."""
    return packed.total(_Sums(model, packed.geometry.n_sector))


def with_best_scaling(
    model: TwoTimeModel, packed: AbstractPacked, low: Float[Array, "2"], high: Float[Array, "2"]
) -> TwoTimeModel:
    """The model with the contrast and offset that minimise χ² while all its other parameters stay, in closed form.

    One contrast and offset for each sector, or one for all sectors where those of the model are scalars. A contrast or
    offset beyond its bounds is set to the bound, and the other one is then the best for that value.

    **Arguments:** `low`, `high`: bounds of (contrast, offset).

    **Raises:** `TypeError` if the scaling of the model does not state a closed form.
    """
    if not model.scaling.closed_form:
        raise TypeError(
            f"The scaling is a {type(model.scaling).__name__}; contrast and offset can be eliminated from one with a "
            "closed form alone, such as ContrastOffset."
        )
    (of_contrast, of_offset), scaling = jax.tree.flatten(model.scaling)
    found = best_of_sums(scaling_sums(model, packed), of_contrast, of_offset, low, high)
    best = [
        jnp.broadcast_to(x, jnp.broadcast_shapes(x.shape, old.shape))
        for x, old in zip(found, (of_contrast, of_offset), strict=True)
    ]
    return eqx.tree_at(lambda m: m.scaling, model, jax.tree.unflatten(scaling, best))


def best_of_sums(
    s: ScalingSums,
    of_contrast: Float[Array, "..."],
    of_offset: Float[Array, "..."],
    low: Float[Array, "2"],
    high: Float[Array, "2"],
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """The contrast and offset of least χ², one for each sector, or one for all where both of the model are scalars.

    **Arguments:** `of_contrast`, `of_offset`: those of the model; `low`, `high`: bounds of (contrast, offset).
    """
    if of_contrast.ndim == 0 and of_offset.ndim == 0:
        s = ScalingSums(*(jnp.sum(x) for x in s))
    mean_m, mean_d = s.m / _positive(s.ones), s.d / _positive(s.ones)
    spread = s.mm - s.m * mean_m
    slope = (s.md - s.m * mean_d) / _positive(spread)
    contrast = jnp.clip(jnp.where(spread > 0, slope, jnp.clip(0.0, low[0], high[0])), low[0], high[0])
    offset = mean_d - contrast * mean_m
    bounded = jnp.clip(offset, low[1], high[1])
    contrast_at_bound = jnp.clip((s.md - s.m * bounded) / _positive(s.mm), low[0], high[0])
    return jnp.where(bounded == offset, contrast, contrast_at_bound), bounded


def _positive(x: Array) -> Array:
    """`x` where it is > 0, else 1: a divisor that is never 0."""
    return jnp.where(x > 0, x, 1)
