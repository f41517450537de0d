"""A parameter that has a value of its own in each sector."""

from typing import Any, TypeVar, final

import equinox as eqx
import jax
from jaxtyping import Array, Float, Int

from .geometry import Geometry
from .parameters import as_parameter

_Tree = TypeVar("_Tree")


@final
class PerSector(eqx.Module):
    """One value a sector, in place of a parameter: values[k] in sector k of the geometry.

    It can replace any parameter of a term, rate, kernel, profile or detection, and a number that stands for a rate:
    `Relaxation(PerSector([0.1, 0.2, 0.4]))` is a table Γ(q), sector by sector. Unit, bounds, whether a fit moves it and
    whether it is scanned are those of the parameter; its elements are named like those of an array
    (`g1.rate.value[2]`).

    - `values`: shape `(n_sector,)`, in the order of the geometry's sectors, in the unit of the parameter. For a
      parameter that is itself an array (the fractions of `Populations`, the values of a `Spline`) `(n_sector, …)`.

    Contrast and offset take an array `(n_sector,)` directly. Before a term is evaluated for a sector, `at_sector`
    inserts the value of that sector: the code of a term never sees a `PerSector`, except in `__check_init__`.

    Limits: equal values are the plain parameter. Derivation: sectors are independent measurements.

    **Raises:** `ValueError` unless there is an axis of sectors; and, before anything is computed, wherever a model
    meets a geometry or data of another number of sectors.
    """

    values: Float[Array, "n_sector *shape"] = eqx.field(
        converter=as_parameter, metadata={"unit": "{unit}", "unnamed": True}
    )

    def __check_init__(self):
        if not eqx.is_array(self.values):
            raise TypeError(
                f"PerSector was given a {type(self.values).__name__}; expected numbers, one for each sector."
            )
        if self.values.ndim == 0 or self.values.shape[0] == 0:
            raise ValueError(
                f"PerSector was given values of shape {self.values.shape}; expected one for each sector, "
                "(n_sector,). What is the same in all sectors needs no PerSector."
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the parameter in one sector: () where it is a number."""
        return self.values.shape[1:]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return self.values[0].size


def at_sector(tree: _Tree, index: Int[Array, "*sector"]) -> _Tree:
    """The same tree with the value of one sector in the place of each `PerSector`; the tree itself where there is none.

    **Arguments:** `index`: which sector, `Geometry.index` or `Sector.index`; for an array of indices, each value gets
    the axes of that array in front.
    """
    if not any(_is_per_sector(x) for x in jax.tree.leaves(tree, is_leaf=_is_per_sector)):
        return tree
    value = lambda x: x.values.at[index].get(mode="clip") if _is_per_sector(x) else x  # noqa: E731
    return jax.tree.map(value, tree, is_leaf=_is_per_sector)


def marked_per_sector(tree: Any) -> tuple[bool, ...]:
    """For each floating-point array leaf of a tree, in order, whether it holds the values of a `PerSector`."""
    found = []
    for x in jax.tree.leaves(tree, is_leaf=_is_per_sector):
        if _is_per_sector(x) or eqx.is_inexact_array(x):
            found.append(_is_per_sector(x))
    return tuple(found)


def all_values(x: Any) -> Any:
    """The values of a parameter in all sectors: those of a `PerSector`; anything else as it is."""
    return x.values if _is_per_sector(x) else x


def check_sectors(tree: Any, geometry: Geometry) -> None:
    """Refuse a `PerSector` unless it has one value for each sector of the whole geometry, before sectors were selected.

    **Raises:** `ValueError` that names the parameter.
    """
    for keys, x in jax.tree_util.tree_leaves_with_path(tree, is_leaf=_is_per_sector):
        if _is_per_sector(x) and x.values.shape[0] != geometry.n_whole:
            name = jax.tree_util.keystr(keys).lstrip(".")
            raise ValueError(
                f"{name} is a PerSector of {x.values.shape[0]} values; the geometry has {geometry.n_whole} sectors. "
                "Give it one value for each."
            )


def _is_per_sector(x: Any) -> bool:
    return isinstance(x, PerSector)
