"""The two documented models by their documented names, to and from their parameter vectors."""

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from .accumulation import AbstractAccumulation, Trapezoid
from .kernels import AbstractKernel, GapAverage
from .model import TwoTimeModel
from .parameter_names import named_leaves
from .per_sector import PerSector
from .rates import PowerLaw
from .scaling import ContrastOffset
from .terms import Diffusion, Shear

STATIC_NAMES = ("D0", "alpha", "D_offset")
LAMINAR_NAMES = (*STATIC_NAMES, "gamma_dot_t0", "beta", "gamma_dot_t_offset", "phi0")


def static_diffusion(
    *,
    D0: ArrayLike | PerSector,
    alpha: ArrayLike | PerSector,
    D_offset: ArrayLike | PerSector,
    contrast: ArrayLike,
    offset: ArrayLike,
    accumulation: AbstractAccumulation = Trapezoid(),
) -> TwoTimeModel:
    """Diffusion alone, J(t) = D0·t^alpha + D_offset.

    **Arguments:** `D0` Å²/s^(1+alpha), `alpha` dimensionless, `D_offset` Å²/s, each a number or a `PerSector`;
    `contrast` and `offset` dimensionless, scalars or one for each sector; `accumulation` as in `Diffusion`.
    """
    g1 = Diffusion(PowerLaw(D0, alpha, D_offset), accumulation=accumulation)
    return TwoTimeModel(g1, ContrastOffset(contrast, offset))


def laminar_flow(
    *,
    D0: ArrayLike | PerSector,
    alpha: ArrayLike | PerSector,
    D_offset: ArrayLike | PerSector,
    gamma_dot_t0: ArrayLike | PerSector,
    beta: ArrayLike | PerSector,
    gamma_dot_t_offset: ArrayLike | PerSector,
    phi0: ArrayLike | PerSector,
    contrast: ArrayLike,
    offset: ArrayLike,
    kernel: AbstractKernel = GapAverage(),
    accumulation: AbstractAccumulation = Trapezoid(),
) -> TwoTimeModel:
    """Diffusion and simple shear, γ̇(t) = gamma_dot_t0·t^beta + gamma_dot_t_offset.

    **Arguments:** as in `static_diffusion`, and `gamma_dot_t0` s^−(1+beta), `beta` dimensionless, `gamma_dot_t_offset`
    1/s, `phi0` degrees; `kernel` of the shear: `GapAverage()` is the average over the gap, `SincSquared()` the
    documented form, which needs a larger rate for the same decay (`convert_shear_rate`).
    """
    diffusion = Diffusion(PowerLaw(D0, alpha, D_offset), accumulation=accumulation)
    shear = Shear(PowerLaw(gamma_dot_t0, beta, gamma_dot_t_offset), phi0, kernel, accumulation)
    return TwoTimeModel(diffusion * shear, ContrastOffset(contrast, offset))


def from_parameter_vector(
    params: ArrayLike,
    contrast: ArrayLike,
    offset: ArrayLike,
    kernel: AbstractKernel = GapAverage(),
    accumulation: AbstractAccumulation = Trapezoid(),
) -> TwoTimeModel:
    """The documented model of a parameter vector: 3 values [D0, alpha, D_offset] or 7, with the four of the shear.

    The `kernel` of the shear is `GapAverage()` by default; the homodyne-compatible functions use `SincSquared()`.

    **Raises:** `ValueError` for another length.
    """
    params = jnp.asarray(params)
    scaling = {"contrast": contrast, "offset": offset, "accumulation": accumulation}
    if params.shape == (3,):
        return static_diffusion(**dict(zip(STATIC_NAMES, params, strict=True)), **scaling)
    if params.shape == (7,):
        return laminar_flow(**dict(zip(LAMINAR_NAMES, params, strict=True)), **scaling, kernel=kernel)
    raise ValueError(
        f"params has shape {params.shape}; expected 3 values [{', '.join(STATIC_NAMES)}] "
        f"or 7 [{', '.join(LAMINAR_NAMES)}]."
    )


def to_parameter_vector(model: TwoTimeModel) -> Float[Array, " n_params"]:
    """The 3 or 7 documented parameters of a documented model, without contrast and offset.

    **Raises:** `ValueError` for a model of other terms or rates.
    """
    values = {leaf.name: leaf.value for leaf in named_leaves(model)}
    several = [name for name, value in values.items() if value.ndim and name not in ("contrast", "offset")]
    if several:
        raise ValueError(
            f"The model has one value for each sector of {', '.join(several)}; expected one number of each parameter."
        )
    for names in (LAMINAR_NAMES, STATIC_NAMES):
        if set(names) == set(values) - {"contrast", "offset"}:
            return jnp.stack([values[name] for name in names])
    raise ValueError(f"The model has the parameters {', '.join(values)}; expected those of the documented models.")
