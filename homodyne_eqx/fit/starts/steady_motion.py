"""A start for a fit, estimated from the data by a search over a grid."""

from dataclasses import dataclass
from typing import final

import numpy as np

from ...data import TwoTimeData
from ...physics.errors import MissingGeometry
from ...physics.kernels import AbstractKernel, GapAverage, convert_shear_rate

_LAGS = 32
_LONGEST = 0.7
_COARSE = 30
_DIRECTIONS = 36
_ZOOMS = 12
_CLOSER = 0.6


@final
@dataclass(frozen=True)
class SteadyMotion:
    """The steady motion that maps averaged over age show.

    - `J`: transport coefficient d⟨Δx²⟩/dt, Å²/s; `shear_rate`, s⁻¹, in the convention of the kernel, and `phi0`,
      degrees in (−90, 90], both `None` without shear;
    - `contrast`, `offset`: dimensionless, `(n_sector,)`;
    - `explained`: share of the variation of the maps with the lag that this estimate accounts for, ≤ 1;
    - `notes`: sentences on what limits the estimate.
    """

    J: float
    shear_rate: float | None
    phi0: float | None
    contrast: np.ndarray
    offset: np.ndarray
    explained: float
    notes: tuple[str, ...]


def steady_motion(data: TwoTimeData, kernel: AbstractKernel | None = None) -> SteadyMotion:
    """Rates, flow direction, contrast and offset of a sample in steady motion, good enough to start a fit from.

    Each map is averaged over age at some thirty lags. J, shear rate and φ0 are those of a grid, refined step by step,
    with which exp(−q² J τ)·(sin y/y)², y = ½ q L cos(φ0 − φ) γ̇ τ, fits best, given one contrast for all sectors and an
    offset for each. A motion that becomes faster or slower is described by its average. A search over a grid needs
    no start and is not caught in a local minimum.

    **Arguments:** `kernel`: of the shear term, `GapAverage()` or `SincSquared()`; `None` without shear.

    **Raises:** `MissingGeometry` where shear is asked for and the geometry has no gap or no phi.
    """
    geometry = data.geometry
    tau, g2, weight = _age_averages(data)
    q = np.asarray(geometry.q, float)
    search = _Search(tau, g2, weight, q)
    if kernel is None:
        angle = np.zeros_like(q)
        half_ql, directions, shears = np.zeros_like(q), np.array([0.0]), np.array([0.0])
    else:
        if geometry.gap is None or geometry.phi is None:
            lacking = tuple(name for name in ("gap", "phi") if getattr(geometry, name) is None)
            raise MissingGeometry("An estimate of shear", lacking, "diffusion alone does not")
        angle = np.asarray(geometry.phi, float)
        half_ql = q * np.asarray(geometry.gap, float) / 2
        directions = np.arange(_DIRECTIONS) * 180 / _DIRECTIONS - 90
        shears = np.geomspace(0.1 / tau[-1], 10 / tau[0], _COARSE) / half_ql.mean()
    rates = np.geomspace(0.02 / tau[-1], 6 / tau[0], _COARSE) / np.mean(q**2)
    place = lambda phi0: np.abs(np.cos(np.radians(phi0 - angle))) * half_ql  # noqa: E731
    found = min((*search.best(rates, shears, place(phi0)), phi0) for phi0 in directions)
    step, turn = (rates[1] / rates[0]) ** 1.5, 1.5 * 180 / _DIRECTIONS
    for _ in range(_ZOOMS):
        _, rate, shear, phi0 = found
        rates = rate * np.geomspace(1 / step, step, 7)
        shears = shear * np.geomspace(1 / step, step, 7) if shear > 0 else np.array([0.0])
        turns = phi0 + np.linspace(-turn, turn, 7 if kernel is not None else 1)
        found = min((*search.best(rates, shears, place(phi0)), phi0) for phi0 in turns)
        step, turn = step**_CLOSER, turn * _CLOSER
    cost, rate, shear, phi0 = found
    contrast, offset = search.scaling(rate, shear, place(phi0))
    explained = 1 - cost / search.total if search.total > 0 else 0.0
    notes = _notes(explained, rate * np.mean(q**2), tau, contrast)
    sheared = kernel is not None
    return SteadyMotion(
        J=float(rate),
        shear_rate=float(convert_shear_rate(shear, GapAverage(), kernel)) if sheared else None,
        phi0=float(90 - np.mod(90 - phi0, 180)) if sheared else None,
        contrast=np.full(len(q), contrast),
        offset=offset,
        explained=float(explained),
        notes=notes,
    )


def _age_averages(data: TwoTimeData) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lags (s), (n_lag,); mean of each map at each of them and its weight, both (n_sector, n_lag)."""
    longest = max(1, int(_LONGEST * (data.n_t - 1)))
    lags = np.unique(np.geomspace(1, longest, _LAGS).round().astype(int))
    t = np.asarray(data.geometry.t, float)
    tau = np.array([np.mean(t[lag:] - t[:-lag]) for lag in lags])
    g2, weight = np.zeros((2, data.n_sector, len(lags)))
    for k in range(data.n_sector):
        c2, w = data.weighted_map(k)
        for n, lag in enumerate(lags):
            along = [(np.diagonal(c2, side * lag), np.diagonal(w, side * lag)) for side in (1, -1)]
            weight[k, n] = sum(np.sum(x, dtype=float) for _, x in along)
            g2[k, n] = sum(np.sum(c * x, dtype=float) for c, x in along) / max(weight[k, n], 1e-300)
    return tau, g2, weight


@dataclass(frozen=True)
class _Search:
    """Misfit of steady motion to age-averaged maps, with one contrast and an offset for each sector eliminated."""

    tau: np.ndarray
    g2: np.ndarray
    weight: np.ndarray
    q: np.ndarray

    @property
    def total(self) -> float:
        """The misfit of flat maps."""
        return float(np.sum(self.weight * self._centred(self.g2) ** 2))

    def best(self, rates: np.ndarray, shears: np.ndarray, place: np.ndarray) -> tuple[float, float, float]:
        """Least misfit over all pairs of a rate and a shear rate, and that pair."""
        decay = np.exp(-rates[:, None, None] * self.q[:, None] ** 2 * self.tau)
        dephasing = np.sinc(shears[:, None, None] * place[:, None] * self.tau / np.pi) ** 2
        shape = self._centred(decay[:, None] * dephasing[None, :])
        with_data = np.einsum("abkn,kn->ab", shape, self.weight * self._centred(self.g2))
        squared = np.einsum("abkn,abkn,kn->ab", shape, shape, self.weight)
        gain = np.where(with_data > 0, with_data**2 / np.maximum(squared, 1e-300), 0)
        a, b = np.unravel_index(np.argmax(gain), gain.shape)
        return float(self.total - gain[a, b]), float(rates[a]), float(shears[b])

    def scaling(self, rate: float, shear: float, place: np.ndarray) -> tuple[float, np.ndarray]:
        """Contrast and the offset of each sector."""
        shape = (
            np.exp(-rate * self.q[:, None] ** 2 * self.tau) * np.sinc(shear * place[:, None] * self.tau / np.pi) ** 2
        )
        centred = self._centred(shape)
        squared = np.sum(self.weight * centred**2)
        contrast = float(np.sum(self.weight * centred * self.g2) / squared) if squared > 0 else 0.0
        mean = np.sum(self.weight * (self.g2 - contrast * shape), axis=1) / np.maximum(self.weight.sum(axis=1), 1e-300)
        return max(contrast, 1e-3), mean

    def _centred(self, x: np.ndarray) -> np.ndarray:
        mean = np.sum(self.weight * x, axis=-1) / np.maximum(self.weight.sum(axis=-1), 1e-300)
        return x - mean[..., None]


def _notes(explained: float, decay_rate: float, tau: np.ndarray, contrast: float) -> tuple[str, ...]:
    notes = []
    if explained < 0.5:
        notes.append(f"steady motion explains only {explained:.0%} of how the maps change with the lag; give a start")
    if decay_rate * tau[0] > 3:
        notes.append("the maps decay within one frame: contrast and rates cannot be told apart")
    if decay_rate * tau[-1] < 0.1:
        notes.append("the maps hardly decay within the frames: contrast and offset cannot be told apart")
    if contrast > 1.2:
        notes.append(f"the contrast comes out at {contrast:.3g}, more than the 1 that is possible")
    return tuple(notes)
