"""The checks of a user's own physics, one for each kind of module."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..physics.dense_map import scattered_pairs, two_time_map
from ..physics.detection import AbstractDetection, Homodyne
from ..physics.geometry import Geometry
from ..physics.kernels import AbstractKernel
from ..physics.model import TwoTimeModel
from ..physics.parameters import parameter_leaves
from ..physics.rates import AbstractIntegrableRate, AbstractRate, PowerLaw
from ..physics.scaling import AbstractScaling, ContrastOffset
from ..physics.terms import AbstractTerm, Diffusion, Shear
from .contract import check_detection_contract, check_kernel_contract, check_rate_contract, check_term_contract
from .law_error import traceable
from .laws import (
    cast,
    check_finite_everywhere,
    check_parameters,
    check_shared,
    expect_a,
    finite,
    hold,
    name_of,
    require,
)
from .placement import check_angles, check_azimuth, check_frames, check_times
from .probes import (
    DetectedPairs,
    IntegralFromZero,
    KernelSlopes,
    KernelValues,
    RateAtZero,
    RateValues,
    ScalingValues,
    TermPairs,
)


def example_geometry() -> Geometry:
    """Three sectors, one of them across a flow along φ = 10°, and seven uneven frame times from 0 on."""
    t = np.array([0.0, 0.1, 0.2, 0.35, 0.6, 1.0, 1.1])
    return Geometry(q=np.array([0.004, 0.004, 0.006]), t=t, phi=np.array([25.0, 100.0, 150.0]), gap=1e6)


def check_term(
    term: AbstractTerm, geometry: Geometry | None = None, *, singular: Sequence[AbstractTerm] = ()
) -> list[str]:
    """Check the laws of a term.

    Both methods take and return what the contract says, and JAX can trace them; the value is 1 at lag 0 and of
    magnitude ≤ 1; the dense map is symmetric and equals the values of the pairs one by one; two terms multiply; a part
    of the frames gives that part of the map, and frames in between change nothing; φ and φ + 360° are the same; jit
    changes nothing, vmap is a loop, new values compile nothing; forward and reverse derivatives agree with finite
    differences, second derivatives are finite, and every parameter changes something; float32 in gives float32 out,
    near float64; saving and loading returns the same term.

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
    check_term_contract(term, geometry)
    with traceable(name_of(term)), jax.enable_x64(True):
        double, where = cast(term, jnp.float64), cast(geometry, jnp.float64)
        _check_values(double, where)
        placed = [*check_frames(TermPairs(), double, where), *check_azimuth(TermPairs(), double, where)]
        placed += check_angles(TermPairs(), double, where)
    laws = check_shared(term, TermPairs(), geometry, singular)
    return ["contract", "value at lag 0", "magnitude", "dense map", "product", *placed, *laws]


def check_rate(
    rate: AbstractRate, t: Sequence[float] | None = None, *, singular: Sequence[AbstractRate] = ()
) -> list[str]:
    """Check the laws of a rate: shape and dtype are those of `t`, it is finite and differentiable at t = 0, its
    closed-form integral, if any, is the area and adds up, each time counts by itself, and the rest as in `check_term`.

    **Arguments:** `t`: times, s, > 0, increasing; between the first and the last the rate must be finite.

    **Raises:** `LawError`.
    """
    expect_a(AbstractRate, rate)
    times = np.array([0.05, 0.1, 0.35, 1.0, 2.5]) if t is None else np.asarray(t, float)
    check_parameters(rate)
    check_rate_contract(rate, times)
    laws = check_shared(rate, RateValues(), times, singular)
    with traceable(name_of(rate)), jax.enable_x64(True):
        rate = cast(rate, jnp.float64)
        placed = check_times(rate, times)
        times = jnp.asarray(times, jnp.float64)
        placed += check_angles(RateValues(), rate, times)
        check_finite_everywhere(RateAtZero(), rate, times, "at t = 0")
        if isinstance(rate, AbstractIntegrableRate):
            _check_integral(rate, times)
            laws = ["integral", *laws]
    return ["contract", "time 0", *placed, *laws]


def check_kernel(
    kernel: AbstractKernel, x: Sequence[float] | None = None, *, singular: Sequence[AbstractKernel] = ()
) -> list[str]:
    """Check the laws of a kernel: 1 at 0, magnitude ≤ 1, derivatives by the amount that are finite and those by
    differences, `pair` is the kernel of the difference, and the rest as in `check_term`.

    **Arguments:** `x`: amounts ≥ 0, 0 among them.

    **Raises:** `LawError`.
    """
    expect_a(AbstractKernel, kernel)
    amounts = np.array([0.0, 1e-6, 0.05, 0.7, 2.0, 6.0]) if x is None else np.asarray(x, float)
    check_parameters(kernel)
    check_kernel_contract(kernel, amounts)
    laws = check_shared(kernel, KernelValues(), amounts, singular)
    with traceable(name_of(kernel)), jax.enable_x64(True):
        for which in (kernel, *singular):
            _check_slopes(cast(which, jnp.float64), jnp.asarray(amounts, jnp.float64))
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
    return ["contract", "value at 0", "magnitude", "slope", "pair", *laws]


def check_detection(
    detection: AbstractDetection,
    g1: AbstractTerm | None = None,
    geometry: Geometry | None = None,
    *,
    unity: bool = True,
    of_run: bool = False,
    singular: Sequence[AbstractDetection] = (),
) -> list[str]:
    """Check the laws of a detection: real, 1 at lag 0, and the rest as in `check_term`.

    **Arguments:** `g1`: a diffusing, sheared sample unless given; `unity`: false for one that means not to be 1 at lag
    0; `of_run`: true for one that means to depend on where in the run a frame is, between the first and the last.

    **Raises:** `LawError`.
    """
    expect_a(AbstractDetection, detection)
    geometry = example_geometry() if geometry is None else geometry
    g1 = Diffusion(PowerLaw(3e4, -0.3, 1e3)) * Shear(PowerLaw(1e-3, 0.2, 1e-4), 10.0) if g1 is None else g1
    check_parameters(detection)
    check_detection_contract(detection, g1, geometry)
    laws = check_shared(detection, DetectedPairs(g1), geometry, singular)
    with traceable(name_of(detection)), jax.enable_x64(True):
        i, j = np.tril_indices(geometry.n_t)
        double, where, look = cast(detection, jnp.float64), cast(geometry, jnp.float64), DetectedPairs(g1)
        values = np.asarray(look(double, where))
        placed = [] if of_run else check_frames(look, double, where)
        placed += [*check_azimuth(look, double, where), *check_angles(look, double, where)]
        if unity:
            hold(
                f"{name_of(detection)} is 1 at lag 0",
                values[:, i == j],
                1.0,
                1e-9,
                "Normalise it, or pass unity=False.",
            )
    return ["contract", *(["value at lag 0"] if unity else []), *placed, *laws]


def check_scaling(scaling: AbstractScaling, geometry: Geometry | None = None) -> list[str]:
    """Check the laws of a scaling: each sector has one contrast and one offset, and the rest as in `check_term`.

    **Raises:** `LawError`.
    """
    expect_a(AbstractScaling, scaling)
    geometry = example_geometry() if geometry is None else geometry
    for name, value in zip(("contrast", "offset"), scaling(geometry), strict=True):
        expected = (geometry.n_sector,)
        require(
            value.shape == expected, f"The {name} of {name_of(scaling)} has shape {value.shape}; expected {expected}."
        )
    laws = check_shared(scaling, ScalingValues(), geometry, ())
    with traceable(name_of(scaling)), jax.enable_x64(True):
        placed = check_azimuth(ScalingValues(), cast(scaling, jnp.float64), cast(geometry, jnp.float64))
    return ["shape", *placed, *laws]


# The laws of terms, kernels and rates alone.


def _check_values(term: AbstractTerm, geometry: Geometry) -> None:
    g1 = np.asarray(TermPairs()(term, geometry))
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
    squared = TermPairs()(term * term, geometry)
    hold(f"the product of {name} with itself is the product of the values", squared, g1**2, 1e-9, advice)


def _check_slopes(kernel: AbstractKernel, x: Array) -> None:
    """Derivatives by the amount are finite, at 0 too, and the first one is that by differences."""
    name, slopes = name_of(kernel), np.asarray(KernelSlopes()(kernel, x))
    finite(f"the first and second derivatives of {name} by its amount", slopes)
    positive = np.asarray(x) > 0
    x = x[positive]
    step = 1e-3 * x
    near, far = (kernel(x + k * step) - kernel(x - k * step) for k in (1, 2))
    by_steps = np.asarray((8 * near - far) / (12 * step))
    hold(
        f"the derivative of {name} by its amount is that by differences",
        slopes[0][positive],
        by_steps,
        1e-6 * np.abs(by_steps).max() + 1e-12 / float(step.min()),
        "Look for a `where` that hides a branch, or a wrong custom derivative.",
    )


def _check_integral(rate: AbstractIntegrableRate, t: Array) -> None:
    check_finite_everywhere(IntegralFromZero(), rate, t, "integrated from t = 0")
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
