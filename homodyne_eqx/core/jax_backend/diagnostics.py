"""What this installation is and whether it computes what it should, as dictionaries that serialise to JSON."""

import importlib.metadata
import platform
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .correlation import compute_chi_squared, compute_g2_scaled
from .derivatives import gradient_chi2, hessian_chi2
from .meshgrid_cache import get_cache_stats

jax_available: bool = True
"""JAX is a requirement of this package: if this can be read, it is there."""

numpy_gradients_available: bool = False
"""There is no fallback to numerical derivatives."""


def validate_backend() -> dict[str, Any]:
    """Compute a small χ², its gradient and Hessian, and compare the derivatives with central differences.

    **Returns:** `jax_available`, `numpy_gradients_available`; `gradient_support`, `hessian_support`: whether they
    agree; `backend_type`; `precision`; `recommendations`: sentences; `test_results`: "success" or what was found,
    and the largest relative deviations.
    """
    results: dict[str, Any] = {}
    deviations: dict[str, float] = {}

    def attempt(name: str, test: Callable[[], float]) -> bool:
        try:
            deviations[name] = test()
        except Exception as error:  # whatever went wrong is the finding
            results[name] = f"error: {error}"
            return False
        agrees = deviations[name] <= _tolerance()
        results[name] = "success" if agrees else f"failed: off by {deviations[name]:.1e} of the largest value"
        return agrees

    attempt("forward_computation", _value_deviation)
    gradient = attempt("gradient_computation", lambda: _derivative_deviation(compute_chi_squared, gradient_chi2))
    hessian = attempt("hessian_computation", lambda: _derivative_deviation(gradient_chi2, hessian_chi2))
    return {
        **_flags(),
        "gradient_support": gradient,
        "hessian_support": hessian,
        "precision": _precision(),
        "recommendations": _recommendations(),
        "test_results": {**results, "deviations": deviations, "tolerance": _tolerance()},
    }


def get_device_info() -> dict[str, Any]:
    """The devices JAX computes on.

    **Returns:** `available`; `devices`: their names; `backend`: "cpu", "gpu" or "tpu"; `device_count`; `precision`;
    `versions`.
    """
    devices = jax.devices()
    return {
        "available": True,
        "devices": [str(device) for device in devices],
        "backend": jax.default_backend(),
        "device_count": len(devices),
        "precision": _precision(),
        "versions": _versions(),
    }


def get_performance_summary() -> dict[str, Any]:
    """Devices, precision, the state of the meshgrid cache, and what would make computations faster or more exact.

    **Returns:** `backend_type`, `jax_available`, `numpy_gradients_available`, the entries of `get_device_info`,
    `meshgrid_cache`, `recommendations`.
    """
    return {
        **_flags(),
        **get_device_info(),
        "meshgrid_cache": get_cache_stats(),
        "recommendations": _recommendations(),
    }


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


def _tolerance() -> float:
    """What central differences leave, relative to the largest value."""
    return 1e-6 if _precision() == "float64" else 3e-2


_PARAMS = np.array([800.0, -0.3, 20.0, 0.02, 0.2, 0.002, 12.0])
_SETTING = {
    "t1": np.arange(6) * 0.1 + 0.1,
    "t2": np.arange(6) * 0.1 + 0.1,
    "phi": np.array([10.0, 70.0]),
    "q": 0.02,
    "L": 2e5,
    "contrast": 0.4,
    "offset": 1.0,
    "dt": 0.1,
}


def _value_deviation() -> float:
    """g2 − offset at lag 0 is the contrast."""
    g2 = np.asarray(compute_g2_scaled(_PARAMS, **_SETTING))
    return float(np.max(np.abs(np.diagonal(g2, axis1=1, axis2=2) - 1.4)))


def _derivative_deviation(function: Callable, derivative: Callable) -> float:
    """The largest difference from central differences, each parameter counted in its own size."""
    data, sigma = np.ones((2, 6, 6)), np.full((2, 6, 6), 0.1)
    step = 1e-5 if _precision() == "float64" else 1e-2
    sizes = np.abs(_PARAMS)
    differences = [
        np.asarray(function(_PARAMS + step * e, data, sigma, **_SETTING), np.float64)
        - np.asarray(function(_PARAMS - step * e, data, sigma, **_SETTING), np.float64)
        for e in np.diag(sizes)
    ]
    numerical = np.stack(differences, axis=-1) / (2 * step)
    exact = np.asarray(derivative(_PARAMS, data, sigma, **_SETTING), np.float64) * sizes
    if exact.ndim == 2:
        numerical, exact = numerical * sizes[:, None], exact * sizes[:, None]
    return float(np.max(np.abs(numerical - exact)) / np.max(np.abs(exact)))
