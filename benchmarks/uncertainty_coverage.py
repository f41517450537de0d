"""How well stated uncertainties cover the truth, and how many right models are adequate; makes the table of docs.

Fits to simulated speckle fields:

python benchmarks/uncertainty_coverage.py [--replicates 40] [--cases A,C]
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

from page_table import make_table  # noqa: E402

import homodyne_eqx as hx  # noqa: E402
from homodyne_eqx.physics.dense_map import two_time_map  # noqa: E402
from homodyne_eqx.physics.model import FieldOfModel  # noqa: E402

PAGE = Path(__file__).parents[1] / "docs" / "uncertainties.md"
COMMAND = "python benchmarks/uncertainty_coverage.py"
Q, DT = 0.01, 0.1
HEAD = (
    "| case | parameter | scatter ÷ white 1σ | scatter ÷ stated | covers 1σ / 2σ, % | speckles found | adequate |\n"
    "|---|---|---|---|---|---|---|\n"
)


@dataclass(frozen=True)
class Case:
    """Data sets of one kind: sectors, frames, speckles, modes, photons a speckle and frame, and the motion."""

    title: str
    g1: hx.AbstractTerm
    n_sector: int = 6
    n_t: int = 120
    speckles: int = 2000
    n_modes: int = 1
    photons: float | None = None
    fixed: tuple[str, ...] = ()

    @property
    def geometry(self) -> hx.Geometry:
        phi = np.arange(self.n_sector) * 180.0 / self.n_sector
        return hx.Geometry(q=np.full(self.n_sector, Q), t=np.arange(self.n_t) * DT, phi=phi, gap=2e6)

    @property
    def model(self) -> hx.TwoTimeModel:
        return hx.TwoTimeModel(self.g1, hx.ContrastOffset(1 / self.n_modes, 1.0))

    def fields(self) -> list[np.ndarray]:
        """The correlation of the field of each sector."""
        return [np.asarray(field) for field in two_time_map(FieldOfModel(self.model), self.geometry)]

    def maps(self, fields: list[np.ndarray], seed: int) -> np.ndarray:
        """c2 of simulated speckles."""
        return hx.testing.speckle_maps(fields, self.speckles, seed, n_modes=self.n_modes, photons=self.photons)


def rate(frames: float) -> float:
    """D in Å²/s such that |g1|² falls to 1/e within so many frames at rest."""
    return 1 / (frames * DT * Q**2)


CASES = {
    "A": Case("diffusion, decay 20 frames", hx.Diffusion(rate(20))),
    "B": Case(
        "shear, decay 25 frames",
        hx.Diffusion(rate(25)) * hx.Shear(1e-4, phi0=20.0, kernel=hx.SincSquared()),
        n_sector=8,
        n_t=100,
    ),
    "C": Case("contrast 0.1, 3 photons", hx.Diffusion(rate(20)), speckles=1000, n_modes=10, photons=3.0),
    "D": Case("200 speckles", hx.Diffusion(rate(20)), speckles=200),
    "E": Case("slow, decay 120 of 120 frames", hx.Diffusion(rate(120))),
    "F": Case("power law", hx.Diffusion(hx.PowerLaw(rate(20), -0.4, 0.0)), fixed=("D_offset",)),
    "G": Case("one sector", hx.Diffusion(rate(20)), n_sector=1),
    "H": Case(
        "weak shear, decay 50 frames",
        hx.Diffusion(rate(50)) * hx.Shear(2e-5, phi0=20.0, kernel=hx.SincSquared()),
        n_sector=8,
        n_t=100,
    ),
}


def rows_of(name: str, case: Case, replicates: int) -> Iterator[str]:
    model, geometry = case.model, case.geometry
    fields = case.fields()
    values, stated, white, speckles, adequate = [], [], [], [], []
    for seed in range(replicates):
        maps = case.maps(fields, seed)
        result = hx.fit(model, hx.TwoTimeData(maps, geometry, sigma="estimate"), fixed=case.fixed)
        found = result.speckle_covariance
        adequate.append(result.verdict.adequate)
        values.append([result.parameters[name].value for name in found.names])
        stated.append(list(found.uncertainties.values()))
        white.append(list(found.white_noise_uncertainties.values()))
        speckles.append(np.mean(found.speckles))
    truth = np.array([result.parameters[name].start for name in found.names])
    off, stated = np.abs(np.array(values) - truth), np.array(stated)
    scatter = np.std(values, axis=0, ddof=1)
    beyond_white = scatter / np.mean(white, axis=0)
    for k, parameter in enumerate(found.names):
        covered = " / ".join(f"{100 * np.mean(off[:, k] < n * stated[:, k]):.0f}" for n in (1, 2))
        yield (
            f"| {f'{name}: {case.title}' if k == 0 else ''} | {parameter} | {beyond_white[k]:.1f} "
            f"| {scatter[k] / np.sqrt(np.mean(stated[:, k] ** 2)):.2f} | {covered} "
            f"| {f'{np.mean(speckles):.0f} ± {np.std(speckles):.0f} of {case.speckles}' if k == 0 else ''} "
            f"| {f'{np.sum(adequate)} of {replicates}' if k == 0 else ''} |"
        )


def main() -> None:
    def said(replicates: int) -> str:
        return f"{replicates} replicates a case, made by `{COMMAND} --replicates {replicates}`."

    make_table(PAGE, CASES, rows_of, HEAD, said, __doc__ or "", replicates=40)


if __name__ == "__main__":
    main()
