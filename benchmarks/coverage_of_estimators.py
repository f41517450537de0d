"""How well four estimates of uncertainty cover the truth, on fits to simulated speckle fields; makes the table of docs.

python benchmarks/coverage_of_estimators.py [--replicates 20] [--cases A,C,S]
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
from page_table import make_table
from uncertainty_coverage import CASES as LONGER_CASES, Case, rate

jax.config.update("jax_enable_x64", True)

import homodyne_eqx as hx  # noqa: E402
from homodyne_eqx.physics.dense_map import two_time_map  # noqa: E402
from homodyne_eqx.physics.model import FieldOfModel  # noqa: E402

PAGE = Path(__file__).parents[1] / "docs" / "other_uncertainties.md"
COMMAND = "python benchmarks/coverage_of_estimators.py"
SCANS, BLOCKS, BOOTSTRAPPED, REFITS = 8, 4, 2, 20
HEAD = (
    f"| case | parameter | speckle_covariance | bootstrap | {BLOCKS} blocks | {SCANS} scans "
    f"| {SCANS} scans, without t |\n"
    "|---|---|---|---|---|---|---|\n"
)


def shorter(case: Case, title: str, frames: float) -> Case:
    """A case with 60 frames and 3 sectors, whose |g1|² falls to 1/e in so many frames."""
    return replace(case, title=title, g1=hx.Diffusion(rate(frames)), n_sector=3, n_t=60)


CASES = {
    "A": shorter(LONGER_CASES["A"], "decay 10 of 60 frames", 10),
    "C": shorter(LONGER_CASES["C"], "the same, contrast 0.1, 3 photons", 10),
    "S": shorter(LONGER_CASES["A"], "decay 1.5 of 60 frames", 1.5),
}


def rows_of(name: str, case: Case, replicates: int) -> Iterator[str]:
    model, geometry = case.model, case.geometry
    fields = [np.asarray(field) for field in two_time_map(FieldOfModel(model), geometry)]
    # For every estimate: the centre, its 1σ, and by what 1σ is multiplied for 68 and 95 %, a replicate a row.
    centres, sigmas, factors = {}, {}, {}

    def put(kind: str, centre, sigma, of_sigma: tuple[float, float]) -> None:
        centres.setdefault(kind, []).append(np.array(centre))
        sigmas.setdefault(kind, []).append(np.array(list(sigma.values())))
        factors[kind] = of_sigma

    for number in range(replicates):
        results = []
        for scan in range(SCANS):
            seed = SCANS * number + scan
            maps = hx.testing.speckle_maps(fields, case.speckles, seed, n_modes=case.n_modes, photons=case.photons)
            results.append(hx.fit(model, hx.TwoTimeData(maps, geometry, sigma="estimate")))
        for scan, result in enumerate(results):
            fitted = [result.parameters[name].value for name in result.free_names]
            put("speckles", fitted, hx.speckle_covariance(result).uncertainties, (1.0, 2.0))
            if scan < BOOTSTRAPPED:
                put("bootstrap", fitted, hx.bootstrap(result, n=REFITS).uncertainties, (1.0, 2.0))
            blocks = hx.blocks_of_frames(model, result.data, BLOCKS)
            put("blocks", blocks.values, blocks.uncertainties, student(blocks))
        first, scans = results[0], hx.from_replicates(results)
        put("scans", scans.values, scans.uncertainties, student(scans))
        put("scans, 1σ and 2σ", scans.values, scans.uncertainties, (1.0, 2.0))
    truth = np.array([first.parameters[name].start for name in first.free_names])
    for k, parameter in enumerate(first.free_names):
        cells = []
        for kind, (narrow, wide) in factors.items():
            centre, sigma = np.array(centres[kind])[:, k], np.array(sigmas[kind])[:, k]
            ratio = np.std(centre, ddof=1) / np.sqrt(np.mean(sigma**2))
            off = np.abs(centre - truth[k])
            covered = " / ".join(f"{100 * np.mean(off < factor * sigma):.0f}" for factor in (narrow, wide))
            cells.append(f"{ratio:.2f}; {covered}")
        yield f"| {f'{name}: {case.title}' if k == 0 else ''} | {parameter} | {' | '.join(cells)} |"


def student(found: hx.Replicates) -> tuple[float, float]:
    """The factors of 1σ of the mean for intervals of 68.3 and 95.4 %."""
    name = found.names[0]
    intervals = [found.intervals(probability)[name] for probability in (0.6827, 0.9545)]
    narrow, wide = ((high - low) / 2 / found.uncertainties[name] for low, high in intervals)
    return narrow, wide


def main() -> None:
    def said(replicates: int) -> str:
        return (
            f"{replicates} sets of {SCANS} scans a case, made by `{COMMAND} --replicates {replicates}`. Each cell: "
            f"scatter ÷ stated; cover of the intervals of 68 / 95 %. The columns of scans have {replicates} estimates, "
            f"that of the bootstrap, with {REFITS} refits each, {BOOTSTRAPPED * replicates}, and the others "
            f"{SCANS * replicates}."
        )

    make_table(PAGE, CASES, rows_of, HEAD, said, __doc__ or "", replicates=20)


if __name__ == "__main__":
    main()
