"""Plan an experiment by gradient: the azimuths and frame times that determine a shear rate best.

    python examples/embedding/optimal_design.py --figure design.png

The model is a function of the geometry as it is of its parameters, so the uncertainty that a fit would state can be
predicted before a photon is counted, and differentiated with respect to where one looks. With J = ∂g2/∂θ over all
pairs of frames, the Fisher information is F = JᵀJ/σ², and the variance of the shear rate, whatever else is fitted
along, the element of F⁻¹.

The design: azimuths of the sectors, the first frame spacing, and by how much each spacing exceeds the one before. The
number of frames is given. The true rates and the flow direction are known only roughly beforehand, so what is
minimised is the mean of ln σ(γ̇)/γ̇ over samples of what they may be.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.flatten_util import ravel_pytree

import homodyne_eqx as hx

Q, GAP, SIGMA = 0.0054, 2.0e6, 0.01


class Design(NamedTuple):
    """The settings of an experiment.

    - `phi`: azimuths, degrees;
    - `log_dt`: ln of the first frame spacing, s;
    - `growth`: ln of how many times wider the last spacing is than the first; each is wider than the one before by
      the same factor.
    """

    phi: jax.Array
    log_dt: jax.Array
    growth: jax.Array


def expected(J: float = 1.4e4, shear_rate: float = 1.0e-4, phi0: float = 20.0) -> hx.TwoTimeModel:
    """The expected motion of the sample: steady diffusion and shear."""
    g1 = hx.Diffusion(hx.Constant(J)) * hx.Shear(hx.Constant(shear_rate), phi0, hx.GapAverage())
    return hx.TwoTimeModel(g1, hx.ContrastOffset(contrast=0.3, offset=1.0))


def geometry_of(design: Design, n_frames: int) -> hx.Geometry:
    k = jnp.arange(n_frames - 1, dtype=design.phi.dtype)
    spacing = jnp.exp(design.log_dt + design.growth * k / (n_frames - 1))
    t = jnp.concatenate([jnp.zeros_like(spacing[:1]), jnp.cumsum(spacing)])
    return hx.Geometry(q=Q, t=t, phi=design.phi, gap=GAP)


@eqx.filter_jit
def relative_uncertainty(model: hx.TwoTimeModel, design: Design, n_frames: int) -> jax.Array:
    """The σ of the shear rate that a fit of all parameters would state, in units of the shear rate."""
    geometry = geometry_of(design, n_frames)
    i, j = np.tril_indices(n_frames, -1)
    sector = np.arange(len(design.phi))[:, None]
    scale, unravel = ravel_pytree(model)
    size = jnp.abs(scale)
    values = lambda v: unravel(scale + size * v).pairs(geometry, i, j, sector).ravel()  # noqa: E731
    slopes = jax.jacfwd(values)(jnp.zeros_like(scale)) / SIGMA
    is_shear_rate, _ = ravel_pytree(_indicator(model))
    return jnp.sqrt(is_shear_rate @ jnp.linalg.solve(slopes.T @ slopes, is_shear_rate))


def _indicator(model: hx.TwoTimeModel) -> hx.TwoTimeModel:
    """1 at the shear rate, 0 at all other parameters."""
    nowhere = jax.tree.map(jnp.zeros_like, model)
    return eqx.tree_at(lambda m: m.g1.terms[1].rate.value, nowhere, replace_fn=jnp.ones_like)


def possible(samples: int, seed: int) -> hx.TwoTimeModel:
    """Samples of what the experiment may meet, stacked: rates known to a factor 1.5, the flow direction to 10°."""
    rng = np.random.default_rng(seed)
    factors = np.exp(np.log(1.5) * rng.standard_normal((2, samples)))
    drawn = [expected(1.4e4 * a, 1.0e-4 * b, 20.0 + d) for a, b, d in zip(*factors, 10 * rng.standard_normal(samples))]
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *drawn)


@eqx.filter_jit
def mean_log_uncertainty(design: Design, models: hx.TwoTimeModel, n_frames: int) -> jax.Array:
    """What a design is judged by: the mean of ln σ(γ̇)/γ̇ over what the experiment may meet."""
    each = eqx.filter_vmap(relative_uncertainty, in_axes=(eqx.if_array(0), None, None))(models, design, n_frames)
    return jnp.mean(jnp.log(each))


def improve(design: Design, models: hx.TwoTimeModel, n_frames: int, steps: int) -> tuple[Design, np.ndarray]:
    """Descend along the gradient with Adam. **Returns:** the design, and what it was judged at each step."""
    scale = Design(jnp.asarray(20.0), jnp.asarray(0.3), jnp.asarray(0.5))
    to_design = lambda x: jax.tree.map(lambda start, s, d: start + s * d, design, scale, x)  # noqa: E731
    value_and_gradient = eqx.filter_jit(
        eqx.filter_value_and_grad(lambda x, m: mean_log_uncertainty(to_design(x), m, n_frames))
    )
    optimiser = optax.adam(optax.cosine_decay_schedule(0.1, steps))
    x = jax.tree.map(jnp.zeros_like, design)
    state, history = optimiser.init(x), []
    for _ in range(steps):
        value, gradient = value_and_gradient(x, models)
        history.append(float(value))
        updates, state = optimiser.update(gradient, state)
        x = optax.apply_updates(x, updates)
    return to_design(x), np.array(history)


def start_design() -> Design:
    """Four sectors over half a turn, and evenly spaced frames."""
    return Design(jnp.array([0.0, 45.0, 90.0, 135.0]), jnp.log(jnp.asarray(0.1)), jnp.asarray(0.0))


def replicate(design: Design, n_frames: int, seed: int) -> hx.FitResult:
    """Fit one simulated experiment of this design."""
    geometry, rng = geometry_of(design, n_frames), np.random.default_rng(seed)
    g2 = np.asarray(eqx.filter_jit(expected())(geometry))
    noise = np.tril(SIGMA * rng.standard_normal(g2.shape), -1)
    return hx.fit(expected(), hx.TwoTimeData(g2 + noise + noise.swapaxes(1, 2), geometry, sigma=SIGMA))


def draw(start: Design, best: Design, models: hx.TwoTimeModel, history: np.ndarray, n_frames: int, path: Path) -> None:
    """The way down, the azimuths and the frame times before and after, and the uncertainty over the frame spacing."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    with mpl.rc_context({"font.size": 8, "legend.fontsize": 7, "legend.frameon": False, "axes.linewidth": 0.6}):
        figure = Figure(figsize=(7.2, 2.7), layout="constrained", dpi=200)
        down, over_dt = figure.add_subplot(1, 3, 1), figure.add_subplot(1, 3, 2)
        where = figure.add_subplot(1, 3, 3, projection="polar")
        down.plot(100 * np.exp(history), color="tab:blue")
        down.set(xlabel="step", ylabel="expected σ(γ̇)/γ̇  (%)", ylim=(0, None))
        spacings = np.geomspace(0.02, 2.0, 25)
        for design, colour, name in ((start, "0.5", "start"), (best, "tab:blue", "optimised")):
            at = [design._replace(log_dt=jnp.log(jnp.asarray(dt))) for dt in spacings]
            along = [float(mean_log_uncertainty(other, models, n_frames)) for other in at]
            here = float(mean_log_uncertainty(design, models, n_frames))
            over_dt.plot(spacings, 100 * np.exp(along), color=colour, label=name)
            over_dt.plot(np.exp(design.log_dt), 100 * np.exp(here), "o", color=colour, ms=4)
            for phi in np.deg2rad(np.asarray(design.phi)):
                length = 0.8 if name == "start" else 1.0
                where.plot([phi, phi + np.pi], [length, length], color=colour, lw=0)
                where.plot([phi, phi], [0, length], color=colour, lw=1.4)
                where.plot([phi + np.pi, phi + np.pi], [0, length], color=colour, lw=1.4)
        over_dt.set(xscale="log", yscale="log", xlabel="first frame spacing  (s)", ylabel="expected σ(γ̇)/γ̇  (%)")
        over_dt.set_yticks([0.5, 1, 2, 5], ["0.5", "1", "2", "5"])
        over_dt.yaxis.set_minor_formatter(NullFormatter())
        over_dt.legend()
        for phi0 in np.asarray(models.g1.terms[1].phi0):
            for turn in (0, np.pi):
                where.plot(np.deg2rad(phi0) + turn, 1.12, "o", color="tab:red", ms=1.8, alpha=0.6, clip_on=False)
        where.set(yticks=[], xticks=np.deg2rad([0, 45, 90, 135, 180, 225, 270, 315]), ylim=(0, 1.15))
        where.set_xlabel("azimuths; red: possible flows")
        where.grid(lw=0.3)
        figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=50, help="number of frames, default: %(default)s")
    parser.add_argument("--steps", type=int, default=80, help="steps of the descent, default: %(default)s")
    parser.add_argument("--figure", type=Path, help="file to draw to")
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    models, start, n = possible(12, seed=1), start_design(), options.frames
    best, history = improve(start, models, n, options.steps)
    for name, design in {"start": start, "optimised": best}.items():
        t = np.asarray(geometry_of(design, n).t)
        one = float(relative_uncertainty(expected(), design, n))
        fits = [replicate(design, n, seed).parameters["shear.rate"] for seed in range(20)]
        found = np.array([fit.value for fit in fits]) / 1.0e-4
        print(
            f"{name:10} azimuths {np.round(np.sort(np.asarray(design.phi) % 180), 1)}°, first spacing {t[1]:.3f} s, "
            f"last {t[-1] - t[-2]:.3f} s, run {t[-1]:.1f} s\n"
            f"           σ(γ̇)/γ̇ expected on average {100 * np.exp(mean_log_uncertainty(design, models, n)):.3f} %, "
            f"for the likeliest sample {100 * one:.3f} %;\n           20 fits of simulated data scatter by "
            f"{100 * found.std(ddof=1):.3f} % and state {100 * fits[0].uncertainty / 1e-4:.3f} %"
        )
    if options.figure is not None:
        draw(start, best, models, history, n, options.figure)
        print(f"drew {options.figure}")


if __name__ == "__main__":
    main()
