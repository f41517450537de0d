"""How far the noise of two-time data is from independent."""

import equinox as eqx
import jax
import numpy as np

from ...data import TwoTimeData
from ...physics.dense_map import two_time_map
from ...physics.geometry import Geometry
from ...physics.model import TwoTimeModel

_SECTORS = 6
_NEGLIGIBLE = 0.05


def correlation_factor(model: TwoTimeModel, data: TwoTimeData) -> float:
    """By how much correlated noise widens uncertainties that assume independence; roughly, and at least 1.

    Residuals r(t1, t2) of finitely many speckles are correlated along both time axes, about as f(k1) f(k2) with f(k)
    the correlation of pairs that share a frame and are k frames apart in the other. Over n pairs their sum then
    varies as that of n/F² independent ones, F = 1 + 2 Σ f(k), and 1σ widens by F. f is summed over up to six sectors,
    to where it has fallen below 0.05.
    """
    chosen = np.unique(np.linspace(0, data.n_sector - 1, _SECTORS).round().astype(int))
    contrast, offset = (np.asarray(x) for x in model.scaling(data.geometry))
    some = jax.tree.map(lambda x: x[chosen], data.geometry.sectors)
    maps = np.asarray(_maps(model, data.geometry.with_sectors(some)))
    residuals, weights = [], []
    for k, values in zip(chosen, maps, strict=True):
        c2, weight = data.weighted_map(int(k))
        weight = np.sqrt(np.tril(weight, -1).astype(float))
        r = weight * (c2 - offset[k] - contrast[k] * values)
        residuals.append(r - weight * (np.sum(r) / max(np.sum(weight), 1e-300)))
        weights.append(weight > 0)
    r, present = np.stack(residuals), np.stack(weights)
    variance = np.sum(r**2) / np.sum(present)
    factor = 1.0
    for k in range(1, data.n_t // 2):
        both = present[:, k:] & present[:, :-k]
        f = np.sum(r[:, k:] * r[:, :-k]) / max(np.sum(both), 1) / variance
        if f < _NEGLIGIBLE:
            break
        factor += 2 * float(f)
    return factor


@eqx.filter_jit
def _maps(model: TwoTimeModel, geometry: Geometry):
    return two_time_map(model, geometry)
