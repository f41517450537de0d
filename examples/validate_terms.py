"""Every term of the library against particles: maps simulated from positions, compared and fitted.

    python examples/validate_terms.py --output validation

simulates each sample of validation_cases.py, compares its maps with the term at the parameters put in, fits the term
from a start that is off by 40 %, and draws validation_terms.png, validation_fits.png and validation_kernels.png.
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import equinox as eqx
import jax
import numpy as np
from particle_motions import walk
from particle_simulation import simulate
from validation_cases import CASES, GAP, PHI0, Case, Q, along, linear

import homodyne_eqx as hx
from homodyne_eqx.physics.parameter_names import named_leaves

REPLICATES, SPECKLES = 8, 2500
OFF, TURNED = 1.4, 15.0
ANGLES = ("phi0", "phase")


@dataclass(frozen=True)
class Comparison:
    """A simulated map beside the term at the parameters put in.

    - `c2`, `model`, `sigma`: `(n_sector, n_t, n_t)`; sigma is the standard error of c2, from its replicates;
    - `contrast`, `offset`: of the model, the only two numbers adjusted;
    - `rms`, `worst`: of the residuals over the pairs, in units of sigma.
    """

    c2: np.ndarray
    model: np.ndarray
    sigma: np.ndarray
    contrast: float
    offset: float
    rms: float
    worst: float


def geometry_of(case: Case) -> hx.Geometry:
    e = case.settings(1, 0)
    return hx.Geometry(q=np.array(e.q), t=e.dt * np.arange(e.frames), phi=np.array(e.phi), gap=e.gap)


def replicates(case: Case, count: int = REPLICATES, speckles: int = SPECKLES, seed: int = 1) -> np.ndarray:
    """Independent simulations of the same sample, `(count, n_sector, n_t, n_t)`."""
    return np.stack([simulate(case.settings(speckles, 100 * seed + k), case.sample()) for k in range(count)])


def compared(case: Case, maps: np.ndarray) -> Comparison:
    """The mean of the replicates and the term at the truth, contrast and offset adjusted to all pairs."""
    c2, spread = maps.mean(axis=0), maps.std(axis=0, ddof=1) / np.sqrt(len(maps))
    sigma = by_lag(spread)
    model = case.model(**case.truth)
    shape = (np.asarray(jax.block_until_ready(eqx.filter_jit(model)(geometry_of(case)))) - 1.0) / 0.6
    pairs = np.broadcast_to(np.tri(c2.shape[1], k=-1, dtype=bool), c2.shape)
    columns = np.stack([shape[pairs], np.ones(pairs.sum())], axis=1) / sigma[pairs, None]
    contrast, offset = np.linalg.lstsq(columns, c2[pairs] / sigma[pairs], rcond=None)[0]
    fitted = offset + contrast * shape
    z = ((c2 - fitted) / sigma)[pairs]
    return Comparison(c2, fitted, sigma, contrast, offset, float(np.sqrt(np.mean(z**2))), float(np.abs(z).max()))


def by_lag(spread: np.ndarray) -> np.ndarray:
    """The standard error of each pair: the root mean square over all pairs of the same sector and lag."""
    n = spread.shape[-1]
    lag = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    of_lag = np.stack([np.sqrt(np.mean(spread[:, lag == k] ** 2, axis=1)) for k in range(n)], axis=-1)
    return of_lag[:, lag]


def fitted(case: Case, c2: np.ndarray, start: dict[str, float], **options) -> tuple[dict, hx.FitResult]:
    """The case's parameters, fitted with contrast and offset: name → (value, uncertainty)."""
    data = hx.TwoTimeData(c2, geometry_of(case), sigma="estimate")
    places = places_of(case)
    free = [*dict.fromkeys(leaf for leaf, _ in places.values()), "contrast", "offset"]
    result = hx.fit(case.model(**start), data, free=free, **options)
    found = {name: result.parameters[element] for name, (_, element) in places.items()}
    return {name: (p.value, p.uncertainty) for name, p in found.items()}, result


def places_of(case: Case) -> dict[str, tuple[str, str]]:
    """Where in the model each parameter of the case is: the leaf, and the element of it, that changes with it."""

    def values(parameters):
        return {
            (leaf.name, leaf.name + (f"[{','.join(map(str, i))}]" if i else "")): leaf.value[i]
            for leaf in named_leaves(case.model(**parameters))
            for i in np.ndindex(np.shape(leaf.value))
        }

    before, places = values(case.truth), {}
    for name, value in case.truth.items():
        after = values({**case.truth, name: 1.1 * value})
        (places[name],) = [place for place in before if after[place] != before[place]]
    return places


def off_start(case: Case, factor: float = OFF, turned: float = TURNED) -> dict[str, float]:
    """A start that is off by a factor, or turned by some degrees."""
    off = {name: value + turned if name in ANGLES else factor * value for name, value in case.truth.items()}
    return {**off, **case.start}


def draw_terms(comparisons: dict[str, Comparison], path: Path) -> None:
    """One panel a term: cuts through the maps of particles (points) and of the term (lines)."""
    import matplotlib.pyplot as plt

    columns = 5
    rows = -(-len(comparisons) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(2.2 * columns, 1.75 * rows), sharey=True, layout="constrained")
    for axis, (name, c) in zip(axes.flat, comparisons.items()):
        t = np.asarray(geometry_of(CASES[name]).t)
        for colour, (label, k, first) in zip(("#1b6ca8", "#d1603d", "#5b8c3a"), cuts(name, c, t)):
            frames = np.arange(first + 1, len(t))
            x = t[frames] - t[first]
            y, model = ((z[k, frames, first] - c.offset) / c.contrast for z in (c.c2, c.model))
            e = c.sigma[k, frames, first] / c.contrast
            axis.errorbar(x, y, e, fmt=".", ms=2.5, lw=0.6, color=colour, alpha=0.6)
            axis.plot(x, model, color=colour, lw=1.2, label=label)
        axis.set_title(f"{name} ({c.rms:.2f})", fontsize=8)
        axis.legend(fontsize=6, frameon=False, handlelength=1)
        axis.tick_params(labelsize=7)
        axis.set_ylim(-0.15, 1.4)
    for axis in axes.flat[len(comparisons) :]:
        axis.remove()
    figure.supxlabel("lag / s", fontsize=9)
    figure.supylabel("(c2 − offset) / contrast", fontsize=9)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def cuts(name: str, c: Comparison, t: np.ndarray) -> list[tuple[str, int, int]]:
    """Label, sector and earlier frame of what to draw: three sectors, or three ages where all sectors are alike."""
    e = CASES[name].settings(1, 0)
    if np.ptp(c.model, axis=0).max() < 0.02 * c.contrast:
        return [(f"from {t[first]:.2g} s", 0, first) for first in (0, len(t) // 6, len(t) // 2)]
    q = np.broadcast_to(e.q, len(e.phi))
    if len(set(q)) > 1:
        return [(f"q {q[k]:g} Å⁻¹", k, 2) for k in (0, 2)]
    return [(f"φ {e.phi[k]:.0f}°", k, 2) for k in (0, 2, 3)]


def draw_fits(deviations: dict[str, dict[str, np.ndarray]], path: Path) -> None:
    """Each fitted parameter against the truth: % of it, degrees for angles; of all speckles, then of parts of them."""
    import matplotlib.pyplot as plt

    rows = [
        (f"{case}: {name}", values, name in ANGLES) for case, of in deviations.items() for name, values in of.items()
    ]
    half = -(-len(rows) // 2)
    figure, axes = plt.subplots(1, 2, figsize=(10, 0.17 * half + 0.8), sharex=True, layout="constrained")
    for axis, part in zip(axes, (rows[:half], rows[half:])):
        axis.axvspan(-5, 5, color="0.92")
        axis.axvline(0, color="0.6", lw=0.8)
        for y, (_, values, angle) in enumerate(part):
            colour = "#d1603d" if angle else "#1b6ca8"
            axis.plot(np.clip(values[1:], -24, 24), np.full(len(values) - 1, y), "o", ms=2, alpha=0.4, color=colour)
            axis.plot(values[0], y, "D", ms=3.5, color=colour)
        axis.set_yticks(range(len(part)), [label for label, _, _ in part], fontsize=7)
        axis.set_ylim(half - 0.5, -0.5)
        axis.tick_params(axis="x", labelsize=7)
        axis.set_xlabel("fit − truth / % (orange: degrees)", fontsize=8)
    axes[0].set_xlim(-25, 25)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def deviations_of(case: Case, maps: np.ndarray) -> dict[str, np.ndarray]:
    """Fit − truth of each parameter, % or degrees: of the mean of all maps, then of pairs of them, from either side."""
    parts = [maps.mean(axis=0), *maps.reshape(-1, 2, *maps.shape[1:]).mean(axis=1)]
    starts = [off_start(case), off_start(case, 1 / OFF, -TURNED)]
    found = [fitted(case, c2, starts[k % 2], eliminate_scaling=True)[0] for k, c2 in enumerate(parts)]
    return {
        name: np.array([(of[name][0] - truth) * (1 if name in ANGLES else 100 / abs(truth)) for of in found])
        for name, truth in case.truth.items()
    }


def kernel_factors(rates: np.ndarray, speckles: int = 12000) -> tuple[np.ndarray, np.ndarray, list]:
    """The fitted rate of sheared particles by either kernel, over the true rate, `(n, 2)`; the maps; the fits."""
    kernels = (hx.GapAverage(), hx.SincSquared())
    fits, maps = [], []
    for rate in rates:
        sheared = replace(
            CASES["Shear"],
            sample=lambda rate=rate: [along(linear(rate * GAP), lambda s: s), walk(linear(2e3))],
            truth={"J": 2e3, "rate": rate, "phi0": PHI0},
        )
        maps.append(replicates(sheared, 1, speckles)[0])
        for kernel in kernels:
            make = lambda J, rate, phi0, kernel=kernel: hx.Diffusion(J) * hx.Shear(rate, phi0, kernel)  # noqa: E731
            fits.append(fitted(replace(sheared, make=make), maps[-1], sheared.truth, eliminate_scaling=True)[1])
    found = np.array([f.parameters["shear.rate"].value for f in fits]).reshape(-1, 2)
    return found / rates[:, None], np.array(maps), fits


def over_age(c2: np.ndarray) -> np.ndarray:
    """The mean of a map `(n_t, n_t)` at each lag from one frame on."""
    return np.array([np.diagonal(c2, k).mean() for k in range(1, len(c2))])


def draw_kernels(path: Path) -> np.ndarray:
    """Left: sheared particles beside both kernels at the true rate and as fitted; right: the rates that fits return."""
    import matplotlib.pyplot as plt

    rates = np.array([3e-4, 5e-4, 8e-4, 1.6e-3])
    factors, maps, fits = kernel_factors(rates)
    case, shown = CASES["Shear"], 2
    geometry, t = geometry_of(case), np.asarray(geometry_of(case).t)
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
    gap_average, documented = fits[2 * shown].model, fits[2 * shown + 1].model
    at_truth = eqx.tree_at(lambda m: m.g1.terms[1].rate.value, documented, np.asarray(rates[shown]))
    left.plot(t[1:], over_age(maps[shown, 0]), ".", ms=4, color="0.4", label="particles")
    drawn = (("gap average", gap_average, "-", "#1b6ca8"), ("documented, fitted", documented, "-", "#d1603d"))
    for label, model, style, colour in (*drawn, ("documented at the true rate", at_truth, "--", "#d1603d")):
        left.plot(t[1:], np.asarray(eqx.filter_jit(model)(geometry))[0, 1:, 0], style, color=colour, label=label)
    left.set(xlabel="lag / s", ylabel="c2, 20° off the flow")
    left.legend(fontsize=7, frameon=False)
    phase = Q * GAP * rates * t[-1] / 2
    for k, (label, colour) in enumerate((("GapAverage", "#1b6ca8"), ("SincSquared", "#d1603d"))):
        right.plot(phase, factors[:, k], "o-", color=colour, label=label)
    for y in (1.0, np.pi / np.sqrt(2)):
        right.axhline(y, color="0.7", lw=0.8, zorder=0)
    right.set(xlabel="½ q L γ̇ × duration", ylabel="fitted / true shear rate", ylim=(0.8, 2.5))
    right.legend(fontsize=7, frameon=False)
    figure.savefig(path, dpi=130)
    plt.close(figure)
    return factors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", required=True, type=Path, help="folder for the figures")
    parser.add_argument("--maps", type=Path, help="folder to keep the simulated maps in, and to take them from")
    parser.add_argument("--only", nargs="*", choices=list(CASES), help="cases to run; all unless given")
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    options.output.mkdir(parents=True, exist_ok=True)
    comparisons, deviations = {}, {}
    for name in options.only or CASES:
        maps = kept_replicates(name, options.maps)
        comparisons[name], deviations[name] = compared(CASES[name], maps), deviations_of(CASES[name], maps)
        c, off = comparisons[name], {k: f"{x[0]:+.1f}" for k, x in deviations[name].items()}
        print(
            f"{name:32s} rms {c.rms:.2f} worst {c.worst:.1f} of σ = {np.median(c.sigma):.4f}; fit − truth {off}",
            flush=True,
        )
    draw_terms(comparisons, options.output / "validation_terms.png")
    draw_fits(deviations, options.output / "validation_fits.png")
    if not options.only:
        print("fitted / true shear rate:", draw_kernels(options.output / "validation_kernels.png").round(3).tolist())


def kept_replicates(name: str, folder: Path | None) -> np.ndarray:
    """The replicates of a case, from the folder if they are there, else simulated and left there."""
    path = None if folder is None else folder / f"{name.replace(' ', '_')}.npy"
    if path is not None and path.exists():
        return np.load(path)
    maps = replicates(CASES[name])
    if path is not None:
        folder.mkdir(parents=True, exist_ok=True)
        np.save(path, maps)
    return maps


if __name__ == "__main__":
    main()
