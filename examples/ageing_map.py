"""Fit a measured ageing map, and compare the fitted rate with the rates that its authors found age by age.

    python examples/ageing_map.py FOLDER --figure ageing.png

FOLDER holds `c2_ageing_350x350.npy`, one measured two-time map, and `published_kww_fits_by_age.json`, its authors' fits
of c2 = g∞ + β exp(−2(Γτ)^γ) along cuts of constant age.

Units: time is counted in frames and q is not given, so q is set to 1 and the rate J stands for q²J, in 1/frame. Frames
are taken at their middle, t = k + ½; how old the sample was before the first frame is not known.

What is compared: here |g1| = exp(−½∫J dt), there |g1| = exp(−(Γτ)^γ). Both fall to 1/e after the lag 1/Γ, whatever γ
is, if Γ = J/2. So Γ is compared with J/2 (that is q²J/2) at the same age.
"""

import argparse
import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import jax
import numpy as np

import homodyne_eqx as hx
from homodyne_eqx.physics.kernels import Exponential, Stretched

FEWEST_AGES, AGES_A_POINT = 10, 14


def load_map(folder: Path) -> hx.TwoTimeData:
    """The measured map, its noise estimated from the far-lag plateau."""
    c2 = np.load(folder / "c2_ageing_350x350.npy")
    return hx.TwoTimeData(c2[None], hx.Geometry(q=1.0, t=np.arange(len(c2)) + 0.5), sigma="estimate")


def fitted(data: hx.TwoTimeData, kernel: hx.AbstractKernel = Exponential()) -> hx.FitResult:
    """J(t) = D0·t^alpha + D_offset in the amount ½∫J dt that the kernel turns into g1.

    A rate that falls with age cannot fall below 0, hence D_offset ≥ 0. Without that bound D0 and D_offset grow without
    end against each other while alpha goes to 0, the limit of which is a rate that is linear in log t.
    """
    rate = hx.PowerLaw(0.3, -0.3, 0.003)
    g1 = hx.Diffusion(rate, kernel=kernel, accumulation=hx.Exact())
    scaling = hx.ContrastOffset(contrast=np.array([0.06]), offset=np.array([1.03]))
    return hx.fit(hx.TwoTimeModel(g1, scaling), data, bounds={"D_offset": (0.0, None)})


def rate_with_band(result: hx.FitResult, age: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """J/2 at each age and its 1σ, 1/frame, from D0 and alpha and their covariance."""
    d0, alpha, offset = (result.parameters[name].value for name in ("D0", "alpha", "D_offset"))
    power = age**alpha
    slopes = np.stack([power, d0 * np.log(age) * power])
    held = [result.free_names.index(name) for name in ("D0", "alpha")]
    variance = np.einsum("ia,ij,ja->a", slopes, result.covariance[np.ix_(held, held)], slopes)
    return (d0 * power + offset) / 2, np.sqrt(variance) / 2


def published_rates(folder: Path, ages_a_point: int = AGES_A_POINT) -> Mapping[str, np.ndarray]:
    """The authors' Γ over age: medians over neighbouring ages, with the standard error that their scatter gives.

    Only ages count whose cut is long enough, and for which their fit states a finite error.
    """
    (fits,) = json.loads((folder / "published_kww_fits_by_age.json").read_text(encoding="utf-8")).values()
    age = np.array(fits["ages"]["bin_centers"], float)
    rate, error = (np.array(fits[name]["gamma"], float) for name in ("parameters", "parameters_errors"))
    inside = (
        (age > FEWEST_AGES) & (age < age[-1] - 5 * FEWEST_AGES) & np.isfinite(rate) & np.isfinite(error) & (error > 0)
    )
    groups = np.array_split(np.flatnonzero(inside), np.count_nonzero(inside) // ages_a_point)
    spread = [1.4826 * np.median(np.abs(rate[g] - np.median(rate[g]))) * 1.25 / np.sqrt(len(g)) for g in groups]
    return {
        "age": np.array([np.mean(age[g]) for g in groups]),
        "rate": np.array([np.median(rate[g]) for g in groups]),
        "error": np.array(spread),
    }


def lag_averages(data: hx.TwoTimeData, models: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """Data less model, averaged over age in bins of the lag: the lags, one array a model, and σ of the mean."""
    n_t = data.n_t
    edges = np.unique(np.geomspace(1, n_t, 15).round().astype(int))
    lag = np.subtract.outer(np.arange(n_t), np.arange(n_t))
    bins = [(lag >= low) & (lag < high) for low, high in pairwise(edges)]
    sigma = np.array([float(data.sigma[0]) / np.sqrt(np.count_nonzero(b)) for b in bins])
    left = [np.array([np.mean((data.c2[0] - model)[b]) for b in bins]) for model in models]
    return np.array([np.mean(lag[b]) for b in bins]), left, sigma


def draw(folder: Path, data: hx.TwoTimeData, simple: hx.FitResult, stretched: hx.FitResult, path: Path) -> None:
    """The rate over age beside the authors', and what each fit leaves over of c2 over the lag."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import FormatStrFormatter, NullFormatter

    fits = ((simple, "tab:blue", "exponential", 1.0), (stretched, "tab:orange", "stretched", 1.06))
    published = published_rates(folder)
    age = np.geomspace(8, data.n_t - 1, 200)
    with mpl.rc_context({"font.size": 8, "legend.fontsize": 7, "legend.frameon": False, "axes.linewidth": 0.6}):
        figure = Figure(figsize=(7.2, 2.9), layout="constrained", dpi=200)
        over_age, over_lag = figure.subplots(1, 2)
        points = {"fmt": "o", "ms": 3.5, "lw": 0.9}
        over_age.errorbar(*published.values(), **points, color="0.25", label="authors' Γ")
        lag, means, sigma = lag_averages(data, [np.asarray(fit.model(data.geometry))[0] for fit, *_ in fits])
        for (result, colour, kernel, shift), left in zip(fits, means, strict=True):
            rate, band = rate_with_band(result, age)
            over_age.plot(age, rate, color=colour, label=f"q²J/2, {kernel} kernel")
            over_age.fill_between(age, rate - band, rate + band, color=colour, alpha=0.2, lw=0)
            over_lag.errorbar(lag * shift, 1e3 * left, 1e3 * sigma, **points, color=colour, label=kernel)
        over_age.set(xscale="log", yscale="log", xlabel="age $(t_1 + t_2)/2$  (frames)", ylabel="rate  (1/frame)")
        over_age.set_yticks([0.015, 0.02, 0.03, 0.05, 0.1])
        over_age.yaxis.set_major_formatter(FormatStrFormatter("%g"))
        over_age.yaxis.set_minor_formatter(NullFormatter())
        over_age.legend(loc="lower left")
        over_lag.axhline(0, color="0.6", lw=0.6, zorder=0)
        over_lag.set(
            xscale="log", xlabel="lag $|t_2 - t_1|$  (frames)", ylabel="data − model, mean over age  (10$^{-3}$)"
        )
        over_lag.legend(title="kernel")
        figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the map and the published fits are")
    parser.add_argument("--figure", type=Path, help="file to draw to")
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    data = load_map(options.folder)
    print(f"{data}\n(times in frames, q = 1: J stands for q²J in 1/frame)\n")
    simple, stretched = fitted(data), fitted(data, Stretched(0.8))
    for result in (simple, stretched):
        print(result, "\n")
    print(hx.compare({"exponential": simple, "stretched": stretched}, held_out="frames"), "\n")
    published = published_rates(options.folder)
    rate, sigma = rate_with_band(simple, published["age"])
    print("   age   authors' Γ        q²J/2 here")
    for row in zip(published["age"], published["rate"], published["error"], rate, sigma, strict=True):
        print("{:6.0f}   {:.4f} ± {:.4f}   {:.4f} ± {:.4f}".format(*row))
    if options.figure is not None:
        draw(options.folder, data, simple, stretched, options.figure)
        print(f"drew {options.figure}")


if __name__ == "__main__":
    main()
