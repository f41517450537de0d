"""The share of random starts that end in the deepest minimum, with and without comparison; makes the table of docs.

Each fit starts at rates up to a hundred times too slow or too fast, at any direction and exponents up to ±1:

python benchmarks/random_starts.py [--replicates 30] [--cases A,C]
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

from page_table import make_table  # noqa: E402

import homodyne_eqx as hx  # noqa: E402

PAGE = Path(__file__).parents[1] / "docs" / "fitting.md"
COMMAND = "python benchmarks/random_starts.py"
SIGMA, N_SECTOR, N_T = 0.02, 8, 120
GEOMETRY = hx.Geometry(
    q=np.full(N_SECTOR, 0.0054), t=0.05 + 0.1 * np.arange(N_T), phi=np.arange(N_SECTOR) * 22.5, gap=2e6
)
HEAD = (
    "| case | start of the model alone | compared with one found in the data | deepest, but not certified | χ² of the "
    "others ÷ deepest |\n|---|---|---|---|---|\n"
)
SCALING = {"contrast": np.full(N_SECTOR, 0.3), "offset": np.ones(N_SECTOR)}


def _far(generator: np.random.Generator) -> float:
    return 10 ** generator.uniform(-2, 2)


def _steady(D0: float, shear: float, phi0: float) -> hx.TwoTimeModel:
    return hx.TwoTimeModel(
        hx.Diffusion(D0) * hx.Shear(shear, phi0=phi0, kernel=hx.SincSquared()), hx.ContrastOffset(**SCALING)
    )


def _flow(D0: float, alpha: float, shear: float, beta: float, phi0: float) -> hx.TwoTimeModel:
    rates = {"D0": D0, "alpha": alpha, "gamma_dot_t0": shear, "beta": beta, "phi0": phi0}
    return hx.laminar_flow(kernel=hx.SincSquared(), **rates, D_offset=0.0, gamma_dot_t_offset=0.0, **SCALING)


def _populations(slow: float, fast: float, fraction: float) -> hx.TwoTimeModel:
    term = hx.Populations((hx.Diffusion(slow), hx.Diffusion(fast)), [fraction])
    return hx.TwoTimeModel(term, hx.ContrastOffset(**SCALING))


@dataclass(frozen=True)
class Case:
    """`truth`, and `start`: a random one."""

    title: str
    truth: hx.TwoTimeModel
    start: Callable[[np.random.Generator], hx.TwoTimeModel]


CASES = {
    "A": Case(
        "steady laminar flow",
        _steady(1e4, 2e-3, 12.0),
        lambda g: _steady(1e4 * _far(g), 2e-3 * _far(g), g.uniform(-90, 90)),
    ),
    "B": Case(
        "laminar flow, power laws with offsets",
        _flow(1e4, -0.3, 2e-3, 0.2, 12.0),
        lambda g: _flow(1e4 * _far(g), g.uniform(-1, 1), 2e-3 * _far(g), g.uniform(-1, 1), g.uniform(-90, 90)),
    ),
    "C": Case(
        "two populations",
        _populations(1e3, 3e4, 0.4),
        lambda g: _populations(1e3 * _far(g), 3e4 * _far(g), g.uniform(0.05, 0.95)),
    ),
}


def rows_of(name: str, case: Case, replicates: int) -> Iterator[str]:
    noise = SIGMA * np.random.default_rng(0).standard_normal((N_SECTOR, N_T, N_T))
    c2 = np.asarray(case.truth(GEOMETRY), float) + (noise + noise.swapaxes(1, 2)) / 2**0.5
    data = hx.pack(hx.TwoTimeData(c2, GEOMETRY, sigma=SIGMA))
    deepest = hx.fit(case.truth, data, estimate=False).chi2
    generator, alone, compared, uncertified, ratios = np.random.default_rng(1), 0, 0, 0, []
    for _ in range(replicates):
        start = case.start(generator)
        of_model = hx.fit(start, data, estimate=False).chi2
        result = hx.fit(start, data)
        alone += of_model < deepest * 1.001
        found = result.chi2 < deepest * 1.001
        compared += found
        uncertified += found and not result.converged
        ratios += [] if of_model < deepest * 1.001 else [of_model / deepest]
    others = f"{min(ratios):.3g} to {max(ratios):.3g}" if ratios else "–"
    yield (
        f"| {name}: {case.title} | {alone} of {replicates} | {compared} of {replicates} | {uncertified} | {others} |"
    )


def main() -> None:
    def said(replicates: int) -> str:
        return f"{replicates} starts a case, made by `{COMMAND} --replicates {replicates}`."

    make_table(PAGE, CASES, rows_of, HEAD, said, __doc__ or "", replicates=30)


if __name__ == "__main__":
    main()
