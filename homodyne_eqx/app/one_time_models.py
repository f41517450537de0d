"""The models that the command line offers for one-time correlations, started from the data."""

from enum import StrEnum

import numpy as np

from ..data import OneTimeData, PairData
from ..physics.kernels import Stretched
from ..physics.model import TwoTimeModel
from ..physics.per_sector import PerSector
from ..physics.rates import StokesEinstein
from ..physics.scaling import ContrastOffset
from ..physics.terms import AnomalousDiffusion, Diffusion, Relaxation
from .extensions import InstalledModel

_FALLEN = np.exp(-1.0)
_LAST = 8
_FIRST = 3


class OneTimeModelName(StrEnum):
    rates = "rates"
    stretched_rates = "stretched-rates"
    diffusion = "diffusion"
    anomalous = "anomalous"


DEFAULT = OneTimeModelName.rates


def started(name: OneTimeModelName, data: OneTimeData | PairData, common_scaling: bool) -> InstalledModel:
    """The model of this name at a start that is read off the data: contrast and offset of each sector, and its rate
    from the lag at which the contrast has fallen to 1/e.

    **Arguments:** `common_scaling`: one contrast and offset for all sectors.
    """
    rate, contrast, offset = np.transpose([_read_off(data.pairs, k) for k in range(data.n_sector)])
    q = np.asarray(data.geometry.q, float)
    D = float(np.median(rate / q**2))
    term = {
        OneTimeModelName.rates: lambda: Relaxation(PerSector(rate)),
        OneTimeModelName.stretched_rates: lambda: Relaxation(PerSector(rate), Stretched(0.9)),
        OneTimeModelName.diffusion: lambda: Diffusion(StokesEinstein(D)),
        OneTimeModelName.anomalous: lambda: AnomalousDiffusion(2 * D, 0.9),
    }[name]()
    scaling = (contrast.mean(), offset.mean()) if common_scaling else (contrast, offset)
    return InstalledModel(name.value, "estimated", TwoTimeModel(term, ContrastOffset(*scaling)))


def _read_off(pairs: PairData, k: int) -> tuple[float, float, float]:
    """Rate (1/s), contrast and offset of one sector."""
    here = (pairs.sector == k) & ~pairs.left_out
    order = np.argsort(pairs.lag[here], kind="stable")
    lag, g2 = pairs.lag[here][order], np.asarray(pairs.value[here], float)[order]
    offset = float(np.median(g2[-max(len(g2) // _LAST, 1) :]))
    contrast = max(float(np.median(g2[:_FIRST])) - offset, 1e-3)
    below = np.flatnonzero(g2 - offset < _FALLEN * contrast)
    fallen = lag[below[0]] if below.size else lag[-1]
    return 0.5 / float(fallen), contrast, offset
