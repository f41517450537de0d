"""A least-squares problem of n_params + 1 residuals with the steps of the full one.

Least squares sees a residual r and its Jacobian J only through JᵀJ, Jᵀr and rᵀr. Any [J' r'] with the same products
takes the same Levenberg–Marquardt, Gauss–Newton and dogleg steps; here it is the Cholesky factor of the (n_params +
1)² matrix [J r]ᵀ[J r], which one pass over the data gives.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .normal_equations.normal_equations import NormalEquations


def compressed(
    normal: NormalEquations,
) -> tuple[Float[Array, "n_params_plus_1 n_params"], Float[Array, " n_params_plus_1"]]:
    """J' and r' with J'ᵀJ' = JᵀJ, J'ᵀr' = Jᵀr, r'ᵀr' = χ².

    Columns are scaled to length 1 before factoring, so parameters may be of any magnitude; what rounding has made
    singular (noise-free data, parameters without effect) is lifted by some units of the last place.
    """
    n = normal.vector.size
    whole = jnp.zeros((n + 1, n + 1), normal.matrix.dtype).at[:n, :n].set(normal.matrix)
    whole = whole.at[n, :n].set(normal.vector).at[:n, n].set(normal.vector).at[n, n].set(normal.chi2)
    diagonal = jnp.diagonal(whole)
    length = jnp.sqrt(jnp.where(diagonal > 0, diagonal, 1))
    n = length.size
    lifted = whole / (length[:, None] * length[None, :]) + 20 * n * jnp.finfo(whole.dtype).eps * jnp.eye(
        n, dtype=whole.dtype
    )
    factor = jnp.linalg.cholesky(lifted, upper=True, symmetrize_input=True) * length[None, :]
    return factor[:, :-1], factor[:, -1]


@jax.custom_jvp
def residual_of(y: Float[Array, " n_params"], normal: NormalEquations) -> Float[Array, " n_params_plus_1"]:
    """r', given the normal equations at `y` in terms of `y`, with J' as its derivative in `y`.

    `normal` must be the differentiable function of `y` (and of whatever else) that it is. The derivatives of ½ r'ᵀr'
    are then right to second order, in `y` and in all else, though the frame in which r' is written turns as `y`
    moves.
    """
    return compressed(normal)[1]


@residual_of.defjvp
def _residual_jvp(primals, tangents):
    (y, normal), (t_y, t_normal) = primals, tangents
    residual = residual_of(y, normal)
    jacobian = jacobian_of(y, normal)
    elsewhere = t_normal.chi2 - 2 * normal.vector @ t_y
    return residual, jacobian @ t_y + residual * (elsewhere / _twice(normal.chi2))


@jax.custom_jvp
def jacobian_of(y: Array, normal: NormalEquations) -> Array:
    """J' at `y`, whose own derivative is chosen such that J'ᵀr' changes as Jᵀr does."""
    return compressed(normal)[0]


@jacobian_of.defjvp
def _jacobian_jvp(primals, tangents):
    (y, normal), (t_y, t_normal) = primals, tangents
    residual = residual_of(y, normal)
    elsewhere = t_normal.chi2 - 2 * normal.vector @ t_y
    change = t_normal.vector - normal.matrix @ t_y - normal.vector * (elsewhere / _twice(normal.chi2))
    return jacobian_of(y, normal), jnp.outer(residual, change) * (2 / _twice(normal.chi2))


def _twice(chi2: Array) -> Array:
    return 2 * jnp.where(chi2 > 0, chi2, 1)
