"""Every rate, kernel, term, detection, scaling, profile and accumulation of the package, with typical parameters.

The law tests run over these dictionaries: what is added here is tested. `singular` gives values at which a derivative
could blow up.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from homodyne_eqx.physics.accumulation import Exact, GaussLegendre, Trapezoid
from homodyne_eqx.physics.detection import DriftingContrast, FiniteSector, Homodyne, PartialHeterodyne
from homodyne_eqx.physics.kernels import Exponential, GapAverage, Gaussian, SincSquared, Stretched
from homodyne_eqx.physics.per_sector import PerSector
from homodyne_eqx.physics.rates import (
    Constant,
    Events,
    ExponentialShare,
    FrozenRate,
    MonotoneSpline,
    Network,
    Oscillating,
    PowerLaw,
    Relaxing,
    Scaled,
    Spline,
    StokesEinstein,
)
from homodyne_eqx.physics.scaling import ContrastOffset, SmoothScaling
from homodyne_eqx.physics.terms import (
    AnomalousDiffusion,
    Ballistic,
    DampedOscillation,
    Diffusion,
    Distribution,
    Drift,
    Echo,
    Frozen,
    NonAffine,
    OrnsteinUhlenbeck,
    Poiseuille,
    Populations,
    Relaxation,
    Shared,
    Shear,
    ShearBands,
    Static,
    Transit,
    TwoComponents,
    VelocityProfile,
    WallSlip,
)


class Entry(NamedTuple):
    """A function that makes an instance, and one with other parameters at which it must stay finite."""

    make: Callable[[], Any]
    singular: tuple[Callable[[], Any], ...] = ()


KNOTS = tuple(np.geomspace(0.05, 2.0, 5))

RATES = {
    "constant": Entry(lambda: Constant(3.0), (lambda: Constant(0.0),)),
    "power_law": Entry(lambda: PowerLaw(3.0, -0.4, 0.2), (lambda: PowerLaw(0.0, -0.4, 0.0),)),
    "power_law_rising": Entry(lambda: PowerLaw(3.0, 0.7, 0.2), (lambda: PowerLaw(1.0, 0.0, -5.0),)),
    "power_law_at_minus_one": Entry(lambda: PowerLaw(3.0, -0.999, 0.2), (lambda: PowerLaw(1.0, -1.0, 0.0),)),
    "relaxing": Entry(lambda: Relaxing(3.0, 1.0, 0.4), (lambda: Relaxing(1.0, 1.0, 1e-3),)),
    "oscillating": Entry(lambda: Oscillating(1.5, 4.0, 20.0), (lambda: Oscillating(0.0, 0.0, 0.0),)),
    "events": Entry(lambda: Events(np.array([0.5, 1.0]), np.array([0.3, 0.9]), 0.1)),
    "exponential_share": Entry(
        lambda: ExponentialShare(0.4, -0.7, 0.2, 0.1),
        (lambda: ExponentialShare(0.0, 0.0, 0.0, 0.0), lambda: ExponentialShare(0.9, 0.0, 0.0, 0.5)),
    ),
    "spline": Entry(lambda: Spline(KNOTS, np.array([3.0, 2.0, 2.5, 0.4, 1.0]))),
    "monotone_spline": Entry(lambda: MonotoneSpline(KNOTS, 3.0, np.array([0.2, 1.0, 0.1, 0.4]))),
    "network": Entry(lambda: Network(2.0, 0.5, jax.random.key(3), width=4, depth=1)),
    "sum": Entry(lambda: PowerLaw(3.0, -0.4) + Relaxing(3.0, 1.0, 0.4)),
    "scaled": Entry(lambda: 2.0 * PowerLaw(3.0, -0.4, 0.2)),
    "frozen_rate": Entry(lambda: Scaled(FrozenRate(PowerLaw(3.0, -0.4, 0.2)), 2.0)),
    "stokes_einstein": Entry(lambda: StokesEinstein(PowerLaw(3.0, -0.4, 0.2))),
}

KERNELS = {
    "exponential": Entry(Exponential),
    "stretched": Entry(lambda: Stretched(0.6), (lambda: Stretched(0.2),)),
    "compressed": Entry(lambda: Stretched(1.7), (lambda: Stretched(2.0),)),
    "gaussian": Entry(Gaussian),
    "sinc_squared": Entry(SincSquared),
    "gap_average": Entry(GapAverage),
}


def _diffusion(amplitude: float = 3e4) -> Diffusion:
    return Diffusion(PowerLaw(amplitude, -0.3, 1e3))


def _amplitude_and_offset(term: Diffusion) -> tuple:
    return term.rate.amplitude, term.rate.offset


def _shear(kernel: Any = SincSquared(), gamma_dot: float = 1e-3) -> Shear:
    return Shear(PowerLaw(gamma_dot, 0.2, gamma_dot / 10), 10.0, kernel)


TERMS = {
    "diffusion": Entry(_diffusion, (lambda: Diffusion(PowerLaw(0.0, -0.3, 0.0)), lambda: _diffusion(-1e4))),
    "diffusion_exact": Entry(
        lambda: Diffusion(PowerLaw(3e4, -0.3, 1e3), accumulation=Exact()),
        (lambda: Diffusion(PowerLaw(3e4, -1.2, 0.0), accumulation=Exact()),),
    ),
    "diffusion_stretched": Entry(lambda: Diffusion(PowerLaw(3e4, -0.3, 1e3), Stretched(0.7))),
    "diffusion_of_spline": Entry(
        lambda: Diffusion(Spline(KNOTS, 1e4 * np.array([3.0, 2.0, 2.5, 0.4, 1.0])), accumulation=GaussLegendre())
    ),
    "shear": Entry(_shear, (lambda: _shear(gamma_dot=0.0), lambda: _shear(gamma_dot=-1e-3))),
    "shear_gap_average": Entry(lambda: _shear(GapAverage()), (lambda: _shear(GapAverage(), 0.0),)),
    "relaxation": Entry(
        lambda: Relaxation(PowerLaw(0.6, -0.3), Stretched(1.4)), (lambda: Relaxation(0.0, Stretched(1.4)),)
    ),
    "one_value_a_sector": Entry(  # of the three sectors of `example_geometry`
        lambda: Relaxation(PerSector([0.4, 0.8, 0.6]), Stretched(PerSector([0.7, 1.0, 1.4]))),
        (lambda: Relaxation(PerSector([0.0, 0.8, 0.0]), Stretched(PerSector([0.7, 1.0, 1.4]))),),
    ),
    "anomalous_diffusion": Entry(
        lambda: AnomalousDiffusion(3e4, 0.6),
        (lambda: AnomalousDiffusion(0.0, 0.6), lambda: AnomalousDiffusion(3e4, 1.7)),
    ),
    "ballistic": Entry(lambda: Ballistic(150.0), (lambda: Ballistic(0.0),)),
    "transit": Entry(lambda: Transit(5e4, 6e4), (lambda: Transit(0.0, 6e4),)),
    "drift": Entry(lambda: Drift(400.0, 10.0), (lambda: Drift(0.0, 10.0),)),
    "echo": Entry(lambda: Echo(1.5e-3, 4.0, 10.0, 30.0), (lambda: Echo(0.0, 0.0, 10.0),)),
    "non_affine": Entry(lambda: NonAffine(0.5, 300.0), (lambda: NonAffine(0.0, 0.0),)),
    "ornstein_uhlenbeck": Entry(lambda: OrnsteinUhlenbeck(200.0, 0.4), (lambda: OrnsteinUhlenbeck(0.0, 0.4),)),
    "damped_oscillation": Entry(
        lambda: DampedOscillation(200.0, 1.2, 9.0),
        (lambda: DampedOscillation(200.0, 1.2, 0.0), lambda: DampedOscillation(0.0, 0.0, 0.0)),
    ),
    "poiseuille": Entry(
        lambda: Poiseuille(2000.0, 10.0), (lambda: Poiseuille(0.0, 10.0), lambda: Poiseuille(-1e5, 10.0))
    ),
    "shear_bands": Entry(
        lambda: VelocityProfile(1e-3, 10.0, ShearBands(0.2, 0.7)),
        (lambda: VelocityProfile(0.0, 10.0, ShearBands(0.2, 0.7)),),
    ),
    "wall_slip": Entry(
        lambda: VelocityProfile(1e-3, 10.0, WallSlip(0.1, 0.2)),
        (lambda: VelocityProfile(1e-3, 10.0, WallSlip(0.0, 0.0)),),
    ),
    "static": Entry(Static),
    "product": Entry(lambda: _diffusion() * _shear() * Drift(400.0, 10.0)),
    "populations": Entry(lambda: Populations((_diffusion(), Ballistic(150.0) * Drift(400.0, 10.0)), np.array([0.3]))),
    "two_components": Entry(
        lambda: TwoComponents(_diffusion(), Ballistic(150.0), Relaxing(0.2, 0.6, 0.5), 400.0, 10.0),
        (lambda: TwoComponents(_diffusion(), Ballistic(0.0), Relaxing(0.0, 0.0, 0.5), 0.0, 10.0),),
    ),
    "distribution": Entry(
        lambda: Distribution(_diffusion(), _amplitude_and_offset, 0.4, order=3),
        (lambda: Distribution(_diffusion(), _amplitude_and_offset, 0.0, order=3),),
    ),
    "frozen": Entry(lambda: Frozen(_diffusion()) * _shear()),
    "shared": Entry(
        lambda: Shared(_shear() * NonAffine(_shear().rate, 2e5), lambda g: g.terms[1].rate, lambda g: g.terms[0].rate)
    ),
}

DETECTIONS = {
    "homodyne": Entry(Homodyne),
    "partial_heterodyne": Entry(lambda: PartialHeterodyne(0.2), (lambda: PartialHeterodyne(0.0),)),
    "finite_sector": Entry(lambda: FiniteSector(6.0, 4e-4, n_phi=2, n_q=2), (lambda: FiniteSector(0.0, 0.0),)),
    "drifting_contrast": Entry(
        lambda: DriftingContrast(np.array([0.1, -0.03])), (lambda: DriftingContrast(np.zeros(2)),)
    ),
}

SCALINGS = {
    "contrast_offset": Entry(lambda: ContrastOffset(0.3, 1.0)),
    "contrast_offset_by_sector": Entry(lambda: ContrastOffset(np.array([0.3, 0.2, 0.1]), np.array([1.0, 1.1, 1.2]))),
    "smooth_scaling": Entry(
        lambda: SmoothScaling(0.3, 1.0, np.array([[0.01, 0.02]]), np.array([[0.0, 0.1], [0.2, 0.0]]))
    ),
}

PROFILES = {"shear_bands": Entry(lambda: ShearBands(0.2, 0.7)), "wall_slip": Entry(lambda: WallSlip(0.1, 0.2))}

ACCUMULATIONS = {
    "trapezoid": Entry(Trapezoid),
    "exact": Entry(Exact),
    "gauss_legendre": Entry(GaussLegendre),
}

ALL = {
    "rates": RATES,
    "kernels": KERNELS,
    "terms": TERMS,
    "detections": DETECTIONS,
    "scalings": SCALINGS,
    "profiles": PROFILES,
    "accumulations": ACCUMULATIONS,
}
