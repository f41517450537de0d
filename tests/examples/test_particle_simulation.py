"""The particle simulation: each motion by its law, the maps by theirs, and the script as a whole."""

import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import homodyne_eqx.data

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "examples" / "particle_simulation.py"


@pytest.fixture(scope="module")
def simulation():
    spec = importlib.util.spec_from_file_location("particle_simulation", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture
def small(simulation):
    return simulation.Experiment(
        phi=(0.0, 90.0), frames=12, dt=0.4, speckles=6000, speckles_per_pixel=1, particles=8, photons=1e4, seed=4
    )


def test_brownian_steps_have_twice_the_coefficient_as_variance_and_stay_in_the_gap(simulation):
    rng = np.random.default_rng(1)
    positions = np.zeros((3, 100_000), np.float32)
    positions[1] = 50.0
    motion = simulation.brownian(stokes_einstein=8.0, gap=100.0)
    for _ in range(5):
        motion(positions, 0.0, 0.1, rng)
    np.testing.assert_allclose(positions.var(axis=1), 2 * 8.0 * 0.5, rtol=0.02)
    np.testing.assert_allclose(positions.mean(axis=1), [0, 50, 0], atol=0.05)
    for _ in range(20):
        motion(positions, 0.0, 200.0, rng)
    assert positions[1].min() >= 0
    assert positions[1].max() <= 100
    np.testing.assert_allclose(positions[1].mean(), 50, atol=0.5)


def test_shear_carries_by_height_along_the_flow(simulation):
    positions = np.array([[1.0, 1.0], [0.0, 10.0], [2.0, 2.0]], np.float32)
    simulation.simple_shear(shear_rate=0.3, phi0=30.0)(positions, 0.0, 2.0, np.random.default_rng(0))
    carried = 0.3 * 2.0 * 10.0
    np.testing.assert_allclose(positions[:, 0], [1, 0, 2])
    expected = [1 + carried * np.cos(np.pi / 6), 10, 2 + carried * np.sin(np.pi / 6)]
    np.testing.assert_allclose(positions[:, 1], expected, rtol=1e-6)


def test_particles_at_rest_correlate_fully_and_moved_alike_too(simulation, small):
    """A common drift moves no particle against another: the intensity, hence the map, stays."""

    def drift(positions, t, dt, rng):
        positions[0] += np.float32(100.0)

    for motions in ((), (drift,)):
        c2 = simulation.simulate(replace(small, speckles=2000), motions)
        contrast = c2 - 1
        np.testing.assert_allclose(contrast, contrast[:, :1, :1] * np.ones((12, 12)), rtol=0.01)
        np.testing.assert_allclose(contrast[:, 0, 0], 1 - 1 / small.particles, atol=0.15)


def test_shear_leaves_the_sector_across_the_flow_alone(simulation, small):
    c2 = simulation.simulate(small, [simulation.simple_shear(1e-3, phi0=0.0)])
    along, across = c2 - 1
    np.testing.assert_allclose(across, across[0, 0], rtol=0.01)
    assert abs(along[0, 4:].mean()) < 0.05


def test_diffusion_alone_decays_alike_in_all_directions(simulation, small):
    """exp(−q²·2·D_SE·τ), the textbook decay of the intensity correlation, in every sector."""
    c2 = simulation.simulate(small, [simulation.brownian(small.stokes_einstein, small.gap)])
    lag = small.dt * np.arange(12)
    expected = (1 - 1 / small.particles) * np.exp(-2 * small.q**2 * small.stokes_einstein * lag)
    for map_k in c2:
        measured = [np.diagonal(map_k, k).mean() - 1 for k in range(12)]
        np.testing.assert_allclose(measured, expected, atol=0.05)


def test_pixels_and_photons_set_contrast_and_shot_noise(simulation, small):
    experiment = replace(small, speckles=24_000, speckles_per_pixel=4, photons=5.0, frames=3)
    c2 = simulation.simulate(experiment, ())
    contrast = (1 - 1 / small.particles) / 4
    np.testing.assert_allclose(c2[:, 0, 1] - 1, contrast, atol=0.02)
    np.testing.assert_allclose(c2[:, 0, 0] - 1, contrast + 1 / 5.0, atol=0.03)
    with pytest.raises(ValueError, match="multiple of speckles_per_pixel = 4"):
        simulation.simulate(replace(experiment, speckles=10))


def test_a_seed_gives_the_same_maps_again(simulation, small):
    few = replace(small, speckles=500)
    first, again = simulation.simulate(few), simulation.simulate(few)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, simulation.simulate(replace(few, seed=5)))


def test_the_script_writes_a_file_that_loads_and_keeps_its_truth(tmp_path):
    path = tmp_path / "small.hdf"
    command = [sys.executable, SCRIPT, "--output", path, "--speckles", "600", "--frames", "30", "--shear-rate", "2e-4"]
    subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}, check=True)
    data = homodyne_eqx.data.load(path)
    assert data.shape == (8, 30, 30)
    assert data.provenance.metadata["shear_rate"] == 2e-4
    np.testing.assert_allclose(np.sort(data.geometry.phi), [0, 20, 60, 80, 100, 120, 140, 160])
    assert data.geometry.gap is not None
    refused = subprocess.run(
        command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert refused.returncode != 0
    assert "exists and is not overwritten" in refused.stderr


def test_the_defaults_are_those_of_the_bundled_file(simulation):
    from homodyne_eqx.datasets import sheared_colloid

    metadata = dict(sheared_colloid().provenance.metadata)
    assert metadata.pop("J") == 2 * metadata["stokes_einstein"]
    for key, value in metadata.items():
        default = getattr(simulation.Experiment(), key)
        assert value == (list(default) if isinstance(default, tuple) else default)
