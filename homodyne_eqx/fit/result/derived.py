"""Quantities that a fitted model implies and that are reported beside its parameters."""

from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ...physics.geometry import Geometry
from ...physics.model import TwoTimeModel
from ...physics.per_sector import at_sector, marked_per_sector
from ...physics.rates import AbstractRate
from ...physics.terms import AbstractTerm, Diffusion, Product, Shear
from ..problem import model_with
from ..uncertainty.covariance import Inverse


def derived_quantities(
    model: TwoTimeModel, free: Any, spread: Inverse, geometry: Geometry
) -> list[tuple[str, float, float, str]]:
    """Rates averaged over the frames: name, value, 1σ, unit; where a rate is one a sector, each by its number.

    For diffusion both the transport coefficient J = d⟨Δx²⟩/dt and the Stokes–Einstein coefficient J/2 for which the
    textbook writes exp(−q² D τ); for shear the shear rate in the convention of its kernel.
    """
    moving, rest = eqx.partition(model, free)
    values, slopes = _averages_and_slopes(moving, rest, geometry)
    found = []
    kinds = [term for term in _terms(model.g1) if isinstance(term, Diffusion | Shear)]
    for term, of_sectors, slopes_of_sectors in zip(kinds, values, slopes, strict=True):
        for k, (value, slope) in enumerate(
            zip(np.atleast_1d(of_sectors), np.atleast_2d(slopes_of_sectors), strict=True)
        ):
            sigma = float(np.sqrt(spread.variance(np.asarray(slope, float))))
            sector = f"[{k}]" if np.ndim(of_sectors) else ""
            if isinstance(term, Diffusion):
                found.append((f"mean J{sector}", float(value), sigma, "Å²/s"))
                found.append((f"mean D_SE{sector} = J/2", float(value) / 2, sigma / 2, "Å²/s"))
            else:
                found.append((f"mean shear rate{sector}", float(value), sigma, "s⁻¹"))
    return found


@eqx.filter_jit
def _averages_and_slopes(moving: TwoTimeModel, rest: TwoTimeModel, geometry: Geometry) -> tuple[list, list]:
    vector, _ = ravel_pytree(moving)

    def averages(v: jax.Array) -> list[jax.Array]:
        moved = model_with(moving, rest, v)
        return [_average(term, geometry) for term in _terms(moved.g1) if isinstance(term, Diffusion | Shear)]

    return averages(vector), jax.jacfwd(averages)(vector)


def _average(term: Diffusion | Shear, geometry: Geometry) -> jax.Array:
    """The mean over the frames: a scalar, or one a sector."""

    def of_rate(rate: AbstractRate) -> jax.Array:
        accumulated = term.accumulation(rate, geometry)
        return (accumulated[-1] - accumulated[0]) / jnp.sum(geometry.intervals)

    if not any(marked_per_sector(term.rate)):
        return of_rate(term.rate)
    return jax.vmap(lambda index: of_rate(at_sector(term.rate, index)))(geometry.index)


def _terms(g1: AbstractTerm) -> Iterator[AbstractTerm]:
    if isinstance(g1, Product):
        for term in g1.terms:
            yield from _terms(term)
    else:
        yield g1


def terms_within(term: AbstractTerm) -> Iterator[AbstractTerm]:
    """The term and all that it is composed of, populations and wrapped terms among them."""
    yield term
    for value in vars(term).values():
        for inner in value if isinstance(value, tuple) else (value,):
            if isinstance(inner, AbstractTerm):
                yield from terms_within(inner)


def kernel_of(model: TwoTimeModel) -> str:
    """The kernel by name; where terms have different ones, each with its term, that of the shear first.

    The exponential of plain diffusion is named only where there is no other.
    """
    terms = sorted(terms_within(model.g1), key=lambda term: not isinstance(term, Shear))
    named = [(type(k).__name__, type(x).__name__) for x in terms if (k := getattr(x, "kernel", None)) is not None]
    telling = [pair for pair in named if pair != ("Exponential", "Diffusion")] or named
    kernels = dict.fromkeys(kernel for kernel, _ in telling)
    if len(kernels) > 1:
        return ", ".join(dict.fromkeys(f"{kernel} ({term})" for kernel, term in telling))
    return next(iter(kernels), type(model.g1).__name__)
