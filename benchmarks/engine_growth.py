"""The growth of the time of each reduction with frames, sectors and parameters: run it to print JSON."""

import json
import time
from collections.abc import Callable
from functools import partial

import jax

jax.config.update("jax_enable_x64", True)

import equinox as eqx  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from engine_cases import DT, GAP, SIGMA, START, Q, sectors  # noqa: E402

import homodyne_eqx as hx  # noqa: E402

FRAMES, SECTORS, PARAMETERS = (500, 1000, 2000), (6, 12, 24), (23, 43, 83)
ROUNDS, CALLS, PAUSE = 8, 4, 5.0


def case(n_sector: int, n_t: int, n_params: int = 0) -> tuple[hx.TwoTimeModel, hx.Packed]:
    """A model and data of these sizes; more than its own parameters come from a spline as the rate of diffusion."""
    phi, contrast, offset = sectors(n_sector)
    geometry = hx.Geometry(q=Q, t=DT * np.arange(n_t), phi=phi, gap=GAP)
    model = hx.laminar_flow(kernel=hx.SincSquared(), **START, contrast=contrast, offset=offset)
    if n_params:
        knots = np.geomspace(DT, DT * n_t, n_params - 4 - 2 * n_sector)
        diffusion = hx.Diffusion(hx.Spline(knots, np.full(len(knots), 400.0)))
        model = eqx.tree_at(lambda m: m.g1.terms[0], model, diffusion)
    noise = SIGMA * np.random.default_rng(0).standard_normal((n_sector, n_t, n_t))
    data = hx.TwoTimeData(np.asarray(model(geometry)) + noise, geometry, sigma=SIGMA)
    return model, hx.pack(data)


def calls_of(model: hx.TwoTimeModel, packed: hx.Packed) -> dict[str, Callable[[], object]]:
    """The timed functions, compiled."""
    functions = {
        "read": eqx.filter_jit(lambda m, p: jnp.sum(p.values)),
        "chi2": eqx.filter_jit(hx.chi_squared),
        "gradient": eqx.filter_jit(eqx.filter_value_and_grad(hx.chi_squared)),
        "normal": eqx.filter_jit(hx.normal_equations),
    }
    for function in functions.values():
        jax.block_until_ready(function(model, packed))
    return {name: partial(function, model, packed) for name, function in functions.items()}


def growth() -> list[dict]:
    """The best seconds of each call of each size, which take turns."""
    cases = [("frames", n_t, 8, n_t, 0) for n_t in FRAMES]
    cases += [("sectors", n_sector, n_sector, 500, 0) for n_sector in SECTORS]
    cases += [("parameters", n_params, 8, 1000, n_params) for n_params in PARAMETERS]
    calls = [calls_of(*case(n_sector, n_t, n_params)) for _, _, n_sector, n_t, n_params in cases]
    found = [{"what": what, "number": number} for what, number, *_ in cases]
    for _ in range(ROUNDS):
        time.sleep(PAUSE)
        for row, functions in zip(found, calls, strict=True):
            for name, call in functions.items():
                for _ in range(CALLS):
                    begun = time.perf_counter()
                    jax.block_until_ready(call())
                    row[name] = min(row.get(name, float("inf")), time.perf_counter() - begun)
    return found


if __name__ == "__main__":
    print("RESULT " + json.dumps(growth()))
