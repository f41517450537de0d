"""Priors as rows of a least-squares problem: what they add to χ² and to the normal equations."""

from collections.abc import Sequence
from typing import Any, final

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...engine import NormalEquations
from ..parameter import Parameter
from .prior import AbstractPrior


@final
class PriorRows(eqx.Module):
    """((f(parameter) − centre)/scale)² for each prior that counts: one more datum each.

    - `places`: which of the free parameters, (n_rows,); `logarithmic`: whether f is ln, of each;
    - `centre`, `scale`: (n_rows,).
    """

    places: tuple[int, ...] = eqx.field(static=True)
    logarithmic: tuple[bool, ...] = eqx.field(static=True)
    centre: Float[Array, " n_rows"]
    scale: Float[Array, " n_rows"]

    def chi2(self, parameters: Float[Array, " n_params"]) -> Float[Array, ""]:
        """The contribution of the priors to χ²."""
        return jnp.sum(self._rows_and_slopes(parameters)[0] ** 2)

    def added_to(self, normal: NormalEquations, parameters: Float[Array, " n_params"]) -> NormalEquations:
        """The normal equations in the free parameters, with those of the priors added."""
        if not self.places:
            return normal
        rows, slopes = self._rows_and_slopes(parameters)
        at = np.array(self.places)
        return NormalEquations(
            normal.matrix.at[at, at].add(slopes**2),
            normal.vector.at[at].add(rows * slopes),
            normal.chi2 + jnp.sum(rows**2),
        )

    def _rows_and_slopes(self, parameters: Array) -> tuple[Array, Array]:
        at = np.array(self.places, int)
        logarithmic = np.array(self.logarithmic, bool)
        value = parameters[at]
        positive = jnp.where(logarithmic, value, 1)
        row = (jnp.where(logarithmic, jnp.log(positive), value) - self.centre) / self.scale
        return row, 1 / (positive * self.scale)


def prior_rows(free: Sequence[Parameter], dtype: Any = None) -> PriorRows:
    """The rows of the free parameters that have a prior which counts."""
    dtype = jnp.result_type(float) if dtype is None else dtype
    of = _counting(free)
    return PriorRows(
        tuple(k for k, _ in of),
        tuple(prior.logarithmic for _, prior in of),
        jnp.asarray(np.array([prior.centre for _, prior in of], float), dtype),
        jnp.asarray(np.array([prior.scale for _, prior in of], float), dtype),
    )


def n_prior_rows(free: Sequence[Parameter]) -> int:
    """The number of priors that count as a datum."""
    return len(_counting(free))


def prior_information(free: Sequence[Parameter], values: np.ndarray) -> np.ndarray:
    """The contribution of priors to the normal matrix at these values of the free parameters, (n_free, n_free), in
    double precision."""
    added = np.zeros((len(values), len(values)))
    for k, prior in _counting(free):
        added[k, k] = (prior.scale * (values[k] if prior.logarithmic else 1.0)) ** -2.0
    return added


def prior_vector(free: Sequence[Parameter], values: np.ndarray) -> np.ndarray:
    """The part of the priors in b of the normal equations at these free parameters, (n_free,), in double precision."""
    added = np.zeros(len(values))
    for k, prior in _counting(free):
        added[k] = prior.distance(float(values[k])) / (prior.scale * (values[k] if prior.logarithmic else 1.0))
    return added


def _counting(free: Sequence[Parameter]) -> list[tuple[int, AbstractPrior]]:
    """The priors that count, with the number of their parameter."""
    return [(k, p.prior) for k, p in enumerate(free) if p.prior is not None and p.prior.counts]
