"""Predict maps of another geometry from a fit, or from a posterior."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...fit.problem import model_with, values_of
from ...fit.result.derived import Curve, curves_of
from ...fit.result.fit_result import FitResult
from ...physics.geometry import Geometry
from ...physics.model import TwoTimeModel, with_mean_scaling
from ..from_the_fit import free_leaves
from ..posterior.posterior import Posterior
from ..weighted_chi2 import quantile_of_chi2
from .prediction import Prediction

ONE_SIGMA = math.erf(math.sqrt(0.5))
_DRAWS = 200


def predict(result: FitResult | Posterior, geometry: Geometry, *, level: float | int = ONE_SIGMA) -> Prediction:
    """Predict another measurement of the same sample: maps, cuts, curves over the lag and rates, with bands.

    The bands of a fit follow from its covariance, to first order and without bounds; those of a posterior from up to
    200 of its draws. They are bands of g2 itself, without the noise of the measurement. They assume that the model is
    right, also when it extrapolates to later ages, other q and other directions.

    **Arguments:** `result`: of `fit`, at a minimum, or of `sample`; `geometry`: of the measurement; `level`: the
    probability of the bands, 68 % unless given. If contrast and offset were fitted sector by sector and the number of
    sectors differs, the means of all sectors are used.

    **Returns:** a `Prediction`.

    **Raises:** `ValueError` for a result that is not at a minimum, parameters that the data do not determine, and a
    `level` that is not between 0 and 1; as the model for a geometry that does not suit it.
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; expected a number between 0 and 1, 0.95 for example.")
    if isinstance(result, Posterior):
        return _of_draws(result, geometry, float(level))
    if not isinstance(result, FitResult):
        raise TypeError(f"result is a {type(result).__name__}; expected that of hx.fit or hx.sample.")
    if not result.ended.at_minimum:
        raise ValueError(f"The fit ended as {str(result.ended)!r}, not at a minimum of χ². Fit until it converges.")
    covariance = np.nan_to_num(result.covariance, nan=0.0, posinf=np.inf)
    lost = [name for name, x in zip(result.free_names, np.diagonal(covariance), strict=True) if np.isinf(x)]
    if lost:
        raise ValueError(f"The data do not determine {', '.join(lost)}, so that a prediction has no bands. Fix them.")
    free = free_leaves(result)
    moving, rest = eqx.partition(result.model, free)
    values, vectors = np.linalg.eigh(covariance / np.outer(*[_sizes(covariance)] * 2))
    root = _sizes(covariance)[:, None] * vectors * np.sqrt(np.maximum(values, 0))
    where = jnp.asarray(values_of(result.model, free), jnp.result_type(float))
    (maps, g2), (of_maps, of_g2) = _with_variances(moving, rest, where, jnp.asarray(root.T, where.dtype), geometry)
    wide = math.sqrt(quantile_of_chi2(float(level), 1))
    maps, g2 = np.asarray(maps, float), np.asarray(g2, float)
    of_maps, of_g2 = (wide * np.sqrt(np.asarray(x, float)) for x in (of_maps, of_g2))
    rates = curves_of(result.model, free, lambda slope: wide**2 * float(slope @ covariance @ slope), geometry)
    return Prediction(
        geometry,
        float(level),
        maps,
        maps - of_maps,
        maps + of_maps,
        np.stack([g2, g2 - of_g2, g2 + of_g2]),
        rates,
        _notes(result.model, geometry),
    )


def _sizes(covariance: np.ndarray) -> np.ndarray:
    diagonal = np.diagonal(covariance)
    return np.sqrt(np.where(diagonal > 0, diagonal, 1.0))


def _notes(model: TwoTimeModel, geometry: Geometry) -> tuple[str, ...]:
    sizes = {x.shape[0] for x in jax.tree.leaves(model.scaling) if eqx.is_inexact_array(x) and x.ndim == 1}
    if sizes - {geometry.n_sector}:
        return ("contrast and offset are the means of all sectors that were fitted",)
    return ()


def _predicted(model: TwoTimeModel, geometry: Geometry) -> tuple[Array, Array]:
    """The maps, and their means over all ages at each lag, (n_sector, n_t)."""
    maps = with_mean_scaling(model, geometry.n_sector)(geometry)
    n_t = geometry.n_t
    lag = jnp.abs(jnp.arange(n_t)[:, None] - jnp.arange(n_t)[None, :]).ravel()
    counts = jnp.zeros(n_t, maps.dtype).at[lag].add(jnp.ones(lag.shape, maps.dtype))
    sums = jnp.zeros((maps.shape[0], n_t), maps.dtype).at[:, lag].add(maps.reshape(maps.shape[0], -1))
    return maps, sums / counts[None, :]


@eqx.filter_jit
def _with_variances(
    moving: TwoTimeModel, rest: TwoTimeModel, where: Array, ways: Array, geometry: Geometry
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """The prediction and its variances: sums of squares of the changes along the ways, (n_free, n_free)."""

    def function(v: Array) -> tuple[Array, Array]:
        return _predicted(model_with(moving, rest, v), geometry)

    values = function(where)

    def add(sums: tuple[Array, Array], way: Float[Array, " n_free"]) -> tuple[tuple[Array, Array], None]:
        _, changes = jax.jvp(function, (where,), (way,))
        return (sums[0] + changes[0] ** 2, sums[1] + changes[1] ** 2), None

    sums, _ = jax.lax.scan(add, jax.tree.map(jnp.zeros_like, values), ways)
    return values, sums


def _of_draws(posterior: Posterior, geometry: Geometry, level: float) -> Prediction:
    draws = posterior.flat
    chosen = draws[np.linspace(0, len(draws) - 1, min(_DRAWS, len(draws))).astype(int)]
    density = posterior.density
    ends = [0.5, (1 - level) / 2, (1 + level) / 2]
    maps, g2, rates = _of_each(density.moving, density.rest, jnp.asarray(chosen, density.start.dtype), geometry)
    maps, g2 = (np.quantile(np.asarray(x, float), ends, axis=0) for x in (maps, g2))
    names = with_mean_scaling(density.model(density.start), geometry.n_sector).curves(
        geometry.with_sectors(_first(geometry))
    )
    t = np.asarray(geometry.t, float)
    found = {}
    for quantity, values in zip(names, rates, strict=True):
        value, low, high = np.quantile(np.asarray(values, float), ends, axis=0)
        found[quantity.name] = Curve(t, value, low, high, quantity.unit)
    return Prediction(geometry, level, *maps, g2, found, _notes(density.model(density.start), geometry))


def _first(geometry: Geometry) -> Any:
    return jax.tree.map(lambda x: x[0], geometry.sectors)


@eqx.filter_jit
def _of_each(
    moving: TwoTimeModel, rest: TwoTimeModel, draws: Array, geometry: Geometry
) -> tuple[Array, Array, list[Array]]:
    def one(v: Array) -> tuple[Array, Array, list[Array]]:
        model = model_with(moving, rest, v)
        rates = with_mean_scaling(model, geometry.n_sector).curves(geometry.with_sectors(_first(geometry)))
        return *_predicted(model, geometry), [rate.value for rate in rates]

    return jax.lax.map(one, draws)
