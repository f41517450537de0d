"""A two-time model as the likelihood of a larger probabilistic program, sampled by NumPyro.

    pip install numpyro
    python examples/embedding/numpyro_posterior.py --figure posterior.png

Spheres of unknown radius diffuse in a sheared liquid whose viscosity is known to 10 %. The maps determine the
transport coefficient J and the shear rate; the Stokes–Einstein relation J = kT/(3πηr) ties J to the radius, and the
program states all of it: priors, the relation, and `hx.chi_squared` as likelihood, streamed over the packed data at
every step of NUTS. The noise level is a parameter, too: χ² is divided by its square.

The maps are simulated with white noise, so the posterior can be compared with the fit. Measured maps have noise that
is correlated between frames; a posterior from them is too narrow unless the likelihood says so.
"""

import argparse
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpyro.diagnostics import effective_sample_size
from numpyro.infer import MCMC, NUTS, init_to_value

import homodyne_eqx as hx

TEMPERATURE = 298.15
TRUTH = {"radius": 1200.0, "viscosity": 0.08, "shear_rate": 0.03, "phi0": 20.0, "contrast": 0.3, "offset": 1.0}
SIGMA = 0.02


def model_of(J: jax.Array, shear_rate: jax.Array, phi0: jax.Array, contrast: jax.Array, offset: jax.Array):
    """Steady diffusion and shear."""
    g1 = hx.Diffusion(hx.Constant(J)) * hx.Shear(hx.Constant(shear_rate), phi0, hx.GapAverage())
    return hx.TwoTimeModel(g1, hx.ContrastOffset(contrast, offset))


def transport_coefficient(radius: jax.Array, viscosity: jax.Array) -> jax.Array:
    """J = 2 D, Å²/s, of spheres of a radius in Å in a viscosity in Pa·s."""
    return 2 * hx.stokes_einstein_coefficient(TEMPERATURE, viscosity, radius)


def simulated(n_frames: int, seed: int) -> hx.TwoTimeData:
    """Four sectors of the true model with white noise."""
    geometry = hx.Geometry(q=0.005, t=2e-3 * np.arange(n_frames), phi=np.array([0.0, 45.0, 90.0, 135.0]), gap=1.0e6)
    radius, viscosity, *others = (jnp.asarray(value) for value in TRUTH.values())
    g2 = np.asarray(eqx.filter_jit(model_of(transport_coefficient(radius, viscosity), *others))(geometry))
    noise = np.tril(SIGMA * np.random.default_rng(seed).standard_normal(g2.shape))
    return hx.TwoTimeData(g2 + noise + np.tril(noise, -1).swapaxes(1, 2), geometry, sigma=SIGMA)


def program(packed: hx.Packed) -> None:
    """The probabilistic program: what is known beforehand, and what the data say."""
    viscosity = numpyro.sample("viscosity", dist.LogNormal(np.log(0.08), 0.1))
    radius = numpyro.sample("radius", dist.LogNormal(np.log(1000.0), 1.0))
    shear_rate = numpyro.sample("shear_rate", dist.LogNormal(np.log(0.02), 1.0))
    contrast = numpyro.sample("contrast", dist.Uniform(0.0, 1.0))
    # A sampler first steps equally far in all directions: what has a scale of its own is written as a multiple of it.
    phi0 = numpyro.deterministic("phi0", 10.0 + 20.0 * numpyro.sample("turn", dist.Normal(0.0, 1.0)))
    offset = numpyro.deterministic("offset", 1.0 + 0.01 * numpyro.sample("shift", dist.Normal(0.0, 1.0)))
    noise = numpyro.sample("noise", dist.LogNormal(0.0, 0.5))  # in units of the stated sigma
    J = numpyro.deterministic("J", transport_coefficient(radius, viscosity))
    chi2 = hx.chi_squared(model_of(J, shear_rate, phi0, contrast, offset), packed)
    numpyro.factor("maps", -chi2 / (2 * noise**2) - packed.n_pairs * jnp.log(noise))


def sampled(packed: hx.Packed, warmup: int, samples: int, seed: int = 0) -> dict[str, np.ndarray]:
    """The posterior by NUTS: 600 samples take some ten thousand passes over the data."""
    start = {
        "viscosity": 0.08,
        "radius": 1000.0,
        "shear_rate": 0.02,
        "contrast": 0.25,
        "turn": 0.0,
        "shift": 0.0,
        "noise": 1.0,
    }
    kernel = NUTS(program, init_strategy=init_to_value(values=start), dense_mass=True, max_tree_depth=7)
    mcmc = MCMC(kernel, num_warmup=warmup, num_samples=samples, progress_bar=False)
    mcmc.run(jax.random.key(seed), packed)
    posterior = {name: np.asarray(values) for name, values in mcmc.get_samples().items()}
    return {name: posterior[name] for name in (*TRUTH, "J", "noise")}


def fitted(packed: hx.Packed) -> hx.FitResult:
    """The same maps by least squares, for comparison."""
    start = transport_coefficient(jnp.asarray(1000.0), jnp.asarray(0.08))
    return hx.fit(model_of(start, 0.02, 10.0, 0.25, 1.0), packed)


@eqx.filter_jit
def along_lag(model: hx.TwoTimeModel, geometry: hx.Geometry, lag: np.ndarray, sector: int) -> jax.Array:
    """g2 of the first frame with later ones."""
    return model.pairs(geometry, lag, 0, sector)


def draw(data: hx.TwoTimeData, posterior: dict[str, np.ndarray], fit: hx.FitResult, path: Path) -> None:
    """Radius and viscosity; J and shear rate with the fit's ellipses; data and posterior draws over the lag."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"font.size": 8, "legend.fontsize": 7, "legend.frameon": False, "axes.linewidth": 0.6}):
        figure = Figure(figsize=(7.2, 2.5), layout="constrained", dpi=200)
        sizes, rates, lags = figure.subplots(1, 3)
        dots = {"marker": ".", "ms": 2.5, "lw": 0, "alpha": 0.5, "mec": "none", "color": "tab:blue"}
        sizes.plot(posterior["viscosity"], posterior["radius"] / 10, **dots)
        eta = np.linspace(posterior["viscosity"].min(), posterior["viscosity"].max(), 50)
        product = TRUTH["radius"] * TRUTH["viscosity"]
        sizes.plot(eta, product / eta / 10, color="0.4", lw=0.8, label="true product ηr")
        sizes.plot(TRUTH["viscosity"], TRUTH["radius"] / 10, "k+", ms=8, label="truth")
        sizes.set(xlabel="viscosity η  (Pa s)", ylabel="radius r  (nm)")
        sizes.legend()
        rates.plot(posterior["J"] / 1e6, posterior["shear_rate"] * 1e3, **dots)
        J, shear_rate = (fit.parameters[name] for name in ("diffusion.rate", "shear.rate"))
        covariance = fit.covariance[:2, :2]
        turn = np.linspace(0, 2 * np.pi, 100)
        circle = np.linalg.cholesky(covariance) @ np.stack([np.cos(turn), np.sin(turn)])
        for k, label in ((1, "fit, 1σ and 2σ"), (2, None)):
            x, y = J.value + k * circle[0], shear_rate.value + k * circle[1]
            rates.plot(x / 1e6, y * 1e3, color="tab:orange", lw=1.0, label=label)
        true_J = float(transport_coefficient(jnp.asarray(TRUTH["radius"]), jnp.asarray(TRUTH["viscosity"])))
        rates.plot(true_J / 1e6, TRUTH["shear_rate"] * 1e3, "k+", ms=8, label="truth")
        rates.set(xlabel="J  (10$^6$ Å²/s)", ylabel="shear rate  (10$^{-3}$ s$^{-1}$)")
        rates.margins(y=0.2)
        rates.legend(loc="upper right")
        t = np.asarray(data.geometry.t)
        for k, colour in ((0, "tab:blue"), (2, "tab:red")):
            measured = [np.mean(np.diagonal(data.c2[k], lag)) for lag in range(1, data.n_t - 5)]
            error = [SIGMA / np.sqrt(data.n_t - lag) for lag in range(1, data.n_t - 5)]
            lags.errorbar(t[1 : data.n_t - 5] * 1e3, measured, error, fmt=".", ms=3, lw=0.6, color=colour)
            names = ("J", "shear_rate", "phi0", "contrast", "offset")
            for draw_number in range(0, len(posterior["J"]), max(1, len(posterior["J"]) // 30)):
                values = (jnp.asarray(posterior[name][draw_number]) for name in names)
                curve = along_lag(model_of(*values), data.geometry, np.arange(1, data.n_t - 5), k)
                lags.plot(t[1 : data.n_t - 5] * 1e3, curve, color=colour, lw=0.4, alpha=0.3)
            lags.plot([], [], color=colour, label=f"φ = {float(data.geometry.phi[k]):.0f}°")
        lags.set(xlabel="lag  (ms)", ylabel="$g_2$, mean over age")
        lags.legend()
        figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=60, help="frames of each map, default: %(default)s")
    parser.add_argument("--samples", type=int, default=600, help="samples after half as many of warm-up")
    parser.add_argument("--figure", type=Path, help="file to draw to")
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    data = simulated(options.frames, seed=4)
    packed = hx.pack(data)
    fit = fitted(packed)
    posterior = sampled(packed, options.samples // 2, options.samples)
    print("                truth       posterior   independent samples        fit")
    names = {"J": "diffusion.rate", "shear_rate": "shear.rate"}
    true_J = transport_coefficient(jnp.asarray(TRUTH["radius"]), jnp.asarray(TRUTH["viscosity"]))
    truth = {**TRUTH, "J": float(true_J), "noise": 1.0}
    for name, values in posterior.items():
        beside = fit.parameters.get(names.get(name, name))
        shown = "" if beside is None else f"{beside.value:10.4g} ± {beside.uncertainty:.2g}"
        independent = effective_sample_size(values[None])
        found = f"{values.mean():10.4g} ± {values.std(ddof=1):<8.2g}"
        print(f"{name:10} {truth[name]:10.4g} {found} {independent:8.0f}   {shown}")
    if options.figure is not None:
        draw(data, posterior, fit, options.figure)
        print(f"drew {options.figure}")


if __name__ == "__main__":
    main()
