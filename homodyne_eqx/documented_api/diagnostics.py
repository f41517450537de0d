"""The installed versions, and tests of the computation, as dictionaries that serialise to JSON."""

import functools
import importlib.metadata
import platform
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .correlation import compute_chi_squared, compute_g2_scaled
from .derivatives import gradient_chi2, gradient_g2, hessian_chi2, hessian_g2
from .meshgrid_cache import get_cache_stats

jax_available: bool = True
"""JAX is a requirement of this package, so this is always true."""

numpy_gradients_available: bool = False
"""There is no fallback to numerical derivatives."""


def validate_backend() -> dict[str, Any]:
    """Compute a small g2 and χ² and compare g2 with a closed form, the derivatives of both with central differences.

    **Returns:** `jax_available`, `numpy_gradients_available`; `gradient_support`, `hessian_support`: whether those of
    g2 and of χ² agree; `backend_type`; `precision`; `recommendations`: sentences; `test_results`: for each test
    "success" or what was found, the `deviations` relative to the largest value, and the `tolerances`.
    """
    results: dict[str, Any] = {}
    deviations: dict[str, float] = {}
    tolerances: dict[str, float] = {}

    def agrees(name: str, tolerance: float, test: Callable[[], float]) -> bool:
        tolerances[name] = tolerance
        try:
            deviations[name] = test()
        except Exception as error:  # whatever is raised is part of the report
            results[name] = f"error: {error}"
            return False
        success = deviations[name] <= tolerance
        results[name] = "success" if success else f"failed: off by {deviations[name]:.1e} of the largest value"
        return success

    agrees("forward_computation", _closeness(1e-10, 1e-4), _value_deviation)
    of_differences = _closeness(1e-6, 1e-2)
    supported = {
        name: agrees(f"{name}_computation", of_differences, functools.partial(_derivative_deviation, *pair))
        for name, pair in {
            "gradient": (_chi2, _chi2_gradient),
            "hessian": (_chi2_gradient, _chi2_hessian),
            "gradient_g2": (_sum_of_g2, _g2_gradient),
            "hessian_g2": (_g2_gradient, _g2_hessian),
        }.items()
    }
    return {
        **_flags(),
        "gradient_support": supported["gradient"] and supported["gradient_g2"],
        "hessian_support": supported["hessian"] and supported["hessian_g2"],
        "precision": _precision(),
        "recommendations": _recommendations(),
        "test_results": {**results, "deviations": deviations, "tolerances": tolerances},
    }


def get_device_info() -> dict[str, Any]:
    """The devices JAX computes on.

    **Returns:** `available`; `devices`: their names; `backend`: "cpu", "gpu" or "tpu"; `device_count`; `precision`;
    `versions`; `recommendations`: sentences.
    """
    devices = jax.devices()
    return {
        "available": True,
        "devices": [str(device) for device in devices],
        "backend": jax.default_backend(),
        "device_count": len(devices),
        "precision": _precision(),
        "versions": _versions(),
        "recommendations": _recommendations(),
    }


def get_performance_summary() -> dict[str, Any]:
    """Devices, precision, the state of the meshgrid cache, and what would make computations faster or more exact.

    **Returns:** `backend_type`, `jax_available`, `numpy_gradients_available`, the entries of `get_device_info`,
    `meshgrid_cache`.
    """
    return {**_flags(), **get_device_info(), "meshgrid_cache": get_cache_stats()}


def _flags() -> dict[str, Any]:
    return {
        "jax_available": jax_available,
        "numpy_gradients_available": numpy_gradients_available,
        "backend_type": "jax_native",
    }


def _precision() -> str:
    return str(jnp.result_type(float))


def _versions() -> dict[str, str]:
    names = ("homodyne-eqx", "jax", "jaxlib", "equinox", "numpy")
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in names}}


def _recommendations() -> list[str]:
    if _precision() == "float64":
        return []
    return ['Fits need float64: call jax.config.update("jax_enable_x64", True) before the first computation.']


def _closeness(double: float, single: float) -> float:
    """The tolerance for rounding and for the error of central differences, in the precision of the run."""
    return double if _precision() == "float64" else single


_PARAMS = np.array([800.0, -0.3, 20.0, 0.02, 0.2, 0.002, 12.0])
_T = np.arange(6) * 0.1 + 0.1
_SETTING = {
    "t1": _T,
    "t2": _T,
    "phi": np.array([10.0, 70.0]),
    "q": 0.02,
    "L": 2e5,
    "contrast": 0.4,
    "offset": 1.0,
    "dt": 0.1,
}
_OBSERVED = {"data": np.ones((2, 6, 6)), "sigma": np.full((2, 6, 6), 0.1)}


def _chi2(params: np.ndarray) -> Array:
    return compute_chi_squared(params, **_OBSERVED, **_SETTING)


def _chi2_gradient(params: np.ndarray) -> Array:
    return gradient_chi2(params, **_OBSERVED, **_SETTING)


def _chi2_hessian(params: np.ndarray) -> Array:
    return hessian_chi2(params, **_OBSERVED, **_SETTING)


def _sum_of_g2(params: np.ndarray) -> Array:
    return jnp.sum(compute_g2_scaled(params, **_SETTING))


def _g2_gradient(params: np.ndarray) -> Array:
    return gradient_g2(params, **_SETTING)


def _g2_hessian(params: np.ndarray) -> Array:
    return hessian_g2(params, **_SETTING)


def _value_deviation() -> float:
    """The largest difference from g2 at constant rates, alpha = beta = 0, where both sums are rates times lags."""
    D0, _, D_offset, gamma_dot_t0, _, gamma_dot_t_offset, phi0 = _PARAMS
    g2 = np.asarray(compute_g2_scaled(_PARAMS * [1, 0, 1, 1, 0, 1, 1], **_SETTING), np.float64)
    q, L, phi, lag = _SETTING["q"], _SETTING["L"], _SETTING["phi"], np.abs(_T[:, None] - _T)
    strain = (gamma_dot_t0 + gamma_dot_t_offset) * lag * np.cos(np.radians(phi0 - phi))[:, None, None]
    g1 = np.exp(-(q**2) / 2 * (D0 + D_offset) * lag) * np.sinc(q * L * strain / (2 * np.pi**2)) ** 2
    expected = _SETTING["offset"] + _SETTING["contrast"] * g1**2
    return float(np.max(np.abs(g2 - expected)) / np.max(expected))


def _derivative_deviation(function: Callable, derivative: Callable) -> float:
    """The largest difference from central differences, each parameter in units of its own size."""
    step = _closeness(1e-5, 1e-2)
    sizes = np.abs(_PARAMS)
    differences = [
        np.asarray(function(_PARAMS + step * e), np.float64) - np.asarray(function(_PARAMS - step * e), np.float64)
        for e in np.diag(sizes)
    ]
    numerical = np.stack(differences, axis=-1) / (2 * step)
    exact = np.asarray(derivative(_PARAMS), np.float64) * sizes
    if exact.ndim == 2:
        numerical, exact = numerical * sizes[:, None], exact * sizes[:, None]
    return float(np.max(np.abs(numerical - exact)) / np.max(np.abs(exact)))
