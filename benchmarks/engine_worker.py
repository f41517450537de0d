"""One side of the benchmark, in a process of its own: `python engine_worker.py SIDE CASE.npz QUANTITY...` prints JSON.

SIDE is ours, homodyne or xpcsjax; the two published packages run in their own environment, so nothing of ours is
imported for them. With `fit` for a quantity the fits are done and the process ends. With any others it makes the first
calls, and then times all of them once more for every line that comes in, so that the sides can take turns.
"""

import json
import resource
import sys
import time

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)


def take_turns(calls, quantities, loaded):
    """By name: first call (compilation included), peak memory then in GB, and the best of the calls of all turns."""
    calls = {name: call for name, call in calls.items() if name in quantities}
    found = {"loaded": loaded}
    for name, function in calls.items():
        found[name] = {"first": _seconds(function), "best": float("inf"), "peak": peak()}
    tell(found)
    for _ in sys.stdin:
        for name, function in calls.items():
            begun = time.perf_counter()
            while time.perf_counter() - begun < 0.3:
                found[name]["best"] = min(found[name]["best"], _seconds(function))
        tell(found)


def tell(found):
    print("RESULT " + json.dumps(found), flush=True)


def _seconds(function):
    begun = time.perf_counter()
    jax.block_until_ready(function())
    return time.perf_counter() - begun


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def ours(case, quantities):
    import equinox as eqx

    import homodyne_eqx as hx

    geometry = hx.Geometry(q=case["q"], t=case["t"], phi=case["phi"], gap=case["gap"])
    data = hx.TwoTimeData(case["c2"], geometry, sigma=float(case["sigma"]))
    n = data.n_sector
    start = dict(zip(case["names"].tolist(), case["start"], strict=True))
    model = hx.laminar_flow(kernel=hx.SincSquared(), **start, contrast=np.full(n, 0.3), offset=np.full(n, 1.0))
    if "fit" in quantities:
        return tell(_our_fits(hx, model, data, case["names"].tolist()))
    loaded = peak()
    packed = hx.pack(data)
    chi2, both = eqx.filter_jit(hx.chi_squared), eqx.filter_jit(eqx.filter_value_and_grad(hx.chi_squared))
    normal = eqx.filter_jit(hx.normal_equations)
    reading = eqx.filter_jit(lambda p: sum(x.sum() for x in p.values))
    calls = {
        "read": lambda: reading(packed),
        "chi2": lambda: chi2(model, packed),
        "gradient": lambda: both(model, packed),
        "normal": lambda: normal(model, packed),
    }
    take_turns(calls, quantities, loaded)


def _our_fits(hx, model, data, names):
    found = {}
    for call in ("fit", "fit again"):
        begun = time.perf_counter()
        result = hx.fit(model, data)
        seconds = time.perf_counter() - begun
        physical = [result.parameters[name].value for name in names]
        found[call] = {"seconds": seconds, "peak": peak(), "parameters": physical, "names": names}
        found[call]["converged"], found[call]["steps"] = result.converged, len(result.history)
        value = lambda name, k, r=result: r.parameters[f"{name}[{k}]"].value  # noqa: E731
        found[call]["scaling"] = [(value("contrast", k), value("offset", k)) for k in range(data.n_sector)]
    return found


def peer(name, case, quantities):
    import importlib

    import jax.numpy as jnp

    backend = importlib.import_module(f"{name}.core.jax_backend")
    t1, t2 = jnp.meshgrid(jnp.asarray(case["t"]), jnp.asarray(case["t"]), indexing="ij")
    rest = (t1, t2, jnp.asarray(case["phi"]), float(case["q"]), float(case["gap"]), 0.3, 1.0, float(case["dt"]))
    params = jnp.asarray(case["start"])
    if "fit" in quantities:
        return tell(_peer_fit(name, case))
    loaded = peak()
    data = jnp.asarray(case["c2"])
    sigma = jnp.full_like(data, float(case["sigma"]))
    both = jax.value_and_grad(lambda p: backend.compute_chi_squared(p, data, sigma, *rest))
    jacobian = jax.jit(jax.jacfwd(lambda p: backend.compute_g2_scaled(p, *rest) / sigma))

    def normal():
        j = jacobian(params).reshape(-1, params.size)
        return j.T @ j

    calls = {
        "chi2": lambda: backend.compute_chi_squared(params, data, sigma, *rest),
        "gradient": lambda: both(params),
        "normal": normal,
    }
    take_turns(calls, quantities, loaded)


def _peer_fit(name, case):
    c2 = np.array(case["c2"], dtype=float)
    n_phi, n, _ = c2.shape
    data = {
        "wavevector_q_list": np.array([float(case["q"])]),
        "phi_angles_list": case["phi"],
        "t1": case["t"],
        "t2": case["t"],
        "c2_exp": c2,
        "sigma": np.full_like(c2, float(case["sigma"])),
        "L": float(case["gap"]),
        "dt": float(case["dt"]),
    }
    settings = {
        "analysis_mode": "laminar_flow",
        "analyzer_parameters": {
            "dt": float(case["dt"]),
            "start_frame": 1,
            "end_frame": n,
            "scattering": {"wavevector_q": float(case["q"])},
            "geometry": {"stator_rotor_gap": float(case["gap"])},
        },
        "initial_parameters": {"parameter_names": case["names"].tolist(), "values": case["start"].tolist()},
        "optimization": {
            "method": "nlsq",
            "stratification": {"enabled": "auto"},
            "nlsq": {
                "max_iterations": 1000,
                "loss": "linear",
                "anti_degeneracy": {"enable": True, "per_angle_mode": "individual"},
            },
        },
    }
    if name == "homodyne":
        from homodyne.config import ConfigManager
        from homodyne.optimization import fit_nlsq_jax as fit
    else:
        from xpcsjax import fit_nlsq as fit
        from xpcsjax.config import ConfigManager
    found = {}
    for call in ("fit", "fit again"):
        begun = time.perf_counter()
        result = fit(data, ConfigManager(config_override=settings))
        seconds = time.perf_counter() - begun
        values = np.asarray(result.parameters, float)
        scaling = list(zip(values[:n_phi].tolist(), values[n_phi : 2 * n_phi].tolist(), strict=True))
        found[call] = {"seconds": seconds, "peak": peak(), "parameters": values[-7:].tolist(), "scaling": scaling}
        found[call]["names"] = case["names"].tolist()
        found[call]["converged"] = str(getattr(result, "convergence_status", getattr(result, "success", "?")))
    return found


if __name__ == "__main__":
    side, path, *wanted = sys.argv[1:]
    loaded = dict(np.load(path))
    if side == "ours":
        ours(loaded, wanted)
    else:
        peer(side, loaded, wanted)
