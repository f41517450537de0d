"""Two-time maps from the positions of particles, with no correlation model anywhere.

Particles spread evenly over a gap diffuse, are carried along by a flow, fly, or rattle about a place. At every frame
the fields that they scatter into each detector sector are added up to intensities, photons are counted, and the counts
of many detector pixels are correlated. Nothing but numpy computes; homodyne_eqx only writes the file, by default that
of a Brownian colloid in simple shear:

    python examples/particle_simulation.py --output sheared_colloid.hdf

Other samples are put together in Python from the motions here and in particle_motions.py:
`simulate(Experiment(…), [flow(…), walk(…)])`, or several `Population`s.

Coordinates: x and z span the plane of flow and vorticity, in which the scattering vectors lie; y crosses the gap.
A scattering vector at azimuth phi is q·(cos phi, sin phi) in (x, z). Lengths in Å, times in s, angles in degrees.
"""

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

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
    """The settings of the simulation; the defaults make the bundled file.

    - `stokes_einstein`: diffusion coefficient D_SE, Å²/s: ⟨Δx²⟩ = 2·D_SE·τ along each axis, so that the rate J of
      the two-time model is 2·D_SE;
    - `shear_rate`: s⁻¹; `phi0`: direction of flow, degrees; `gap`: distance between the walls, Å;
    - `q`: Å⁻¹, one number or one for each sector; `phi`: azimuth of the sectors, degrees; `missing_phi`: azimuths of
      the detector's grid that no pixel sees;
    - `frames`, `dt`: number and period (s) of the frames;
    - `speckles`: independent speckles a sector; `speckles_per_pixel`: how many a pixel adds up, which divides the
      contrast; `particles`: scatterers that a speckle comes from; `photons`: mean count of a pixel in a frame;
    - `beam_radius`: of a Gaussian beam along x, Å, where its intensity has fallen to 1/e²; infinite: all is lit evenly;
    - `reference`: share of the light that is a wave of constant phase and amplitude;
    - `coherence`: share of the light that interferes at all, at the first and the last frame, linear between;
    - `phi_width`, `q_width`: full width of a sector, degrees and Å⁻¹, over which its pixels are spread evenly.
    """

    stokes_einstein: float = 7.0e3
    shear_rate: float = 1.0e-4
    phi0: float = 25.0
    gap: float = 2.0e6
    q: float | tuple[float, ...] = 0.0054
    phi: tuple[float, ...] = (0.0, 20.0, 60.0, 80.0, 100.0, 120.0, 140.0, 160.0)
    missing_phi: tuple[float, ...] = (40.0,)
    frames: int = 150
    dt: float = 0.1
    speckles: int = 180_000
    speckles_per_pixel: int = 3
    particles: int = 64
    photons: float = 50.0
    beam_radius: float = math.inf
    reference: float = 0.0
    coherence: tuple[float, float] = (1.0, 1.0)
    phi_width: float = 0.0
    q_width: float = 0.0
    seed: int = 20250

    @property
    def width(self) -> float:
        """The sizes of the illuminated volume along x and z, Å."""
        return WAVELENGTHS_ACROSS * 2 * np.pi / np.min(self.q)


@dataclass(frozen=True)
class Population:
    """Scatterers that move alike: `particles` of them a speckle, each of `amplitude(t)` as a scatterer."""

    motions: Sequence[Motion]
    particles: int
    amplitude: Callable[[float], float] = lambda t: 1.0


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


def scattered_field(positions: np.ndarray, q: ArrayLike, phi: ArrayLike, beam: float | np.ndarray) -> np.ndarray:
    """Real and imaginary part of Σ beam·exp(i q·r) over positions `(3, speckle, particle)`: `(2, speckle)`."""
    x, _, z = positions
    along_x, along_z = (np.float32(q * f(np.radians(phi))) for f in (np.cos, np.sin))
    phase = x * along_x + z * along_z
    if np.ndim(beam) == 0:
        return np.stack([np.cos(phase).sum(axis=-1), np.sin(phase).sum(axis=-1)])
    return np.stack([(beam * np.cos(phase)).sum(axis=-1), (beam * np.sin(phase)).sum(axis=-1)])


def simulated_intensities(
    experiment: Experiment, populations: Sequence[Population], speckles: int, rng: np.random.Generator
) -> np.ndarray:
    """Intensity of each sector, frame and speckle of one batch of particles, `(n_sector, n_t, speckles)`, of mean 1."""
    e, width = experiment, experiment.width
    if math.isfinite(e.beam_radius) and width < 7 * e.beam_radius:
        raise ValueError(f"beam_radius is {e.beam_radius:g} Å; expected at most {width / 7:g} Å, for it to fit in.")
    size = np.array([width, e.gap, width], np.float32)[:, None, None]
    groups = [rng.random((3, speckles, p.particles), dtype=np.float32) * size for p in populations]
    q, phi = np.broadcast_to(e.q, len(e.phi))[:, None, None], np.array(e.phi)[:, None, None]
    if e.phi_width or e.q_width:
        q, phi = (
            centre + full * rng.uniform(-0.5, 0.5, (1, speckles, 1))
            for centre, full in ((q, e.q_width), (phi, e.phi_width))
        )
    q, phi = (np.broadcast_to(x, (len(e.phi), *x.shape[1:])) for x in (q, phi))
    intensities = np.empty((len(e.phi), e.frames, speckles), np.float32)
    lit = 1.0 if math.isinf(e.beam_radius) else e.beam_radius * math.sqrt(math.pi / 2) / width
    for frame in range(e.frames):
        t = frame * e.dt
        beams = [gaussian_beam(positions, e.beam_radius, width) for positions in groups]
        amplitudes = [p.amplitude(t) for p in populations]
        total = sum(p.particles * a**2 for p, a in zip(populations, amplitudes)) * lit
        wave = math.sqrt(total * e.reference / (1 - e.reference))
        for k in range(len(e.phi)):
            fields = [scattered_field(r, q[k], phi[k], b) for r, b in zip(groups, beams)]
            real, imaginary = np.sum([np.float32(a) * f for a, f in zip(amplitudes, fields)], axis=0)
            intensities[k, frame] = ((real + np.float32(wave)) ** 2 + imaginary**2) / np.float32(total + wave**2)
        coherent = np.float32(np.interp(frame, [0, e.frames - 1], e.coherence))
        if coherent != 1:
            intensities[:, frame] = 1 + coherent * (intensities[:, frame] - 1)
        for population, positions in zip(populations, groups):
            for motion in population.motions:
                motion(positions, t, e.dt, rng)
    return intensities


def gaussian_beam(positions: np.ndarray, radius: float, width: float) -> float | np.ndarray:
    """Amplitude of the beam at each particle, `(speckle, particle)`; who leaves the volume enters on the other side."""
    if math.isinf(radius):
        return 1.0
    positions[0] %= np.float32(width)
    return np.exp(-(((positions[0] - np.float32(width / 2)) / np.float32(radius)) ** 2))


def photon_counts(experiment: Experiment, intensities: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Photons in each pixel, which adds up some speckles: `(n_sector, n_t, n_pixel)`."""
    pixels = intensities.reshape(*intensities.shape[:2], -1, experiment.speckles_per_pixel).mean(axis=-1)
    return rng.poisson(experiment.photons * pixels).astype(np.float64)


def simulate(
    experiment: Experiment, motions: Sequence[Motion] | Sequence[Population] | None = None, report: bool = False
) -> np.ndarray:
    """Two-time maps of an experiment: of particles that all take part in some motions, or of several populations.

    By default they are Brownian, in simple shear.

    c2(t1, t2) = ⟨n(t1) n(t2)⟩ / (⟨n(t1)⟩ ⟨n(t2)⟩) of the counts n, averaged over the pixels of a sector.

    **Returns:** `(n_sector, n_t, n_t)`, the diagonal raw: it holds the shot noise.
    """
    if motions is None:
        motions = (
            simple_shear(experiment.shear_rate, experiment.phi0),
            brownian(experiment.stokes_einstein, experiment.gap),
        )
    alike = not any(isinstance(m, Population) for m in motions)
    populations = [Population(motions, experiment.particles)] if alike else motions
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
        intensities = simulated_intensities(experiment, populations, batch * experiment.speckles_per_pixel, rng)
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
