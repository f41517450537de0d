"""The interface of every kind of packed data, and of a sum over it."""

import abc
from typing import Any

import equinox as eqx
from jaxtyping import Array, Float, Int, PyTree

from ..physics.geometry import Geometry
from ..physics.model import TwoTimeModel


class AbstractReduction(eqx.Module):
    """A sum over data, such as χ², stated for tiles of maps and for scattered pairs of frames."""

    @abc.abstractmethod
    def of_tiles(self, group: Any) -> PyTree:
        """The sum over a `Group`: the tiles of sectors that are evaluated together."""

    @abc.abstractmethod
    def of_pairs(self, pairs: Any) -> PyTree:
        """The sum over `PackedPairs`."""


class AbstractPacked(eqx.Module):
    """Data as every function of the engine takes them. `geometry`: that of all their sectors and frames."""

    geometry: eqx.AbstractVar[Geometry]

    @property
    @abc.abstractmethod
    def n_pairs(self) -> int | Float[Array, ""]:
        """The number of data with weight, over all sectors: the number of residuals."""

    @property
    @abc.abstractmethod
    def n_tiles(self) -> int:
        """The number of parts from which `subset` chooses."""

    @abc.abstractmethod
    def subset(self, tiles: Int[Array, " n"]) -> "AbstractPacked":
        """The same data with some of their parts only: a minibatch."""

    @abc.abstractmethod
    def beside(self, tree: Any) -> Any:
        """`tree` with its arrays on the devices of the data, so that they are not sent there at every call."""

    @abc.abstractmethod
    def check(self, model: TwoTimeModel) -> None:
        """Raise where a model cannot be evaluated for these data."""

    @abc.abstractmethod
    def total(self, reduction: AbstractReduction) -> PyTree:
        """The sum of a reduction over all data."""
