"""g1, g2 and χ² by their documented names."""

from jaxtyping import Array

from . import arguments, programs
from .arrays import Numbers
from .frame_times import check_time_grid, first_step, frame_period, frames


def compute_g1_diffusion(
    params: Numbers,
    t1: Numbers,
    t2: Numbers,
    q: Numbers,
    dt: Numbers | None = None,
    time_grid: Numbers | None = None,
) -> Array:
    """g1 of diffusion alone: exp(−½ q² dt |S_D[i] − S_D[j]|), S_D the trapezoid sum of D(t) = D0 t^alpha + D_offset.

    **Arguments:**

    - `params`: `[D0, alpha, D_offset]` or the 7 of `compute_g1_total`, of which the first 3 count; D0 in
      Å²/s^(1+alpha), D_offset in Å²/s.
    - `t1`, `t2`: frame times, s, the same in both: `(n_t,)`, or `(n_t, n_t)` as a meshgrid, or `t[:, None]` and
      `t[None, :]`; increasing, ≥ 0.
    - `q`: scattering-vector magnitude, Å⁻¹, ≥ 0.
    - `dt`: frame period, s, > 0. Without it the first step of the frames is taken, with a warning.
    - `time_grid`: times among which the frames are consecutive; checked, and not needed.

    **Returns:** g1, dimensionless, in [0, 1], shape `(n_t, n_t)`.

    **Raises:** `ValueError` for arguments of another shape or range.
    """
    params, times = arguments.parameters(params), frames(t1, t2)
    if time_grid is not None:
        check_time_grid(time_grid, times)
    q = arguments.number("q", q)
    period = first_step(times) if dt is None else frame_period(dt, times)
    return programs.g1_diffusion(params, times.t, q, period)


def compute_g1_shear(
    params: Numbers,
    t1: Numbers,
    t2: Numbers,
    phi: Numbers,
    q: Numbers,
    L: Numbers,
    dt: Numbers | None,
    time_grid: Numbers | None = None,
) -> Array:
    """g1 of shear alone: (sin Φ / Φ)², Φ = (q L dt / 2π) cos(phi0 − phi) |S_γ̇[i] − S_γ̇[j]|; 1 with 3 parameters.

    S_γ̇ is the trapezoid sum of γ̇(t) = gamma_dot_t0 t^beta + gamma_dot_t_offset.

    **Arguments, errors:** as in `compute_g1_total`. **Returns:** g1, in [0, 1], shape `(n_phi, n_t, n_t)`.
    """
    return programs.g1_shear(*_g1_arguments(params, t1, t2, phi, q, L, dt, time_grid=time_grid))


def compute_g1_total(
    params: Numbers,
    t1: Numbers,
    t2: Numbers,
    phi: Numbers,
    q: Numbers,
    L: Numbers,
    dt: Numbers | None,
    time_grid: Numbers | None = None,
) -> Array:
    """g1 = g1_diffusion · g1_shear, floored at 1e-10 with a derivative that is 1 on both sides of the floor.

    **Arguments:**

    - `params`: `[D0, alpha, D_offset]`, or with shear `[D0, alpha, D_offset, gamma_dot_t0, beta, gamma_dot_t_offset,
      phi0]`; D0 in Å²/s^(1+alpha), D_offset in Å²/s, gamma_dot_t0 in s^−(1+beta), gamma_dot_t_offset in s⁻¹, phi0 in
      degrees.
    - `t1`, `t2`: frame times, s, the same in both: `(n_t,)`, or `(n_t, n_t)` as a meshgrid, or `t[:, None]` and
      `t[None, :]`; increasing, ≥ 0.
    - `phi`: azimuth of each sector, degrees; a number or an array of any shape, flattened.
    - `q`: scattering-vector magnitude, Å⁻¹, ≥ 0; `L`: the gap between the walls, Å, ≥ 0.
    - `dt`: frame period, s, > 0: the length of every step of the integrals.
    - `time_grid`: as in `compute_g1_diffusion`.

    **Returns:** g1, dimensionless, in (0, 1], shape `(n_phi, n_t, n_t)`.

    **Raises:** `TypeError` if `dt` is `None`; `ValueError` if it is ≤ 0 or not finite, and for other arguments of
    another shape or range. Traced arguments are checked for shape alone.
    """
    return programs.g1_total(*_g1_arguments(params, t1, t2, phi, q, L, dt, time_grid=time_grid))


def compute_g2_scaled(
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
    """g2 = offset + contrast · g1², g1 that of `compute_g1_total`.

    **Arguments:** as in `compute_g1_total`, and `contrast` and `offset`, dimensionless: one number, or one
    for each azimuth, `(n_phi,)` or `(n_phi, 1, 1)`.

    **Returns:** g2, dimensionless, shape `(n_phi, n_t, n_t)`. **Raises:** as `compute_g1_total`.
    """
    return programs.g2(*g2_arguments(params, t1, t2, phi, q, L, contrast, offset, dt))


def compute_g2_scaled_with_factors(
    params: Numbers,
    t1: Numbers,
    t2: Numbers,
    phi: Numbers,
    wavevector_q_squared_half_dt: Numbers,
    sinc_prefactor: Numbers,
    contrast: Numbers,
    offset: Numbers,
    dt: Numbers | None,
) -> Array:
    """The g2 of `compute_g2_scaled`, given the two factors in place of q and L.

    **Arguments:** `wavevector_q_squared_half_dt` = ½ q² dt, Å⁻² s, ≥ 0; `sinc_prefactor` = q L dt / 2π, s, ≥ 0;
    `dt`, which the factors contain already, is checked and not used. The others as in `compute_g2_scaled`.

    **Returns, raises:** as `compute_g2_scaled`.
    """
    params, times, phi = arguments.parameters(params), frames(t1, t2), arguments.angles(phi)
    decay = arguments.number("wavevector_q_squared_half_dt", wavevector_q_squared_half_dt)
    strain = arguments.number("sinc_prefactor", sinc_prefactor)
    contrast, offset = arguments.scaling("contrast", contrast, phi), arguments.scaling("offset", offset, phi)
    frame_period(dt, times)
    return programs.g2_with_factors(params, times.t, phi, decay, strain, contrast, offset)


def compute_chi_squared(
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
    """χ² = Σ ((data − g2)/sigma)² over all pixels, g2 that of `compute_g2_scaled`; no map of g2 is held in memory.

    **Arguments:** `data`: c2, dimensionless, `(n_phi, n_t, n_t)`, or `(n_t, n_t)` for one azimuth; `sigma`: its
    uncertainty, > 0, of the shape of `data` or one number; `inf` leaves a pixel out. The others as in
    `compute_g2_scaled`.

    **Returns:** χ², a scalar array. Both (i, j) and (j, i) and the diagonal count, as documented: see `hx.fit` for
    one that counts each pair once.

    **Raises:** as `compute_g2_scaled`; `ValueError` also for `data` or `sigma` of another shape, data that are not
    finite, or a `sigma` not > 0.
    """
    return programs.chi2(*chi2_arguments(params, data, sigma, t1, t2, phi, q, L, contrast, offset, dt))


def vectorized_g2_computation(
    params_batch: Numbers,
    t1: Numbers,
    t2: Numbers,
    phi: Numbers,
    q: Numbers,
    L: Numbers,
    contrast: Numbers,
    offset: Numbers,
    dt: Numbers | None = None,
) -> Array:
    """`compute_g2_scaled` for each row of `params_batch`, shape `(n_batch, 3)` or `(n_batch, 7)`.

    **Returns:** g2, shape `(n_batch, n_phi, n_t, n_t)`. **Raises:** as `compute_g2_scaled`; `dt` is required.
    """
    return programs.g2_of_batch(*g2_arguments(params_batch, t1, t2, phi, q, L, contrast, offset, dt, ndim=2))


def batch_chi_squared(
    params_batch: Numbers,
    data: Numbers,
    sigma: Numbers,
    t1: Numbers,
    t2: Numbers,
    phi: Numbers,
    q: Numbers,
    L: Numbers,
    contrast: Numbers,
    offset: Numbers,
    dt: Numbers | None = None,
) -> Array:
    """`compute_chi_squared` for each row of `params_batch`, shape `(n_batch, 3)` or `(n_batch, 7)`.

    **Returns:** χ², shape `(n_batch,)`. **Raises:** as `compute_chi_squared`; `dt` is required.
    """
    return programs.chi2_of_batch(
        *chi2_arguments(params_batch, data, sigma, t1, t2, phi, q, L, contrast, offset, dt, ndim=2)
    )


def g2_arguments(params, t1, t2, phi, q, L, contrast, offset, dt, ndim: int = 1) -> tuple:
    """The arguments of a program for g2, checked."""
    params, t, phi, q, L, dt = _g1_arguments(params, t1, t2, phi, q, L, dt, ndim)
    contrast, offset = arguments.scaling("contrast", contrast, phi), arguments.scaling("offset", offset, phi)
    return params, t, phi, q, L, contrast, offset, dt


def chi2_arguments(params, data, sigma, t1, t2, phi, q, L, contrast, offset, dt, ndim: int = 1) -> tuple:
    """The arguments of a program for χ², checked."""
    params, t, phi, *others = g2_arguments(params, t1, t2, phi, q, L, contrast, offset, dt, ndim)
    data, sigma = (arguments.maps(name, x, phi.size, t.size) for name, x in (("data", data), ("sigma", sigma)))
    return (params, data, sigma, t, phi, *others)


def _g1_arguments(params, t1, t2, phi, q, L, dt, ndim: int = 1, time_grid=None) -> tuple:
    times = frames(t1, t2)
    if time_grid is not None:
        check_time_grid(time_grid, times)
    return (
        arguments.parameters(params, ndim),
        times.t,
        arguments.angles(phi),
        arguments.number("q", q),
        arguments.number("L", L),
        frame_period(dt, times),
    )
