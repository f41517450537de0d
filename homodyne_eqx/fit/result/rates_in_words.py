"""Sentences on the rates over time of a fit: what the data determine of them, and where a rate is at its floor."""

from collections.abc import Mapping

import numpy as np

from ...physics.rates.power_law import RATE_FLOOR
from .derived import Curve
from .numbers import number_texts

_DETERMINED = 0.5
_LISTED = 3
_EQUAL = 1e-6


def determined_text(curves: Mapping[str, Curve]) -> str:
    """What the data determine of the rates, at the first time after 0, at the time at which a rate is known best, and
    at the last time; «» where nothing is known to a half of its value.

    «Over the measured times the data determine J: 12300 ± 400 Å²/s at 0.1 s, 11850 ± 90 Å²/s at 4.2 s.»
    """
    said = {name: told for name, curve in curves.items() if (told := _determined(curve))}
    listed = [f"{name}: {told}" for name, told in list(said.items())[:_LISTED]]
    more = f"; and {len(said) - _LISTED} more" if len(said) > _LISTED else ""
    return f"Over the measured times the data determine {'; '.join(listed)}{more}." if said else ""


def _determined(curve: Curve) -> str:
    sigma = (curve.high - curve.low) / 2
    relative = np.where(np.isfinite(sigma) & (curve.value != 0), sigma, np.inf) / np.where(curve.value, curve.value, 1)
    relative = np.abs(relative)
    best = int(np.argmin(relative))
    if relative[best] > _DETERMINED:
        return ""
    if np.all(np.abs(curve.value - curve.value[best]) <= _EQUAL * abs(curve.value[best])):
        return f"{_value(curve, sigma, best)} at all of them"
    later = np.flatnonzero(curve.t > 0)
    times = sorted({int(k) for k in (*later[:1], best, *later[-1:])})
    return ", ".join(f"{_value(curve, sigma, k)} at {curve.t[k]:.4g} s" for k in times if relative[k] <= _DETERMINED)


def _value(curve: Curve, sigma: np.ndarray, k: int) -> str:
    value, uncertainty = number_texts(float(curve.value[k]), float(sigma[k]))
    return f"{value} ± {uncertainty} {curve.unit}".rstrip()


def at_floor(curve: Curve) -> np.ndarray:
    """At which times the rate is at its floor, (n_t,)."""
    return np.isclose(curve.value, RATE_FLOOR, rtol=1e-3, atol=0)


def floor_text(name: str, curve: Curve) -> str:
    """Where the rate is at its floor; «» where it is not.

    «J is at its floor, 1e-10 Å²/s, at 31 of 120 times from 8.9 s to 11.9 s, because the fitted rate is
    negative there.»
    """
    there = np.flatnonzero(at_floor(curve))
    if not there.size:
        return ""
    first, last = curve.t[there[[0, -1]]]
    return (
        f"{name} is at its floor, {RATE_FLOOR:.0e} {curve.unit}, at {there.size} of {len(curve.t)} times from "
        f"{first:.4g} s to {last:.4g} s, because the fitted rate is negative there."
    )
