"""The sum of a model's maps over all pairs of frames, without the maps in memory."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..physics.geometry import Geometry
from ..physics.model import TwoTimeModel
from .frame_values import Block, evaluate
from .scan_carry import scan_carry


def sum_of_g2(
    model: TwoTimeModel, geometry: Geometry, rows: int, common: tuple[str, ...] = ()
) -> Float[Array, " n_sector"]:
    """Σ g2 over all n_t² pairs of frames (i, j), for each sector.

    **Arguments:** `rows`: how many frames, each with all others, one step evaluates; reverse differentiation computes
    a step again instead of storing it. `common`: the fields of the geometry that are known to be equal in all sectors,
    see `evaluate`.
    """
    contrast, offset = model.scaling(geometry)
    evaluation, n_t = evaluate(model, geometry, common), geometry.n_t

    def add(total: Array, new: Array) -> tuple[Array, None]:
        first = jnp.minimum(new, n_t - rows)
        frame = first + jnp.arange(rows)
        in_order = frame[:, None] >= jnp.arange(n_t)[None, :]
        some_frames, all_frames = evaluation.frames(first, rows), evaluation.frames(jnp.zeros_like(first), n_t)
        M = evaluation.values(Block(some_frames, all_frames, in_order, full_square=True))
        return total + jnp.sum(jnp.where((frame >= new)[:, None], M, 0), (1, 2)), None

    start = scan_carry(jnp.zeros_like(contrast), evaluation)
    total, _ = jax.lax.scan(jax.checkpoint(add), start, jnp.arange(0, n_t, rows))
    return offset * n_t**2 + contrast * total
