"""The uncertainty that a fit of a measurement would state, before there is one, as a differentiable function."""

from collections.abc import Iterable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...fit.free_parameters import marked_leaves
from ...fit.problem import model_with
from ...physics.dense_map import two_time_map
from ...physics.geometry import Geometry, is_concrete
from ...physics.model import FieldOfModel, TwoTimeModel
from ...physics.parameter_names import element_names, named_leaves

DRAWS = 1000
_MOST_MODES = 24
_JITTER = {"float64": 1e-6, "float32": 1e-4}


def expected_uncertainty(
    model: TwoTimeModel,
    geometry: Geometry,
    parameter: str,
    *,
    speckles: float | int | Array,
    photons: float | int | Array | None = None,
    free: Iterable[str] | None = None,
    fixed: Iterable[str] = (),
    modes: int | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Float[Array, ""]:
    """1σ of a parameter that a fit of maps of finitely many speckles would state.

    It can be compiled, batched and differentiated, in the geometry (angles, q, frame times) and in the model. The
    random numbers depend only on the seed, so differences between designs do not come from the draws.

    **Arguments:** as of `expected_covariance`; `parameter`: the name of a free one, an element (`contrast[3]`) too.

    **Raises:** `ValueError` for a parameter that is not free, and as `expected_covariance`.
    """
    _, names = chosen_leaves(model, free, fixed)
    if parameter not in names:
        raise ValueError(f"{parameter} is not free. Free are {', '.join(names)}.")
    covariance = expected_covariance(
        model, geometry, speckles=speckles, photons=photons, free=free, fixed=fixed, modes=modes, draws=draws, seed=seed
    )
    return jnp.sqrt(covariance[names.index(parameter), names.index(parameter)])


def expected_covariance(
    model: TwoTimeModel,
    geometry: Geometry,
    *,
    speckles: float | int | Array,
    photons: float | int | Array | None = None,
    free: Iterable[str] | None = None,
    fixed: Iterable[str] = (),
    modes: int | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Float[Array, "n_free n_free"]:
    """The covariance N⁻¹ V N⁻¹ of the free parameters that a fit with equal weights states, as `speckle_covariance`.

    N is the matrix of the normal equations, the Fisher information for independent noise, and V the covariance of their
    vector for maps of speckles, from intensities that are drawn with the correlation of the model.

    **Arguments:**

    - `model`: the expected model of the sample; `geometry`: of the measurement;
    - `speckles`: the number of independent speckles of each sector; `photons`: the mean number of photons of a speckle
      in a frame; `None` for no photon noise;
    - `free`, `fixed`: as of `fit`;
    - `modes`: the number of modes of the light, 1/contrast by default; needed within a compiled function;
    - `draws`: the number of drawn speckles for each sector; with 1000 the error of 1σ is about 3 %; `seed`: of the
      random numbers.

    Memory: n_sector · n_t² · n_free numbers.

    **Raises:** `ValueError` as `fit` for names.
    """
    chosen, _ = chosen_leaves(model, free, fixed)
    moving, rest = eqx.partition(model, chosen)
    where = jnp.concatenate([jnp.ravel(leaf) for leaf in jax.tree.leaves(moving)])
    n_t = geometry.n_t
    off_diagonal = 1 - jnp.eye(n_t, dtype=where.dtype)
    scale = jnp.maximum(jnp.abs(where), 1e-12)
    slopes = jax.jacfwd(lambda v: model_with(moving, rest, where + scale * v)(geometry))(jnp.zeros_like(where))
    slopes = jnp.moveaxis(slopes, -1, 1) * off_diagonal[None, None]  # (n_sector, n_free, n_t, n_t)
    contrast, offset = model.scaling(geometry)
    share = contrast / offset
    n_modes = modes_of(share) if modes is None else modes
    field = two_time_map(FieldOfModel(model), geometry)
    M = two_time_map(model, geometry)
    keys = jax.random.split(jax.random.key(seed), geometry.n_sector)

    def of_sector(one: Any) -> tuple[Array, Array]:
        A, of_field, of_M, beta, level, key = one
        x = _intensities(of_field, beta, n_modes, photons, draws, key)
        linear = jnp.sum(A * (beta * of_M)[None], axis=-1)
        pulls = level * (jnp.einsum("ia,kij,ja->ka", x, A, x) / 2 - linear @ x)
        pulls = pulls - jnp.mean(pulls, axis=1, keepdims=True)
        return jnp.einsum("kij,lij->kl", A, A) / 2, pulls @ pulls.T / (draws - 1)

    normal, variances = jax.lax.map(of_sector, (slopes, field, M, share, offset, keys))
    N, V = jnp.sum(normal, axis=0), jnp.sum(variances, axis=0) / speckles
    size = jnp.sqrt(jnp.diagonal(N))
    inverse = jnp.linalg.inv(N / (size[:, None] * size[None, :])) / (size[:, None] * size[None, :])
    return (inverse @ V @ inverse) * (scale[:, None] * scale[None, :])


def chosen_leaves(model: TwoTimeModel, free: Iterable[str] | None, fixed: Iterable[str]) -> tuple[Any, list[str]]:
    """The free leaves, a PyTree of bool like the model, and the names of their elements; values may be traced."""
    leaves = named_leaves(model)
    every = {leaf.name for leaf in leaves}
    given, held = None if free is None else {*free}, {*fixed}
    unknown = sorted(((given or set()) | held) - every)
    if unknown:
        raise ValueError(f"The model has no parameter {unknown[0]}. It has {', '.join(sorted(every))}.")
    chosen = [leaf for leaf in leaves if leaf.name not in held and (leaf.free if given is None else leaf.name in given)]
    if not chosen:
        raise ValueError(f"No parameter is free. The model has {', '.join(sorted(every))}.")
    names = [name for leaf in chosen for name in element_names(leaf.name, np.shape(leaf.value))]
    return marked_leaves(model, {leaf.name for leaf in chosen}), names


def modes_of(share: Array) -> int:
    """The number of modes of light that give a contrast of this mean, 1 to 24."""
    if not is_concrete(share):
        raise ValueError("The contrast is traced, so the number of modes is not known; pass modes=round(1/contrast).")
    return int(np.clip(np.round(1 / np.mean(np.asarray(share))), 1, _MOST_MODES))


def _intensities(
    field: Array, contrast: Array, modes: int, photons: float | int | Array | None, draws: int, key: Array
) -> Float[Array, "n_t draws"]:
    """Deviations of intensities from their mean, in units of it, of variance `contrast`."""
    n_t = field.shape[0]
    jitter = _JITTER[str(jnp.finfo(field.dtype).dtype)]
    factor = jnp.linalg.cholesky((field + jitter * jnp.eye(n_t, dtype=field.dtype)) / (1 + jitter))
    real = jnp.finfo(field.dtype).dtype
    of_field, of_photons = jax.random.split(key)
    normal = jax.random.normal(of_field, (2, modes, n_t, draws), real)
    parts = jnp.einsum("ij,cmja->cmia", factor, normal.astype(factor.dtype))
    light = (parts[0] + 1j * parts[1]) if jnp.iscomplexobj(parts) else None
    intensity = jnp.abs(light) ** 2 if light is not None else parts[0] ** 2 + parts[1] ** 2
    x = jnp.sqrt(contrast * modes) * (jnp.mean(intensity, axis=0) / 2 - 1)
    if photons is None:
        return x
    spread = jnp.sqrt(jnp.maximum(1 + x, 0) / photons)
    return x + spread * jax.random.normal(of_photons, (n_t, draws), real)
