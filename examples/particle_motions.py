"""Motions of particles for particle_simulation.py: walks, flows, flights, and springs.

Each advances positions `(3, speckle, particle)` in place, in single precision: `motion(positions, t, dt, rng)`. What
accumulates in time (a variance, a displacement) is given as a function of time, so that no step is too long.
Lengths in Å, times in s, angles in degrees.
"""

from collections.abc import Callable

import numpy as np
from particle_simulation import Motion

Path = Callable[[float], float]
"""The accumulated amount by time t: a variance, a displacement, a strain."""

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
"""Draws something of each particle's own: `draw(rng, shape)`, the shape that of positions, `(3, speckle, particle)`."""


def walk(variance: Path, factor: Draw | None = None) -> Motion:
    """A random walk with ⟨Δx²⟩ = variance(t) along each axis, Å²: diffusion, ageing, sudden events.

    `factor(rng, shape)` draws for each particle what multiplies its variance: polydispersity.
    """

    def advance(positions, own, t, dt, rng):
        step = rng.standard_normal(positions.shape, dtype=np.float32)
        positions += step * np.sqrt(np.float32(variance(t + dt) - variance(t)) * own)

    return remembering(factor or (lambda rng, shape: 1.0), advance)


def flow(displacement: Path, phi0: float, gap: float, profile: Callable = np.ones_like) -> Motion:
    """A flow along phi0: at depth s, 0 to 1 across the gap, displaced by displacement(t)·profile(s), Å."""
    direction = azimuthal(phi0)

    def advance(positions, t, dt, rng):
        carried = profile(positions[1] / np.float32(gap)) * np.float32(displacement(t + dt) - displacement(t))
        positions[::2] += direction * carried

    return advance


def flight(velocity: Draw, path: Path = lambda t: t) -> Motion:
    """Each particle keeps a velocity of its own, Å per unit of path(t); `velocity(rng, shape)` draws its (x, y, z)."""

    def advance(positions, own, t, dt, rng):
        positions += own * np.float32(path(t + dt) - path(t))

    return remembering(velocity, advance)


def spring(amplitude: float, friction: float, stiffness: float, substeps: int = 10) -> Motion:
    """Langevin motion about a fixed place: u'' = −friction·u' − stiffness·u + thermal force, ⟨u²⟩ = amplitude², Å.

    `friction` in s⁻¹, `stiffness` in s⁻². Leapfrog with the friction solved exactly in the middle of each substep.
    """
    thermal = amplitude * np.sqrt(stiffness)

    def start(rng, shape):
        return np.float32([[amplitude], [thermal]])[..., None, None] * rng.standard_normal((2, *shape), np.float32)

    def advance(positions, own, t, dt, rng):
        u, speed = own
        before, h = u.copy(), np.float32(dt / substeps)
        kept = np.float32(np.exp(-friction * h))
        kick = np.float32(thermal) * np.sqrt(1 - kept**2)
        for _ in range(substeps):
            speed -= h / 2 * np.float32(stiffness) * u
            u += h / 2 * speed
            speed *= kept
            speed += kick * rng.standard_normal(speed.shape, np.float32)
            u += h / 2 * speed
            speed -= h / 2 * np.float32(stiffness) * u
        positions += u - before

    return remembering(start, advance)


def cage(amplitude: float, time: float) -> Motion:
    """Brownian motion bound to a place: ⟨u²⟩ = amplitude², Å, along each axis, forgotten as exp(−t/time)."""

    def advance(positions, own, t, dt, rng):
        kept = np.exp(-dt / time)
        change = np.float32(kept - 1) * own
        change += np.float32(amplitude * np.sqrt(1 - kept**2)) * rng.standard_normal(own.shape, np.float32)
        own += change
        positions += change

    return remembering(lambda rng, shape: amplitude * rng.standard_normal(shape), advance)


def remembering(draw: Draw, advance: Callable) -> Motion:
    """The motion `advance(positions, own, t, dt, rng)` of particles with something of their own, drawn at t = 0."""
    own = None

    def motion(positions, t, dt, rng):
        nonlocal own
        if t == 0:
            own = np.asarray(draw(rng, positions.shape), np.float32)
        advance(positions, own, t, dt, rng)

    return motion


def azimuthal(phi: float) -> np.ndarray:
    """The unit vector (x, z) at an azimuth in degrees, to multiply arrays `(speckle, particle)`."""
    return np.float32([np.cos(np.radians(phi)), np.sin(np.radians(phi))])[:, None, None]
