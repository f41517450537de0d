"""The rate at which a comparison of models prefers the wrong one; makes the table of docs.

Fits to simulated speckle fields:

python benchmarks/wrong_choices.py [--replicates 100] [--cases A,C]
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

from page_table import make_table  # noqa: E402

import homodyne_eqx as hx  # noqa: E402
from homodyne_eqx.physics.dense_map import two_time_map  # noqa: E402
from homodyne_eqx.physics.model import FieldOfModel  # noqa: E402

PAGE = Path(__file__).parents[1] / "docs" / "inference.md"
COMMAND = "python benchmarks/wrong_choices.py"
Q, DT, N_SECTOR, N_T, SPECKLES = 0.01, 0.1, 4, 60, 500
RATE = 1 / (15 * DT * Q**2)
HEAD = (
    "| case | truth | larger model | χ² falls by, ÷ noise | larger model first | "
    "p < 0.01 / 0.05 / 0.3 |\n|---|---|---|---|---|---|\n"
)


@dataclass(frozen=True)
class Case:
    """The true motion, and the smaller and the larger of the models compared."""

    title: str
    larger: str
    truth: hx.AbstractTerm
    models: Mapping[str, hx.AbstractTerm]
    fixed: tuple[str, ...] = ()


AT_REST = hx.Diffusion(RATE)
FLOWING = hx.Diffusion(RATE) * hx.Shear(1e-4, phi0=20.0, kernel=hx.GapAverage())
AGEING = hx.Diffusion(hx.PowerLaw(RATE, 0.0, 0.0))
CASES = {
    "A": Case("at rest", "flow", AT_REST, {"smaller": AT_REST, "larger": FLOWING}),
    "B": Case("flow", "flow", FLOWING, {"smaller": AT_REST, "larger": FLOWING}),
    "C": Case("steady", "power law", AT_REST, {"smaller": AT_REST, "larger": AGEING}, fixed=("D_offset",)),
    "D": Case(
        "exponential",
        "stretched",
        AT_REST,
        {"smaller": AT_REST, "larger": hx.Diffusion(RATE, kernel=hx.Stretched(0.95))},
    ),
}


def rows_of(name: str, case: Case, replicates: int) -> Iterator[str]:
    geometry = hx.Geometry(
        q=np.full(N_SECTOR, Q), t=np.arange(N_T) * DT, phi=np.arange(N_SECTOR) * 180 / N_SECTOR, gap=2e6
    )
    scaling = hx.ContrastOffset(1.0, 1.0)
    fields = [np.asarray(field) for field in two_time_map(FieldOfModel(hx.TwoTimeModel(case.truth, scaling)), geometry)]
    first, p, statistic, degrees = [], [], [], []
    for seed in range(replicates):
        data = hx.TwoTimeData(hx.testing.speckle_maps(fields, SPECKLES, seed), geometry, sigma="estimate")
        results = {}
        for label, g1 in case.models.items():
            fixed = case.fixed if label == "larger" else ()
            results[label] = hx.fit(hx.TwoTimeModel(g1, scaling), data, fixed=fixed)
        found = hx.compare(results)
        test = found.test("smaller", "larger")
        first.append(found.best.name == "larger")
        p.append(1.0 if test is None else test.probability)
        statistic.append(0.0 if test is None else test.statistic)
        degrees.append(np.nan if test is None else test.degrees)
    below = " / ".join(str(np.sum(np.array(p) < level)) for level in (0.01, 0.05, 0.3))
    yield (
        f"| {name} | {case.title} | {case.larger} | {np.mean(statistic):.3g}, {np.nanmean(degrees):.2g} expected "
        f"| {np.sum(first)} of {replicates} | {below} |"
    )


def main() -> None:
    def said(replicates: int) -> str:
        return (
            f"{N_SECTOR} sectors of {N_T} frames, {SPECKLES} speckles; {replicates} replicates a case, made by "
            f"`{COMMAND} --replicates {replicates}`."
        )

    make_table(PAGE, CASES, rows_of, HEAD, said, __doc__ or "", replicates=100)


if __name__ == "__main__":
    main()
