"""Results of any size, made without a fit, from which figures are drawn."""

from dataclasses import dataclass

import numpy as np

import homodyne_eqx as hx
from homodyne_eqx.fit import Curve, Ended, FitResult, Iteration, Parameter, SpeckleCovariance
from homodyne_eqx.fit.result.sectors import SectorFit, SectorMaps


@dataclass(frozen=True)
class View:
    """Maps of exponential decay with noise of 1σ, in the place of those of a fit."""

    n_sector: int
    n_t: int
    bad_frame: int | None

    def maps(self, k):
        lag = np.abs(np.subtract.outer(np.arange(self.n_t), np.arange(self.n_t)))
        model = 1 + 0.2 * np.exp(-lag / (5.0 + k))
        residual = np.tril(np.random.default_rng(k).standard_normal(model.shape), -1)
        residual += residual.T
        if self.bad_frame is not None:
            residual[self.bad_frame], residual[:, self.bad_frame] = 500.0, 500.0
        residual[lag == 0] = np.nan
        residual[self.n_t // 2], residual[:, self.n_t // 2] = np.nan, np.nan
        return SectorMaps(model + 0.01 * np.nan_to_num(residual), model, residual)

    def each_map(self):
        return map(self.maps, range(self.n_sector))


NAMES = ("D0", "alpha", "phi0", "contrast[0]")


def drawn(n_sector, n_t, phi=True, bad_frame=None, maps=True):
    """A result of any size without a fit."""
    t, azimuths = 0.1 * np.arange(n_t), np.linspace(-170, 123.456, n_sector) if phi else None
    geometry = hx.Geometry(q=np.full(n_sector, 0.00541), phi=azimuths, t=t, dt=0.1)
    model = hx.static_diffusion(D0=1.0, alpha=0.0, D_offset=0.0, contrast=0.2, offset=1.0)
    rng, rate = np.random.default_rng(0), 1e4 * np.maximum(t, 0.1) ** -0.5
    units, uncertainties = ("Å²/s^(1+alpha)", "", "deg", ""), (100.0, 0.1, np.inf, 1e-3)
    parameters = {
        name: Parameter(name, name, 1.0, unit, spread=spread, of_scaling="[" in name)
        for name, unit, spread in zip(NAMES, units, uncertainties, strict=True)
    }
    covariance = np.array([[1e4, -9.99, np.nan, 0.01], [-9.99, 0.01, np.nan, 0], [np.nan] * 4, [0.01, 0, np.nan, 1e-6]])
    view, where = View(n_sector, n_t, bad_frame), (np.full(n_sector, None) if azimuths is None else azimuths)
    result = FitResult(
        model=model,
        parameters=parameters,
        chi2=1.0,
        degrees_of_freedom=1000,
        white_noise_covariance=covariance,
        ended=Ended.CONVERGED,
        sentences=str,
        kernel="",
        averages=list,
        rates=lambda: {"J": Curve(t, rate, 0.9 * rate, 1.1 * rate, "Å²/s")} if maps else {},
        spread=lambda: SpeckleCovariance(
            NAMES, covariance, covariance, np.ones(n_sector), np.ones(n_sector), np.zeros(n_sector, bool), ()
        ),
        judgement=lambda: None,
        history=tuple(Iteration(k, 10.0 ** (6 - k), 1.0, 1.0, rng.random(4), 0.1, 1000) for k in range(5)),
        seconds={},
        notes=(),
        loss="Squares",
        data=hx.TwoTimeData(np.ones((n_sector, n_t, n_t)), geometry, sigma=0.01) if maps else None,
    )
    sectors = tuple(
        SectorFit(k, 0.00541, at, 0.2, 0.01, "own", 1.0, 0.01, "own", 1.0, n_t * n_t) for k, at in enumerate(where)
    )
    vars(result).update({"_view": view, "sectors": sectors})
    return result
