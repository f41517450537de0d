"""Parameters, numbers, azimuths and maps of the documented functions, checked before anything is computed.

Concrete values are checked with NumPy, in microseconds; of traced values only the shape is checked. Numbers become
Python floats, so that a new value compiles nothing.
"""

import math
import sys
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from ..physics.documented_models import LAMINAR_NAMES, STATIC_NAMES
from ..physics.geometry import is_concrete
from .arrays import Numbers, of_definite_type, real_array, remembered


class _Number(NamedTuple):
    """The meaning of a number, the smallest value allowed, and the remedy for any other."""

    meaning: str
    least: float
    remedy: str


_ANY = -sys.float_info.max
_NUMBERS = {
    "q": _Number(
        "the magnitude of the scattering vector in Å⁻¹, finite and ≥ 0",
        0.0,
        "Pass |q| of the sectors; 1 nm⁻¹ is 0.1 Å⁻¹.",
    ),
    "L": _Number("the gap between the walls in Å, finite and ≥ 0", 0.0, "Pass it in Å; 1 mm is 1e7 Å."),
    "dt": _Number(
        "the frame period in seconds, finite and > 0", math.nextafter(0.0, 1.0), "Pass the one set at the measurement."
    ),
    "contrast": _Number(
        "the speckle contrast, finite", _ANY, "Pass an estimate, such as g2 at short lags less the offset."
    ),
    "offset": _Number("the baseline of g2, finite", _ANY, "Pass 1.0 for data that are normalised."),
    "wavevector_q_squared_half_dt": _Number(
        "½ q² dt in Å⁻² s, finite and ≥ 0", 0.0, "Compute it from q in Å⁻¹ and dt in s."
    ),
    "sinc_prefactor": _Number("q L dt / 2π in s, finite and ≥ 0", 0.0, "Compute it from q in Å⁻¹, L in Å and dt in s."),
}


def parameters(params: Numbers, ndim: int = 1) -> Any:
    """A vector of 3 or 7 parameters, or with `ndim` 2 a batch of them, of a floating type.

    **Raises:** `ValueError` for another rank or length, or for values that are not finite.
    """
    name = "params" if ndim == 1 else "params_batch"
    return remembered(name, lambda x: _parameters(name, x, ndim), params)


def _parameters(name: str, params: Numbers, ndim: int) -> Any:
    array = of_definite_type(real_array(name, params))
    if array.ndim != ndim or array.shape[-1] not in (3, 7):
        expected = "3 values" if ndim == 1 else "(n_batch, 3)"
        raise ValueError(
            f"{name} has shape {array.shape}; expected {expected} [{', '.join(STATIC_NAMES)}] "
            f"or {expected.replace('3', '7')} [{', '.join(LAMINAR_NAMES)}]."
        )
    if not jnp.issubdtype(array.dtype, jnp.floating):  # no derivative is taken in an integer
        array = array.astype(jnp.result_type(float))
    if is_concrete(array) and not (finite := np.isfinite(np.asarray(array))).all():
        bad = [key for key, column in zip(LAMINAR_NAMES, finite.T) if not column.all()]
        raise ValueError(
            f"{name} is not finite in {', '.join(bad)}: {np.asarray(array)}; expected finite numbers. "
            "Bound the fit that proposes them, or start it elsewhere."
        )
    return array


def angles(phi: Numbers) -> Any:
    """Azimuths in degrees, a scalar or an array of any shape.

    **Raises:** `ValueError` if there are none, or if any is not finite.
    """
    return remembered("phi", _angles, phi)


def _angles(phi: Numbers) -> Any:
    array = of_definite_type(real_array("phi", phi))
    if array.size == 0:
        raise ValueError(
            f"phi has shape {array.shape}; expected at least one azimuth in degrees. "
            "Pass any, such as 0.0, where nothing depends on direction."
        )
    if is_concrete(array) and not np.isfinite(np.asarray(array)).all():
        raise ValueError(
            f"phi holds values that are not finite: {np.asarray(array)}; expected azimuths in degrees. "
            "Leave those sectors out, of data and sigma too."
        )
    return array


def number(name: str, x: Numbers) -> Any:
    """`x`, one number, as a Python float; a traced number as it is.

    **Raises:** `ValueError` if it is not one, not finite or out of its range.
    """
    meaning, least, remedy = _NUMBERS[name]
    if type(x) is float and least <= x < math.inf:  # the usual case, ten times as fast
        return x
    array = real_array(name, x)
    if array.size != 1:
        raise ValueError(
            f"{name} has shape {array.shape}; expected one number, {meaning}. Call once for each, or use jax.vmap."
        )
    if not is_concrete(array):
        return array
    value = float(np.asarray(array, np.float64).reshape(()))
    if not least <= value < math.inf:
        raise ValueError(f"{name} is {value}; expected {meaning}. {remedy}")
    return value


def scaling(name: str, x: Numbers, phi: Any) -> Any:
    """Contrast or offset: one number, or one for each azimuth, `(n_phi,)` or any shape that broadcasts with
    `(n_phi, 1, 1)` to it; then as an array `(n_phi,)`. `phi`: the azimuths, checked.

    **Raises:** `ValueError` for another shape, and for values that are not finite.
    """
    if type(x) is float:
        return number(name, x)
    array = real_array(name, x)
    if array.size == 1:
        return number(name, array)
    n_phi = phi.size
    return remembered((name, n_phi), lambda x: _one_a_sector(name, x, n_phi), x)


def _one_a_sector(name: str, x: Numbers, n_phi: int) -> Any:
    array = real_array(name, x)
    if array.shape not in ((n_phi,), (n_phi, 1, 1)):
        raise ValueError(
            f"{name} has shape {array.shape}; expected one number, or one for each azimuth, ({n_phi},) or "
            f"({n_phi}, 1, 1)."
        )
    if is_concrete(array) and not np.isfinite(np.asarray(array)).all():
        raise ValueError(f"{name} holds values that are not finite: {np.asarray(array).ravel()}; expected finite ones.")
    return of_definite_type(array).reshape(-1)


def maps(name: str, x: Numbers, n_phi: int, n_t: int) -> Any:
    """Data, or with the name "sigma" their uncertainties: (n_phi, n_t, n_t); also (n_t, n_t) for one azimuth, and
    one number as sigma.

    A weak type stays as it is: one more compilation costs less than a copy of the maps at every call.

    **Raises:** `ValueError` for another shape, data that are not finite, or an uncertainty that is not > 0.
    """
    return remembered((name, n_phi, n_t), lambda x: _maps(name, x, n_phi, n_t), x)


def _maps(name: str, x: Numbers, n_phi: int, n_t: int) -> Any:
    array, is_sigma = real_array(name, x), name == "sigma"
    one_azimuth = n_phi == 1 and array.shape == (n_t, n_t)
    if not (array.shape == (n_phi, n_t, n_t) or one_azimuth or (is_sigma and array.ndim == 0)):
        raise ValueError(
            f"{name} has shape {array.shape}; expected (n_phi, n_t, n_t) = {(n_phi, n_t, n_t)}, by phi and t1. "
            f"Pass one map for each azimuth{' or one number for all' if is_sigma else ''}."
        )
    if is_concrete(array):
        (_check_sigma if is_sigma else _check_data)(np.asarray(array))
    return array


def _check_data(values: np.ndarray) -> None:
    with np.errstate(over="ignore", invalid="ignore"):  # a sum in float16 may overflow although all values are finite
        total = values.sum()
    if not np.isfinite(total) and (bad := int(np.count_nonzero(~np.isfinite(values)))):
        raise ValueError(
            f"data holds {bad} values that are not finite. "
            "To leave pixels out, set them to any number and their sigma to inf."
        )


def _check_sigma(values: np.ndarray) -> None:
    if not values.min() > 0:
        bad = int(np.count_nonzero(~(values > 0)))
        raise ValueError(
            f"sigma holds {bad} of {values.size} values that are not > 0, the least {values.min()}. "
            "To leave pixels out, set their sigma to inf."
        )
