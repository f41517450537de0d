"""Each documented function beside those of the two published packages, in one run.

    python benchmarks/bench_documented_api.py                       # 1 × 100², 23 × 500², 23 × 1001²
    python benchmarks/bench_documented_api.py --sizes 1x100 --functions compute_g2_scaled gradient_chi2

For each function and size every side runs in a process of its own, all three started together and timed in turn,
round after round, so that whatever else the machine does meets all alike. A figure is the median over the rounds of
the median call of a round; memory is the peak of the process, data included, when it has finished. Prints the table and
writes it to docs/benchmarks_documented_api.md (`--output`). A side that fails or is killed leaves its cell saying so.

Where a published function cannot be called as documented, or returns something else, the same derivative is taken of
its own forward function, and the row says so with a star.
"""

import argparse
import contextlib
import json
import os
import platform
import resource
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

SIZES = ("1x100", "23x500", "23x1001")
SIDES = ("ours", "homodyne", "xpcsjax")
FUNCTIONS = (
    "compute_g1_diffusion",
    "compute_g1_shear",
    "compute_g1_total",
    "compute_g2_scaled",
    "compute_g2_scaled_with_factors",
    "compute_chi_squared",
    "vectorized_g2_computation",
    "batch_chi_squared",
    "gradient_g2",
    "hessian_g2",
    "jacobian_g2",
    "gradient_chi2",
    "hessian_chi2",
    "get_cached_meshgrid",
)
SECONDS_A_ROUND = 0.4
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks_documented_api.md"


def calls(side: str, name: str, n_phi: int, n_t: int):
    """A call of the function without arguments, and whether it had to be built from another one."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    jax.config.update("jax_enable_x64", True)
    if side == "ours":
        from homodyne_eqx.core import jax_backend as api
    else:
        import importlib

        api = importlib.import_module(f"{side}.core.jax_backend")
    q, L, dt, scaling = 0.0054, 2e6, 0.1, (0.3, 1.0)
    params = jnp.array([1000.0, -0.5, 10.0, 0.01, 0.2, 0.001, 5.0])
    batch = params * jnp.linspace(0.9, 1.1, 3)[:, None]
    t = dt * jnp.arange(n_t)
    times = tuple(jnp.meshgrid(t, t, indexing="ij"))
    phi = jnp.linspace(0.0, 170.0, n_phi)
    data, sigma = None, None
    if "chi" in name:
        data = jnp.asarray(1 + 0.3 * np.random.default_rng(0).random((n_phi, n_t, n_t)))
        sigma = jnp.full_like(data, 0.01)
    of_g2 = (*times, phi, q, L, *scaling, dt)
    of_chi2 = (data, sigma, *of_g2)
    arguments = {
        "compute_g1_diffusion": (params, *times, q, dt),
        "compute_g1_shear": (params, *times, phi, q, L, dt),
        "compute_g1_total": (params, *times, phi, q, L, dt),
        "compute_g2_scaled_with_factors": (params, *times, phi, q**2 * dt / 2, q * L * dt / (2 * np.pi), *scaling, dt),
        "vectorized_g2_computation": (batch, *of_g2),
        "batch_chi_squared": (batch, *of_chi2),
        "get_cached_meshgrid": (t, t),
    }.get(name, (params, *(of_chi2 if "chi" in name else of_g2)))
    if side == "ours":
        return lambda: getattr(api, name)(*arguments), False

    g2 = lambda p: api.compute_g2_scaled(p, *of_g2)  # noqa: E731
    total = lambda p: jnp.sum(g2(p))  # noqa: E731
    chi2 = lambda p, d, s: api.compute_chi_squared(p, d, s, *of_g2)  # noqa: E731
    built = {
        "gradient_g2": lambda: jax.jit(jax.grad(total)),
        "hessian_g2": lambda: jax.jit(jax.hessian(total)),
        "jacobian_g2": lambda: jax.jit(jax.jacfwd(g2)),
        "gradient_chi2": lambda: jax.jit(jax.grad(chi2)),
        "hessian_chi2": lambda: jax.jit(jax.hessian(chi2)),
    }
    callable_as_documented = {
        "jacobian_g2": "gradient_g2",
        "gradient_chi2": "gradient_chi2",
        "hessian_chi2": "hessian_chi2",
    }
    if side == "xpcsjax" and name in callable_as_documented:
        return lambda: getattr(api, callable_as_documented[name])(*arguments), False
    if name not in built:
        return lambda: getattr(api, name)(*arguments), False
    program = built[name]()
    return lambda: program(*(arguments[:3] if "chi" in name else arguments[:1])), True


def worker(side: str, name: str, size: str) -> None:
    """Answer each line of the standard input with the median time of a call in a round; an empty line ends it."""
    import jax

    call, built = calls(side, name, *map(int, size.split("x")))
    begun = time.perf_counter()
    jax.block_until_ready(call())
    say({"first": time.perf_counter() - begun, "built": built, "jax": jax.__version__})
    typical = 0.0
    for line in sys.stdin:
        if not line.strip():
            break
        if typical < SECONDS_A_ROUND:  # the other sides have emptied the caches since; a long call fills them by itself
            jax.block_until_ready(call())
        seconds, end = [], time.perf_counter() + SECONDS_A_ROUND
        while not seconds or time.perf_counter() < end:
            begun = time.perf_counter()
            jax.block_until_ready(call())
            seconds.append(time.perf_counter() - begun)
        typical = statistics.median(seconds)
        say({"typical": typical})
    say({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6})


def say(message: dict) -> None:
    print("RESULT " + json.dumps(message), flush=True)


class Side:
    """One process of the benchmark."""

    def __init__(self, python: str, side: str, name: str, size: str):
        command = [python, __file__, "--worker", side, name, size]
        environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        self.times: list[float] = []
        self.failed = ""

    def read(self) -> dict:
        for line in self.process.stdout:
            if line.startswith("RESULT "):
                return json.loads(line.removeprefix("RESULT "))
        killed = self.process.wait() == -signal.SIGKILL
        self.failed = "killed, out of memory" if killed else "failed"
        return {}

    def ask(self, line: str) -> dict:
        if self.failed:
            return {}
        with contextlib.suppress(BrokenPipeError):  # then there is nothing to read either
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        return self.read()

    def end(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()


def compare(pythons: dict[str, str], name: str, size: str, rounds: int) -> dict[str, dict]:
    sides = {side: Side(python, side, name, size) for side, python in pythons.items()}
    figures = {side: process.read() for side, process in sides.items()}
    for _ in range(rounds):
        for process in sides.values():
            process.times.append(process.ask("round").get("typical", float("nan")))
    for side, process in sides.items():
        figures[side] |= process.ask("")
        figures[side] |= {"seconds": statistics.median(process.times), "failed": process.failed}
        process.end()
    return figures


def row(name: str, size: str, figures: dict[str, dict]) -> list[str]:
    ours, others = figures["ours"], {side: f for side, f in figures.items() if side != "ours"}
    cells = [f"{name}{' *' if any(f.get('built') for f in others.values()) else ''}", size.replace("x", " × ") + "²"]
    cells += [f["failed"] or f"{1e3 * f['seconds']:.3g} ms, {f['peak']:.2f} GB" for f in figures.values()]
    cells += ["" if ours["failed"] or f["failed"] else f"{f['seconds'] / ours['seconds']:.2f}" for f in others.values()]
    return cells


def report(table: list[str], of_jax: dict[str, str]) -> str:
    """The page of the documentation."""
    from peers import PEERS

    from homodyne_eqx.versions import versions

    found = ", ".join(f"{name} {version}" for name, version in versions().items())
    return "\n".join(
        [
            "# Benchmarks of the homodyne-compatible functions",
            "",
            "Times and memory of each function that this package shares with homodyne and xpcsjax. Made by",
            "`python benchmarks/bench_documented_api.py` (also `make bench`): one run, in float64, in which each",
            "package has a process of its own.",
            "",
            f"Machine: {platform.processor() or platform.machine()}, {os.cpu_count()} cores; load average at the end "
            + ", ".join(f"{x:.1f}" for x in os.getloadavg())
            + ".",
            f"{found}; {', '.join(PEERS)}; on JAX: "
            + ", ".join(f"{side} {version}" for side, version in of_jax.items())
            + ".",
            "",
            "**How to read the table.**",
            "",
            "- *size*: sectors × frames².",
            "- *Times.* The packages take turns in rounds. Each round has a warm-up call and gives the median of its",
            "  other calls. The time is the median over the rounds.",
            "- *GB* is the peak memory of the process, data included.",
            "- *× homodyne*, *× xpcsjax*: the time of that package divided by ours.",
            "- A star: a published function cannot be called as documented, or returns something else. Then the same",
            "  derivative of its own g2 or χ² is timed.",
            "- *failed*: the function raised an error or was killed.",
            "",
            *table,
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=SIZES, metavar="SECTORSxFRAMES")
    parser.add_argument("--functions", nargs="+", default=FUNCTIONS, choices=FUNCTIONS, metavar="NAME")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peers", default="build/peers", help="folder of the environment with the published packages")
    parser.add_argument("--output", type=Path, default=PAGE)
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        worker(*options.worker)
        return

    from peers import peer_python

    published = str(peer_python(options.peers))
    pythons = {side: sys.executable if side == "ours" else published for side in SIDES}
    header = ["function", "size", *SIDES, "× homodyne", "× xpcsjax"]
    table, of_jax = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)], {}
    print("\n".join(table), flush=True)
    for size in options.sizes:
        for name in options.functions:
            figures = compare(pythons, name, size, options.rounds)
            of_jax |= {side: f["jax"] for side, f in figures.items() if "jax" in f}
            table.append("| " + " | ".join(row(name, size, figures)) + " |")
            print(table[-1], flush=True)
    options.output.write_text(report(table, of_jax), encoding="utf-8")
    print(f"Written to {options.output}.")


if __name__ == "__main__":
    main()
