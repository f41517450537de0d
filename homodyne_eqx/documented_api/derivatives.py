"""Derivatives of g2 and χ² with respect to the parameters, by their documented names.

Each takes the arguments of its function, by position or by name. For derivatives with respect to anything else (q,
L, contrast, offset, dt, the data) apply `jax.grad`, `jax.jacfwd` or `jax.hessian` to the functions themselves.
"""

from jaxtyping import Array

from . import programs
from .arrays import Numbers
from .correlation import chi2_arguments, g2_arguments


def gradient_g2(
    params: Numbers,
    t1: Numbers,
    t2: Numbers,
    phi: Numbers,
    q: Numbers,
    L: Numbers,
    contrast: Numbers,
    offset: Numbers,
    dt: Numbers | None,
) -> Array:
    """∂(Σ g2)/∂params, summed over all azimuths and pairs: shape `(n_params,)`. See `jacobian_g2` for each element.

    **Arguments, errors:** as in `compute_g2_scaled`.
    """
    return programs.g2_gradient(*g2_arguments(params, t1, t2, phi, q, L, contrast, offset, dt))


def hessian_g2(
    params: Numbers,
    t1: Numbers,
    t2: Numbers,
    phi: Numbers,
    q: Numbers,
    L: Numbers,
    contrast: Numbers,
    offset: Numbers,
    dt: Numbers | None,
) -> Array:
    """∂²(Σ g2)/∂params², of the sum whose gradient is `gradient_g2`: shape `(n_params, n_params)`.

    **Arguments, errors:** as in `compute_g2_scaled`.
    """
    return programs.g2_hessian(*g2_arguments(params, t1, t2, phi, q, L, contrast, offset, dt))


def jacobian_g2(
    params: Numbers,
    t1: Numbers,
    t2: Numbers,
    phi: Numbers,
    q: Numbers,
    L: Numbers,
    contrast: Numbers,
    offset: Numbers,
    dt: Numbers | None,
) -> Array:
    """∂g2/∂params at every element: shape `(n_phi, n_t, n_t, n_params)`.

    **Arguments, errors:** as in `compute_g2_scaled`.
    """
    return programs.g2_jacobian(*g2_arguments(params, t1, t2, phi, q, L, contrast, offset, dt))


def gradient_chi2(
    params: Numbers,
    data: Numbers,
    sigma: Numbers,
    t1: Numbers,
    t2: Numbers,
    phi: Numbers,
    q: Numbers,
    L: Numbers,
    contrast: Numbers,
    offset: Numbers,
    dt: Numbers | None,
) -> Array:
    """∂χ²/∂params: shape `(n_params,)`.

    **Arguments, errors:** as in `compute_chi_squared`.
    """
    return programs.chi2_gradient(*chi2_arguments(params, data, sigma, t1, t2, phi, q, L, contrast, offset, dt))


def hessian_chi2(
    params: Numbers,
    data: Numbers,
    sigma: Numbers,
    t1: Numbers,
    t2: Numbers,
    phi: Numbers,
    q: Numbers,
    L: Numbers,
    contrast: Numbers,
    offset: Numbers,
    dt: Numbers | None,
) -> Array:
    """∂²χ²/∂params²: shape `(n_params, n_params)`.

    **Arguments, errors:** as in `compute_chi_squared`.
    """
    return programs.chi2_hessian(*chi2_arguments(params, data, sigma, t1, t2, phi, q, L, contrast, offset, dt))
