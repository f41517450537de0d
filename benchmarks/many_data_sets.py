"""Many small data sets of one shape: `hx.fit_many` beside a loop of `hx.fit`, both warm, in turns in one run.

    python benchmarks/many_data_sets.py

Fifty data sets of 4 sectors and 60 frames, each with its own diffusion and shear rate and white noise, fitted from one
start. Printed: the median time of either over the rounds, their ratio, and by how much χ² differs at most.
"""

import argparse
import time
from collections.abc import Callable

import equinox as eqx
import jax
import numpy as np
from bench_engine import processor

import homodyne_eqx as hx

N_T, SIGMA = 60, 0.01
FIXED = ["alpha", "D_offset", "beta", "gamma_dot_t_offset"]


def model(diffusion: float = 2e4, shear: float = 2e-3) -> hx.TwoTimeModel:
    return hx.laminar_flow(
        D0=diffusion, gamma_dot_t0=shear, phi0=10.0, contrast=np.full(4, 0.3), offset=np.ones(4),
        **dict.fromkeys(FIXED, 0.0), kernel=hx.GapAverage(),
    )  # fmt: skip


def simulated(n_sets: int) -> list[hx.TwoTimeData]:
    geometry = hx.Geometry(q=0.0054, t=0.1 * np.arange(N_T), phi=np.array([0.0, 30.0, 60.0, 90.0]), gap=2e6)
    generator, sets = np.random.default_rng(0), []
    maps = eqx.filter_jit(lambda one: one(geometry))
    for _ in range(n_sets):
        rates = 2e4 * np.exp(0.3 * generator.normal()), 2e-3 * np.exp(0.2 * generator.normal())
        g2 = np.array(maps(model(*rates)))
        noise = np.tril(generator.normal(scale=SIGMA, size=g2.shape), -1)
        sets.append(hx.TwoTimeData(g2 + noise + noise.transpose(0, 2, 1), geometry, sigma=SIGMA))
    return sets


def timed(fit: Callable[[], list[hx.FitResult]]) -> tuple[list[hx.FitResult], float]:
    begun = time.perf_counter()
    results = fit()
    return results, time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    sets, start = simulated(options.sets), model()
    together = lambda: hx.fit_many(start, sets, fixed=FIXED)  # noqa: E731
    in_a_loop = lambda: [hx.fit(start, data, fixed=FIXED) for data in sets]  # noqa: E731
    (many, first_many), (loop, first_loop) = timed(together), timed(in_a_loop)
    spent = np.array([[timed(together)[1], timed(in_a_loop)[1]] for _ in range(options.rounds)])
    medians = np.median(spent, axis=0)
    apart = max(abs(a.chi2 / b.chi2 - 1) for a, b in zip(many, loop, strict=True))
    print(f"{options.sets} data sets of 4 × {N_T}², {processor()}, float64")
    print(f"first call: fit_many {first_many:.2f} s, loop {first_loop:.2f} s, compilation included")
    print(f"then: fit_many {medians[0]:.3f} s, loop {medians[1]:.3f} s, ratio {medians[1] / medians[0]:.1f}")
    print(f"χ² differs by a part of {apart:.1g} at most")


if __name__ == "__main__":
    main()
