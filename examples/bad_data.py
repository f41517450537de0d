"""Two-time data with one thing wrong at a time, from simulated speckles, and the pictures of the page on bad data.

    python examples/bad_data.py [FOLDER]

Every function returns data of a decay of 8 frames in two sectors of 60 frames, spoilt in the way that its name says.
"""

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

import homodyne_eqx as hx

FRAMES, SECTORS, SPECKLES, DT = 60, 2, 800, 0.1
DECAY = 8.0
LAG = np.abs(np.subtract.outer(np.arange(FRAMES), np.arange(FRAMES)))
TRUTH = 1 + np.exp(-2 * LAG / DECAY)


def intensities(seed: int = 0, decay: float = DECAY) -> list[np.ndarray]:
    """The intensities of each sector, (n_t, n_speckles), of mean 1."""
    generator = np.random.default_rng(seed)
    field = np.exp(-LAG / decay)
    return [hx.testing.speckle_intensities(field, SPECKLES, generator) for _ in range(SECTORS)]


def correlated(of_sectors: list[np.ndarray]) -> hx.TwoTimeData:
    """c2, normalised by the mean intensity of all frames, as some beamlines do; sigma from the far lags."""
    c2 = np.stack([x @ x.T / x.shape[1] / np.mean(x) ** 2 for x in of_sectors])
    geometry = hx.Geometry(q=0.005, phi=np.array([0.0, 60.0]), t=DT * np.arange(FRAMES), dt=DT)
    return hx.TwoTimeData(c2, geometry, sigma="estimate")


def changed(data: hx.TwoTimeData, change: Callable[[np.ndarray], None]) -> hx.TwoTimeData:
    """The data with maps that `change` has altered in place."""
    c2 = np.array(data.c2)
    change(c2)
    return dataclasses.replace(data, c2=c2, sigma="estimate")


def good() -> hx.TwoTimeData:
    return correlated(intensities())


def bright_frame() -> hx.TwoTimeData:
    """Frame 37 three times brighter."""
    found = intensities()
    for x in found:
        x[37] *= 3.0
    return correlated(found)


def dark_frames() -> hx.TwoTimeData:
    """Frames 20 to 22 at two thirds of the intensity, as of a shutter that was slow."""
    found = intensities()
    for x in found:
        x[20:23] *= 0.67
    return correlated(found)


def noisy_frame() -> hx.TwoTimeData:
    """Frame 44 was read out badly: its row is noise."""

    def spoil(c2: np.ndarray) -> None:
        noise = np.random.default_rng(1).standard_normal((SECTORS, FRAMES))
        c2[:, 44] += noise
        c2[:, :, 44] += noise

    return changed(good(), spoil)


def dead_frames() -> hx.TwoTimeData:
    """Frames 30 and 31 were not recorded; the file has 0 there."""

    def spoil(c2: np.ndarray) -> None:
        c2[:, 30:32] = 0
        c2[:, :, 30:32] = 0

    return changed(good(), spoil)


def outlying_pixels() -> hx.TwoTimeData:
    """Three pairs of frames far off."""

    def spoil(c2: np.ndarray) -> None:
        for i, j in ((5, 40), (12, 50), (20, 55)):
            c2[0, i, j] = c2[0, j, i] = 3.0

    return changed(good(), spoil)


def bad_sector() -> hx.TwoTimeData:
    """Sector 1 lies behind the beam stop: no speckles, no decay."""

    def spoil(c2: np.ndarray) -> None:
        noise = np.triu(0.2 * np.random.default_rng(2).standard_normal((FRAMES, FRAMES)), 1)
        c2[1] = 1 + noise + noise.T

    return changed(good(), spoil)


def late_start() -> hx.TwoTimeData:
    """The beam warms up during the first 10 frames."""
    found = intensities()
    for x in found:
        x[:10] *= np.linspace(0.3, 1.0, 10)[:, None]
    return correlated(found)


def half_maps() -> hx.TwoTimeData:
    """The lower half of each map is 0, as many writers store it."""
    data = good()
    return dataclasses.replace(data, c2=np.triu(np.asarray(data.c2)), sigma=data.sigma)


def repeats() -> list[hx.TwoTimeData]:
    """Four measurements of the same."""
    return [correlated(intensities(seed)) for seed in range(4)]


def odd_repeat() -> list[hx.TwoTimeData]:
    """Four, of which number 2 decays four times as fast: another sample, or one that the beam has damaged."""
    return [correlated(intensities(seed, DECAY / 4 if seed == 2 else DECAY)) for seed in range(4)]


PICTURES = {
    "bad_data_bright_frame_maps": (bright_frame, "maps"),
    "bad_data_bright_frame": (bright_frame, "frames"),
    "bad_data_noisy_frame": (noisy_frame, "frames"),
    "bad_data_dead_frames": (dead_frames, "maps"),
    "bad_data_bad_sector": (bad_sector, "cuts"),
    "bad_data_late_start": (late_start, "maps"),
}


def main(folder: Path) -> None:
    for name, (make, what) in PICTURES.items():
        make().plot(what).savefig(folder / f"{name}.png", dpi=130)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "docs" / "images")
