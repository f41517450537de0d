"""The model of a two-time map: motion, detection, contrast and offset."""

from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from .dense_map import scattered_pairs, two_time_map
from .detection import AbstractDetection, Homodyne, field_correlation
from .equation import equation
from .geometry import Geometry, Sector
from .model_leaves import ready
from .notebook_html import preformatted_html
from .per_sector import at_sector, check_sectors
from .quantities import AbstractWithQuantities
from .scaling import AbstractScaling
from .terms import AbstractTerm, Nodes


@final
class TwoTimeModel(AbstractWithQuantities):
    """g2(φ, t_i, t_j) = offset + contrast · M: a two-time map, as a PyTree of physical parameters.

    - `g1`: a term or a product of terms;
    - `scaling`: contrast and offset;
    - `detection`: computes M from g1; `Homodyne()`, |g1|², by default;
    - `ties`: from the path of each tied parameter to that of the other one, as `tie` makes them.

    `model(geometry)` is the dense map, compiled at its first call. `nodes` and `pair` are those of M, for engines.
    `summaries` and `curves` are quantities that its terms and its detection state, for one sector.
    """

    g1: AbstractTerm
    scaling: AbstractScaling
    detection: AbstractDetection = Homodyne()
    ties: tuple[tuple[str, str], ...] = eqx.field(static=True, default=(), metadata={"shown": False})

    def __check_init__(self):
        for name, kind in (("g1", AbstractTerm), ("scaling", AbstractScaling), ("detection", AbstractDetection)):
            if not isinstance(getattr(self, name), kind):
                found = type(getattr(self, name)).__name__
                raise TypeError(f"{name} is a {found}; expected an {kind.__name__}, as in TwoTimeModel(g1, scaling).")

    def __str__(self) -> str:
        """The model as an equation with its values."""
        return equation(self)

    def _repr_html_(self) -> str:
        return preformatted_html(str(self))

    def nodes(self, geometry: Geometry) -> Nodes:
        check_sectors(self, geometry)
        here = at_sector(self, geometry.index)
        return here.detection.nodes(here.g1, geometry)

    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        here = at_sector(self, sector.index)
        return here.detection.pair(here.g1, node_i, node_j, sector)

    def __call__(self, geometry: Geometry, common: tuple[str, ...] = ()) -> Float[Array, "n_sector n_t n_t"]:
        """The dense two-time map g2, symmetric, dimensionless.

        **Arguments:** `common`: fields of the geometry known to be equal in all sectors, see `two_time_map`.
        """
        return _dense(self, geometry, common)

    def pairs(self, geometry: Geometry, i: ArrayLike, j: ArrayLike, sector: ArrayLike) -> Float[Array, "*shape"]:
        """g2 of scattered pairs: frames `i`, `j` (either order) and `sector`, integers that broadcast together."""
        i, j, sector = jnp.broadcast_arrays(*(jnp.asarray(x) for x in (i, j, sector)))
        return _of_pairs(self, geometry, i, j, sector)


def with_mean_scaling(model: TwoTimeModel, n_sector: int) -> TwoTimeModel:
    """The model for another number of sectors: contrast and offset of each are the mean of those that it has, where it
    has one value a sector."""

    def suited(x: Any) -> Any:
        if eqx.is_inexact_array(x) and x.ndim == 1 and x.shape[0] != n_sector:
            return jnp.broadcast_to(jnp.mean(x), (n_sector,))
        return x

    return eqx.tree_at(lambda m: m.scaling, model, jax.tree.map(suited, model.scaling))


@eqx.filter_jit
def _dense(model: TwoTimeModel, geometry: Geometry, common: tuple[str, ...]) -> Array:
    model = ready(model, geometry)
    contrast, offset = model.scaling(geometry)
    return offset[:, None, None] + contrast[:, None, None] * two_time_map(model, geometry, common)


@eqx.filter_jit
def _of_pairs(model: TwoTimeModel, geometry: Geometry, i: Array, j: Array, sector: Array) -> Array:
    model = ready(model, geometry)
    contrast, offset = model.scaling(geometry)
    return offset[sector] + contrast[sector] * scattered_pairs(model, geometry, i, j, sector)


@final
class FieldOfModel(eqx.Module):
    """The correlation of the field of the light in a model, as a pair function; see `field_correlation`."""

    model: TwoTimeModel

    def nodes(self, geometry: Geometry) -> Nodes:
        return self.model.nodes(geometry)

    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        here = at_sector(self.model, sector.index)
        return field_correlation(here.detection, here.g1, node_i, node_j, sector)
