"""Two-time data that come with the package."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from .data import TwoTimeData, load

_BUNDLED = Path(__file__).parent / "data" / "bundled"

SHEARED_COLLOID_TRUTH: Mapping[str, Any] = MappingProxyType(
    {
        "J": 1.4e4,
        "stokes_einstein": 7.0e3,
        "shear_rate": 1.0e-4,
        "phi0": 25.0,
        "gap": 2.0e6,
        "q": 0.0054,
        "particles": 64,
        "speckles": 180_000,
        "speckles_per_pixel": 3,
        "photons": 50.0,
        "seed": 20250,
    }
)
"""What `sheared_colloid` was simulated with.

`J` = 2·`stokes_einstein`, Å²/s, is the diffusion rate of the two-time model, constant in time; `shear_rate`, s⁻¹;
`phi0`, degrees; `gap`, Å; `q`, Å⁻¹; scatterers of a speckle; speckles of a sector and of a pixel; mean photon count of
a pixel in a frame.
"""


def sheared_colloid_path() -> Path:
    """The file behind `sheared_colloid`, in the APS-U layout."""
    return _BUNDLED / "sheared_colloid.hdf"


def sheared_colloid() -> TwoTimeData:
    """A colloid in steady simple shear: 8 azimuths × 150 frames at one q, simulated from particles to photon counts.

    Brownian particles spread evenly over a gap are carried by simple shear; their positions give the scattered fields,
    the intensities, the counts and the maps. No correlation model is in it: see `examples/particle_simulation.py`,
    which writes this file when run with its defaults. `SHEARED_COLLOID_TRUTH` says what was put in. The noise was
    estimated from the far-lag plateau; frames share speckles, so it is correlated between pixels.

    **Returns:** a `TwoTimeData` with the gap set, contrast near 1/3 and baseline 1.
    """
    return load(sheared_colloid_path())
