"""Train a network that maps sample conditions to rates, on the maps of several samples at once.

    python examples/embedding/train_rates_across_maps.py --figure training.png

A suspension is measured at some temperatures and concentrations under the same stress, each for a moment, in maps too
noisy to say much alone. A network from (temperature, concentration) to (ln J, ln γ̇) is trained on all maps together:
its output enters a two-time model, `hx.chi_squared` of that model over the packed data is the loss, and Optax moves
the weights, along with the contrast and offset of every map. What comes out is the rates as a smooth function of the
conditions between the samples; beyond them a network guesses.

The maps share their shape, so they are stacked, and one loop over the stack is compiled.
"""

import argparse
import itertools
from pathlib import Path
from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

import homodyne_eqx as hx

SIGMA, TYPICAL_J, TYPICAL_SHEAR_RATE = 0.15, 2.0e4, 4.0e-4
TEMPERATURES, CONCENTRATIONS = (5.0, 15.0, 25.0, 35.0), (0.05, 0.2, 0.35)


def true_rates(temperature: np.ndarray, concentration: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The true rates: an activated viscosity that rises with concentration; J and γ̇ go as its inverse."""
    fluidity = np.exp(-3500 * (1 / (temperature + 273.15) - 1 / 298.15)) * (1 - concentration / 0.64) ** 2
    return 4.0e4 * fluidity * (1 - concentration), 6.0e-4 * fluidity


@final
class RatesOfConditions(eqx.Module):
    """(temperature °C, concentration) → (J Å²/s, γ̇ 1/s): exp of a network times what is typical."""

    network: eqx.nn.MLP

    def __init__(self, key: Array):
        self.network = eqx.nn.MLP(2, 2, width_size=8, depth=2, activation=jnp.tanh, key=key)

    def __call__(self, conditions: Float[Array, " 2"]) -> tuple[Float[Array, ""], Float[Array, ""]]:
        logs = self.network((conditions - jnp.array([20.0, 0.2])) / jnp.array([15.0, 0.15]))
        return TYPICAL_J * jnp.exp(logs[0]), TYPICAL_SHEAR_RATE * jnp.exp(logs[1])


@final
class Training(eqx.Module):
    """All that is trained: the rates, and contrast and offset of each map, `(n_maps,)`."""

    rates: RatesOfConditions
    contrast: Float[Array, " n_maps"]
    offset: Float[Array, " n_maps"]

    def loss(self, conditions: Float[Array, "n_maps 2"], packed: hx.Packed) -> Float[Array, ""]:
        """Reduced χ² over all maps; `packed` is a stack of them."""

        def of_one(one: tuple) -> Array:
            condition, contrast, offset, maps = one
            return hx.chi_squared(model_of(*self.rates(condition), contrast, offset), maps) / maps.n_pairs

        return jnp.mean(jax.lax.map(of_one, (conditions, self.contrast, self.offset, packed)))


def model_of(J: Array, shear_rate: Array, contrast: Array, offset: Array) -> hx.TwoTimeModel:
    """Steady diffusion and shear along φ = 0."""
    shear = hx.Shear(hx.Constant(shear_rate), 0.0, hx.GapAverage())
    return hx.TwoTimeModel(hx.Diffusion(hx.Constant(J)) * shear, hx.ContrastOffset(contrast, offset))


def measured(conditions: np.ndarray, n_frames: int, seed: int) -> list[hx.TwoTimeData]:
    """Noisy maps of each sample in three sectors."""
    rng, geometry = (
        np.random.default_rng(seed),
        hx.Geometry(q=0.005, t=0.25 * np.arange(n_frames), phi=np.array([0.0, 50.0, 90.0]), gap=1.0e6),
    )
    data = []
    for temperature, concentration in conditions:
        J, shear_rate = true_rates(temperature, concentration)
        model = model_of(J, shear_rate, rng.uniform(0.25, 0.35), rng.uniform(0.98, 1.02))
        g2 = np.asarray(eqx.filter_jit(model)(geometry))
        noise = np.tril(SIGMA * rng.standard_normal(g2.shape))
        data.append(hx.TwoTimeData(g2 + noise + np.tril(noise, -1).swapaxes(1, 2), geometry, sigma=SIGMA))
    return data


def train(conditions: np.ndarray, packed: hx.Packed, steps: int, seed: int = 0) -> tuple[Training, np.ndarray]:
    """Adam with a falling rate of learning. **Returns:** what was trained, and the loss at each step."""
    count = len(conditions)
    training = Training(RatesOfConditions(jax.random.key(seed)), jnp.full(count, 0.25), jnp.ones(count))
    optimiser, conditions = optax.adam(optax.cosine_decay_schedule(0.02, steps)), jnp.asarray(conditions)
    state, history = optimiser.init(eqx.filter(training, eqx.is_inexact_array)), []
    step = eqx.filter_jit(_step)
    for _ in range(steps):
        training, state, loss = step(training, state, optimiser, conditions, packed)
        history.append(float(loss))
    return training, np.array(history)


def _step(
    training: Training, state: object, optimiser: optax.GradientTransformation, conditions: Array, packed: hx.Packed
):
    loss, gradient = eqx.filter_value_and_grad(Training.loss)(training, conditions, packed)
    updates, state = optimiser.update(gradient, state, eqx.filter(training, eqx.is_inexact_array))
    return eqx.apply_updates(training, updates), state, loss


def fit_alone(data: hx.TwoTimeData | hx.Packed) -> list[hx.Parameter] | None:
    """J and γ̇ of one sample from its own maps; `None` where they are too noisy for the fit to converge."""
    result = hx.fit(model_of(TYPICAL_J, TYPICAL_SHEAR_RATE, 0.25, 1.0), data, fixed=["phi0"])
    return [result.parameters[name] for name in ("diffusion.rate", "shear.rate")] if result.converged else None


def draw(
    conditions: np.ndarray, training: Training, alone: list[list[hx.Parameter] | None], history: np.ndarray, path: Path
) -> None:
    """J and γ̇ over temperature at each concentration: network, truth, and fits of single samples; and the loss."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    colours = ("tab:blue", "tab:green", "tab:red")
    temperature = np.linspace(0, 40, 60)
    with mpl.rc_context({"font.size": 8, "legend.fontsize": 7, "legend.frameon": False, "axes.linewidth": 0.6}):
        figure = Figure(figsize=(7.2, 2.6), layout="constrained", dpi=200)
        *panels, loss = figure.subplots(1, 3)
        for concentration, colour in zip(CONCENTRATIONS, colours, strict=True):
            points = jnp.stack([jnp.asarray(temperature), jnp.full(temperature.size, concentration)], axis=1)
            learned = jax.vmap(training.rates)(points)
            for k, (axes, unit) in enumerate(zip(panels, (1e4, 1e-4), strict=True)):
                label = f"concentration {concentration:g}" if k == 0 else None
                axes.plot(temperature, learned[k] / unit, color=colour, label=label)
                axes.plot(temperature, true_rates(temperature, concentration)[k] / unit, "--", color=colour, lw=0.8)
                here = [n for n, row in enumerate(conditions) if row[1] == concentration and alone[n]]
                values = np.array([[alone[n][k].value, alone[n][k].uncertainty] for n in here]).reshape(-1, 2) / unit
                seen = values[:, 1] < values[:, 0]
                at = conditions[here, 0] + 0.4 * (colours.index(colour) - 1)
                axes.errorbar(at[seen], *values[seen].T, fmt="o", ms=3, lw=0.8, color=colour)
        for axes, name in zip(panels, ("J  (10$^4$ Å²/s)", "shear rate  (10$^{-4}$ s$^{-1}$)"), strict=True):
            axes.set(xlabel="temperature  (°C)", ylabel=name, yscale="log")
            axes.yaxis.set_minor_formatter(NullFormatter())
        panels[0].set_yticks([0.2, 0.5, 1, 2, 5], ["0.2", "0.5", "1", "2", "5"])
        panels[1].set_yticks([0.5, 1, 2, 5, 10], ["0.5", "1", "2", "5", "10"])
        panels[0].legend(loc="lower right")
        panels[1].plot([], [], "0.3", label="network, all maps")
        panels[1].plot([], [], "--", color="0.3", lw=0.8, label="truth")
        panels[1].errorbar([], [], [], fmt="o", ms=3, lw=0.8, color="0.3", label="fit of one sample")
        panels[1].legend(loc="lower right")
        loss.plot(history, color="0.3")
        loss.set(xlabel="step", ylabel="loss: χ² per pair of frames")
        figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=40, help="frames of each map, default: %(default)s")
    parser.add_argument("--steps", type=int, default=400, help="steps of the training, default: %(default)s")
    parser.add_argument("--figure", type=Path, help="file to draw to")
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    conditions = np.array(list(itertools.product(TEMPERATURES, CONCENTRATIONS)))
    data = measured(conditions, options.frames, seed=2)
    maps = [hx.pack(each) for each in data]
    training, history = train(conditions, jax.tree.map(lambda *x: jnp.stack(x), *maps), options.steps)
    alone = [fit_alone(each) for each in maps]
    print(f"loss {history[0]:.4f} at first, {history[-1]:.4f} in the end\n")
    print("                          J, Å²/s                                    shear rate, 1/s")
    print("   T    c      truth    network   fit of one sample        truth     network   fit of one sample")
    for (temperature, concentration), found in zip(conditions, alone, strict=True):
        true = true_rates(temperature, concentration)
        learned = training.rates(jnp.array([temperature, concentration]))
        shown = [f"{p.value:.3g} ± {p.uncertainty:.1g}" for p in found] if found else ["did not converge", ""]
        print(
            f"{temperature:4.0f} {concentration:5.2f}   {true[0]:8.0f} {learned[0]:10.0f} {shown[0]:>20}  "
            f"{true[1]:10.2e} {learned[1]:11.2e} {shown[1]:>20}"
        )
    if options.figure is not None:
        draw(conditions, training, alone, history, options.figure)
        print(f"drew {options.figure}")


if __name__ == "__main__":
    main()
