"""Two channels at a time: the products of their slopes, and the block of JᵀJ that the sums of those products give."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array

from .channels import ChannelSlopes, ChannelTangents

_FEW_TANGENTS = 8


class Products(NamedTuple):
    """The slope in channel a times that in channel b, for each pair of frames: (n_sector, n_row, n_column) or None.

    Each name tells the frames: first that of the slope in a, then that of the slope in b. Of two differences all four
    products are equal up to their sign, and stated without it.
    """

    later_later: Array
    earlier_earlier: Array | None
    later_earlier: Array | None
    earlier_later: Array | None


class ChannelPair(NamedTuple):
    """Two channels, a and b, or one channel twice."""

    a: ChannelTangents
    b: ChannelTangents

    @property
    def differences(self) -> bool:
        return self.a.kind == self.b.kind == "difference"

    def products(self, slopes_a: ChannelSlopes, slopes_b: ChannelSlopes) -> Products:
        later = slopes_a.later * slopes_b.later
        if self.differences:
            return Products(later, later, later, later)
        earlier_a, earlier_b = slopes_a.unsigned_earlier(self.a), slopes_b.unsigned_earlier(self.b)
        times = lambda sign, x, y: None if x is None or y is None else sign * x * y  # noqa: E731
        return Products(
            later,
            times(self.a.sign * self.b.sign, earlier_a, earlier_b),
            times(self.b.sign, slopes_a.later, earlier_b),
            times(self.a.sign, earlier_a, slopes_b.later),
        )

    def cross_sums(self, products: Products, columns_a: Array, columns_b: Array) -> list["CrossFrameSum"]:
        """The sums in which a and b belong to different frames; for one channel twice, both orders are the same sum.

        **Arguments:** `columns_a`, `columns_b`: the tangents of a and b at the columns.
        """
        sums = [] if products.later_earlier is None else [CrossFrameSum(products.later_earlier, columns_b)]
        if products.earlier_later is not None and self.a is not self.b:
            sums.append(CrossFrameSum(products.earlier_later, columns_a))
        return sums

    def block(self, same_frame: Array, cross_sums: Sequence[Array]) -> Array:
        """The block of JᵀJ of a and b, (n_a, n_b).

        **Arguments:** `same_frame`: the sums of products of two slopes in one frame, (n_sector, n_t); `cross_sums`:
        the values of the cross-frame sums, (n_tangents, n_sector, n_t) each.
        """
        a, b = self.a, self.b
        n_later_earlier = 0 if b.kind == "model" else 1
        block = jnp.einsum(f"{_axes(a, 'p')},si,{_axes(b, 'q')}->pq", a.tangents, same_frame, b.tangents)
        totals = [jnp.einsum(f"{_axes(a, 'p')},qsi->pq", a.tangents, x) for x in cross_sums[:n_later_earlier]]
        totals += [jnp.einsum(f"{_axes(b, 'p')},qsi->qp", b.tangents, x) for x in cross_sums[n_later_earlier:]]
        if a is b:
            totals += [x.T for x in totals]
        return sum([-x if self.differences else x for x in totals], block)


class CrossFrameSum(NamedTuple):
    """Σ_j weights_ij columns_qj over the columns j of a tile: (n_tangents, n_sector, n_row).

    - `weights`: (n_sector, n_row, n_column);
    - `columns`: the tangents q of a channel at the columns, (n_sector, n_tangents, n_column) or (n_tangents, n_column).
    """

    weights: Array
    columns: Array

    @property
    def is_small(self) -> bool:
        """Whether it costs less as part of the loop over the pairs, which is there anyway, than as a matrix product."""
        return self.columns.shape[-2] <= _FEW_TANGENTS

    def summands(self) -> list[Array]:
        columns = self.columns if self.columns.ndim == 3 else self.columns[None]
        return [self.weights * columns[:, k, None, :] for k in range(columns.shape[1])]

    def matrix_product(self) -> Array:
        axes = "qj" if self.columns.ndim == 2 else "sqj"
        return jnp.einsum(f"sij,{axes}->qsi", self.weights, self.columns)


def unordered_pairs(items: Sequence) -> list[tuple]:
    """All pairs of the items, each item with itself included."""
    return list(itertools.combinations_with_replacement(items, 2))


def _axes(channel: ChannelTangents, column: str) -> str:
    """The axes of the tangents of a channel, for `einsum`: sector, parameter (`column`), frame."""
    return f"{column}i" if channel.common else f"s{column}i"
