"""Two channels at once: the products of their slopes, and how the sums over those become a block of JᵀJ."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array

from .channels import ChannelSlopes, ChannelTangents

_FEW = 8


class Products(NamedTuple):
    """Slope times slope of two channels a and b at each pair of frames, (n_sector, n_row, n_column), None for none.

    Both in the later frame; both in the earlier; a in the later with b in the earlier; a in the earlier with b in the
    later. Of two differences all four are the same up to their sign, and so they are stated.
    """

    later: Array
    earlier: Array | None
    forth: Array | None
    back: Array | None


class ChannelPair(NamedTuple):
    """Two channels, a and b, or one with itself."""

    a: ChannelTangents
    b: ChannelTangents

    @property
    def differences(self) -> bool:
        return self.a.kind == self.b.kind == "difference"

    def products(self, of_a: ChannelSlopes, of_b: ChannelSlopes) -> Products:
        later = of_a.later * of_b.later
        if self.differences:
            return Products(later, later, later, later)
        early_a, early_b = of_a.of_earlier(self.a), of_b.of_earlier(self.b)
        times = lambda sign, x, y: None if x is None or y is None else sign * x * y  # noqa: E731
        return Products(
            later,
            times(self.a.sign * self.b.sign, early_a, early_b),
            times(self.b.sign, of_a.later, early_b),
            times(self.a.sign, early_a, of_b.later),
        )

    def cross_sums(self, products: Products, of_a: Array, of_b: Array) -> list["CrossFrameSum"]:
        """What joins two different frames, given the tangents at the columns; one with itself is the same both ways."""
        forth = [] if products.forth is None else [CrossFrameSum(products.forth, of_b)]
        back = [] if products.back is None or self.a is self.b else [CrossFrameSum(products.back, of_a)]
        return forth + back

    def block(self, at_one_frame: Array, joined: Sequence[Array]) -> Array:
        """The block of JᵀJ of a and b, (n_a, n_b).

        **Arguments:** `at_one_frame`: sums of products whose slopes belong to one frame, (n_sector, n_t); `joined`:
        what each cross comes to, (n_other, n_sector, n_t).
        """
        a, b = self.a, self.b
        n_forth = 0 if b.kind == "later" else 1
        block = jnp.einsum(f"{_axes(a, 'p')},si,{_axes(b, 'q')}->pq", a.tangents, at_one_frame, b.tangents)
        totals = [jnp.einsum(f"{_axes(a, 'p')},qsi->pq", a.tangents, x) for x in joined[:n_forth]]
        totals += [jnp.einsum(f"{_axes(b, 'p')},qsi->qp", b.tangents, x) for x in joined[n_forth:]]
        if a is b:
            totals += [x.T for x in totals]
        return sum([-x if self.differences else x for x in totals], block)


class CrossFrameSum(NamedTuple):
    """What is to be summed over the columns of a tile: weights_ij columns_qj, (n_q, n_sector, n_row).

    Sums of a few in a walk that is made anyway cost less than a product of matrices.
    """

    weights: Array
    columns: Array

    @property
    def few(self) -> bool:
        return self.columns.shape[-2] <= _FEW

    def summands(self) -> list[Array]:
        columns = self.columns if self.columns.ndim == 3 else self.columns[None]
        return [self.weights * columns[:, k, None, :] for k in range(columns.shape[1])]

    def product(self) -> Array:
        axes = "qj" if self.columns.ndim == 2 else "sqj"
        return jnp.einsum(f"sij,{axes}->qsi", self.weights, self.columns)


def twos(items: Sequence) -> list[tuple]:
    """All pairs of them, an item with itself included."""
    return list(itertools.combinations_with_replacement(items, 2))


def _axes(channel: ChannelTangents, column: str) -> str:
    return f"{column}i" if channel.common else f"s{column}i"
