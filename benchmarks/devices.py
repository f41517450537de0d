"""The gain by cores and GPUs: χ², gradient, normal equations and a fit, on one core, on more of them, on each GPU.

    python benchmarks/devices.py                         # 23 sectors × 1001² frames; 1, 2, 4, … all cores, every GPU
    python benchmarks/devices.py --sectors 10 --frames 500 --cores 1 2 --rounds 3

Each row is a process of its own, that may use only so many cores; the rows take turns, `--rounds` times, and the best
of the calls after the first counts. "one device" is the same work not spread over devices, on as many cores. Float32
stands for JAX's default, in which sums are in single precision too. Prints a table.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time

QUANTITIES = ("chi2", "gradient", "normal equations", "fit")


def work(settings):
    """One row: times each quantity once more for every line that comes in."""
    if settings["cores"] and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: settings["cores"]])
    import jax

    jax.config.update("jax_enable_x64", settings["precision"] == "float64")
    import equinox as eqx
    import numpy as np
    from engine_cases import DT, GAP, SIGMA, START, TRUTH, Q, sectors, with_noise

    import homodyne_eqx as hx

    n_sector, n_t = settings["sectors"], settings["frames"]
    phi, contrast, offset = sectors(n_sector)
    geometry = hx.Geometry(q=Q, t=DT * np.arange(n_t), phi=phi, gap=GAP)
    truth = hx.laminar_flow(**TRUTH, contrast=contrast, offset=offset, kernel=hx.SincSquared())
    data = hx.TwoTimeData(with_noise(np.array(truth(geometry))), geometry, sigma=SIGMA)
    packed = hx.pack(data, devices=jax.local_devices() if settings["spread"] else jax.local_devices()[:1])
    scaling = {"contrast": np.full(n_sector, 0.3), "offset": np.full(n_sector, 1.0)}
    start = hx.laminar_flow(**START, **scaling, kernel=hx.SincSquared())
    model, packed = packed.beside((start, packed))
    chi2, gradient = eqx.filter_jit(hx.chi_squared), eqx.filter_jit(eqx.filter_value_and_grad(hx.chi_squared))
    normal = eqx.filter_jit(hx.normal_equations)
    calls = {
        "chi2": lambda: chi2(model, packed),
        "gradient": lambda: gradient(model, packed),
        "normal equations": lambda: normal(model, packed),
        "fit": lambda: hx.fit(start, packed).chi2,
    }
    best = dict.fromkeys(calls, float("inf"))
    for call in calls.values():
        jax.block_until_ready(call())
    print(json.dumps({"device": jax.devices()[0].device_kind, "size": packed.size}), flush=True)
    for _ in sys.stdin:
        for name, call in calls.items():
            until = time.perf_counter() + 0.5
            while time.perf_counter() < until:
                begun = time.perf_counter()
                jax.block_until_ready(call())
                best[name] = min(best[name], time.perf_counter() - begun)
        print(json.dumps(best), flush=True)


class Row:
    """One setting at work, in a process of its own."""

    def __init__(self, label, settings):
        self.label, self.best = label, {}
        backend = {"JAX_PLATFORMS": settings["backend"]} if settings["backend"] else {}
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--worker", json.dumps(settings)],
            env={**os.environ, **backend},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.device = json.loads(self.process.stdout.readline())

    def turn(self):
        self.process.stdin.write("again\n")
        self.process.stdin.flush()
        self.best = json.loads(self.process.stdout.readline())


def gpus():
    """Whether JAX sees a GPU, asked in another process so that this one takes none of its memory."""
    ask = "import jax; print(jax.default_backend())"
    return subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True).stdout.strip() == "gpu"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sectors", type=int, default=23)
    parser.add_argument("--frames", type=int, default=1001)
    parser.add_argument("--cores", type=int, nargs="*")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--worker")
    options = parser.parse_args()
    if options.worker:
        return work(json.loads(options.worker))
    most = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    counts = options.cores or sorted({*(2**k for k in range(12) if 2**k <= most), most})
    common = {"sectors": options.sectors, "frames": options.frames, "precision": "float64"}
    rows = []
    for cores in counts:
        for spread in (False, True) if cores > 1 else (False,):
            label = f"{cores} core{'s' * (cores > 1)}{', one device' * (cores > 1 and not spread)}"
            rows.append(Row(label, {**common, "backend": "cpu", "cores": cores, "spread": spread}))
    if gpus():
        for precision in ("float64", "float32"):
            rows.append(
                Row(f"GPU, {precision}", {**common, "precision": precision, "backend": "", "cores": 0, "spread": True})
            )
    for _ in range(options.rounds):
        for row in rows:
            row.turn()
    print(f"{options.sectors} sectors × {options.frames}² frames, {2 * options.sectors + 7} parameters.")
    devices = sorted({row.device["device"] for row in rows})
    print(f"{platform.processor() or platform.machine()}; devices: {', '.join(devices)}")
    print(f"\n| on | tile | {' | '.join(QUANTITIES)} |\n| --- | --- | {' | '.join(['---'] * len(QUANTITIES))} |")
    for row in rows:
        times = [f"{1e3 * row.best[name]:.2f} ms ({rows[0].best[name] / row.best[name]:.2f}×)" for name in QUANTITIES]
        print(f"| {row.label} | {row.device['size']} | {' | '.join(times)} |")


if __name__ == "__main__":
    main()
