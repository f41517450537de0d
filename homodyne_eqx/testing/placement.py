"""The laws of where a module is evaluated: it knows times, not frames, and angles in degrees."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..physics.geometry import Geometry
from ..physics.parameters import parameter_leaves
from ..physics.rates import AbstractIntegrableRate, AbstractRate
from .laws import hold, name_of, require

_NEAR = 1e-6
_EXACT, _ALMOST = 1e-8, 1e-4


def check_frames(look: eqx.Module, module: eqx.Module, geometry: Geometry) -> list[str]:
    """A pair of frames depends on the time between the two and on no other frame.

    Frames left out at the beginning and added at the end leave it as it is, and so, but for the rule of integration,
    do further frames in between.
    """
    n_t, name = geometry.n_t, name_of(module)
    n_other = n_t // 3
    if n_other == 0:
        return []
    values = eqx.filter_jit(look)
    full = _as_maps(values(module, geometry), n_t)
    kept = np.arange(n_other, n_t)
    t = np.asarray(geometry.t, float)
    stated = not np.allclose(np.asarray(geometry.intervals), np.diff(t))
    step = float(geometry.dt) if stated else 1.3 * (t[-1] - t[-2])
    n_later = 1 if n_other > 1 else 2  # another number of frames than before
    later = np.concatenate([t[kept], t[-1] + step * np.arange(1, n_later + 1)])
    found = _as_maps(values(module, _with_times(geometry, later, stated)), len(later))
    places = np.arange(len(kept))
    hold(
        f"{name} of a part of the frames is that part of the map",
        found[:, places[:, None], places],
        full[:, kept[:, None], kept],
        _EXACT,
        "It looks at the first frame, the last or all of them. Write it with `geometry.t` as it is, which counts from "
        "the start of the flow, without `t - t[0]`, `t / t[-1]` and the like.",
    )
    if stated:
        return ["part of the frames"]
    near = t[-1] - _NEAR * (t[-1] - t[-2]) * np.arange(n_other, 0, -1)
    between = np.concatenate([t[kept[:-1]], near, t[-1:]])
    found = _as_maps(values(module, _with_times(geometry, between, stated)), n_t)
    places = np.append(places[:-1], n_t - 1)
    hold(
        f"further frames in between leave {name} as it is",
        found[:, places[:, None], places],
        full[:, kept[:, None], kept],
        _ALMOST,
        "It counts frames, as `jnp.arange(geometry.n_t)` and sums over them do. Write it with the times `geometry.t` "
        "and `geometry.intervals`.",
    )
    return ["part of the frames", "frames in between"]


def check_times(rate: AbstractRate, t: np.ndarray) -> list[str]:
    """A rate at a time, and its integral between two, depend on no other time in the array."""
    name, n_other = name_of(rate), max(len(t) // 3, 1)
    later = np.concatenate([t[n_other:], t[-1] * (1 + 0.3 * np.arange(1, n_other + 1))])
    both = jnp.asarray(t), jnp.asarray(later)
    advice = "Write it with each time as it is, without `t[0]`, `t[-1]` or `jnp.arange`."

    def compare(what: str, function: Callable) -> None:
        whole, part = (np.asarray(function(x)) for x in both)
        size = _EXACT * max(float(np.abs(whole).max()), 1e-300)
        hold(f"{what} does not depend on the other times", part[:-n_other], whole[n_other:], size, advice)

    compare(f"{name}(t)", rate)
    if isinstance(rate, AbstractIntegrableRate):
        start = jnp.asarray(t[-1])
        compare(f"{name}.integral(start, stop)", lambda stop: rate.integral(jnp.broadcast_to(start, stop.shape), stop))
    return ["times one by one"]


def check_azimuth(look: eqx.Module, module: eqx.Module, geometry: Geometry) -> list[str]:
    """Sectors at φ and at φ + 360° are the same."""
    if geometry.phi is None:
        return []
    values = eqx.filter_jit(look)
    turned = eqx.tree_at(lambda g: g.phi, geometry, geometry.phi + 360)
    expected = np.asarray(values(module, geometry))
    hold(
        f"{name_of(module)} at φ + 360° is that at φ",
        values(module, turned),
        expected,
        _EXACT * max(1.0, float(np.abs(expected).max())),
        "`phi` is in degrees: write `jnp.deg2rad(geometry.phi)`, and a direction of a parameter likewise.",
    )
    return ["azimuth"]


def check_angles(look: eqx.Module, module: eqx.Module, at: Any) -> list[str]:
    """Parameters in degrees are taken in degrees.

    One that states a `period` is the same after twice that. Any other may be a width; it must not be the same after
    2π, as an angle in radians is.
    """
    leaves, tree = jax.tree.flatten(eqx.filter(module, eqx.is_inexact_array))
    rest, name, values = eqx.filter(module, eqx.is_inexact_array, inverse=True), name_of(module), eqx.filter_jit(look)
    angles = [(k, leaf) for k, leaf in enumerate(parameter_leaves(module)) if leaf.unit == "deg"]
    if not angles:
        return []
    expected = np.asarray(values(module, at))
    tolerance = _EXACT * max(1.0, float(np.abs(expected).max()))

    def is_same(k: int, turn: float) -> bool:
        moved = [x + turn if n == k else x for n, x in enumerate(leaves)]
        found = np.asarray(values(eqx.combine(jax.tree.unflatten(tree, moved), rest), at))
        return bool(np.all(np.abs(found - expected) <= tolerance))

    for k, leaf in angles:
        turn = 360.0 if leaf.period is None else 2 * leaf.period
        in_radians = is_same(k, 2 * np.pi) and not is_same(k, 360.0)
        require(
            not in_radians and (leaf.period is None or is_same(k, turn)),
            f"{name} changes when {leaf.path} goes by {turn:g}°. It is declared in degrees{_stated(leaf.period)}: "
            f"write `jnp.deg2rad(self.{leaf.path})`, or state another unit or period.",
        )
    return ["angles"]


def _stated(period: float | None) -> str:
    return "" if period is None else f", with a period of {period:g}°"


def _with_times(geometry: Geometry, t: np.ndarray, stated: bool) -> Geometry:
    """The same sectors at other times."""
    return Geometry(geometry.q, t, geometry.phi, geometry.gap, geometry.dt if stated else None)


def _as_maps(pairs: Any, n_t: int) -> np.ndarray:
    """The values of the pairs i ≥ j, (n_sector, n_pairs), as symmetric maps."""
    maps = np.zeros((len(pairs), n_t, n_t), np.asarray(pairs).dtype)
    i, j = np.tril_indices(n_t)
    maps[:, i, j] = pairs
    maps[:, j, i] = pairs
    return maps
