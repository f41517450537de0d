"""The computations of the checks: functions of a module and of its geometry, which return numbers.

They are modules, not lambdas, so that jit compiles each of them once.
"""

from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..physics.detection import AbstractDetection
from ..physics.geometry import Geometry
from ..physics.kernels import AbstractKernel
from ..physics.model import TwoTimeModel
from ..physics.per_sector import at_sector
from ..physics.rates import AbstractIntegrableRate, AbstractRate
from ..physics.scaling import AbstractScaling, ContrastOffset
from ..physics.terms import AbstractTerm
from .laws import cast


def pair_values(function: Any, geometry: Geometry) -> Array:
    """The pair function of every pair i ≥ j in every sector, (n_sector, n_pairs), without the engine."""
    i, j = (jnp.asarray(k) for k in np.tril_indices(geometry.n_t))

    def one_sector(sector: Any) -> Array:
        here = at_sector(function, sector.index)
        nodes = here.nodes(geometry.with_sectors(sector))
        frame = lambda k: jax.tree.map(lambda x: x[k], nodes)  # noqa: E731
        return jax.vmap(lambda a, b: here.pair(frame(a), frame(b), sector))(i, j)

    return jax.vmap(one_sector)(geometry.sectors)


@final
class TermPairs(eqx.Module):
    """A term, for every pair."""

    def __call__(self, term: AbstractTerm, geometry: Geometry) -> Array:
        return pair_values(term, geometry)


@final
class DetectedPairs(eqx.Module):
    """A detection of a given g1, for every pair."""

    g1: AbstractTerm

    def __call__(self, detection: AbstractDetection, geometry: Geometry) -> Array:
        one = jnp.ones((), geometry.t.dtype)
        g1 = cast(self.g1, geometry.t.dtype)
        return pair_values(TwoTimeModel(g1, ContrastOffset(one, one), detection), geometry)


@final
class RateValues(eqx.Module):
    """A rate at the times, and its integral from the first of them if it has one."""

    def __call__(self, rate: AbstractRate, t: Array) -> Array:
        integrable = isinstance(rate, AbstractIntegrableRate)
        return jnp.concatenate([rate(t), rate.integral(t[0], t[1:])]) if integrable else rate(t)


@final
class IntegralFromZero(eqx.Module):
    """The integral of a rate from time 0."""

    def __call__(self, rate: AbstractIntegrableRate, t: Array) -> Array:
        return rate.integral(jnp.zeros_like(t), t)


@final
class KernelValues(eqx.Module):
    """A kernel at the amounts."""

    def __call__(self, kernel: AbstractKernel, x: Array) -> Array:
        return kernel(x)


@final
class ScalingValues(eqx.Module):
    """Contrast and offset of every sector."""

    def __call__(self, scaling: AbstractScaling, geometry: Geometry) -> Array:
        return jnp.concatenate(scaling(geometry))


@final
class RateAtZero(eqx.Module):
    """A rate at time 0."""

    def __call__(self, rate: AbstractRate, t: Array) -> Array:
        return rate(jnp.zeros_like(t[:1]))


@final
class KernelSlopes(eqx.Module):
    """First and second derivative of a kernel by the amount."""

    def __call__(self, kernel: AbstractKernel, x: Array) -> Array:
        slope = jax.grad(lambda y: kernel(y))
        return jnp.stack([jax.vmap(slope)(x), jax.vmap(jax.grad(slope))(x)])
