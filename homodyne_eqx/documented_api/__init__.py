"""The documented functional API: g1, g2, χ² and their derivatives as functions of arrays, over the modules of
this package.

For scripts written against it, `from homodyne_eqx.core.jax_backend import …` is all that changes. Lengths are in Å,
times in s, angles in degrees. Any argument may be traced: the functions work under `jit`, `grad`, `vmap` and
`shard_map`.
"""

from .correlation import (
    batch_chi_squared as batch_chi_squared,
    compute_chi_squared as compute_chi_squared,
    compute_g1_diffusion as compute_g1_diffusion,
    compute_g1_shear as compute_g1_shear,
    compute_g1_total as compute_g1_total,
    compute_g2_scaled as compute_g2_scaled,
    compute_g2_scaled_with_factors as compute_g2_scaled_with_factors,
    vectorized_g2_computation as vectorized_g2_computation,
)
from .derivatives import (
    gradient_chi2 as gradient_chi2,
    gradient_g2 as gradient_g2,
    hessian_chi2 as hessian_chi2,
    hessian_g2 as hessian_g2,
    jacobian_g2 as jacobian_g2,
)
from .diagnostics import (
    get_device_info as get_device_info,
    get_performance_summary as get_performance_summary,
    jax_available as jax_available,
    numpy_gradients_available as numpy_gradients_available,
    validate_backend as validate_backend,
)
from .meshgrid_cache import (
    _MESHGRID_CACHE_MAX_SIZE as _MESHGRID_CACHE_MAX_SIZE,
    clear_meshgrid_cache as clear_meshgrid_cache,
    get_cache_stats as get_cache_stats,
    get_cached_meshgrid as get_cached_meshgrid,
    reset_cache_stats as reset_cache_stats,
)

__all__ = [
    "batch_chi_squared",
    "clear_meshgrid_cache",
    "compute_chi_squared",
    "compute_g1_diffusion",
    "compute_g1_shear",
    "compute_g1_total",
    "compute_g2_scaled",
    "compute_g2_scaled_with_factors",
    "get_cache_stats",
    "get_cached_meshgrid",
    "get_device_info",
    "get_performance_summary",
    "gradient_chi2",
    "gradient_g2",
    "hessian_chi2",
    "hessian_g2",
    "jacobian_g2",
    "jax_available",
    "numpy_gradients_available",
    "reset_cache_stats",
    "validate_backend",
    "vectorized_g2_computation",
]
