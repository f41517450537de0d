"""The checks of a user's own physics, one a kind of module."""

from collections.abc import Sequence
from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..core.detection import AbstractDetection, Homodyne
from ..core.geometry import Geometry
from ..core.kernels import AbstractKernel
from ..core.maps import scattered_pairs, two_time_map
from ..core.model import TwoTimeModel
from ..core.parameters import parameter_leaves
from ..core.rates import AbstractIntegrableRate, AbstractRate, PowerLaw
from ..core.scaling import AbstractScaling, ContrastOffset
from ..core.terms import AbstractTerm, Diffusion, Shear
from .laws import cast, check_finite_everywhere, check_parameters, check_shared, expect_a, hold, name_of, require


def example_geometry() -> Geometry:
    """Three sectors, one of them across a flow along φ = 10°, and seven uneven frame times from 0 on."""
    t = np.array([0.0, 0.1, 0.2, 0.35, 0.6, 1.0, 1.1])
    return Geometry(q=np.array([0.004, 0.004, 0.006]), t=t, phi=np.array([25.0, 100.0, 150.0]), gap=1e6)


def check_term(
    term: AbstractTerm, geometry: Geometry | None = None, *, singular: Sequence[AbstractTerm] = ()
) -> list[str]:
    """Check the laws of a term.

    The value is 1 at lag 0 and of magnitude ≤ 1; the dense map is symmetric and is what pairs give one by one; two
    terms multiply; jit changes nothing, vmap is a loop, new values compile nothing; forward and reverse derivatives
    agree with finite differences, and second derivatives are finite; float32 in gives float32 out, near float64; saving
    and loading returns the same term.

    **Arguments:**

    - `term`: with typical parameters.
    - `geometry`: where it decorrelates visibly; `example_geometry()` unless given.
    - `singular`: the same term with parameters at which something might divide by 0 (a rate of 0): values and
      derivatives must be finite there too.

    **Raises:** `LawError`.
    """
    geometry = example_geometry() if geometry is None else geometry
    expect_a(AbstractTerm, term)
    check_parameters(term)
    with jax.enable_x64(True):
        _check_values(cast(term, jnp.float64), cast(geometry, jnp.float64))
    laws = check_shared(term, _TermPairs(), geometry, singular)
    return ["value at lag 0", "magnitude", "dense map", "product", *laws]


def check_rate(
    rate: AbstractRate, t: Sequence[float] | None = None, *, singular: Sequence[AbstractRate] = ()
) -> list[str]:
    """Check the laws of a rate: shape and dtype are those of `t`, its closed-form integral, if any, is the area and
    adds up, and the derivatives, precision, transformations and saving are right as in `check_term`.

    **Arguments:** `t`: times, s, > 0, increasing; between the first and the last the rate must be finite.

    **Raises:** `LawError`.
    """
    expect_a(AbstractRate, rate)
    times = np.array([0.05, 0.1, 0.35, 1.0, 2.5]) if t is None else np.asarray(t, float)
    laws = check_shared(rate, _RateValues(), times, singular)
    with jax.enable_x64(True):
        rate, times = cast(rate, jnp.float64), jnp.asarray(times, jnp.float64)
        grid = rate(times.reshape(1, -1))
        require(grid.shape == (1, times.size), f"{name_of(rate)} of times (1, {times.size}) has shape {grid.shape}.")
        if isinstance(rate, AbstractIntegrableRate):
            _check_integral(rate, times)
            laws = ["integral", *laws]
    return ["shape", *laws]


def check_kernel(
    kernel: AbstractKernel, x: Sequence[float] | None = None, *, singular: Sequence[AbstractKernel] = ()
) -> list[str]:
    """Check the laws of a kernel: 1 at 0, magnitude ≤ 1, `pair` is the kernel of the difference, and the rest as in
    `check_term`.

    **Arguments:** `x`: amounts ≥ 0, 0 among them.

    **Raises:** `LawError`.
    """
    expect_a(AbstractKernel, kernel)
    amounts = np.array([0.0, 1e-6, 0.05, 0.7, 2.0, 6.0]) if x is None else np.asarray(x, float)
    laws = check_shared(kernel, _KernelValues(), amounts, singular)
    with jax.enable_x64(True):
        kernel, amounts = cast(kernel, jnp.float64), jnp.asarray(amounts, jnp.float64)
        values = np.asarray(kernel(amounts))
        hold(f"{name_of(kernel)} is 1 at 0", kernel(jnp.zeros(1)), 1.0, 1e-12, "Start from 1.")
        require(np.all(np.abs(values) <= 1 + 1e-12), f"|{name_of(kernel)}| exceeds 1: {np.abs(values).max():.6g}.")
        shifted = amounts + 0.3
        tables = kernel.tables(shifted), kernel.tables(jnp.full_like(shifted, 0.3))
        pairs = jax.vmap(kernel.pair)(shifted, jnp.full_like(shifted, 0.3), *tables)
        hold(
            f"{name_of(kernel)}.pair is the kernel of the difference", pairs, values, 1e-9, "Compare `tables`, `pair`."
        )
    return ["value at 0", "magnitude", "pair", *laws]


def check_detection(
    detection: AbstractDetection,
    g1: AbstractTerm | None = None,
    geometry: Geometry | None = None,
    *,
    unity: bool = True,
    singular: Sequence[AbstractDetection] = (),
) -> list[str]:
    """Check the laws of a detection: real, 1 at lag 0, and the rest as in `check_term`.

    **Arguments:** `g1`: a diffusing, sheared sample unless given; `unity`: false for one that means not to be 1 at lag
    0.

    **Raises:** `LawError`.
    """
    expect_a(AbstractDetection, detection)
    geometry = example_geometry() if geometry is None else geometry
    g1 = Diffusion(PowerLaw(3e4, -0.3, 1e3)) * Shear(PowerLaw(1e-3, 0.2, 1e-4), 10.0) if g1 is None else g1
    laws = check_shared(detection, _DetectedPairs(g1), geometry, singular)
    with jax.enable_x64(True):
        i, j = np.tril_indices(geometry.n_t)
        values = np.asarray(_DetectedPairs(g1)(cast(detection, jnp.float64), cast(geometry, jnp.float64)))
        require(not np.iscomplexobj(values), f"{name_of(detection)}.pair is complex; an intensity correlation is real.")
        if unity:
            hold(
                f"{name_of(detection)} is 1 at lag 0",
                values[:, i == j],
                1.0,
                1e-9,
                "Normalise it, or pass unity=False.",
            )
    return ["real", "value at lag 0", *laws] if unity else ["real", *laws]


def check_scaling(scaling: AbstractScaling, geometry: Geometry | None = None) -> list[str]:
    """Check the laws of a scaling: contrast and offset are one a sector, and the rest as in `check_term`.

    **Raises:** `LawError`.
    """
    expect_a(AbstractScaling, scaling)
    geometry = example_geometry() if geometry is None else geometry
    for name, value in zip(("contrast", "offset"), scaling(geometry), strict=True):
        expected = (geometry.n_sector,)
        require(
            value.shape == expected, f"The {name} of {name_of(scaling)} has shape {value.shape}; expected {expected}."
        )
    return ["shape", *check_shared(scaling, _ScalingValues(), geometry, ())]


# What is looked at: numbers from a module and its surroundings. They are modules, so that jit finds them again.


def pair_values(function: Any, geometry: Geometry) -> Array:
    """The pair function of every pair i ≥ j in every sector, (n_sector, n_pairs), by the contract alone."""
    i, j = (jnp.asarray(k) for k in np.tril_indices(geometry.n_t))

    def one_sector(sector: Any) -> Array:
        nodes = function.nodes(geometry.with_sectors(sector))
        frame = lambda k: jax.tree.map(lambda x: x[k], nodes)  # noqa: E731
        return jax.vmap(lambda a, b: function.pair(frame(a), frame(b), sector))(i, j)

    return jax.vmap(one_sector)(geometry.sectors)


@final
class _TermPairs(eqx.Module):
    def __call__(self, term: AbstractTerm, geometry: Geometry) -> Array:
        return pair_values(term, geometry)


@final
class _DetectedPairs(eqx.Module):
    g1: AbstractTerm

    def __call__(self, detection: AbstractDetection, geometry: Geometry) -> Array:
        one = jnp.ones((), geometry.t.dtype)
        g1 = cast(self.g1, geometry.t.dtype)
        return pair_values(TwoTimeModel(g1, ContrastOffset(one, one), detection), geometry)


@final
class _RateValues(eqx.Module):
    def __call__(self, rate: AbstractRate, t: Array) -> Array:
        integrable = isinstance(rate, AbstractIntegrableRate)
        return jnp.concatenate([rate(t), rate.integral(t[0], t[1:])]) if integrable else rate(t)


@final
class _FromZero(eqx.Module):
    def __call__(self, rate: AbstractIntegrableRate, t: Array) -> Array:
        return rate.integral(jnp.zeros_like(t), t)


@final
class _KernelValues(eqx.Module):
    def __call__(self, kernel: AbstractKernel, x: Array) -> Array:
        return kernel(x)


@final
class _ScalingValues(eqx.Module):
    def __call__(self, scaling: AbstractScaling, geometry: Geometry) -> Array:
        return jnp.concatenate(scaling(geometry))


# The laws of terms and rates alone.


def _check_values(term: AbstractTerm, geometry: Geometry) -> None:
    _check_nodes(term, geometry)
    g1 = np.asarray(_TermPairs()(term, geometry))
    i, j = np.tril_indices(geometry.n_t)
    hold(f"{name_of(term)} is 1 at lag 0", g1[:, i == j], 1.0, 1e-9, "`pair` must return 1 for a frame with itself.")
    require(
        np.all(np.abs(g1) <= 1 + 1e-9),
        f"|g1| of {name_of(term)} reaches {np.abs(g1).max():.6g}; a field correlation never exceeds 1.",
    )
    if parameter_leaves(term) and g1[:, i != j].size:
        stays, vanishes = np.abs(g1 - 1).max() <= 1e-6, np.abs(g1[:, i != j]).max() <= 1e-6
        require(
            not (stays or vanishes),
            f"{name_of(term)} is {'1' if stays else '0'} at every lag of this geometry, which shows nothing. "
            "Pass parameters and a geometry in which it decorrelates in part.",
        )
    _check_maps(term, geometry, g1, i, j)


def _check_nodes(term: AbstractTerm, geometry: Geometry) -> None:
    first = jax.tree.map(lambda x: x[0], geometry.sectors)
    for path, leaf in jax.tree_util.tree_leaves_with_path(term.nodes(geometry.with_sectors(first))):
        require(
            leaf.shape[:1] == (geometry.n_t,),
            f"{name_of(term)}.nodes{jax.tree_util.keystr(path)} has shape {leaf.shape}; expected one value a frame, "
            f"({geometry.n_t},). What is not of a frame, `pair` reads from the term or the sector.",
        )


def _check_maps(term: AbstractTerm, geometry: Geometry, g1: np.ndarray, i: np.ndarray, j: np.ndarray) -> None:
    one = jnp.ones((), jnp.float64)
    scaling, name = ContrastOffset(one, 0 * one), name_of(term)
    model = TwoTimeModel(term, scaling, Homodyne())
    dense = np.asarray(two_time_map(model, geometry))
    advice = "`pair` must depend on nothing but its arguments and the term."
    hold(f"the dense map of {name} is symmetric", dense, dense.swapaxes(1, 2), 1e-12, advice)
    hold(f"the dense map of {name} is what its pairs give", dense[:, i, j], np.abs(g1) ** 2, 1e-9, advice)
    sector = jnp.zeros(i.shape, int)
    some = scattered_pairs(model, geometry, jnp.asarray(j), jnp.asarray(i), sector)
    hold(f"scattered pairs of {name}, in the other order, agree", some, dense[0, i, j], 1e-9, advice)
    squared = _TermPairs()(term * term, geometry)
    hold(f"the product of {name} with itself is the product of the values", squared, g1**2, 1e-9, advice)


def _check_integral(rate: AbstractIntegrableRate, t: Array) -> None:
    check_finite_everywhere(_FromZero(), rate, t, "integrated from t = 0")
    name, (a, b, c) = name_of(rate), (t[0], t[t.size // 2], t[-1])
    points, weights = np.polynomial.legendre.leggauss(20)
    panels = np.geomspace(float(a), float(c), 200)
    steps = np.diff(panels) / 2
    at = panels[:-1, None] + steps[:, None] * (1 + points)
    area = float(np.sum(steps[:, None] * weights * np.asarray(rate(jnp.asarray(at)))))
    scale = abs(area) + 1e-300
    hold(f"the integral of {name} is the area under it", rate.integral(a, c), area, 1e-7 * scale, "Derive it again.")
    hold(
        f"the integral of {name} adds up",
        rate.integral(a, b) + rate.integral(b, c),
        rate.integral(a, c),
        1e-10 * scale,
        "",
    )
    hold(
        f"the integral of {name} changes sign with its limits",
        rate.integral(c, a),
        -rate.integral(a, c),
        1e-12 * scale,
        "",
    )
