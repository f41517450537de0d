"""The logarithm of the probability density of parameters, given data and priors: what a sampler asks for."""

from collections.abc import Iterable, Sequence
from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..engine import AbstractPacked, chi_squared
from ..engine.losses import AbstractLoss, Squares
from ..physics.model import TwoTimeModel
from .fit_input import FitData, fit_input
from .free_parameters import ParameterBounds, Priors, marked_leaves
from .parameter import Parameter
from .priors.prior_rows import PriorRows, prior_rows, prior_vector
from .problem import model_with
from .result.fit_result import FitResult
from .uncertainty.noise_of_fit import NoiseOfFit
from .uncertainty.noise_of_pairs import NoiseOfPairs
from .uncertainty.speckle_covariance import noise_of_result, packed_of


@final
class LogDensity(eqx.Module):
    """ln p(parameters | data), up to a constant that depends on the data alone; minus infinity beyond the bounds.

    Call it with the free parameters, (n_free,), in the order of `names` and in their units, or with a model of the same
    structure. It can be compiled, batched and differentiated. It is a PyTree: data are among its arrays.

    - `names`, `start`: of the free parameters; `low`, `high`: their bounds; `model(parameters)`: the model with them;
    - `centre`, `contraction`: the minimum θ̂ of χ² of the data, (n_free,), and the matrix A, (n_free, n_free), see
      `log_density`.
    """

    moving: TwoTimeModel
    rest: TwoTimeModel
    packed: AbstractPacked
    loss: AbstractLoss
    priors: PriorRows
    log_norm: Float[Array, ""]
    low: Float[Array, " n_free"]
    high: Float[Array, " n_free"]
    start: Float[Array, " n_free"]
    centre: Float[Array, " n_free"]
    contraction: Float[Array, "n_free n_free"]
    names: tuple[str, ...] = eqx.field(static=True)

    def model(self, parameters: Float[Array, " n_free"]) -> TwoTimeModel:
        """The model with these free parameters."""
        return model_with(self.moving, self.rest, parameters)

    def parameters(self, model: TwoTimeModel) -> Float[Array, " n_free"]:
        """The free parameters of a model of the same structure."""
        free = jax.tree.map(lambda x: x is not None, self.moving, is_leaf=lambda x: x is None)
        return jnp.concatenate([jnp.ravel(leaf) for leaf in jax.tree.leaves(eqx.filter(model, free))])

    def __call__(self, where: Float[Array, " n_free"] | TwoTimeModel) -> Float[Array, ""]:
        parameters = self.parameters(where) if isinstance(where, TwoTimeModel) else where
        inside = jnp.all((parameters >= self.low) & (parameters <= self.high))
        allowed = jnp.clip(parameters, self.low, self.high)
        found = self.log_likelihood(allowed) + self.log_prior(allowed)
        return jnp.where(inside, found, -jnp.inf)

    def log_likelihood(self, parameters: Float[Array, " n_free"]) -> Float[Array, ""]:
        """−χ²/2, with the correlation of the noise if the density was made from a result."""
        moved = self.centre + self.contraction @ (parameters - self.centre)
        return -chi_squared(self.model(jnp.clip(moved, self.low, self.high)), self.packed, self.loss) / 2

    def log_prior(self, parameters: Float[Array, " n_free"]) -> Float[Array, ""]:
        """The logarithm of the density of the priors; parameters without one have a density of 1."""
        of_logarithm = jnp.zeros((), parameters.dtype)
        for place, logarithmic in zip(self.priors.places, self.priors.logarithmic, strict=True):
            if logarithmic:
                of_logarithm = of_logarithm + jnp.log(parameters[place])
        return self.log_norm - self.priors.chi2(parameters) / 2 - of_logarithm


def log_density(
    model: TwoTimeModel | FitResult,
    data: FitData | None = None,
    *,
    free: Iterable[str] | None = None,
    fixed: Iterable[str] = (),
    bounds: ParameterBounds | None = None,
    priors: Priors | None = None,
    loss: AbstractLoss | None = None,
) -> LogDensity:
    """The logarithm of the probability density of the free parameters, for samplers and for your own programs.

    - For a model and data, the noise of every pair of frames counts as independent, of the size `sigma`: ln p is the
      sum of −χ²/2 and ln prior.
    - For the result of a fit, the noise is that of a finite number of speckles: χ² is taken at θ̂ + A (θ − θ̂), with θ̂
      the minimum of χ² of the data and A such that the width around it is that of `result.covariance` (the curvature
      adjustment of a composite likelihood; Chandler and Bate, Biometrika 94, 167 (2007); Ribatet, Cooley and Davison,
      Statistica Sinica 22, 813 (2012)). For pairs and one-time data the noise is that of their `covariances`, if they
      have any. Free parameters, bounds and priors are those of the fit. The data count with their correlated noise, so
      a prior may count more than in the fit.

    **Arguments:** as of `fit`. `data`: by default those of the result; `loss`: `Squares()` by default; needed for the
    result of a fit with another loss.

    **Returns:** a `LogDensity`.

    **Raises:** `ValueError` as `fit`; for names, bounds or priors together with a result; for a result that is not at a
    minimum, and for one of packed data without `data`.
    """
    if isinstance(model, FitResult):
        if free is not None or tuple(fixed) or bounds or priors:
            raise ValueError(
                "free, fixed, bounds and priors are those of the fit; they were given together with its result. Leave "
                "them out, or pass result.model and the data."
            )
        if not model.ended.at_minimum:
            raise ValueError(
                f"The fit ended as {str(model.ended)!r}, and its covariance is not that at a minimum of χ². Fit until "
                "it converges, or pass result.model and the data."
            )
        noise = noise_of_result(model, data, loss)
        chosen = [p for p in model.parameters.values() if p.free]
        leaves = marked_leaves(model.model, {p.leaf for p in chosen})
        values = np.array([p.value for p in chosen])
        shift, contraction = adjustment_of(noise, prior_vector(chosen, values))
        packed = packed_of(model, data)
        return _density(model.model, leaves, chosen, packed, noise.loss, values + shift, contraction)
    if data is None:
        raise ValueError(
            "data is missing; expected TwoTimeData, PairData or OneTimeData, or hx.pack of one of them, with a model."
        )
    given = fit_input(model, data, free, fixed, bounds, loss or Squares(), priors)
    chosen = given.free_parameters
    values = chosen.array("value")
    return _density(given.model, chosen.filter, chosen.free, given.packed, given.loss, values, np.eye(len(values)))


def adjustment_of(noise: NoiseOfFit | NoiseOfPairs, of_priors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """From the fitted parameters to θ̂ of `log_density`, (n_free,), to first order, and A, (n_free, n_free): 0 and 1
    for what the data do not determine and for parameters at a bound.

    In coordinates z in which the normal matrix of the data is 1, V being the covariance of their pulls, A is V^(−1/2).

    **Arguments:** `of_priors`: the part of the priors in the vector of the normal equations at the fitted parameters,
    (n_free,).
    """
    n = len(noise.at_bound)
    shift, found = np.zeros(n), np.eye(n)
    if not noise.is_known:
        return shift, found
    at = np.flatnonzero(~noise.at_bound)
    matrix = (noise.normal.matrix - noise.prior_information)[np.ix_(at, at)]
    pulls = (noise.variance_of_pulls - noise.prior_information)[np.ix_(at, at)]
    size = np.sqrt(np.where(np.diagonal(matrix) > 0, np.diagonal(matrix), 1))
    values, vectors = np.linalg.eigh(matrix / np.outer(size, size))
    usable = values > 1e-12 * values[-1]
    to_z = (np.sqrt(values[usable])[:, None] * vectors[:, usable].T) * size
    from_z = vectors[:, usable] / np.sqrt(values[usable]) / size[:, None]
    variances, directions = np.linalg.eigh(from_z.T @ pulls @ from_z)
    root = (directions / np.sqrt(np.maximum(variances, 1e-300))) @ directions.T
    found[np.ix_(at, at)] += from_z @ (root - np.eye(len(root))) @ to_z
    shift[at] = -from_z @ (from_z.T @ (noise.normal.vector - of_priors)[at])
    return shift, found


def _density(
    model: TwoTimeModel,
    leaves: Any,
    free: Sequence[Parameter],
    packed: AbstractPacked,
    loss: AbstractLoss,
    centre: np.ndarray,
    contraction: np.ndarray,
) -> LogDensity:
    moving, rest = eqx.partition(model, leaves)
    dtype = jnp.result_type(float)
    array = lambda field: jnp.asarray(np.array([getattr(p, field) for p in free], float), dtype)  # noqa: E731
    log_norm = sum(p.prior.log_norm for p in free if p.prior is not None)
    return LogDensity(
        moving,
        rest,
        packed,
        loss,
        prior_rows(free, dtype),
        jnp.asarray(log_norm, dtype),
        array("low"),
        array("high"),
        array("value"),
        jnp.asarray(centre, dtype),
        jnp.asarray(contraction, dtype),
        tuple(p.name for p in free),
    )
