"""Two-time data in words."""

from typing import Any

import numpy as np

from ..physics.minus_sign import with_minus
from .noise import describe_sigma
from .selection import describe_sectors, sector_arrays


def described(data: Any, counted: str) -> str:
    """The description of `TwoTimeData`, line by line. **Arguments:** `counted`: how many pixels are excluded, in
    words."""
    geometry, times = data.geometry, np.asarray(data.geometry.t)
    lines = [
        f"TwoTimeData: {data.n_sector} sectors × {data.n_t} frames ({'lazy ' * data.is_lazy}{data.c2.dtype})",
        f"  time     {with_minus(f'{times[0]:.5g}')} to {times[-1]:.5g} s, dt {float(geometry.dt):.5g} s",
        f"  sectors  {describe_sectors(*sector_arrays(geometry))}",
    ]
    if geometry.gap is not None:
        lines.append(f"  gap      {', '.join(f'{x:.5g}' for x in np.unique(np.asarray(geometry.gap)))} Å")
    lines += [f"  sigma    {describe_sigma(data.sigma)} ({data.sigma_source})", f"  excluded {counted}"]
    if data.provenance.path is not None:
        lines.append(f"  from     {data.provenance.path} ({data.provenance.format})")
    lines += [f"  step     {step}" for step in data.provenance.steps]
    return "\n".join(lines + [f"  note     {note}" for note in data.notes])
