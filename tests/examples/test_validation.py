"""Terms against maps of particles, small: each motion of the simulation by its law, then maps compared and fitted."""

import importlib
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
MODULES = ("particle_simulation", "particle_motions", "validation_cases", "validate_terms")
SHORT = {"frames": 20, "dt": 0.1}

pytestmark = pytest.mark.x64


@pytest.fixture(scope="module")
def examples():
    sys.path.insert(0, str(EXAMPLES))
    yield [importlib.import_module(name) for name in MODULES]
    sys.path.remove(str(EXAMPLES))
    for name in MODULES:
        del sys.modules[name]


@pytest.fixture
def motions(examples):
    return examples[1]


@pytest.fixture
def validation(examples):
    return examples[3]


def short(validation, name):
    case = validation.CASES[name]
    return replace(case, experiment={**case.experiment, **SHORT})


def moved(motion, steps, dt=0.1, particles=40_000):
    """Displacements after each step, (steps, 3, particles)."""
    positions, rng, path = np.zeros((3, 1, particles), np.float32), np.random.default_rng(3), []
    for k in range(steps):
        motion(positions, k * dt, dt, rng)
        path.append(positions[:, 0].copy())
    return np.array(path)


def test_a_walk_gains_the_variance_it_was_given(motions):
    path = moved(motions.walk(lambda t: 5 * t**0.5), 4)
    np.testing.assert_allclose(path.var(axis=2), np.sqrt(0.1 * np.arange(1, 5))[:, None] * 5 * np.ones(3), rtol=0.04)


def test_flight_is_straight_and_flow_follows_its_profile(motions):
    path = moved(motions.flight(lambda rng, shape: rng.standard_normal(shape)), 3)
    np.testing.assert_allclose(path[2], 3 * path[0], rtol=1e-5, atol=1e-6)
    positions = np.array([[[0.0, 0.0]], [[25.0, 50.0]], [[0.0, 0.0]]], np.float32)
    motions.flow(lambda t: 10 * t, 30.0, 100.0, lambda s: 4 * s * (1 - s))(positions, 1.0, 0.5, None)
    np.testing.assert_allclose(positions[0, 0], 5 * np.cos(np.pi / 6) * np.array([0.75, 1.0]), rtol=1e-6)
    np.testing.assert_allclose(positions[2, 0], 2.5 * np.array([0.75, 1.0]), rtol=1e-6)


def test_bound_particles_keep_their_variance_and_forget(motions):
    """⟨(u(t) − u(0))²⟩ = 2σ²(1 − c(t)) with the textbook correlation of either spring."""
    t = 0.1 * np.arange(1, 9)
    cage = moved(motions.cage(7.0, 0.4), 8).var(axis=(1, 2))
    np.testing.assert_allclose(cage, 2 * 49 * (1 - np.exp(-t / 0.4)), rtol=0.03)
    gamma, omega = 1.2, 9.0
    spring = moved(motions.spring(7.0, 2 * gamma, omega**2 + gamma**2), 8).var(axis=(1, 2))
    correlation = np.exp(-gamma * t) * (np.cos(omega * t) + gamma / omega * np.sin(omega * t))
    np.testing.assert_allclose(spring, 2 * 49 * (1 - correlation), rtol=0.05, atol=0.5)


@pytest.mark.parametrize("exponent", [0.5, 0.7])
def test_stable_numbers_have_a_stretched_laplace_transform(examples, exponent):
    drawn = examples[2].stable(exponent)(np.random.default_rng(5), (3, 400, 500))
    for s in (0.1, 1.0, 4.0):
        np.testing.assert_allclose(np.mean(np.exp(-s * drawn)), np.exp(-(s**exponent)), atol=4e-3)


def test_a_beam_too_wide_for_the_volume_is_refused(examples):
    simulation = examples[0]
    experiment = simulation.Experiment(beam_radius=1e5, speckles=3)
    with pytest.raises(ValueError, match="expected at most 10638"):
        simulation.simulate(experiment, [])


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("Relaxation, compressed", {"exponent": 1.0}),
        ("Ballistic × Transit", {"flow": 12e3}),
        ("Drift, heterodyne", {"v": 700.0}),
        ("Poiseuille", {"v": 1200.0}),
        ("Damped oscillation", {"amplitude": 110.0}),
        ("Two components, one brightening", {"last": 0.3}),
        ("Finite sector", {"rate": 4e-3}),
    ],
)
def test_maps_of_particles_are_those_of_the_term(validation, name, wrong):
    """Within their noise at the parameters put in, and well outside it at others."""
    case = short(validation, name)
    maps = validation.replicates(case, count=6, speckles=800)
    right = validation.compared(case, maps)
    assert right.rms < 1.6
    assert right.worst < 8
    assert validation.compared(replace(case, truth={**case.truth, **wrong}), maps).rms > 1.4 * right.rms


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "determined"),
    [
        ("Shear", ("rate", "phi0")),
        ("Poiseuille", ("v", "phi0")),
        ("Echo", ("strain", "omega", "phi0", "phase")),
        ("Two components", ("v", "phi0")),
        ("Ballistic × Transit", ("v", "flow")),
    ],
)
def test_fits_return_what_was_put_in(validation, name, determined):
    case = short(validation, name)
    c2 = validation.replicates(case, count=1, speckles=4000)[0]
    found, result = validation.fitted(case, c2, validation.off_start(case), eliminate_scaling=True)
    assert result.converged, result.message
    allowed = 0.1 if name == "Ballistic × Transit" else 0.05
    for parameter in determined:
        off = found[parameter][0] - case.truth[parameter]
        assert abs(off) < (5 if parameter in validation.ANGLES else allowed * case.truth[parameter])


@pytest.mark.slow
def test_the_documented_kernel_returns_twice_the_shear_rate_of_particles(validation):
    factors, _, _ = validation.kernel_factors(np.array([6e-4]), speckles=3000)
    np.testing.assert_allclose(factors[0], [1.0, 2.26], rtol=0.04)
