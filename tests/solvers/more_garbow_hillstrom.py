"""Test problems of Moré, Garbow and Hillstrom (ACM Transactions on Mathematical Software 7, 17, 1981), with bounds.

Each has a start within its bounds or on them, and the least sum of squares within them to eight digits, 0 where it is.
Those of Rosenbrock and Beale follow by hand; the others are what `scipy.optimize.least_squares` finds, and for those
whose bounds are in the literature, what is stated there.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

INF = np.inf


class Bounded(NamedTuple):
    residual: Callable
    start: list[float]
    low: list[float]
    high: list[float]
    least: float


def _rosenbrock(y):
    return jnp.stack([10 * (y[1] - y[0] ** 2), 1 - y[0]])


def _freudenstein_roth(y):
    return jnp.stack([-13 + y[0] + ((5 - y[1]) * y[1] - 2) * y[1], -29 + y[0] + ((y[1] + 1) * y[1] - 14) * y[1]])


def _powell_badly_scaled(y):
    return jnp.stack([1e4 * y[0] * y[1] - 1, jnp.exp(-y[0]) + jnp.exp(-y[1]) - 1.0001])


def _beale(y):
    return jnp.stack([c - y[0] * (1 - y[1] ** k) for k, c in ((1, 1.5), (2, 2.25), (3, 2.625))])


def _jennrich_sampson(y):
    i = jnp.arange(1.0, 11.0)
    return 2 + 2 * i - jnp.exp(i * y[0]) - jnp.exp(i * y[1])


def _helical_valley(y):
    turn = jnp.arctan2(y[1], y[0]) / (2 * jnp.pi)
    turn = jnp.where(turn < -0.25, turn + 1, turn)  # from −1/4 to 3/4
    return jnp.stack([10 * (y[2] - 10 * turn), 10 * (jnp.sqrt(y[0] ** 2 + y[1] ** 2) - 1), y[2]])


def _box(y):
    t = 0.1 * jnp.arange(1.0, 11.0)
    return jnp.exp(-t * y[0]) - jnp.exp(-t * y[1]) - y[2] * (jnp.exp(-t) - jnp.exp(-10 * t))


def _wood(y):
    a, b, c, d = y
    r10 = 10**0.5
    return jnp.stack(
        [10 * (b - a**2), 1 - a, 90**0.5 * (d - c**2), 1 - c, r10 * (b + d - 2), (b - d) / r10]
    )  # fmt: skip


def _powell_singular(y):
    a, b, c, d = y
    return jnp.stack([a + 10 * b, 5**0.5 * (c - d), (b - 2 * c) ** 2, 10**0.5 * (a - d) ** 2])


_KOWALIK = np.array([0.1957, 0.1947, 0.1735, 0.16, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246])
_OSBORNE = 1 / np.array([0.25, 0.5, 1, 2, 4, 6, 8, 10, 12, 14, 16])


def _kowalik_osborne(y):
    u = jnp.asarray(_OSBORNE)
    return jnp.asarray(_KOWALIK) - y[0] * (u**2 + u * y[1]) / (u**2 + u * y[2] + y[3])


def _brown_dennis(y):
    t = jnp.arange(1.0, 21.0) / 5
    return (y[0] + t * y[1] - jnp.exp(t)) ** 2 + (y[2] + y[3] * jnp.sin(t) - jnp.cos(t)) ** 2


def _biggs(y):
    t = 0.1 * jnp.arange(1.0, 14.0)
    measured = jnp.exp(-t) - 5 * jnp.exp(-10 * t) + 3 * jnp.exp(-4 * t)
    return y[2] * jnp.exp(-t * y[0]) - y[3] * jnp.exp(-t * y[1]) + y[5] * jnp.exp(-t * y[4]) - measured


PROBLEMS = {
    "Rosenbrock": Bounded(_rosenbrock, [-1.2, 1.0], [-INF, -INF], [0.5, INF], 0.25),
    "Rosenbrock from a corner": Bounded(_rosenbrock, [-1.5, 1.5], [-1.5, 1.5], [INF, INF], 4.9412293180),
    "FreudensteinRoth": Bounded(_freudenstein_roth, [0.5, -2.0], [0.0, -30.0], [20.0, -0.9], 48.985202000),
    "PowellBadlyScaled": Bounded(_powell_badly_scaled, [0.0, 1.0], [0.0, 1.0], [1.0, 9.0], 1.5125936724e-10),
    "Beale": Bounded(_beale, [1.0, 1.0], [0.6, 0.5], [10.0, 100.0], 0.0),
    "JennrichSampson": Bounded(_jennrich_sampson, [0.3, 0.4], [0.26, 0.0], [INF, INF], 124.38311292),
    "HelicalValley": Bounded(_helical_valley, [-1.0, 0.0, 0.0], [-100.0, -1.0, -1.0], [0.8, 1.0, 1.0], 0.99042212096),
    "Box": Bounded(_box, [0.0, 9.0, 20.0], [0.0, 5.0, 0.0], [2.0, 9.5, 20.0], 1.1434818026e-4),
    "Wood": Bounded(_wood, [-3.0, -1.0, -3.0, -1.0], [-100.0] * 4, [0.0, 10.0, 100.0, 100.0], 1.5567008004),
    "PowellSingular": Bounded(
        _powell_singular, [3.0, -1.0, 0.0, 1.0], [0.1, -20.0, -1.0, -1.0], [100.0, 20.0, 1.0, 50], 1.8781963006e-4
    ),
    "KowalikOsborne": Bounded(
        _kowalik_osborne, [0.25, 0.39, 0.415, 0.39], [0.0, -1.0, 0.13, 0.12], [10.0, 12, 13, 12], 3.0780619893e-4
    ),
    "BrownDennis": Bounded(
        _brown_dennis, [25.0, 5.0, -5.0, -1.0], [-10.0, 0.0, -100.0, -20.0], [100.0, 15.0, 0.0, 0.2], 88860.479768
    ),
    "Biggs": Bounded(
        _biggs, [1.0, 2.0, 1.0, 1.0, 1.0, 1.0], [0.0, 0, 0, 1, 0, 0], [2.0, 8, 1, 7, 5, 5], 5.3209865908e-4
    ),
}
