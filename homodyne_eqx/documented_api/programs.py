"""The compiled programs behind the documented functions, and the modules that each is made of.

Every array and every number is an argument, so that a program is compiled once for each set of shapes. jaxtyping and
beartype check the shapes while a program is traced, which costs nothing afterwards.
"""

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from beartype import beartype
from jaxtyping import Array, Float, Real, jaxtyped

from ..engine.chi_squared import chi_squared_of_tiles
from ..engine.scan_carry import scan_carry
from ..engine.sum_of_g2 import sum_of_g2
from ..engine.tiles import MapTiles
from ..physics.dense_map import two_time_map
from ..physics.documented_models import from_parameter_vector
from ..physics.floors import floored
from ..physics.geometry import Geometry
from ..physics.kernels import SincSquared
from ..physics.model import TwoTimeModel
from ..physics.rates import Scaled
from ..physics.terms import Diffusion, Product, Shear
from .arrays import scalar

G1_FLOOR = 1e-10
_ONE_VALUE = ("q", "gap")
_PAIRS_A_STEP = {"cpu": 2e5}
_NUMBERS = 5  # the last arguments of g2 and of χ²: q, L, contrast, offset and dt

Parameters = Real[Array, " n_params"]
Batch = Real[Array, "n_batch n_params"]
Times = Real[Array, " n_t"]
Angles = Real[Array, "*phi"]
Number = Real[Array, "*one"]
Scaling = Real[Array, "..."]
Maps = Float[Array, "n_phi n_t n_t"]

_checked = jaxtyped(typechecker=beartype)


def _in_one_type(arrays: tuple[Array, ...], numbers: tuple[Array, ...]) -> tuple[Array, ...]:
    """Arrays and numbers in the widest floating type among the arrays, the numbers as scalars; contrast and offset
    that have one value for each azimuth as `(n_phi,)`."""
    real = [x.dtype if jnp.issubdtype(x.dtype, jnp.floating) else jnp.result_type(float) for x in arrays]
    dtype = functools.reduce(np.promote_types, real)
    return (*(x.astype(dtype) for x in arrays), *(x.astype(dtype).reshape(() if x.size == 1 else -1) for x in numbers))


def _model(params: Array, contrast: Array | None = None, offset: Array | None = None) -> TwoTimeModel:
    one = jnp.ones((), params.dtype)
    contrast, offset = (one if x is None else x for x in (contrast, offset))
    return from_parameter_vector(params, contrast, offset, SincSquared())


def _geometry(t: Array, phi: Array, q: Array, L: Array, dt: Array) -> Geometry:
    return Geometry(q=q, t=t, phi=phi.reshape(-1), gap=L, dt=dt)


def _rows_a_step(n_maps: int, n_t: int) -> int:
    """Rows in each step of a loop over whole maps: enough to keep the device busy, few enough for its cache.

    There are at least two steps. XLA would remove a loop of one step and then evaluate the values of a frame again for
    each pair.
    """
    pairs = _PAIRS_A_STEP.get(jax.default_backend(), 2e7)
    return max(min(int(pairs / (n_maps * n_t)), -(-n_t // 2)), 1)


@_checked
def _g1_diffusion(params: Parameters, t: Times, q: Number, dt: Number) -> Float[Array, "n_t n_t"]:
    params, t, q, dt = _in_one_type((params, t), (q, dt))
    return two_time_map(_model(params[:3]).g1, Geometry(q=q, t=t, dt=dt), _ONE_VALUE)[0]


def _factors(model: TwoTimeModel) -> tuple[Any, ...]:
    """The diffusion, and the shear if there is one."""
    return model.g1.terms if isinstance(model.g1, Product) else (model.g1,)


@_checked
def _g1_shear(params: Parameters, t: Times, phi: Angles, q: Number, L: Number, dt: Number) -> Maps:
    params, t, phi, q, L, dt = _in_one_type((params, t, phi), (q, L, dt))
    if params.shape == (3,):
        return jnp.ones((phi.size, t.size, t.size), params.dtype)
    _, shear = _factors(_model(params))
    return two_time_map(shear, _geometry(t, phi, q, L, dt), _ONE_VALUE)


@_checked
def _g1_total(params: Parameters, t: Times, phi: Angles, q: Number, L: Number, dt: Number) -> Maps:
    params, t, phi, q, L, dt = _in_one_type((params, t, phi), (q, L, dt))
    g1 = two_time_map(_model(params).g1, _geometry(t, phi, q, L, dt), _ONE_VALUE)
    return floored(g1, G1_FLOOR)


@_checked
def _g2(
    params: Parameters, t: Times, phi: Angles, q: Number, L: Number, contrast: Scaling, offset: Scaling, dt: Number
) -> Maps:
    params, t, phi, q, L, contrast, offset, dt = _in_one_type((params, t, phi), (q, L, contrast, offset, dt))
    return _model(params, contrast, offset)(_geometry(t, phi, q, L, dt), _ONE_VALUE)


@_checked
def _g2_with_factors(
    params: Parameters, t: Times, phi: Angles, decay: Number, strain: Number, contrast: Scaling, offset: Scaling
) -> Maps:
    """With q = dt = 1 and gap = 2π, the factors ½ q² dt and q gap dt/2π become ½ and 1; given ones go to the rates."""
    params, t, phi, decay, strain, contrast, offset = _in_one_type((params, t, phi), (decay, strain, contrast, offset))
    model, one = _model(params, contrast, offset), jnp.ones((), t.dtype)
    diffusion, *shears = _factors(model)
    g1 = Product((
        Diffusion(Scaled(diffusion.rate, 2 * decay)),
        *(Shear(Scaled(shear.rate, strain), shear.phi0, shear.kernel) for shear in shears),
    ))  # fmt: skip
    return TwoTimeModel(g1, model.scaling)(_geometry(t, phi, one, 2 * math.pi * one, one), _ONE_VALUE)


@_checked
def _g2_sum(
    params: Parameters, t: Times, phi: Angles, q: Number, L: Number, contrast: Scaling, offset: Scaling, dt: Number
) -> Float[Array, ""]:
    params, t, phi, q, L, contrast, offset, dt = _in_one_type((params, t, phi), (q, L, contrast, offset, dt))
    model, geometry = _model(params, contrast, offset), _geometry(t, phi, q, L, dt)
    return jnp.sum(sum_of_g2(model, geometry, _rows_a_step(phi.size, t.size), _ONE_VALUE))


@_checked
def _chi2(
    params: Parameters,
    data: Real[Array, "..."],
    sigma: Real[Array, "..."],
    t: Times,
    phi: Angles,
    q: Number,
    L: Number,
    contrast: Scaling,
    offset: Scaling,
    dt: Number,
    n_batch: int = 1,
) -> Float[Array, ""]:
    data, sigma = (x.reshape(phi.size, t.size, t.size) if x.ndim else x for x in (data, sigma))
    params, data, sigma, t, phi, q, L, contrast, offset, dt = _in_one_type(
        (params, data, sigma, t, phi), (q, L, contrast, offset, dt)
    )
    tiles = MapTiles(data, sigma, _rows_a_step(n_batch * phi.size, t.size))
    model, geometry = _model(params, contrast, offset), _geometry(t, phi, q, L, dt)
    return chi_squared_of_tiles(model, model.scaling(geometry), geometry, tiles, common=_ONE_VALUE)


@_checked
def _g2_of_batch(params_batch: Batch, *others: Array) -> Float[Array, "n_batch n_phi n_t n_t"]:
    return jax.vmap(lambda params: _g2(params, *others))(params_batch)


@_checked
def _chi2_of_batch(params_batch: Batch, *others: Array) -> Float[Array, " n_batch"]:
    n_batch = max(params_batch.shape[0], 1)  # so that an empty batch works too
    return jax.vmap(lambda params: _chi2(params, *others, n_batch=n_batch))(params_batch)


def _compiled(function: Callable) -> Callable:
    """`function`, compiled; under `jax.disable_jit` too.

    Its arguments have been checked before it is called. Without compilation the modules would check their values too,
    and refuse some that the documented model allows, such as q = 0.
    """
    program = jax.jit(function)

    @functools.wraps(program)
    def run(*arguments):
        if not jax.config.jax_disable_jit:  # pyright: ignore[reportAttributeAccessIssue]
            return program(*[scalar(x) if type(x) is float else x for x in arguments])
        with jax.disable_jit(False):
            return program(*arguments)

    return run


def _gradient(function: Callable) -> Callable:
    """The gradient in the parameters; inside `shard_map` that of the function of the shard.

    JAX sums a derivative over all devices if it is in numbers that are the same on all of them. The parameters are
    therefore marked as different between devices wherever the other arguments are.
    """

    def gradient(params: Array, *others: Array) -> Array:
        return jax.grad(function)(scan_carry(params, others), *others)

    return gradient


def _hessian(function: Callable) -> Callable:
    return jax.jacfwd(_gradient(function))


def _derivative(derived: Callable) -> Callable:
    """A derivative in the parameters, computed in the type in which its function computes."""

    def derivative(params: Array, *others: Array) -> Array:
        arrays, numbers = others[:-_NUMBERS], others[-_NUMBERS:]
        return derived(*_in_one_type((params, *arrays), numbers))

    return _compiled(derivative)


g1_diffusion = _compiled(_g1_diffusion)
g1_shear = _compiled(_g1_shear)
g1_total = _compiled(_g1_total)
g2 = _compiled(_g2)
g2_with_factors = _compiled(_g2_with_factors)
g2_of_batch = _compiled(_g2_of_batch)
g2_jacobian = _derivative(jax.jacfwd(_g2))
g2_gradient = _derivative(_gradient(_g2_sum))
g2_hessian = _derivative(_hessian(_g2_sum))
chi2 = _compiled(_chi2)
chi2_of_batch = _compiled(_chi2_of_batch)
chi2_gradient = _derivative(_gradient(_chi2))
chi2_hessian = _derivative(_hessian(_chi2))
