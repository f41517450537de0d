"""A least-squares problem of n_params + 1 residuals that takes the same steps as the full one.

A least-squares solver depends on the residual r and its Jacobian J only through JᵀJ, Jᵀr and rᵀr. Any J' and r' with
the same products give the same Levenberg–Marquardt, Gauss–Newton and dogleg steps. Here [J' r'] is the Cholesky factor
of the matrix [J r]ᵀ[J r], of n_params + 1 rows, which one pass over the data gives.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .normal_equations.normal_equations import NormalEquations


def compressed(
    normal: NormalEquations,
) -> tuple[Float[Array, "n_params_plus_1 n_params"], Float[Array, " n_params_plus_1"]]:
    """J' and r' with J'ᵀJ' = JᵀJ, J'ᵀr' = Jᵀr, r'ᵀr' = χ².

    Columns are scaled to length 1 before the factorisation, so that parameters may be of any magnitude. A matrix that
    is singular to rounding (noise-free data, parameters without effect) becomes positive definite: a few units in the
    last place are added to its diagonal.
    """
    n = normal.vector.size
    augmented = jnp.zeros((n + 1, n + 1), normal.matrix.dtype).at[:n, :n].set(normal.matrix)
    augmented = augmented.at[n, :n].set(normal.vector).at[:n, n].set(normal.vector).at[n, n].set(normal.chi2)
    diagonal = jnp.diagonal(augmented)
    length = jnp.sqrt(jnp.where(diagonal > 0, diagonal, 1))
    rounding = 20 * (n + 1) * jnp.finfo(augmented.dtype).eps
    regular = augmented / (length[:, None] * length[None, :]) + rounding * jnp.eye(n + 1, dtype=augmented.dtype)
    factor = jnp.linalg.cholesky(regular, upper=True, symmetrize_input=True) * length[None, :]
    return factor[:, :-1], factor[:, -1]


@jax.custom_jvp
def residual_of(y: Float[Array, " n_params"], normal: NormalEquations) -> Float[Array, " n_params_plus_1"]:
    """r', given the normal equations at `y` in terms of `y`, with J' as its derivative in `y`.

    `normal` must depend on `y` (and on anything else that is differentiated) as the normal equations do: it carries
    tangents. The derivatives of ½ r'ᵀr' are then right to second order, in `y` and in everything else, although r' is
    defined only up to a rotation, which changes with `y`.
    """
    return compressed(normal)[1]


@residual_of.defjvp
def _residual_jvp(primals, tangents):
    (y, normal), (t_y, t_normal) = primals, tangents
    residual = residual_of(y, normal)
    jacobian = jacobian_of(y, normal)
    t_chi2_at_fixed_y = t_normal.chi2 - 2 * normal.vector @ t_y
    return residual, jacobian @ t_y + residual * (t_chi2_at_fixed_y / _twice_positive(normal.chi2))


@jax.custom_jvp
def jacobian_of(y: Array, normal: NormalEquations) -> Array:
    """J' at `y`; its derivative is chosen so that J'ᵀr' changes as Jᵀr does."""
    return compressed(normal)[0]


@jacobian_of.defjvp
def _jacobian_jvp(primals, tangents):
    (y, normal), (t_y, t_normal) = primals, tangents
    residual = residual_of(y, normal)
    t_chi2_at_fixed_y = t_normal.chi2 - 2 * normal.vector @ t_y
    change = t_normal.vector - normal.matrix @ t_y - normal.vector * (t_chi2_at_fixed_y / _twice_positive(normal.chi2))
    return jacobian_of(y, normal), jnp.outer(residual, change) * (2 / _twice_positive(normal.chi2))


def _twice_positive(chi2: Array) -> Array:
    """2 χ² where χ² > 0, else 2: a divisor that is never 0."""
    return 2 * jnp.where(chi2 > 0, chi2, 1)
