"""The contract of a kernel: how an accumulated amount turns into decorrelation."""

import abc
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from equinox import AbstractClassVar
from jaxtyping import Array, Float, PyTree

from ..construction_checks import check_structure
from ..equation import equation


class AbstractKernel(eqx.Module):
    """kernel(x): the factor of g1 after an amount x (dimensionless) has accumulated; kernel(0) = 1, |kernel| ≤ 1.

    `tables` and `pair` are the same function for two frames, x = x_i − x_j. `tables` holds the values that can be
    computed once for each frame, outside the loop over pairs. If there are none, derive the kernel from
    `AbstractDifferenceKernel`.

    Statements for results: `changes_rate` is True if the choice of the kernel changes the meaning of the fitted rate;
    such a kernel is named first. `plain` is True if the kernel need not be named when the model has another one.
    """

    changes_rate: ClassVar[bool] = False
    plain: ClassVar[bool] = False

    def __check_init__(self):
        check_structure(self)

    @abc.abstractmethod
    def __call__(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """The factor after the amount `x`."""

    @abc.abstractmethod
    def tables(self, x: Float[Array, " n_t"]) -> PyTree[Float[Array, " n_t"]]:
        """Values of each frame that `pair` needs, besides the accumulated amount."""

    @abc.abstractmethod
    def pair(self, x_i: Array, x_j: Array, tables_i: PyTree[Array], tables_j: PyTree[Array]) -> Array:
        """The factor of one pair of frames, frame i not before frame j."""

    def __str__(self) -> str:
        return equation(self)


class AbstractDifferenceKernel(AbstractKernel):
    """A kernel that depends only on x_i − x_j: state `__call__`; everything else follows from it."""

    def tables(self, x: Float[Array, " n_t"]) -> PyTree[Float[Array, " n_t"]]:
        return None

    def pair(self, x_i: Array, x_j: Array, tables_i: PyTree[Array], tables_j: PyTree[Array]) -> Array:
        return self(x_i - x_j)


class AbstractSineKernel(AbstractKernel):
    """A kernel that is a function of z = x · scale and sin z: state `scale` and `of_sine`.

    The sine of a difference comes from the sines and cosines of the frames, so no sine is evaluated in the loop over
    pairs.
    """

    scale: AbstractClassVar[float]

    @abc.abstractmethod
    def of_sine(self, z: Float[Array, "*shape"], sine: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """The factor, given z and sin z."""

    def __call__(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return self.of_sine(x * self.scale, jnp.sin(x * self.scale))

    def tables(self, x: Float[Array, " n_t"]) -> PyTree[Float[Array, " n_t"]]:
        return jnp.sin(x * self.scale), jnp.cos(x * self.scale)

    def pair(self, x_i: Array, x_j: Array, tables_i: PyTree[Array], tables_j: PyTree[Array]) -> Array:
        z = (x_i - x_j) * self.scale
        return self.of_sine(z, sine_of_difference(z, tables_i, tables_j))


@jax.custom_jvp
def sine_of_difference(z: Array, tables_i: PyTree[Array], tables_j: PyTree[Array]) -> Array:
    """sin z for z = z_i − z_j, from the tables (sin, cos) of z_i and z_j; all derivative goes to z, none to them."""
    (sin_i, cos_i), (sin_j, cos_j) = tables_i, tables_j
    return sin_i * cos_j - cos_i * sin_j


@jax.custom_jvp
def cosine_of_difference(z: Array, tables_i: PyTree[Array], tables_j: PyTree[Array]) -> Array:
    """cos z for z = z_i − z_j, in the same way as `sine_of_difference`."""
    (sin_i, cos_i), (sin_j, cos_j) = tables_i, tables_j
    return cos_i * cos_j + sin_i * sin_j


@sine_of_difference.defjvp
def _sine_jvp(primals, tangents):
    return sine_of_difference(*primals), cosine_of_difference(*primals) * tangents[0]


@cosine_of_difference.defjvp
def _cosine_jvp(primals, tangents):
    return cosine_of_difference(*primals), -sine_of_difference(*primals) * tangents[0]
