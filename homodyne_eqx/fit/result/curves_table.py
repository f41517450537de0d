"""The rates over time as a table that any spreadsheet reads: the content of `curves.csv`."""

import csv
import io
from collections.abc import Mapping

from .derived import Curve


def curves_csv(curves: Mapping[str, Curve]) -> str:
    """A line for each frame: its time, and of each rate the value and 1σ below and above it; the first line has names
    and units, as in `J [Å²/s]`. Empty without rates. Infinite bounds are written `inf`."""
    if not curves:
        return ""
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    heading, columns = ["t [s]"], [next(iter(curves.values())).t]
    for name, curve in curves.items():
        unit = f" [{curve.unit}]" if curve.unit else ""
        heading += [f"{name}{unit}", f"{name} low{unit}", f"{name} high{unit}"]
        columns += [curve.value, curve.low, curve.high]
    table.writerow(heading)
    table.writerows([f"{x:.10g}" for x in line] for line in zip(*columns, strict=True))
    return written.getvalue()
