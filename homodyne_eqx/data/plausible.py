"""Values that no beamline has: a wrong unit most of the time."""

from collections.abc import Iterator

import numpy as np

from ..physics.geometry import Geometry

RANGES = {
    "q": (1e-4, 1.0, "Å⁻¹", 'q=…"nm^-1"'),
    "gap": (1e4, 1e8, "Å", 'gap="200um"'),
    "dt": (1e-8, 1e4, "s", 'dt="1ms"'),
}
"""Quantity → lowest, highest, unit, and how to write another unit."""

_SIGNS_OF_RADIANS = 2 * np.pi + 1e-6
_RUNS_LATER, _CLOCK = 1e3, 1e6


def doubts_on_geometry(geometry: Geometry, lags_only: bool = False) -> Iterator[str]:
    """A sentence for each value outside what beamlines have, for azimuths that look like radians or are beyond a turn,
    and for sectors of equal q and phi.

    **Arguments:** `lags_only`: whether its times are lags, on which there are no doubts.
    """
    for name, (low, high, unit, text) in RANGES.items():
        if lags_only and name == "dt":
            continue
        value = getattr(geometry, name)
        values = np.ravel(np.asarray(value if value is not None else 1e-3 if name == "dt" else low, np.float64))
        off = values[(values < low * (1 - 1e-6)) | (values > high * (1 + 1e-6))]
        if off.size:
            yield (
                f"{name} is {off[0]:.4g} {unit}, outside {low:g} to {high:g} {unit}, the usual range: check the unit "
                f"({text} gives another one)"
            )
    t = np.asarray(geometry.t, np.float64)
    if not lags_only and t[0] > max(_CLOCK, _RUNS_LATER * (t[-1] - t[0])):
        yield (
            f"the first frame is at {t[0]:.6g} s, and the run takes {t[-1] - t[0]:.3g} s: times of a clock? They count "
            "from the start of the experiment; subtract that"
        )
    if geometry.phi is None:
        return
    phi = np.ravel(np.asarray(geometry.phi, np.float64))
    if np.any(np.abs(phi) > 360):
        yield f"phi is {phi[np.abs(phi) > 360][0]:.4g}°, beyond a whole turn: check the unit"
    elif len(np.unique(phi)) > 2 and np.max(np.abs(phi)) <= _SIGNS_OF_RADIANS and np.any(phi != np.round(phi)):
        yield "all phi lie within ±6.28: they are taken in degrees, and look like radians"
    q = np.broadcast_to(np.ravel(np.asarray(geometry.q, np.float64)), phi.shape) if np.size(geometry.q) == 1 else None
    pairs = np.stack([np.ravel(np.asarray(geometry.q, np.float64)) if q is None else q, phi], axis=1)
    distinct, first, count = np.unique(pairs, axis=0, return_index=True, return_counts=True)
    if len(distinct) < len(pairs):
        k = int(first[np.argmax(count)])
        same = np.flatnonzero(np.all(pairs == pairs[k], axis=1))
        yield f"sectors {', '.join(map(str, same[:6]))} have the same q and phi: are they different data?"
