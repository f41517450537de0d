"""Terms against averages over moving particles: positions to field correlations, no formula of the package in between.

Averages of N phasors have a standard error of 1/√N in each part; 4.5 of them are allowed.
"""

import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.physics.accumulation import Exact
from homodyne_eqx.physics.detection import FiniteSector, PartialHeterodyne
from homodyne_eqx.physics.kernels import GapAverage, Stretched
from homodyne_eqx.physics.rates import Events, PowerLaw, Relaxing, StokesEinstein
from homodyne_eqx.physics.terms import (
    AnomalousDiffusion,
    Ballistic,
    DampedOscillation,
    Diffusion,
    Distribution,
    Drift,
    Echo,
    NonAffine,
    OrnsteinUhlenbeck,
    Poiseuille,
    Populations,
    Relaxation,
    Shear,
    ShearBands,
    Static,
    Transit,
    TwoComponents,
    VelocityProfile,
    WallSlip,
)
from homodyne_eqx.testing import pair_values

pytestmark = pytest.mark.x64

N = 20_000
Q, GAP, PHI = 0.01, 1e6, np.array([35.0])
T = np.array([0.1, 0.2, 0.35, 0.6, 1.0, 1.3])
GEOMETRY = hx.Geometry(q=Q, t=T, phi=PHI, gap=GAP)
PHI0 = 15.0
ALONG = np.cos(np.deg2rad(PHI0 - PHI[0]))
LATER, EARLIER = np.tril_indices(T.size)
rng = np.random.default_rng


def field_correlation(displacements, amplitudes=1.0, q=Q):
    """⟨E(t_i) E*(t_j)⟩ over particles at `displacements` along q, (N, n_t), normalised by the mean intensities."""
    field = amplitudes * np.exp(1j * q * displacements)
    raw = np.mean(field[:, LATER] * field[:, EARLIER].conj(), axis=0)
    intensity = np.mean(np.abs(field) ** 2, axis=0)
    return raw / np.sqrt(intensity[LATER] * intensity[EARLIER])


def agrees(term, expected, n=N, magnitude=False):
    found = np.asarray(pair_values(term, GEOMETRY))[0]
    if magnitude:
        found, expected = np.abs(found), np.abs(expected)
    np.testing.assert_allclose(found, expected, rtol=0, atol=4.5 / np.sqrt(n))
    assert np.ptp(np.abs(expected)) > 0.2 or np.ptp(np.angle(expected)) > 0.2, "a case in which nothing happens"


def wiener(variances, seed, n=N):
    """Random walks whose displacement up to each frame has the given variance."""
    steps = np.sqrt(np.diff(variances, prepend=0.0)) * rng(seed).standard_normal((n, T.size))
    return np.cumsum(steps, axis=1)


def depths(seed):
    return rng(seed).uniform(size=(N, 1))


def test_diffusion_that_slows_down():
    gained = 2.0e4 * T**0.7 / 0.7 + 500.0 * T
    agrees(Diffusion(PowerLaw(2.0e4, -0.3, 500.0), accumulation=Exact()), field_correlation(wiener(gained, 1)))


def test_stokes_einstein_coefficient_is_half_the_transport_coefficient():
    walk = wiener(2 * 8e3 * T, 2)
    agrees(Diffusion(StokesEinstein(8e3)), field_correlation(walk))
    assert np.var(walk[:, -1]) == pytest.approx(2 * 8e3 * T[-1], rel=0.05)


@pytest.mark.parametrize("exponent", [0.5, 1.4])
def test_anomalous_diffusion(exponent):
    """Fractional Brownian motion: Gaussian positions whose covariance makes ⟨Δx²⟩ a power of the lag at every age."""
    power = lambda lag: 1.5e4 * np.abs(lag) ** exponent  # noqa: E731
    covariance = (power(T[:, None]) + power(T[None, :]) - power(np.subtract.outer(T, T))) / 2
    walk = rng(7).standard_normal((N, T.size)) @ np.linalg.cholesky(covariance).T
    agrees(AnomalousDiffusion(1.5e4, exponent), field_correlation(walk))


def test_sudden_events():
    """Every particle jumps by a random amount at two instants, between frames."""
    variances = 2e4 * (T > 0.5) + 5e3 * (T > 1.1)
    rate = Events(np.array([2e4, 5e3]), np.array([0.5, 1.1]), 1e-3)
    agrees(Diffusion(rate, accumulation=Exact()), field_correlation(wiener(variances, 3)))


def test_simple_shear_is_the_gap_average_and_not_the_documented_form():
    strain = 8e-4 * T + 1e-3 * (1 - np.exp(-T / 0.3))
    expected = field_correlation(GAP * depths(4) * strain * ALONG)
    rate = Relaxing(8e-4 + 1e-3 / 0.3, 8e-4, 0.3)
    agrees(Shear(rate, PHI0, GapAverage(), Exact()), expected, magnitude=True)
    documented = np.asarray(pair_values(Shear(rate, PHI0, hx.SincSquared(), Exact()), GEOMETRY))[0]
    assert np.abs(documented - np.abs(expected)).max() > 0.3


@pytest.mark.parametrize(("speed", "n"), [(300.0, N), (4000.0, N), (-900.0, N)])
def test_poiseuille(speed, n):
    s = 2 * depths(5) - 1
    agrees(Poiseuille(hx.Constant(speed), PHI0), field_correlation(speed * (1 - s**2) * T * ALONG))


@pytest.mark.parametrize(
    ("profile", "velocity"),
    [
        (ShearBands(0.2, 0.7), lambda s: np.interp(s, [0, 0.2, 1], [0, 0.7, 1])),
        (WallSlip(0.3, 0.2), lambda s: np.interp(s, [0, 1], [0.3, 0.8])),
    ],
)
def test_velocity_profiles(profile, velocity):
    wall = 1.5e-3 * GAP
    agrees(VelocityProfile(1.5e-3, PHI0, profile), field_correlation(wall * velocity(depths(6)) * T * ALONG))


def test_profiles_without_bands_or_slip_are_simple_shear():
    simple = np.asarray(pair_values(Shear(1.5e-3, PHI0, GapAverage()), GEOMETRY))
    for profile in (ShearBands(0.4, 0.4), WallSlip(0.0, 0.0)):
        found = np.asarray(pair_values(VelocityProfile(1.5e-3, PHI0, profile), GEOMETRY))
        np.testing.assert_allclose(np.abs(found), np.abs(simple), atol=1e-9)


def test_ballistic_with_normal_velocities():
    agrees(Ballistic(110.0), field_correlation(110.0 * rng(7).standard_normal((N, 1)) * T))


def test_ballistic_in_all_directions_at_one_speed():
    direction = rng(8).standard_normal((N, 3))
    along = direction[:, :1] / np.linalg.norm(direction, axis=1, keepdims=True)
    agrees(Ballistic(250.0, GapAverage()), field_correlation(250.0 * along * T))


def test_ballistic_with_lorentzian_velocities():
    agrees(Ballistic(110.0, hx.Exponential()), field_correlation(110.0 * rng(9).standard_cauchy((N, 1)) * T))


def test_transit():
    """Particles all over the place cross a beam whose intensity is exp(−2x²/w²)."""
    beam_radius, velocity = 3e4, 4e4
    start = rng(10).uniform(-6 * beam_radius, 6 * beam_radius, (8 * N, 1))
    amplitude = np.exp(-(((start + velocity * T) / beam_radius) ** 2))
    agrees(Transit(velocity, beam_radius), field_correlation(0 * start * T, amplitude), n=N)


def test_drift_has_the_sign_of_the_displacement():
    agrees(Drift(70.0, PHI0), field_correlation(np.full((1, 1), 70.0) * T * ALONG), n=1e9)


def test_echo():
    strain = 1.5e-3 * np.sin(4.0 * T + np.deg2rad(25.0))
    expected = field_correlation(GAP * depths(11) * strain * ALONG)
    agrees(Echo(1.5e-3, 4.0, PHI0, 25.0), expected, magnitude=True)


def test_non_affine_displacement():
    strain = 0.5 * T
    agrees(NonAffine(0.5, 300.0), field_correlation(300.0 * rng(12).standard_normal((N, 1)) * strain))


def test_ornstein_uhlenbeck():
    x = 120.0 * rng(13).standard_normal(N)
    path = [x]
    for step in np.diff(T):
        kept = np.exp(-step / 0.4)
        path.append(kept * path[-1] + 120.0 * np.sqrt(1 - kept**2) * rng(len(path)).standard_normal(N))
    agrees(OrnsteinUhlenbeck(120.0, 0.4), field_correlation(np.stack(path, 1)))


def test_damped_oscillation_by_langevin_dynamics():
    """x'' = −2γ x' − (ω² + γ²) x + noise, integrated in small steps from thermal equilibrium."""
    sigma, gamma, omega, h, n = 120.0, 1.2, 9.0, 1e-3, 4000
    spring, noise = omega**2 + gamma**2, rng(14)
    x = sigma * noise.standard_normal(n)
    v = sigma * np.sqrt(spring) * noise.standard_normal(n)
    kept, path = np.exp(-2 * gamma * h), {}
    for k in range(round(T[-1] / h) + 1):
        path[k] = x
        v = v - h / 2 * spring * x
        x = x + h / 2 * v
        v = kept * v + sigma * np.sqrt(spring * (1 - kept**2)) * noise.standard_normal(n)
        x = x + h / 2 * v
        v = v - h / 2 * spring * x
    expected = field_correlation(np.stack([path[round(t / h)] for t in T], 1))
    agrees(DampedOscillation(sigma, gamma, omega), expected, n=n)


def test_critical_damping_is_the_limit():
    near, at = (np.asarray(pair_values(DampedOscillation(120.0, 3.0, w), GEOMETRY)) for w in (1e-4, 0.0))
    np.testing.assert_allclose(near, at, atol=1e-8)


def test_populations():
    """Three of ten particles drift ballistically, the others diffuse."""
    diffusing = wiener(1e4 * T, 15)
    flying = (70.0 * ALONG + 110.0 * rng(16).standard_normal((N, 1))) * T
    displacement = np.where(np.arange(N)[:, None] % 10 < 3, flying, diffusing)
    mixed = Populations((Diffusion(1e4), Ballistic(110.0) * Drift(70.0, PHI0)), np.array([0.3]))
    agrees(mixed, field_correlation(displacement))


def test_two_components():
    """The second component, which drifts, brightens at the cost of the first."""
    share = 0.6 - 0.4 * np.exp(-T / 0.5)
    second = np.arange(N)[:, None] % 2 == 1
    displacement = wiener(1e4 * T, 17) * np.where(second, 0.6, 1.0) + second * 150.0 * T * ALONG
    amplitude = np.where(second, np.sqrt(share), np.sqrt(1 - share))
    term = TwoComponents(Diffusion(1e4), Diffusion(0.36e4), Relaxing(0.2, 0.6, 0.5), 150.0, PHI0)
    agrees(term, field_correlation(displacement, amplitude), n=N / 2)


def test_polydisperse_diffusion():
    spread = np.exp(0.5 * rng(18).standard_normal((N, 1)) - 0.125)
    term = Distribution(Diffusion(1.5e4), lambda d: d.rate.value, 0.5)
    agrees(term, field_correlation(wiener(1.5e4 * T, 19) * np.sqrt(spread)))


def test_relaxation_is_diffusion_at_one_q():
    agrees(Relaxation(Q**2 * 1.5e4 / 2), field_correlation(wiener(1.5e4 * T, 20)))


def test_compressed_relaxation_with_exponent_two_is_ballistic():
    ballistic = np.asarray(pair_values(Ballistic(110.0), GEOMETRY))
    compressed = np.asarray(pair_values(Relaxation(Q * 110.0 / np.sqrt(2), Stretched(2.0)), GEOMETRY))
    np.testing.assert_allclose(compressed, ballistic, atol=1e-7)


def intensity_correlation(fields):
    """g2 − 1 of many speckles, (n_speckle, n_t), over that of a fully developed static pattern."""
    intensity = np.abs(fields) ** 2
    mean = intensity.mean(0)
    return np.mean(intensity[:, LATER] * intensity[:, EARLIER], axis=0) / (mean[LATER] * mean[EARLIER]) - 1


def test_partial_heterodyne_from_intensities():
    """Speckles of a drifting, diffusing sample and a static one that gives a quarter of the light."""
    n_speckle, noise = 30_000, rng(21)
    gaussian = lambda: noise.standard_normal(n_speckle) + 1j * noise.standard_normal(n_speckle)  # noqa: E731
    kept = np.exp(-(Q**2) / 2 * 6e3 * np.diff(T))
    moving = [gaussian()]
    for c in kept:
        moving.append(c * moving[-1] + np.sqrt(1 - c**2) * gaussian())
    fringe = np.exp(1j * Q * 400.0 * T * ALONG)
    fields = np.sqrt(0.75) * np.stack(moving, 1) * fringe + np.sqrt(0.25) * gaussian()[:, None]
    g1 = Diffusion(6e3) * Drift(400.0, PHI0)
    model = hx.TwoTimeModel(g1, hx.ContrastOffset(1.0, 0.0), PartialHeterodyne(0.25))
    found = np.asarray(pair_values(model, GEOMETRY))[0]
    expected = intensity_correlation(fields)
    np.testing.assert_allclose(found, expected, atol=0.06)
    off_diagonal = LATER != EARLIER
    assert np.corrcoef(found[off_diagonal], expected[off_diagonal])[0, 1] > 0.99


def test_heterodyne_with_a_static_population_is_the_same():
    g1 = Diffusion(6e3) * Drift(400.0, PHI0)
    ones = hx.ContrastOffset(1.0, 0.0)
    mixed = hx.TwoTimeModel(Populations((g1, Static()), np.array([0.25])), ones)
    reference = hx.TwoTimeModel(g1, ones, PartialHeterodyne(0.25))
    np.testing.assert_allclose(pair_values(mixed, GEOMETRY), pair_values(reference, GEOMETRY), atol=1e-12)


@pytest.mark.slow
def test_finite_sector_averages_over_pixels():
    """Nearly across the flow, where the azimuth matters most."""
    g1 = Diffusion(2e3) * Shear(4e-3, PHI0, GapAverage())
    across = PHI0 + 85.0
    detection = FiniteSector(12.0, 2e-3, n_phi=5, n_q=3)
    wide = hx.TwoTimeModel(g1, hx.ContrastOffset(1.0, 0.0), detection)
    geometry = hx.Geometry(q=Q, t=T, phi=across, gap=GAP)
    pixels = rng(22)
    q, phi = Q + 2e-3 * pixels.uniform(-0.5, 0.5, 4000), across + 12.0 * pixels.uniform(-0.5, 0.5, 4000)
    each = np.asarray(pair_values(g1, hx.Geometry(q=q, t=T, phi=phi, gap=GAP)))
    found = np.asarray(pair_values(wide, geometry))[0]
    np.testing.assert_allclose(found, np.mean(each**2, axis=0), atol=0.02)
    narrow = np.asarray(pair_values(g1, geometry))[0] ** 2
    assert np.abs(found - narrow).max() > 0.1


def test_documented_shear_rate_is_too_large_by_the_stated_factor():
    """Weak strain: both kernels fall off as 1 − a x², and a differs so that the rates differ by π/√2."""
    x = jnp.asarray([1e-3])
    ratio = np.sqrt(float((1 - GapAverage()(x)[0]) / (1 - hx.SincSquared()(x)[0])))
    assert ratio == pytest.approx(np.pi / np.sqrt(2), rel=1e-6)
    assert float(hx.convert_shear_rate(1.0, GapAverage(), hx.SincSquared())) == pytest.approx(ratio, rel=1e-6)
