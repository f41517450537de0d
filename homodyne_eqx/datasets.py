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
"""The values that `sheared_colloid` was simulated with.

`J` = 2·`stokes_einstein`, Å²/s, is the diffusion rate of the two-time model, constant in time; `shear_rate`, s⁻¹;
`phi0`, degrees; `gap`, Å; `q`, Å⁻¹; `particles`: scatterers in each speckle; `speckles` in each sector;
`speckles_per_pixel`; `photons`: mean count of a pixel in a frame; `seed`: of the random numbers.
"""


def sheared_colloid_path() -> Path:
    """The file that `sheared_colloid` reads, in the APS-U layout."""
    return _BUNDLED / "sheared_colloid.hdf"


def sheared_colloid() -> TwoTimeData:
    """A colloid in steady simple shear: 8 azimuths × 150 frames at one q, simulated from particles to photon counts.

    Brownian particles, spread evenly over a gap, move with a simple shear flow. Their positions give the scattered
    fields, the intensities, the counts and the maps; no correlation model is used. `examples/particle_simulation.py`
    writes this file when run with its defaults, and `SHEARED_COLLOID_TRUTH` holds the values. Sigma was estimated from
    the far-lag plateau. Frames share speckles, so the noise is correlated between pixels.

    **Returns:** a `TwoTimeData` with the gap set, contrast near 1/3 and baseline 1.
    """
    data = load(sheared_colloid_path())
    assert isinstance(data, TwoTimeData)
    return data
