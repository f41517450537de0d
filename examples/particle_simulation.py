"""Two-time maps of a sheared colloid from the positions of its particles, with no correlation model anywhere.

Brownian particles spread evenly over a gap are carried along by simple shear. At every frame the fields that they
scatter into each detector sector are added up to intensities, photons are counted, and the counts of many detector
pixels are correlated. Nothing but numpy computes; homodyne_eqx only writes the file:

    python examples/particle_simulation.py --output sheared_colloid.hdf

Coordinates: x and z span the plane of flow and vorticity, in which the scattering vectors lie; y crosses the gap.
A scattering vector at azimuth phi is q·(cos phi, sin phi) in (x, z). Lengths in Å, times in s, angles in degrees.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from homodyne_eqx import Geometry
from homodyne_eqx.data import TwoTimeData, save_aps_u

Motion = Callable[[np.ndarray, float, float, np.random.Generator], None]
"""Advances positions `(3, ...)` in place from time t by dt: `motion(positions, t, dt, rng)`."""

WAVELENGTHS_ACROSS = 64
"""Width of the illuminated volume in units of 2π/q: whole, and large enough for fields without a forward part."""

PIXELS_AT_ONCE = 400
"""Pixels whose particles are moved together: few enough for the processor's cache."""


@dataclass(frozen=True)
class Experiment:
    """What is simulated; the defaults make the bundled file.

    - `stokes_einstein`: diffusion coefficient D_SE, Å²/s: ⟨Δx²⟩ = 2·D_SE·τ along each axis, so that the rate J of
      the two-time model is 2·D_SE;
    - `shear_rate`: s⁻¹; `phi0`: direction of flow, degrees; `gap`: distance between the walls, Å;
    - `q`: Å⁻¹; `phi`: azimuth of the sectors, degrees; `missing_phi`: azimuths of the detector's grid that no pixel
      sees;
    - `frames`, `dt`: number and period (s) of the frames;
    - `speckles`: independent speckles a sector; `speckles_per_pixel`: how many a pixel adds up, which divides the
      contrast; `particles`: scatterers that a speckle comes from; `photons`: mean count of a pixel in a frame.
    """

    stokes_einstein: float = 7.0e3
    shear_rate: float = 1.0e-4
    phi0: float = 25.0
    gap: float = 2.0e6
    q: float = 0.0054
    phi: tuple[float, ...] = (0.0, 20.0, 60.0, 80.0, 100.0, 120.0, 140.0, 160.0)
    missing_phi: tuple[float, ...] = (40.0,)
    frames: int = 150
    dt: float = 0.1
    speckles: int = 180_000
    speckles_per_pixel: int = 3
    particles: int = 64
    photons: float = 50.0
    seed: int = 20250


def brownian(stokes_einstein: float, gap: float) -> Motion:
    """Free diffusion with D_SE in Å²/s, the walls at y = 0 and y = gap reflecting."""

    def advance(positions, t, dt, rng):
        step = rng.standard_normal(positions.shape, dtype=positions.dtype)
        step *= positions.dtype.type(np.sqrt(2 * stokes_einstein * dt))
        positions += step
        positions[1] = gap - np.abs(gap - np.mod(positions[1], 2 * gap))

    return advance


def simple_shear(shear_rate: float, phi0: float) -> Motion:
    """Steady shear: at height y the flow is shear_rate·y along the azimuth phi0."""
    along_x, along_z = np.cos(np.radians(phi0)), np.sin(np.radians(phi0))

    def advance(positions, t, dt, rng):
        carried = positions[1] * positions.dtype.type(shear_rate * dt)
        positions[0] += carried * positions.dtype.type(along_x)
        positions[2] += carried * positions.dtype.type(along_z)

    return advance


def scattered_intensity(positions: np.ndarray, q: float, phi: float) -> np.ndarray:
    """|Σ exp(i q·r)|² over the last axis of positions `(3, speckle, particle)`, in units of its mean: `(speckle,)`."""
    x, _, z = positions
    real = positions.dtype.type
    phase = x * real(q * np.cos(np.radians(phi))) + z * real(q * np.sin(np.radians(phi)))
    field_squared = np.cos(phase).sum(axis=-1) ** 2 + np.sin(phase).sum(axis=-1) ** 2
    return field_squared / positions.shape[-1]


def simulated_intensities(
    experiment: Experiment, motions: Sequence[Motion], speckles: int, rng: np.random.Generator
) -> np.ndarray:
    """Intensity of each sector, frame and speckle of one batch of particles, `(n_sector, n_t, speckles)`."""
    width = WAVELENGTHS_ACROSS * 2 * np.pi / experiment.q
    size = np.array([width, experiment.gap, width], np.float32)[:, None, None]
    positions = rng.random((3, speckles, experiment.particles), dtype=np.float32) * size
    intensities = np.empty((len(experiment.phi), experiment.frames, speckles), np.float32)
    for frame in range(experiment.frames):
        for k, phi in enumerate(experiment.phi):
            intensities[k, frame] = scattered_intensity(positions, experiment.q, phi)
        for motion in motions:
            motion(positions, frame * experiment.dt, experiment.dt, rng)
    return intensities


def photon_counts(experiment: Experiment, intensities: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Photons in each pixel, which adds up some speckles: `(n_sector, n_t, n_pixel)`."""
    pixels = intensities.reshape(*intensities.shape[:2], -1, experiment.speckles_per_pixel).mean(axis=-1)
    return rng.poisson(experiment.photons * pixels).astype(np.float64)


def simulate(experiment: Experiment, motions: Sequence[Motion] | None = None, report: bool = False) -> np.ndarray:
    """Two-time maps of an experiment, by default of Brownian particles in simple shear.

    c2(t1, t2) = ⟨n(t1) n(t2)⟩ / (⟨n(t1)⟩ ⟨n(t2)⟩) of the counts n, averaged over the pixels of a sector.

    **Returns:** `(n_sector, n_t, n_t)`, the diagonal raw: it holds the shot noise.
    """
    if motions is None:
        motions = (
            simple_shear(experiment.shear_rate, experiment.phi0),
            brownian(experiment.stokes_einstein, experiment.gap),
        )
    pixels, remainder = divmod(experiment.speckles, experiment.speckles_per_pixel)
    if pixels == 0 or remainder:
        raise ValueError(
            f"speckles is {experiment.speckles}; expected a multiple of speckles_per_pixel = "
            f"{experiment.speckles_per_pixel}."
        )
    rng = np.random.default_rng(experiment.seed)
    sums, products = 0.0, 0.0
    for first in range(0, pixels, PIXELS_AT_ONCE):
        batch = min(PIXELS_AT_ONCE, pixels - first)
        intensities = simulated_intensities(experiment, motions, batch * experiment.speckles_per_pixel, rng)
        counts = photon_counts(experiment, intensities, rng)
        sums = sums + counts.sum(axis=-1)
        products = products + counts @ counts.swapaxes(1, 2)
        if report:
            print(f"\r{first + batch} of {pixels} pixels", end="", flush=True)
    if report:
        print()
    return pixels * products / (sums[:, :, None] * sums[:, None, :])


def save(path: str, experiment: Experiment, c2: np.ndarray, overwrite: bool) -> None:
    """The maps as an APS-U file, with the truth beside them and the missing azimuths in the detector's grid."""
    t = experiment.dt * np.arange(experiment.frames)
    geometry = Geometry(q=experiment.q, phi=np.array(experiment.phi), gap=experiment.gap, t=t, dt=experiment.dt)
    data = TwoTimeData(c2.astype(np.float32), geometry, sigma="estimate")
    truth = {**asdict(experiment), "J": 2 * experiment.stokes_einstein}
    grid = ([experiment.q], sorted(experiment.phi + experiment.missing_phi))
    save_aps_u(path, data, grid=grid, metadata=truth, overwrite=overwrite)


def main() -> None:
    default = Experiment()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", required=True, help="APS-U file to write")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing file")
    named = ("stokes_einstein", "shear_rate", "phi0", "gap", "q", "frames", "dt")
    for name in (*named, "speckles", "speckles_per_pixel", "particles", "photons", "seed"):
        value = asdict(default)[name]
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value, help="default: %(default)s")
    options = vars(parser.parse_args())
    path, overwrite = options.pop("output"), options.pop("overwrite")
    if Path(path).exists() and not overwrite:
        parser.error(f"{path} exists and is not overwritten; choose another name or pass --overwrite")
    experiment = Experiment(**options)
    save(path, experiment, simulate(experiment, report=True), overwrite)
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
