"""Numbers as people write them: no more digits than the uncertainty allows."""

import math


def value_text(value: float | int, uncertainty: float = math.nan) -> str:
    """A value to two digits of its uncertainty, or to six digits without one; whole numbers (`int`) as they are."""
    if isinstance(value, int) or not math.isfinite(value):
        return str(value)
    if not (math.isfinite(uncertainty) and uncertainty > 0):
        return f"{value:.6g}"
    last = math.floor(math.log10(uncertainty)) - 1
    if value != 0 and not 1e-3 <= abs(value) < 1e6:
        first = math.floor(math.log10(abs(value)))
        return f"{value:.{min(max(first - last, 0), 9)}e}"
    return f"{value:.{min(max(-last, 0), 12)}f}"


def uncertainty_text(uncertainty: float) -> str:
    """Two digits; large and small ones as powers of ten."""
    return f"{uncertainty:.2g}" if math.isfinite(uncertainty) else "–"


def reduced_chi2_text(reduced: float, degrees_of_freedom: int) -> str:
    """To two digits of √(2/n), by which the reduced χ² of n independent pixels scatters about 1."""
    return value_text(reduced, math.sqrt(2 / max(degrees_of_freedom, 1)))


def seconds_text(seconds: float) -> str:
    """Seconds to a tenth, to a hundredth below one."""
    return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
