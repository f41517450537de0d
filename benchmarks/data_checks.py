"""The error of an estimated sigma, and the rate at which frames and pixels are called bad: on simulated speckle fields.

    python benchmarks/data_checks.py [--replicates 40] [--sets 400]

Sigma is compared with the scatter that a far-lag pixel has over the replicates, beside the robust scatter of the
plateau of each map about its median.
"""

import argparse

import numpy as np

import homodyne_eqx as hx

SIGMA = {
    "6 × 120, decay 10": {"n_sector": 6, "n_t": 120, "decay": 10},
    "8 × 100, decay 25": {"n_sector": 8, "n_t": 100, "decay": 25},
    "contrast 0.1, photons": {"n_sector": 6, "n_t": 120, "decay": 10, "n_modes": 10, "photons": 1.0},
    "6 × 120, decay 60": {"n_sector": 6, "n_t": 120, "decay": 60},
}
BRIGHTER = (1.05, 1.3, 10.0)


def maps(generator, n_sector, n_t, decay, speckles=2000, n_modes=1, photons=None, age=0.0, bright=None):
    """c2 of each sector; where a frame is `bright`, of intensities normalised by the mean of all frames."""
    rate = ((np.arange(n_t - 1) + 0.5) / (n_t / 2)) ** age / decay
    decayed = np.concatenate([[0.0], np.cumsum(rate)])
    field, found = np.exp(-np.abs(np.subtract.outer(decayed, decayed))), []
    for _ in range(n_sector):
        x = hx.testing.speckle_intensities(field, speckles, generator, n_modes=n_modes, photons=photons)
        if bright is not None:
            x[n_t // 3] *= bright
        mean = np.mean(x, axis=1) if bright is None else np.full(n_t, np.mean(x))
        found.append(x @ x.T / speckles / np.outer(mean, mean))
    return np.stack(found)


def data_of(c2, sigma):
    n_sector, n_t, _ = c2.shape
    geometry = hx.Geometry(q=np.full(n_sector, 0.01), t=np.arange(n_t) * 0.1)
    return hx.TwoTimeData(c2, geometry, sigma=sigma)


def sigma_table(replicates: int) -> None:
    print("| sigma: case | bias (scatter), % | plateau of each map alone, bias (scatter), % |\n|---|---|---|")
    for name, case in SIGMA.items():
        stacks = [maps(np.random.default_rng(seed), **case) for seed in range(replicates)]
        n_t = case["n_t"]
        i, j = np.triu_indices(n_t, int(np.ceil(2 / 3 * (n_t - 1))))
        far = np.stack([stack[:, i, j] for stack in stacks])
        truth = np.sqrt(np.mean(np.var(far, axis=0, ddof=1)))
        estimated = np.concatenate([data_of(stack, "estimate").sigma for stack in stacks]) / truth - 1
        alone = 1.4826 * np.median(np.abs(far - np.median(far, axis=2, keepdims=True)), axis=2) / truth - 1
        texts = [f"{100 * np.mean(x):+.1f} ({100 * np.std(x):.1f})" for x in (estimated, alone)]
        print(f"| {name} | {' | '.join(texts)} |", flush=True)


def frames_table(sets: int) -> None:
    def case(generator, bright=None):
        kinds = {"n_sector": 3, "n_t": int(generator.integers(60, 150)), "decay": float(generator.uniform(3, 40))}
        kinds |= {"age": float(generator.choice([0.0, -0.5])), "photons": generator.choice([None, 1.0])}
        return maps(generator, **kinds, speckles=int(generator.choice([200, 2000])), bright=bright)

    called, pairs = 0, 0
    for seed in range(sets):
        data = data_of(case(np.random.default_rng(seed), 1.0), 0.1)
        called += bool(hx.suspicious_frames(data))
        pairs += hx.outlier_pixels(data).count // 2
    print(f"frames called bad in {called} of {sets} good data sets, and {pairs} pairs of frames called outliers")
    for bright in BRIGHTER:
        stacks = [case(np.random.default_rng(1000 + seed), bright) for seed in range(sets // 8)]
        found = [c2.shape[1] // 3 in [f.frame for f in hx.suspicious_frames(data_of(c2, 0.1))] for c2 in stacks]
        print(f"a frame {bright} times brighter is found in {sum(found)} of {len(found)}", flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--replicates", type=int, default=40)
    arguments.add_argument("--sets", type=int, default=400)
    given = arguments.parse_args()
    sigma_table(given.replicates)
    frames_table(given.sets)


if __name__ == "__main__":
    main()
