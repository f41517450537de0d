"""What weights for the noise of speckles gain over equal weights, and what the guard says; makes the table of docs.

Fits to simulated speckle fields, right models first, then damaged data and wrong models:

python benchmarks/precision.py [--replicates 30] [--cases A,C]
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import jax
import numpy as np
from page_table import make_table
from uncertainty_coverage import CASES as RIGHT, Case, rate

jax.config.update("jax_enable_x64", True)

import homodyne_eqx as hx  # noqa: E402

PAGE = Path(__file__).parents[1] / "docs" / "precision.md"
COMMAND = "python benchmarks/precision.py"
FIRST_SEED = 1000
HEAD = (
    "| case | parameter | gain | bias ÷ scatter: equal, speckle | scatter ÷ stated | covers 1σ / 2σ, % | speckle in |\n"
    "|---|---|---|---|---|---|---|\n"
)


@dataclass(frozen=True)
class Measured:
    """A simulation, what is done to its maps, and the motion that is fitted: that of the simulation unless given."""

    case: Case
    changed: Callable[[np.ndarray, np.random.Generator], np.ndarray] = lambda maps, generator: maps
    g1: hx.AbstractTerm | None = None
    excluded: tuple[int, ...] = ()


def without_pixels(maps: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Two of a hundred pixels are missing."""
    lost = np.tril(generator.random(maps.shape) < 0.02)
    return np.where(lost | np.swapaxes(lost, 1, 2), np.nan, maps)


def drifting(by: float, maps: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """The contrast falls by a share of it."""
    share = np.sqrt(np.linspace(1, 1 - by, maps.shape[-1]))
    return 1 + (maps - 1) * np.outer(share, share)


def one_brighter(maps: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """The frame in the middle is 1.3 times brighter, where all were normalised by one mean."""
    gain = np.ones(maps.shape[-1])
    gain[maps.shape[-1] // 2] = 1.3
    return maps * np.outer(gain, gain)


A, F = RIGHT["A"], RIGHT["F"]
CASES = {
    **{name: Measured(case) for name, case in RIGHT.items()},
    "I": Measured(replace(F, title="power law, contrast 0.1, 3 photons", speckles=1000, n_modes=10, photons=3.0)),
    "J": Measured(replace(A, title="A, 2 % of the pixels missing"), without_pixels),
    "K": Measured(replace(A, title="A, 3 frames excluded"), excluded=(20, 55, 90)),
    "L": Measured(replace(A, title="A, one frame 1.3 times brighter"), one_brighter),
    "M": Measured(
        replace(
            A, title="decay stretched by 0.85, fitted as exponential", g1=hx.Diffusion(rate(20), hx.Stretched(0.85))
        ),
        g1=A.g1,
    ),
    "N": Measured(replace(F, title="F, contrast falling by 5 %"), partial(drifting, 0.05)),
    "O": Measured(replace(F, title="F, contrast falling by 20 %"), partial(drifting, 0.2)),
}


def rows_of(name: str, measured: Measured, replicates: int) -> Iterator[str]:
    case, fields = measured.case, measured.case.fields()
    model = case.model if measured.g1 is None else replace(case, g1=measured.g1).model
    off, stated, used = [], [], []
    for seed in range(FIRST_SEED, FIRST_SEED + replicates):
        maps = measured.changed(case.maps(fields, seed), np.random.default_rng(seed))
        data = hx.TwoTimeData(maps, case.geometry, sigma="estimate")
        data = data.excluding(frames=measured.excluded) if measured.excluded else data
        result = hx.fit(model, data, fixed=case.fixed, weights="speckle", estimate=False)
        both = [result.estimates[kind] for kind in ("independent", "speckle")]
        truth = np.array([result.parameters[name].start for name in both[0].names])
        off.append([each.values - truth for each in both])
        stated.append(list(both[1].uncertainties.values()))
        used.append(result.weights == "speckle")
    off, stated = np.array(off), np.array(stated)
    scatter, bias = np.std(off, axis=0, ddof=1), np.mean(off, axis=0)
    for k, parameter in enumerate(both[0].names):
        covered = " / ".join(f"{100 * np.mean(np.abs(off[:, 1, k]) < n * stated[:, k]):.0f}" for n in (1, 2))
        away = ", ".join(f"{bias[kind, k] / scatter[kind, k]:.1f}" for kind in (0, 1))
        yield (
            f"| {f'{name}: {case.title}' if k == 0 else ''} | {parameter} | {scatter[0, k] / scatter[1, k]:.2f} "
            f"| {away} | {scatter[1, k] / np.sqrt(np.nanmean(stated[:, k] ** 2)):.2f} | {covered} "
            f"| {f'{np.sum(used)} of {replicates}' if k == 0 else ''} |"
        )


def main() -> None:
    def said(replicates: int) -> str:
        return f"{replicates} replicates a case, made by `{COMMAND} --replicates {replicates}`."

    make_table(PAGE, CASES, rows_of, HEAD, said, __doc__ or "", replicates=30)


if __name__ == "__main__":
    main()
