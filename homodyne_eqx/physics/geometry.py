"""The geometry of a measurement: scattering vector, gap, azimuth and frame times."""

from collections.abc import Sequence
from typing import Any, final

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int

_DT_TOLERANCE = 0.05


@final
class Sector(eqx.Module):
    """The detector values that the pair function of a term may read: one sector, or a stack of sectors.

    - `q`: scattering-vector magnitude, Å⁻¹, > 0;
    - `gap`: distance between the sheared walls, Å, > 0, or `None` if nothing is sheared;
    - `phi`: azimuth of the sector, degrees, or `None` if nothing depends on direction;
    - `index`: which sector of its geometry it is, counted from 0: for a term that has one value for each sector.
    """

    q: Float[Array, "*sector"]
    gap: Float[Array, "*sector"] | None
    phi: Float[Array, "*sector"] | None
    index: Int[Array, "*sector"]


@final
class Geometry(eqx.Module):
    """The coordinates of a model: q, gap and azimuth of each sector, and the frame times.

    These are data, not parameters; yet they are arrays in the PyTree, so that a larger pipeline can
    differentiate through them, and a change of value recompiles nothing.

    **Arguments:**

    - `q`: scattering-vector magnitude, Å⁻¹, > 0; a scalar or one for each sector.
    - `t`: frame times, s, shape `(n_t,)`, strictly increasing, ≥ 0. They count from the start of the flow: cutting
      early frames away must not start them at 0 again, since `D(t) = D0·t^alpha` would change its meaning.
    - `phi`: azimuth, degrees; a scalar or one for each sector. Only terms with a direction need it.
    - `gap`: distance between the sheared walls, Å, > 0; a scalar or one for each sector. Only shear terms need it.
    - `dt`: frame period, s. Without it the integrals use the real spacing of `t`, uniform or not. With it, every
      step of an integral is `dt`; a value that disagrees with the median spacing by over 5 %, or a non-uniform
      `t`, is an error.

    Inside a term (`nodes`) a geometry is that of one sector: `q`, `gap`, `phi` and `index` are scalars.

    `index` numbers the sectors from 0. A geometry of some of the sectors (`with_sectors`) keeps their numbers, and
    `n_whole` keeps the number of all sectors: a `PerSector` has one value for each of those.

    **Raises:** `ValueError` for concrete values out of range or shapes that disagree; traced values pass unchecked.
    """

    q: Float[Array, "*sector"]
    gap: Float[Array, "*sector"] | None
    phi: Float[Array, "*sector"] | None
    t: Float[Array, " n_t"]
    dt: Float[Array, ""]
    intervals: Float[Array, " n_t-1"]
    index: Int[Array, "*sector"]
    n_whole: int = eqx.field(static=True)

    def __init__(
        self,
        q: ArrayLike | Sequence[float],
        t: ArrayLike | Sequence[float],
        phi: ArrayLike | Sequence[float] | None = None,
        gap: ArrayLike | Sequence[float] | None = None,
        dt: ArrayLike | None = None,
    ):
        times = _floating(t)
        if times.ndim != 1 or times.size == 0:
            raise ValueError(f"t has shape {times.shape}; expected a 1-D array of frame times, s.")
        _check_times(times)
        of = {name: None if x is None else _floating(x) for name, x in (("q", q), ("gap", gap), ("phi", phi))}
        _check_positive("q", of["q"], "the scattering-vector magnitude in Å⁻¹")
        _check_positive("gap", of["gap"], "the distance between the walls in Å")
        _check_finite("phi", of["phi"])
        sectors = _common_sectors(**of)
        spread = lambda x: None if x is None else jnp.broadcast_to(x, sectors)  # noqa: E731
        self.q = jnp.broadcast_to(_floating(q), sectors)
        self.gap, self.phi = spread(of["gap"]), spread(of["phi"])
        self.index, self.n_whole = jnp.asarray(np.arange(sectors[0], dtype=np.int32)), sectors[0]
        self.t = times
        spacing = jnp.diff(times)
        if dt is None:
            if times.size < 2:
                raise ValueError("t holds one frame, from which no frame period follows. Pass dt in seconds.")
            self.dt, self.intervals = _frame_period(times), spacing
        else:
            self.dt = _floating(dt)
            _check_dt(self.dt, spacing)
            self.intervals = jnp.broadcast_to(self.dt, spacing.shape)

    @property
    def n_sector(self) -> int:
        return 1 if self.q.ndim == 0 else self.q.shape[0]

    @property
    def n_t(self) -> int:
        return self.t.shape[0]

    @property
    def sectors(self) -> Sector:
        """The detector part: q, gap, phi and index, without the times."""
        return Sector(self.q, self.gap, self.phi, self.index)

    @property
    def time_floor(self) -> Float[Array, ""]:
        """The earliest time at which a rate is evaluated: max(half the first frame spacing, 1e-8), s."""
        first = self.t[1] - self.t[0] if self.n_t > 1 else self.dt
        return jnp.maximum(jnp.abs(first) / 2, 1e-8)

    def with_sectors(self, sectors: Sector) -> "Geometry":
        """The same frame times seen by other sectors (one of them, or a selection), which keep their numbers."""
        where = lambda g: (g.q, g.gap, g.phi, g.index)  # noqa: E731
        new = sectors.q, sectors.gap, sectors.phi, sectors.index
        return eqx.tree_at(where, self, new, is_leaf=lambda x: x is None)

    def with_times(self, t: ArrayLike | Sequence[float], dt: ArrayLike | None = None) -> "Geometry":
        """The same sectors, with their numbers, at other frame times; `t` and `dt` as of a `Geometry`."""
        other = Geometry(q=1.0, t=t, dt=dt)
        return eqx.tree_at(lambda g: (g.t, g.dt, g.intervals), self, (other.t, other.dt, other.intervals))


def is_concrete(x: Any) -> bool:
    """Whether the values of `x` can be looked at: true outside jit, grad and vmap."""
    return x is not None and not isinstance(x, jax.core.Tracer)


def _floating(x: ArrayLike | Sequence[float]) -> Array:
    array = jnp.asarray(x)
    if jnp.issubdtype(array.dtype, jnp.complexfloating):
        raise ValueError(f"Expected real numbers; got dtype {array.dtype}.")
    return array if jnp.issubdtype(array.dtype, jnp.floating) else array.astype(jnp.result_type(float))


def _common_sectors(**named: Array | None) -> tuple[int, ...]:
    shapes = {name: x.shape for name, x in named.items() if x is not None}
    for name, shape in shapes.items():
        if len(shape) > 1 or shape == (0,):
            raise ValueError(f"{name} has shape {shape}; expected a scalar or one value for each sector, (n_sector,).")
    sizes = {shape[0] for shape in shapes.values() if shape and shape[0] != 1}
    if len(sizes) > 1:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"The sectors disagree in number: {listed}. Pass scalars or arrays of one length.")
    return (sizes.pop(),) if sizes else (1,)


def _check_finite(name: str, x: Array | None) -> None:
    if is_concrete(x) and not np.all(np.isfinite(x)):
        raise ValueError(f"{name} holds values that are not finite: {np.asarray(x)}.")


def _check_positive(name: str, x: Array | None, meaning: str) -> None:
    _check_finite(name, x)
    if is_concrete(x) and not np.all(np.asarray(x) > 0):
        raise ValueError(f"{name} is {np.asarray(x)}; expected {meaning}, > 0.")


def _frame_period(t: Float[Array, " n_t"]) -> Float[Array, ""]:
    """The mean spacing where all are equal but for rounding, which one spacing alone has too; else the median."""
    spacing, mean = jnp.diff(t), (t[-1] - t[0]) / (t.shape[0] - 1)
    rounding = 4 * jnp.finfo(t.dtype).eps * jnp.max(jnp.abs(t))
    return jnp.where(jnp.max(jnp.abs(spacing - mean)) <= rounding, mean, jnp.median(spacing))


def _check_times(times: Array) -> None:
    if not is_concrete(times):
        return
    _check_finite("t", times)
    t = np.asarray(times)  # an element of a concrete array is traced inside jit
    steps = np.diff(t)
    if np.any(steps <= 0):
        k = int(np.argmax(steps <= 0))
        raise ValueError(
            f"t does not increase from frame {k} ({t[k]} s) to frame {k + 1} ({t[k + 1]} s). Sort the frames by time."
        )
    if t[0] < 0:
        raise ValueError(f"t starts at {t[0]} s; expected times ≥ 0 counted from the start of the flow.")


def _check_dt(dt: Array, spacing: Array) -> None:
    if dt.ndim:
        raise ValueError(f"dt has shape {dt.shape}; expected one number, the frame period in seconds.")
    _check_positive("dt", dt, "the frame period in seconds")
    if not (is_concrete(dt) and is_concrete(spacing)) or spacing.size == 0:
        return
    median, widest = float(jnp.median(spacing)), float(jnp.max(jnp.abs(spacing - jnp.median(spacing))))
    if abs(float(dt) - median) > _DT_TOLERANCE * median or widest > _DT_TOLERANCE * median:
        raise ValueError(
            f"dt is {float(dt):g} s, but t has a median spacing of {median:g} s (deviations up to {widest:g} s). "
            "Leave dt out to integrate over the real spacing of t."
        )
