"""For each term a sample of moving particles, and the model that should describe it.

`sample` says what the particles do, in numbers and by motions of particle_motions.py alone; `make` states the same
numbers as parameters of the term. Lengths in Å, times in s, angles in degrees.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from particle_motions import cage, flight, flow, spring, walk
from particle_simulation import Experiment, Population

import homodyne_eqx as hx

Q, GAP, PHI0 = 0.01, 1e6, 20.0
ORDINARY = {"q": Q, "gap": GAP, "phi": (0.0, 45.0, 90.0, 135.0), "frames": 40, "dt": 0.05, "particles": 32}
TWO_Q = {"q": (0.006, 0.006, 0.012, 0.012), "phi": (0.0, 90.0, 0.0, 90.0)}
EXACT = hx.Exact()


@dataclass(frozen=True)
class Case:
    """A sample and its term.

    - `sample`: motions of all particles, or populations; made anew for each simulation;
    - `make`: from parameters by name to g1, or to (g1, detection); `truth`: those parameters of the sample;
    - `start`: what a fit starts from where that is not 1.4 times the truth, 15° off in angles;
    - `experiment`: what differs from the ordinary one.
    """

    sample: Callable[[], Sequence]
    make: Callable
    truth: dict[str, float]
    start: dict[str, float] = field(default_factory=dict)
    experiment: dict = field(default_factory=dict)

    def model(self, **parameters: float) -> hx.TwoTimeModel:
        """The model at these parameters, contrast 0.6 and offset 1 to start a fit from."""
        made = self.make(**parameters)
        g1, *detection = made if isinstance(made, tuple) else (made,)
        return hx.TwoTimeModel(g1, hx.ContrastOffset(0.6, 1.0), *detection)

    def settings(self, speckles: int, seed: int) -> Experiment:
        """The experiment, with counting noise far below that of the speckles."""
        counted = {"speckles": speckles, "speckles_per_pixel": 1, "photons": 1e4, "seed": seed}
        return Experiment(**{**ORDINARY, **counted, **self.experiment})


def normal(standard_deviation):
    return lambda rng, shape: standard_deviation * rng.standard_normal(shape)


def sphere(speed):
    """One speed in all directions of space."""

    def draw(rng, shape):
        v = rng.standard_normal(shape)
        return speed * v / np.linalg.norm(v, axis=0)

    return draw


def stable(exponent):
    """Positive numbers S with ⟨exp(−s S)⟩ = exp(−s^exponent), 0 < exponent < 1, one a particle (Kanter's method)."""

    def draw(rng, shape):
        u, e = rng.uniform(0, np.pi, shape[1:]), rng.exponential(size=shape[1:])
        power = 1 / exponent
        kanter = np.sin(exponent * u) / np.sin(u) ** power * (np.sin((1 - exponent) * u) / e) ** (power - 1)
        return np.minimum(kanter, 1e9)

    return draw


def stable_velocity(scale, exponent):
    """Isotropic velocities with ⟨exp(i k·v)⟩ = exp(−|k·scale|^exponent), exponent < 2."""
    return lambda rng, shape: scale * np.sqrt(2 * stable(exponent / 2)(rng, shape)) * rng.standard_normal(shape)


def log_normal(width):
    """Mean 1, one a particle."""
    return lambda rng, shape: np.exp(width * rng.standard_normal(shape[1:]) - width**2 / 2)


def linear(rate):
    return lambda t: rate * t


def along(displacement, profile=np.ones_like):
    return flow(displacement, PHI0, GAP, profile)


def bands(s):
    return np.interp(s, [0, 0.3, 1], [0, 0.7, 1]).astype(np.float32)


def coefficient(term):
    """Where in a diffusion the parameter is that differs from particle to particle."""
    return term.rate.value


def brightening(t):
    """The second component's share of the light."""
    return 0.6 - 0.4 * np.exp(-t / 0.5)


CASES = {
    "Diffusion": Case(lambda: [walk(linear(1.5e4))], lambda J: hx.Diffusion(J), {"J": 1.5e4}),
    "Diffusion that ages": Case(
        lambda: [walk(lambda t: 2e4 * t**0.6 / 0.6)],
        lambda J, alpha: hx.Diffusion(hx.PowerLaw(J, alpha), accumulation=EXACT),
        {"J": 2e4, "alpha": -0.4},
    ),
    "Diffusion with an event": Case(
        lambda: [walk(lambda t: 4e3 * t + 1.2e4 * (t > 0.725))],
        lambda J, jump: hx.Diffusion(
            hx.Constant(J) + hx.Events(np.array([jump]), np.array([0.725]), 1e-3), accumulation=EXACT
        ),
        {"J": 4e3, "jump": 1.2e4},
    ),
    "Stretched": Case(
        lambda: [walk(linear(1.5e4), stable(0.7))],
        lambda J, exponent: hx.Diffusion(J, hx.Stretched(exponent)),
        {"J": 1.5e4, "exponent": 0.7},
        {"exponent": 1.0},
    ),
    "Relaxation, compressed": Case(
        lambda: [flight(stable_velocity(120.0, 1.5))],
        lambda rate, exponent: hx.Relaxation(rate, hx.Stretched(exponent)),
        {"rate": Q * 120.0, "exponent": 1.5},
        {"exponent": 1.0},
    ),
    "Distribution": Case(
        lambda: [walk(linear(2e4), log_normal(0.8))],
        lambda J, width: hx.Distribution(hx.Diffusion(J), coefficient, width),
        {"J": 2e4, "width": 0.8},
    ),
    "Ballistic": Case(lambda: [flight(normal(120.0))], lambda v: hx.Ballistic(v), {"v": 120.0}),
    "Ballistic, one speed": Case(
        lambda: [flight(sphere(250.0))], lambda v: hx.Ballistic(v, hx.GapAverage()), {"v": 250.0}
    ),
    "Ballistic, Lorentzian": Case(
        lambda: [flight(stable_velocity(80.0, 1.0))], lambda v: hx.Ballistic(v, hx.Exponential()), {"v": 80.0}
    ),
    "Ballistic × Transit": Case(
        lambda: [flight(normal(80.0)), flow(linear(8e3), 0.0, GAP)],
        lambda v, flow: hx.Ballistic(v) * hx.Transit(flow, 9e3),
        {"v": 80.0, "flow": 8e3},
        experiment={**TWO_Q, "beam_radius": 9e3, "particles": 200},
    ),
    "Drift, heterodyne": Case(
        lambda: [along(linear(600.0)), walk(linear(8e3))],
        lambda J, v, phi0, reference: (hx.Diffusion(J) * hx.Drift(v, phi0), hx.PartialHeterodyne(reference)),
        {"J": 8e3, "v": 600.0, "phi0": PHI0, "reference": 0.2},
        experiment={"reference": 0.2},
    ),
    "Shear": Case(
        lambda: [along(linear(8e-4 * GAP), lambda s: s), walk(linear(5e3))],
        lambda J, rate, phi0: hx.Diffusion(J) * hx.Shear(rate, phi0, hx.GapAverage()),
        {"J": 5e3, "rate": 8e-4, "phi0": PHI0},
    ),
    "Shear bands": Case(
        lambda: [along(linear(1.2e-3 * GAP), bands), walk(linear(8e3))],
        lambda J, rate, phi0, fraction, share: (
            hx.Diffusion(J) * hx.VelocityProfile(rate, phi0, hx.ShearBands(fraction, share))
        ),
        {"J": 8e3, "rate": 1.2e-3, "phi0": PHI0, "fraction": 0.3, "share": 0.7},
        {"fraction": 0.4, "share": 0.6},
    ),
    "Wall slip": Case(
        lambda: [along(linear(1e-3 * GAP), lambda s: 0.2 + 0.7 * s), walk(linear(5e3))],
        lambda J, phi0, slip: (
            hx.Diffusion(J) * hx.VelocityProfile(hx.FrozenRate(hx.Constant(1e-3)), phi0, hx.WallSlip(slip, 0.1))
        ),
        {"J": 5e3, "phi0": PHI0, "slip": 0.2},
    ),
    "Poiseuille": Case(
        lambda: [along(linear(900.0), lambda s: 4 * s * (1 - s)), walk(linear(1e4))],
        lambda J, v, phi0: hx.Diffusion(J) * hx.Poiseuille(v, phi0),
        {"J": 1e4, "v": 900.0, "phi0": PHI0},
    ),
    "Echo": Case(
        lambda: [
            along(lambda t: 8e-4 * GAP * np.sin(9.0 * t + np.radians(30.0)), lambda s: s),
            walk(linear(4e3)),
        ],
        lambda J, strain, omega, phi0, phase: hx.Diffusion(J) * hx.Echo(strain, omega, phi0, phase),
        {"J": 4e3, "strain": 8e-4, "omega": 9.0, "phi0": PHI0, "phase": 30.0},
        {"omega": 10.0},
    ),
    "Non-affine": Case(
        lambda: [flight(normal(300.0), lambda t: 0.4 * t)],
        lambda length: hx.NonAffine(hx.FrozenRate(hx.Constant(0.4)), length),
        {"length": 300.0},
    ),
    "Ornstein–Uhlenbeck": Case(
        lambda: [cage(90.0, 0.4)],
        lambda amplitude, time: hx.OrnsteinUhlenbeck(amplitude, time),
        {"amplitude": 90.0, "time": 0.4},
        experiment=TWO_Q,
    ),
    "Damped oscillation": Case(
        lambda: [spring(80.0, 2 * 1.2, 9.0**2 + 1.2**2)],
        lambda amplitude, damping, omega: hx.DampedOscillation(amplitude, damping, omega),
        {"amplitude": 80.0, "damping": 1.2, "omega": 9.0},
    ),
    "Populations": Case(
        lambda: [
            Population([walk(linear(2e4))], 168),
            Population([along(linear(500.0)), flight(normal(60.0))], 72),
        ],
        lambda J, v, phi0, spread, fraction: hx.Populations(
            (hx.Diffusion(J), hx.Ballistic(spread) * hx.Drift(v, phi0)), np.array([fraction])
        ),
        {"J": 2e4, "v": 500.0, "phi0": PHI0, "spread": 60.0, "fraction": 0.3},
    ),
    "A static share": Case(
        lambda: [Population([walk(linear(1.5e4)), along(linear(500.0))], 180), Population([], 60)],
        lambda J, v, phi0, static: hx.Populations(
            (hx.Diffusion(J) * hx.Drift(v, phi0), hx.Static()), np.array([static])
        ),
        {"J": 1.5e4, "v": 500.0, "phi0": PHI0, "static": 0.25},
    ),
    "Two components": Case(
        lambda: [
            Population([walk(linear(4e4))], 96),
            Population([walk(linear(1e4)), along(linear(700.0))], 144),
        ],
        lambda J1, J2, fraction, v, phi0: hx.TwoComponents(hx.Diffusion(J1), hx.Diffusion(J2), fraction, v, phi0),
        {"J1": 4e4, "J2": 1e4, "fraction": 0.6, "v": 700.0, "phi0": PHI0},
    ),
    "Two components, one brightening": Case(
        lambda: [
            Population([walk(linear(2e4))], 120, lambda t: np.sqrt(1 - brightening(t))),
            Population([walk(linear(6e3)), along(linear(700.0))], 120, lambda t: np.sqrt(brightening(t))),
        ],
        lambda J1, J2, first, last, time, v, phi0: hx.TwoComponents(
            hx.Diffusion(J1), hx.Diffusion(J2), hx.Relaxing(first, last, time), v, phi0
        ),
        {"J1": 2e4, "J2": 6e3, "first": 0.2, "last": 0.6, "time": 0.5, "v": 700.0, "phi0": PHI0},
    ),
    "Finite sector": Case(
        lambda: [along(linear(3e-3 * GAP), lambda s: s), walk(linear(5e3))],
        lambda J, rate, phi0: (
            hx.Diffusion(J) * hx.Shear(rate, phi0, hx.GapAverage()),
            hx.FiniteSector(10.0, 1e-3, n_phi=5, n_q=2),
        ),
        {"J": 5e3, "rate": 3e-3, "phi0": PHI0},
        experiment={"phi": (20.0, 80.0, 105.0, 120.0), "phi_width": 10.0, "q_width": 1e-3},
    ),
    "Drifting contrast": Case(
        lambda: [walk(linear(4e3))],
        lambda J, slope, bend: (hx.Diffusion(J), hx.DriftingContrast(np.array([slope, bend]))),
        {"J": 4e3, "slope": -0.355, "bend": -0.021},
        experiment={"coherence": (1.0, 0.7)},
    ),
}
