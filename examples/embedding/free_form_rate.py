"""Recover J(t) of a measured ageing map without assuming its form: by a spline and by neural networks.

    python examples/embedding/free_form_rate.py FOLDER --figure free_form.png

FOLDER, or the environment variable HOMODYNE_EQX_AGEING_MAP, is where `examples/ageing_map.py` finds the measured map
and its authors' fits. As there, time is in frames, q is 1, J stands for q²J, and the authors' Γ by age is compared
with q²J/2.

A spline in log rate against log time has one parameter a knot: Levenberg–Marquardt fits it, and its band follows from
the covariance. The weights of a network mean nothing one by one; gradient descent moves them, and the band is the
range over random starts, which says how far the data and the smoothness of a small network leave the rate open, and
is no confidence interval.
"""

import argparse
import os
import sys
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

import homodyne_eqx as hx

sys.path.insert(0, str(Path(__file__).parents[1]))
from ageing_map import fitted, load_map, published_rates, rate_with_band

FOLDER_VARIABLE = "HOMODYNE_EQX_AGEING_MAP"


def model_with(rate: hx.AbstractRate) -> hx.TwoTimeModel:
    """Diffusion at any rate; a rate without a closed form is integrated by quadrature between frames."""
    scaling = hx.ContrastOffset(contrast=np.array([0.06]), offset=np.array([1.03]))
    return hx.TwoTimeModel(hx.Diffusion(rate, accumulation=hx.GaussLegendre()), scaling)


def fit_spline(data: hx.TwoTimeData | hx.Packed, knots: np.ndarray) -> hx.FitResult:
    """Levenberg–Marquardt over the rate at each knot, frames."""
    return hx.fit(model_with(hx.Spline(knots, np.full(len(knots), 0.06))), data)


def fit_network(data: hx.TwoTimeData | hx.Packed, seed: int, steps: int) -> hx.FitResult:
    """L-BFGS over the weights of a network of log time."""
    rate = hx.Network(scale=0.06, time=50.0, key=jax.random.key(seed), width=8, depth=1)
    return hx.descend(model_with(rate), data, steps=steps)


def rate_at(result: hx.FitResult, age: np.ndarray) -> np.ndarray:
    """J/2 at each age, 1/frame."""
    return np.asarray(eqx.filter_jit(result.model.g1.rate)(jnp.asarray(age))) / 2


def band_at(result: hx.FitResult, age: np.ndarray) -> np.ndarray:
    """1σ of J/2 from the covariance of the rate's own parameters, which come first."""
    slopes = np.asarray(_slopes(result.model.g1.rate, jnp.asarray(age))) / 2
    covariance = result.covariance[: slopes.shape[1], : slopes.shape[1]]
    return np.sqrt(np.einsum("ap,pq,aq->a", slopes, covariance, slopes))


@eqx.filter_jit
def _slopes(rate: hx.AbstractRate, age: jax.Array) -> jax.Array:
    """The derivative of the rate at each age in each of its parameters, (n_age, n_params)."""
    vector, unravel = ravel_pytree(rate)
    return jax.jacfwd(lambda v: unravel(v)(age))(vector)


def draw(folder: Path, power: hx.FitResult, spline: hx.FitResult, networks: list[hx.FitResult], path: Path) -> None:
    """Every rate over age, with its band, beside the authors' points."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import FormatStrFormatter, NullFormatter

    age = np.geomspace(8, 349, 200)
    knots = np.array(spline.model.g1.rate.knots)
    with mpl.rc_context({"font.size": 8, "legend.fontsize": 7, "legend.frameon": False, "axes.linewidth": 0.6}):
        figure = Figure(figsize=(7.2, 3.0), layout="constrained", dpi=200)
        free, parametric = figure.subplots(1, 2, sharey=True)
        published = published_rates(folder)
        for axes in (free, parametric):
            axes.errorbar(*published.values(), fmt="o", ms=3.5, lw=0.9, color="0.25", label="authors' Γ", zorder=3)
        rate, band = rate_at(spline, age), band_at(spline, age)
        for axes in (free, parametric):
            axes.plot(age, rate, color="tab:blue", label=f"spline, {len(knots)} knots")
            axes.fill_between(age, rate - band, rate + band, color="tab:blue", alpha=0.2, lw=0)
        free.plot(knots, rate_at(spline, knots), "|", color="tab:blue", ms=7)
        rates = np.stack([rate_at(network, age) for network in networks])
        parametric_rate, parametric_band = rate_with_band(power, age)
        free.plot(age, rates.mean(0), color="tab:orange", label=f"network, {len(networks)} starts")
        free.fill_between(age, rates.min(0), rates.max(0), color="tab:orange", alpha=0.3, lw=0)
        parametric.plot(age, parametric_rate, color="tab:green", label="power law")
        parametric.fill_between(
            age,
            parametric_rate - parametric_band,
            parametric_rate + parametric_band,
            color="tab:green",
            alpha=0.2,
            lw=0,
        )
        for axes in (free, parametric):
            axes.set(xscale="log", yscale="log", xlabel="age  (frames)", ylim=(0.009, 0.25))
            axes.set_yticks([0.01, 0.02, 0.05, 0.1, 0.2])
            axes.yaxis.set_major_formatter(FormatStrFormatter("%g"))
            axes.yaxis.set_minor_formatter(NullFormatter())
            axes.legend(loc="upper right")
        free.set(ylabel="q²J/2 or Γ  (1/frame)", title="free forms")
        parametric.set(title="spline beside the power law")
        figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = os.environ.get(FOLDER_VARIABLE)
    parser.add_argument("folder", type=Path, nargs="?", default=default, help=f"default: ${FOLDER_VARIABLE}")
    parser.add_argument("--figure", type=Path, help="file to draw to")
    options = parser.parse_args()
    if options.folder is None:
        parser.error(f"no folder is given and {FOLDER_VARIABLE} is not set; name the folder of the measured map")
    jax.config.update("jax_enable_x64", True)
    data = load_map(Path(options.folder))
    packed = hx.pack(data)
    power, spline = fitted(data), fit_spline(packed, np.geomspace(10, 349, 6))
    print(spline, "\n")
    networks = [fit_network(packed, seed, steps=60) for seed in range(5)]
    for name, result in {"power law": power, "spline": spline, "network": networks[0]}.items():
        print(f"{name:10} {len(result.free_names):4} parameters   χ² {result.chi2:.2f}")
    published = published_rates(Path(options.folder))
    columns = [rate_at(spline, published["age"]), band_at(spline, published["age"])]
    columns.append(np.mean([rate_at(network, published["age"]) for network in networks], axis=0))
    print("\n   age   authors' Γ        spline            networks")
    for row in zip(*published.values(), *columns, strict=True):
        print("{:6.0f}   {:.4f} ± {:.4f}   {:.4f} ± {:.4f}   {:.4f}".format(*row))
    if options.figure is not None:
        draw(Path(options.folder), power, spline, networks, options.figure)
        print(f"drew {options.figure}")


if __name__ == "__main__":
    main()
