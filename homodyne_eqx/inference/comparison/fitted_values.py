"""The values of a fitted model where the data are, and data that hold these."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ...engine import Packed, PackedPairs
from ...engine.packed_data import AbstractPacked
from ...engine.pair_reductions import pair_residuals
from ...engine.repacking import repacked
from ...fit.result.fit_result import FitResult
from ...physics.geometry import Geometry
from ...physics.model import TwoTimeModel
from ..from_the_fit import free_leaves


def fitted_values(result: FitResult, packed: AbstractPacked) -> np.ndarray:
    """g2 of the fitted model: of maps (n_sector, n_t, n_t), of pairs in the shape of their packed values."""
    if isinstance(packed, Packed):
        return np.asarray(_maps(result.model, packed.geometry), float)
    assert isinstance(packed, PackedPairs)
    residual, _ = _residuals(result.model, packed, free_leaves(result))
    return np.asarray(residual, float) + np.asarray(packed.values, float)


def data_of_model(result: FitResult, packed: AbstractPacked) -> Any:
    """The same data, masks and weights, with the values of the fitted model and no noise."""
    values = fitted_values(result, packed)
    if isinstance(packed, Packed):
        return repacked(packed, lambda k: values[k])
    assert isinstance(packed, PackedPairs)
    return eqx.tree_at(lambda p: p.values, packed, jnp.asarray(values, packed.values.dtype))


@eqx.filter_jit
def _maps(model: TwoTimeModel, geometry: Geometry) -> jax.Array:
    return model(geometry)


@eqx.filter_jit
def _residuals(model: TwoTimeModel, packed: PackedPairs, free: Any) -> tuple[jax.Array, jax.Array]:
    return pair_residuals(model, packed, free)
