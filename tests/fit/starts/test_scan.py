"""Frequencies that one start does not find, starts given by the user, and angles that stand for two."""

from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

import homodyne_eqx as hx
from homodyne_eqx.fit.free_parameters import choose_free
from homodyne_eqx.fit.minimiser import Minimiser
from homodyne_eqx.fit.problem import model_with
from homodyne_eqx.fit.result.equal_angles import nearest_to_start
from homodyne_eqx.fit.solve import levenberg_marquardt as solver_module
from homodyne_eqx.fit.solve.ended import Ended
from homodyne_eqx.fit.solve.minimise import Outcome
from homodyne_eqx.fit.solve.quadratic import Quadratic
from homodyne_eqx.fit.starts.every_nth_frame import every_nth_frame, frame_step
from homodyne_eqx.fit.starts.oscillations import oscillations_of

N_T, RUN, SIGMA = 48, 4.8, 0.005
STRAIN, PHI0, PHASE, J = 6e-4, 20.0, 20.0, 4000.0
OMEGA, STRAIN_NAME, PHASE_NAME = (f"echo.{name}" for name in ("angular_frequency", "strain", "phase"))


def geometry(n_t=N_T):
    return hx.Geometry(q=0.0054, t=RUN / n_t * np.arange(n_t), phi=np.array([0.0, 45.0, 90.0, 135.0]), gap=2e6)


def echo(omega, strain=STRAIN, phi0=PHI0, phase=PHASE, J=J, contrast=0.3):
    return hx.TwoTimeModel(hx.Diffusion(J) * hx.Echo(strain, omega, phi0, phase), hx.ContrastOffset(contrast, 1.0))


def off(omega, factor, **changed):
    return echo(omega * factor, **{"strain": 0.7 * STRAIN, "phi0": 30.0, "phase": 35.0, "J": 1.3 * J, **changed})


def measured(truth, where=None, sigma=SIGMA, seed=0):
    where = where or geometry()
    g2 = np.array(eqx.filter_jit(truth)(where), float)
    noise = np.tril(sigma * np.random.default_rng(seed).standard_normal(g2.shape), -1)
    return hx.TwoTimeData(g2 + noise + noise.transpose(0, 2, 1), where, sigma=sigma)


def periods(n):
    return 2 * np.pi * n / RUN


def squared_field(omega, geometry, phi0, n=20_000):
    """c2 of scatterers at random heights of a gap that is strained to and fro, from their phases alone."""
    height = 2e6 * np.random.default_rng(4).random(n)
    strain = STRAIN * np.sin(omega * np.asarray(geometry.t) + np.radians(PHASE))
    q = np.asarray(geometry.q) * np.cos(np.radians(phi0 - np.asarray(geometry.phi)))
    phases = np.exp(1j * q[:, None, None] * strain[None, :, None] * height)
    return np.abs(phases @ phases.conj().transpose(0, 2, 1) / n) ** 2


@pytest.mark.parametrize(("cycles", "factor"), [(2, 1.3), (5, 0.7)])
@pytest.mark.slow
def test_a_frequency_that_is_off_by_a_third_is_found(cycles, factor):
    omega, where = periods(cycles), geometry()
    lag = np.abs(np.subtract.outer(np.asarray(where.t), np.asarray(where.t)))
    g2 = 1 + 0.3 * np.exp(-(0.0054**2) * J * lag) * squared_field(omega, where, PHI0)
    noise = np.tril(SIGMA * np.random.default_rng(0).standard_normal(g2.shape), -1)
    result = hx.fit(off(omega, factor), hx.TwoTimeData(g2 + noise + noise.transpose(0, 2, 1), where, sigma=SIGMA))
    assert result.parameters[OMEGA].value == pytest.approx(omega, rel=0.01)
    assert result.parameters[STRAIN_NAME].value == pytest.approx(STRAIN, rel=0.03)
    assert result.parameters[PHASE_NAME].value == pytest.approx(PHASE, abs=2)
    assert result.parameters[OMEGA].start == pytest.approx(omega * factor)
    assert result.reduced_chi2 < 1.3
    (note,) = result.notes
    assert f"{OMEGA} was scanned" in note
    assert result.seconds["starts"] > 0


@pytest.mark.slow
@pytest.mark.x64
def test_without_the_scan_it_is_a_false_minimum_that_says_so():
    omega = periods(5)
    result = hx.fit(off(omega, 0.7), measured(echo(omega)), scan=False)
    assert abs(result.parameters[OMEGA].value / omega - 1) > 0.05
    assert result.converged
    assert not result.verdict.adequate
    assert "starts" not in result.seconds


@pytest.mark.slow
@pytest.mark.x64
def test_starts_of_ones_own_are_compared_instead():
    omega = periods(5)
    starts = [{}, {OMEGA: 0.97 * omega, PHASE_NAME: 10.0}, {OMEGA: 1.4 * omega}]
    result = hx.fit(off(omega, 0.7), measured(echo(omega)), starts=starts)
    assert result.parameters[OMEGA].value == pytest.approx(omega, rel=0.01)
    assert result.parameters[OMEGA].start == pytest.approx(0.97 * omega)
    assert result.notes == ("the best of 3 given starts after 4 steps each: number 2",)


def test_starts_that_cannot_be_are_refused():
    omega, data = periods(2), measured(echo(periods(2)))
    refused = lambda starts, **options: hx.fit(echo(omega), data, starts=starts, **options)  # noqa: E731
    with pytest.raises(ValueError, match=r"omega.*not free.*angular_frequency"):
        refused([{"omega": 1.0}])
    with pytest.raises(ValueError, match="not free"):
        refused([{OMEGA: 1.0}], fixed=[OMEGA])
    with pytest.raises(ValueError, match="outside its bounds"):
        refused([{OMEGA: -1.0}])
    with pytest.raises(ValueError, match="1 or 1"):
        refused([{OMEGA: [1.0, 2.0]}])
    with pytest.raises(ValueError, match="empty"):
        refused([])
    with pytest.raises(TypeError, match="starts"):
        refused({OMEGA: 1.0})


@pytest.mark.slow
@pytest.mark.x64
def test_starts_do_not_recompile(monkeypatch):
    omega, data = periods(2), hx.pack(measured(echo(periods(2)), geometry(39)))
    counted, original = [], solver_module.residual

    def counting(*arguments):
        counted.append(1)
        return original(*arguments)

    monkeypatch.setattr(solver_module, "residual", counting)
    hx.fit(off(omega, 1.0), data, scan=False)
    single = len(counted)
    result = hx.fit(off(omega, 1.3), data)
    hx.fit(off(omega, 1.3), data, starts=[{OMEGA: omega}, {STRAIN_NAME: 1e-3}])
    assert "was scanned" in result.notes[0]
    assert len(counted) == single > 0


@pytest.mark.slow
def test_what_does_not_oscillate_is_not_scanned(monkeypatch):
    def never(*_):
        raise AssertionError("a few steps were taken from a start")

    monkeypatch.setattr(Minimiser, "trial", never)
    shear = hx.TwoTimeModel(hx.Diffusion(J) * hx.Shear(1e-4, 20.0, hx.GapAverage()), hx.ContrastOffset(0.3, 1.0))
    assert hx.fit(shear, measured(shear)).notes == ()
    omega = periods(2)
    assert hx.fit(echo(omega), measured(echo(omega)), fixed=[OMEGA]).notes == ()


def oscillations(g1, geometry=None):
    model = hx.TwoTimeModel(g1, hx.ContrastOffset(0.3, 1.0))
    where = geometry or globals()["geometry"]()
    return oscillations_of(model, choose_free(model, None, (), None), where), choose_free(model, None, (), None)


def test_what_is_scanned_and_how_far():
    (found,), free_parameters = oscillations(hx.Echo(STRAIN, periods(3), PHI0))
    starts = hx.Scan().starts(found, free_parameters)
    tried = np.array([start.array("value")[1:4] for start in starts])
    assert tried[0].tolist() == pytest.approx([periods(3), PHI0, 0.0])
    frequencies = np.unique(tried[:, 0].round(9))
    assert np.max(np.diff(frequencies)) * float(geometry().t[-1]) <= 3.01
    assert 0.5 * periods(3) <= frequencies[0] < 0.6 * periods(3)
    assert 1.8 * periods(3) < frequencies[-1] <= 2 * periods(3)
    assert set(tried[:, 2]) == {0.0, 90.0}
    assert len(starts) == 2 * len(frequencies)
    (many,), free_parameters = oscillations(hx.Echo(STRAIN, periods(300), PHI0))
    assert len(hx.Scan().starts(many, free_parameters)) <= 128


def test_the_settings_of_a_scan_say_what_is_tried():
    (found,), _ = oscillations(hx.Echo(STRAIN, periods(3), PHI0))
    multiples = hx.Scan(spacing=0.5, lowest=0.9, highest=1.3).multiples(found)
    assert np.all(np.diff(multiples) * found.angle <= 0.5 + 1e-9)
    assert 0.9 <= multiples[0] < 0.9 + 0.5 / found.angle
    assert 1.3 - 0.5 / found.angle < multiples[-1] <= 1.3 + 1e-9
    assert np.min(np.abs(multiples - 1)) < 1e-12
    assert len(hx.Scan(spacing=0.1, most_values=20).multiples(found)) == 20
    assert len(hx.Scan(spacing=1e3, fewest_values=7).multiples(found)) == 7


def test_a_velocity_is_scanned_by_its_fringes_and_each_oscillation_on_its_own():
    rate = hx.PowerLaw(2e3, -0.2, 1e3)
    fringes = hx.TwoComponents(hx.Diffusion(J), hx.Diffusion(2 * J), 0.3, rate, 10.0)
    found, free_parameters = oscillations(fringes * hx.DampedOscillation(50.0, 1.0, 6.0))
    assert [each.frequencies for each in found] == [
        ("two_components.velocity.amplitude", "two_components.velocity.offset"),
        ("damped_oscillation.angular_frequency",),
    ]
    t = np.linspace(0, RUN * (1 - 1 / N_T), 20_001)[1:]
    assert found[0].angle == pytest.approx(0.0054 * t[-1] * np.mean(2e3 * t**-0.2 + 1e3), rel=0.05)
    names = [parameter.name for parameter in free_parameters.free]
    amplitude, offset = (names.index(name) for name in found[0].frequencies)
    both = np.array(
        [start.array("value")[[amplitude, offset]] for start in hx.Scan().starts(found[0], free_parameters)]
    )
    np.testing.assert_allclose(both[:, 0] / 2e3, both[:, 1] / 1e3)


@pytest.mark.x64
def test_thinned_data_are_every_other_frame():
    where = geometry(61)
    truth = echo(periods(2), contrast=0.3)
    c2 = np.array(truth(where))
    c2[1, 8:12] = np.nan
    for sigma in (np.array([0.01, 0.02, 0.03, 0.04]), np.full(c2.shape, 0.02)):
        packed = hx.pack(hx.TwoTimeData(c2, where, sigma=sigma), size=17)
        cut = sigma if sigma.ndim == 1 else sigma[:, ::3, ::3]
        times = hx.Geometry(q=where.q, t=where.t[::3], phi=where.phi, gap=where.gap)
        expected = hx.pack(hx.TwoTimeData(c2[:, ::3, ::3], times, sigma=cut))
        thinned = every_nth_frame(packed, 3)
        assert thinned.n_pairs == expected.n_pairs
        for a, b in zip(jax.tree.leaves(thinned), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)


def test_thinning_leaves_what_oscillates_and_what_decays():
    packed = hx.pack(measured(echo(periods(1))))
    slow = echo(periods(1), strain=1e-5)
    assert frame_step(slow, packed, 0.0, 100) == int(np.sqrt(packed.n_pairs / 100))
    assert frame_step(slow, packed, 2 * np.pi * 2, 100) == N_T // 16
    assert frame_step(echo(periods(1), J=1e6), packed, 0.0, 100) == 1


def turned(model, turns):
    """The model with angles turned, as if a fit that started from `model` had ended there; and what is made of it."""
    data, free_parameters = hx.pack(measured(model)), choose_free(model, None, (), None)
    values = free_parameters.array("value") + [turns.get(parameter.name, 0.0) for parameter in free_parameters.free]
    ended = Outcome(Ended.CONVERGED, values, Quadratic(np.eye(values.size), values, 1.0), (), values > np.inf, 0.0)
    names = [parameter.name for parameter in free_parameters.free]
    moved = model_with(*eqx.partition(model, free_parameters.filter), jnp.asarray(values, jnp.result_type(float)))
    _, outcome = nearest_to_start(moved, free_parameters, ended, data, hx.Squares())
    return {
        name: value - start
        for name, value, start in zip(names, outcome.parameters, free_parameters.array("value"), strict=True)
    }


def test_an_angle_comes_back_next_to_its_start_where_that_is_the_same():
    phi0 = "echo.phi0"
    left = turned(echo(periods(2)), {PHASE_NAME: 170.0, phi0: -370.0})
    assert left.pop(PHASE_NAME) == pytest.approx(-10, abs=1e-3)
    assert left.pop(phi0) == pytest.approx(-10, abs=1e-3)
    assert set(left.values()) == {0.0}
    drifts = hx.Populations((hx.Drift(2e3, 0.0), hx.Drift(1e3, 60.0)), np.array([0.4]))
    model = hx.TwoTimeModel(drifts * hx.Diffusion(J), hx.ContrastOffset(0.3, 1.0))
    one = "drift_2.phi0"
    assert turned(model, {one: 180.0})[one] == pytest.approx(180.0)
    assert turned(model, {one: 350.0})[one] == pytest.approx(-10.0, abs=1e-3)


@pytest.mark.x64
@pytest.mark.slow
def test_components_that_may_have_changed_names_are_said_so():
    def g1(second):
        return hx.TwoComponents(hx.Diffusion(J), second, 0.3, 2e3, 10.0)

    for second, n in ((hx.Diffusion(8 * J), 1), (hx.Static(), 0)):
        model = hx.TwoTimeModel(g1(second), hx.ContrastOffset(0.3, 1.0))
        notes = hx.fit(model, measured(model), scan=False).notes
        assert len([note for note in notes if "changed names" in note]) == n


@pytest.mark.parametrize(
    ("g1", "named"),
    [
        (hx.Diffusion(J) * hx.Shear(1e-4, 0.0, hx.SincSquared()), "SincSquared"),
        (hx.Diffusion(J) * hx.Echo(STRAIN, 1.0, PHI0), "GapAverage"),
        (hx.Diffusion(J), "Exponential"),
        (
            hx.Diffusion(J, hx.Stretched(0.8)) * hx.Shear(1e-4, 0.0, hx.GapAverage()),
            "GapAverage (Shear), Stretched (Diffusion)",
        ),
        (hx.TwoComponents(hx.Diffusion(J), hx.Ballistic(30.0), 0.3, 2e3, 10.0), "Gaussian"),
    ],
)
def test_the_kernels_are_named(g1, named):
    from homodyne_eqx.fit.result.kernel import kernel_of

    assert kernel_of(hx.TwoTimeModel(g1, hx.ContrastOffset(0.3, 1.0))) == named


@final
class ThreeFold(hx.AbstractTerm):
    """g1 = exp(−rate · τ · (1 + cos 3(direction − φ))): the same again after a third of a turn."""

    rate: Float[Array, ""] = hx.parameter("s⁻¹", (0.0, jnp.inf))
    direction: Float[Array, ""] = hx.parameter("rad", period=2 * np.pi / 3)
    other: Float[Array, ""] = hx.parameter("deg")

    def nodes(self, geometry):
        phi = jnp.deg2rad(geometry.phi)
        lobes = 2 + jnp.cos(3 * (self.direction - phi)) + jnp.cos(jnp.deg2rad(self.other) - phi)
        return hx.Nodes(self.rate * lobes * geometry.t)

    def pair(self, node_i, node_j, sector):
        return jnp.exp(node_j.channels - node_i.channels)


def test_a_period_is_what_the_field_states():
    model = hx.TwoTimeModel(ThreeFold(1.0, 0.2, 30.0), hx.ContrastOffset(0.3, 1.0))
    left = turned(model, {"three_fold.direction": 2 * np.pi, "three_fold.other": 360.0})
    assert left["three_fold.direction"] == pytest.approx(0.0, abs=1e-4)
    assert left["three_fold.other"] == 360.0
