"""Sample the posterior of a fit with the No-U-Turn sampler of NumPyro."""

import time
import warnings
from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...engine.losses import AbstractLoss
from ...fit.log_density import LogDensity, log_density
from ...fit.result.fit_result import FitResult
from ...fit.solve.interval import from_interval, inside, to_interval
from ..from_the_fit import check_independent
from .posterior import Posterior, arviz_module

_NEAR = 8.0


@final
class _Coordinates(eqx.Module):
    """z, in which the posterior is about that of independent normal numbers of variance 1, and its parameters.

    θ = to_interval(v0 + root z) within the bounds that are near; `low`, `high`: these, infinite where they are far.
    """

    low: Float[Array, " n"]
    high: Float[Array, " n"]
    reference: Float[Array, " n"]
    middle: Float[Array, " n"]
    root: Float[Array, "n n"]

    def parameters(self, z: Float[Array, " n"]) -> Float[Array, " n"]:
        return to_interval(self.middle + self.root @ z, self.low, self.high, self.reference)

    def log_slope(self, z: Float[Array, " n"]) -> Float[Array, ""]:
        """ln |dθ/dz|, up to a constant."""
        v = self.middle + self.root @ z
        of_each = lambda x: to_interval(x, self.low, self.high, self.reference)  # noqa: E731
        return jnp.sum(jnp.log(jax.jvp(of_each, (v,), (jnp.ones_like(v),))[1]))


@final
class _Potential(eqx.Module):
    density: LogDensity
    coordinates: _Coordinates

    def __call__(self, z: Float[Array, " n"]) -> Float[Array, ""]:
        return -self.density(self.coordinates.parameters(z)) - self.coordinates.log_slope(z)


def sample(
    result: FitResult,
    data: Any = None,
    *,
    draws: int = 500,
    chains: int = 2,
    warmup: int = 150,
    seed: int = 0,
    loss: AbstractLoss | None = None,
) -> Posterior:
    """Draw from the probability of the free parameters of a fit, given its data, bounds and priors.

    χ² is that of `hx.log_density(result)`, adjusted for noise that pixels share, so that the posterior is as wide as
    `result.covariance` if both are Gaussian. The No-U-Turn sampler of NumPyro starts at the fit, in coordinates in
    which its covariance is 1. Your own terms need no further code.

    **Arguments:**

    - `result`: of `fit`, at a minimum; `data`: the fitted data; needed if packed data were fitted;
    - `draws`: of each chain; `chains`: at least 2, so that they can be compared; `warmup`: draws before, which set the
      size of steps and are left out; `seed`: of the random numbers; `loss`: that of the fit; needed unless it was
      `Squares`.

    One draw costs about 3 to 7 gradients of χ².

    **Returns:** a `Posterior`: read its `doubts`, which `print` shows.

    **Raises:** `ImportError` without the packages of the extra `posterior`; `ValueError` for fewer than 2 chains or 4
    draws, for parameters that the data do not determine, and as `log_density`.
    """
    infer = _numpyro()
    if chains < 2 or draws < 4 or warmup < 1:
        raise ValueError(
            f"{chains} chains of {draws} draws after {warmup}; expected at least 2 chains, 4 draws and 1 before."
        )
    check_independent(result)
    begun = time.perf_counter()
    density = log_density(result, data, loss=loss)
    coordinates = _coordinates(result, density)
    potential = _Potential(density, coordinates)
    n = len(density.names)
    generator = np.random.default_rng(seed)
    start = jnp.asarray(0.5 * generator.standard_normal((chains, n)), density.start.dtype)
    kernel = infer.NUTS(
        potential_fn=eqx.filter_jit(potential), inverse_mass_matrix=jnp.eye(n, dtype=start.dtype), dense_mass=True,
        adapt_mass_matrix=False, step_size=0.7, target_accept_prob=0.8,
    )  # fmt: skip
    run = infer.MCMC(
        kernel, num_warmup=warmup, num_samples=draws, num_chains=chains, chain_method="sequential", progress_bar=False
    )
    with warnings.catch_warnings(), jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        warnings.simplefilter("ignore")
        run.run(jax.random.key(seed), init_params=start, extra_fields=("potential_energy", "diverging"))
    z = run.get_samples(group_by_chain=True)
    theta = jax.vmap(jax.vmap(coordinates.parameters))(z)
    extra = run.get_extra_fields(group_by_chain=True)
    found = np.asarray(theta, float)
    of_fit = [result.parameters[name] for name in density.names]
    r_hat, effective = _diagnostics(found)
    slopes = jax.vmap(jax.vmap(coordinates.log_slope))(z)
    return Posterior(
        names=density.names,
        units=tuple(p.unit for p in of_fit),
        draws=found,
        log_density=-np.asarray(extra["potential_energy"], float) - np.asarray(slopes, float),
        divergences=int(np.sum(np.asarray(extra["diverging"]))),
        r_hat=dict(zip(density.names, r_hat, strict=True)),
        effective=dict(zip(density.names, effective, strict=True)),
        fitted=np.array([p.value for p in of_fit]),
        stated=np.array([p.uncertainty for p in of_fit]),
        density=density,
        seconds=time.perf_counter() - begun,
    )


def _coordinates(result: FitResult, density: LogDensity) -> _Coordinates:
    """**Raises:** `ValueError` for parameters that the data do not determine."""
    covariance = np.array(result.covariance)
    lost = [name for name, x in zip(density.names, np.diagonal(covariance), strict=True) if np.isinf(x)]
    if lost:
        raise ValueError(f"The data do not determine {', '.join(lost)}, so there is no scale to sample on. Fix them.")
    values, low, high = (np.asarray(x, float) for x in (density.start, density.low, density.high))
    at_bound = np.isnan(np.diagonal(covariance))
    white = 1 / np.sqrt(np.maximum(_curvature(result, at_bound), 1e-300))
    covariance[at_bound] = 0
    covariance[:, at_bound] = 0
    covariance[at_bound, at_bound] = white[at_bound] ** 2
    sigma = np.sqrt(np.diagonal(covariance))
    low = np.where(values - low < _NEAR * sigma, low, -np.inf)
    high = np.where(high - values < _NEAR * sigma, high, np.inf)
    dtype = density.start.dtype
    arrays = [jnp.asarray(x, dtype) for x in (low, high, values)]
    middle_of = inside(arrays[2], arrays[0], arrays[1])
    reference = jnp.clip(middle_of, arrays[0] + sigma, arrays[1] - sigma)
    reference = jnp.where(arrays[0] + sigma < arrays[1] - sigma, reference, middle_of)
    v = from_interval(reference, arrays[0], arrays[1], reference)
    of_each = lambda x: to_interval(x, arrays[0], arrays[1], reference)  # noqa: E731
    slope = np.asarray(jax.jvp(of_each, (v,), (jnp.ones_like(v),))[1], float)
    scaled = covariance / np.outer(slope * sigma, slope * sigma)
    unit = sigma[:, None] * np.linalg.cholesky(scaled * np.outer(slope, slope) + 1e-10 * np.eye(len(sigma)))
    root = unit / slope[:, None]
    start = from_interval(jnp.clip(middle_of, arrays[0], arrays[1]), arrays[0], arrays[1], reference)
    return _Coordinates(arrays[0], arrays[1], reference, start, jnp.asarray(root, dtype))


def _curvature(result: FitResult, at_bound: np.ndarray) -> np.ndarray:
    """1/σ² to take for parameters at a bound: that of their distance from 0 or 1, which they have no covariance for."""
    values = np.array([result.parameters[name].value for name in result.free_names])
    return np.where(at_bound, 1 / np.maximum(np.abs(0.1 * values), 1e-3) ** 2, 1.0)


def _diagnostics(draws: np.ndarray) -> tuple[list[float], list[float]]:
    """R-hat, of halves of the chains, and effective numbers of each parameter."""
    from numpyro.diagnostics import effective_sample_size, split_gelman_rubin  # pyright: ignore[reportMissingImports]

    each = range(draws.shape[-1])
    return (
        [float(split_gelman_rubin(draws[:, :, k])) for k in each],
        [float(effective_sample_size(draws[:, :, k])) for k in each],
    )


def require_sampler() -> None:
    """**Raises:** `ImportError` with the remedy where a package of the extra `posterior` is not installed."""
    _numpyro()
    arviz_module()


def _numpyro() -> Any:
    try:
        from numpyro import infer  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ImportError(
            "Posteriors need NumPyro and ArviZ. Install them with: pip install 'homodyne-eqx[posterior]'."
        ) from error
    return infer
