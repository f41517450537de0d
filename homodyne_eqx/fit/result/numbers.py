"""Numbers as people write them: no more digits than the uncertainty allows, and both with the same exponent."""

import math

from ...physics.minus_sign import with_minus

_SMALLEST, _LARGEST = 1e-3, 1e6
_MOST_DECIMALS = 12


def value_text(value: float | int, uncertainty: float = math.nan) -> str:
    """A value to two digits of its uncertainty, or to six digits without one; whole numbers (`int`) as they are."""
    return number_texts(value, uncertainty)[0]


def number_texts(value: float | int, uncertainty: float, *others: float) -> tuple[str, ...]:
    """A value, its uncertainty and other uncertainties of it, to the same decimals and with the same exponent.

    There are two digits of the first uncertainty: 13970 and 250; 9.946e-05 and 0.043e-05. Values from 0.001 to a
    million have no exponent. Without a finite uncertainty > 0 the value has six digits. A minus sign is «−».
    """
    if isinstance(value, int) or not math.isfinite(value):
        return with_minus(str(value)), *(uncertainty_text(each) for each in (uncertainty, *others))
    if not (math.isfinite(uncertainty) and uncertainty > 0):
        return with_minus(f"{value:.6g}"), *(uncertainty_text(each) for each in (uncertainty, *others))
    size = max(abs(value), uncertainty)
    exponent = 0 if _SMALLEST <= size < _LARGEST else _exponent(size)
    decimals = exponent - (_exponent(float(f"{uncertainty:.1e}")) - 1)
    if exponent and round(size / 10.0**exponent, decimals) >= 10:
        exponent, decimals = exponent + 1, decimals + 1
    if decimals > _MOST_DECIMALS:
        return _written(value, exponent, _MOST_DECIMALS), *(uncertainty_text(each) for each in (uncertainty, *others))
    return _written(value, exponent, decimals), *(
        _written(each, exponent, decimals) if math.isfinite(each) else "–" for each in (uncertainty, *others)
    )


def uncertainty_text(uncertainty: float) -> str:
    """Two digits, by itself: 120; 2.3e-08. «–» for none that is finite."""
    if not math.isfinite(uncertainty):
        return "–"
    if not _SMALLEST <= uncertainty < _LARGEST:
        return f"{uncertainty:.2g}"
    rounded = float(f"{uncertainty:.1e}")
    return f"{rounded:.0f}" if rounded >= 10 else f"{rounded:.2g}"


def reduced_chi2_text(reduced: float, degrees_of_freedom: int) -> str:
    """The number rounded to two digits of √(2/n), the scatter of the reduced χ² of n independent pixels about 1."""
    return value_text(reduced, math.sqrt(2 / max(degrees_of_freedom, 1)))


def seconds_text(seconds: float) -> str:
    """Seconds to a tenth, to a hundredth below one."""
    return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"


def _exponent(x: float) -> int:
    return math.floor(math.log10(x))


def _written(x: float, exponent: int, decimals: int) -> str:
    """x / 10^exponent to so many decimals, or rounded to tens, hundreds, … where they are negative; no «−0»."""
    scaled = x / 10.0**exponent
    rounded = round(scaled, decimals) + 0.0
    text = f"{rounded:.{max(decimals, 0)}f}"
    return with_minus(f"{text}e{exponent:+03d}" if exponent else text)
