"""χ², gradient, normal equations and whole fits: this package beside the two published ones, in one run.

    python benchmarks/bench_engine.py                     # sizes a and b with peer fits, c without, d ours alone
    python benchmarks/bench_engine.py --sizes a b --no-fits
    python benchmarks/bench_engine.py --peer-fits a b c   # c takes them some twenty minutes a call

Writes the table to docs/benchmarks.md (`--output`) and draws the chart of this page. Every side runs in a process of
its own, the reductions in turns and the fits one after the other; peak memory is that of the process. χ² of every fit
is computed here, by one function, from the parameters that it returned.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import jax
import numpy as np
from engine_cases import DT, GAP, SIGMA, START, TRUTH, Q, sectors, with_noise
from engine_chart import PICTURE, draw
from peers import PEERS, peer_python

jax.config.update("jax_enable_x64", True)

import equinox as eqx  # noqa: E402

import homodyne_eqx as hx  # noqa: E402
from homodyne_eqx.versions import versions  # noqa: E402

SIZES = {"a": (5, 200), "b": (10, 500), "c": (23, 1001), "d": (23, 4000)}
HERE = Path(__file__).parent
QUANTITIES = ["chi2", "gradient", "normal"]
ROUNDS, PAUSE = 8, 5.0
FAILED = 0.01  # of χ²: a fit that ends so much above the best of all sides has not found the minimum


def write_case(folder: Path, size: str) -> Path:
    """The data of one size as a file: float64, but float32 for the largest."""
    n_sector, n_t = SIZES[size]
    phi, contrast, offset = sectors(n_sector)
    t = DT * np.arange(n_t)
    geometry = hx.Geometry(q=Q, t=t, phi=phi, gap=GAP)
    model = hx.laminar_flow(kernel=hx.SincSquared(), **TRUTH, contrast=0.0, offset=0.0)
    c2 = np.empty((n_sector, n_t, n_t), np.float32 if size == "d" else float)
    one = eqx.filter_jit(lambda m, g: m(g)[0])
    for k in range(n_sector):
        here = geometry.with_sectors(jax.tree.map(lambda x, k=k: x[k : k + 1], geometry.sectors))
        moved = eqx.tree_at(lambda m: m.scaling, model, hx.ContrastOffset(contrast[k], offset[k]))
        c2[k] = one(moved, here)
    path = folder / f"{size}.npz"
    names, start = np.array(list(START)), np.array(list(START.values()))
    np.savez(path, c2=with_noise(c2), t=t, phi=phi, q=Q, gap=GAP, dt=DT, sigma=SIGMA, names=names, start=start)
    return path


class Side:
    """One side at work on a case, in a process of its own."""

    def __init__(self, python: str | Path, name: str, case: Path, quantities: list[str]):
        command = [str(python), str(HERE / "engine_worker.py"), name, str(case), *quantities]
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=self._errors, text=True, env=environment
        )
        self.found = self._heard()

    def turn(self) -> None:
        """Time everything once more."""
        if "error" not in self.found:
            print(file=self._process.stdin, flush=True)
            self.found = self._heard()

    def end(self) -> dict:
        """The figures, or what went wrong."""
        self._process.stdin.close()
        self._process.wait()
        self._errors.close()
        return self.found

    def _heard(self) -> dict:
        for line in self._process.stdout:
            if line.startswith("RESULT "):
                return json.loads(line.removeprefix("RESULT "))
        self._errors.seek(0)
        return {"error": (self._errors.read().strip().splitlines() or ["no output"])[-1]}


def reductions(pythons: dict[str, str | Path], case: Path) -> dict[str, dict]:
    """The figures of every side, who take turns: a busy moment of the machine then strikes none of them alone."""
    sides = {
        name: Side(python, name, case, [*(["read"] if name == "ours" else []), *QUANTITIES])
        for name, python in pythons.items()
    }
    for _ in range(ROUNDS):
        time.sleep(PAUSE)
        for side in sides.values():
            side.turn()
    return {name: side.end() for name, side in sides.items()}


def chi2_of(fit: dict, case: Path) -> float:
    """χ² of returned parameters over pairs counted once, by one function for all sides."""
    loaded = np.load(case)
    scaling = np.array(fit["scaling"])
    geometry = hx.Geometry(q=float(loaded["q"]), t=loaded["t"], phi=loaded["phi"], gap=float(loaded["gap"]))
    values = dict(zip(loaded["names"].tolist(), fit["parameters"], strict=True))
    model = hx.laminar_flow(kernel=hx.SincSquared(), **values, contrast=scaling[:, 0], offset=scaling[:, 1])
    data = hx.TwoTimeData(loaded["c2"], geometry, sigma=SIGMA)
    return float(eqx.filter_jit(hx.chi_squared)(model, hx.pack(data)))


def rows_of(size: str, results: dict[str, dict], case: Path) -> list[list[str]]:
    """One row for each quantity: seconds and peak memory of each side, and how many times faster ours is.

    A fit whose χ² exceeds the smallest of all sides by more than `FAILED` counts as failed and has no such number.
    """
    rows = []
    for quantity in [*QUANTITIES, "fit", "fit again"]:
        cells, seconds = [], {}
        fits = {side: found[quantity] for side, found in results.items() if "scaling" in found.get(quantity, {})}
        chi2 = {side: chi2_of(fit, case) for side, fit in fits.items()}
        for side in ("ours", "homodyne", "xpcsjax"):
            found = results[side].get(quantity)
            if found is None:
                cells.append(results[side].get("error", "–")[:60] if quantity == "fit" else "–")
                continue
            seconds[side] = found["best"] if "best" in found else found["seconds"]
            cell = f"{seconds[side]:.3g} s, {found['peak']:.2g} GB"
            if "best" in found and side == "ours":
                cell = f"{seconds[side]:.3g} s (first {found['first']:.2g}), {found['peak']:.2g} GB"
            if side in chi2:
                values = dict(zip(found["names"], found["parameters"], strict=True))
                shown = ", ".join(f"{name} {values[name]:.4g}" for name in ("D0", "gamma_dot_t0", "phi0"))
                cell += f", χ² {chi2[side]:.1f}, {shown}"
                if chi2[side] > (1 + FAILED) * min(chi2.values()):
                    cell, _ = f"**failed** after {cell}", seconds.pop(side)
            cells.append(cell)
        ratios = [
            f"{seconds[side] / seconds['ours']:.1f}×" if {side, "ours"} <= seconds.keys() else "–"
            for side in ("homodyne", "xpcsjax")
        ]
        rows.append([size, quantity, *cells, " / ".join(ratios)])
    return rows


def growth_table() -> list[str]:
    """The growth of the time of our reductions with each size, measured in a process of its own."""
    done = subprocess.run([sys.executable, str(HERE / "engine_growth.py")], capture_output=True, text=True, check=True)
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    rows = ["| what grows | to | χ² | value and gradient | normal equations |", "| --- | --- | --- | --- | --- |"]
    for found in json.loads(line.removeprefix("RESULT ")):
        cells = [f"{1e3 * found[name]:.3g} ms ({found[name] / found['read']:.1f}×)" for name in QUANTITIES]
        rows.append(f"| {found['what']} | {found['number']} | " + " | ".join(cells) + " |")
    return rows


def processor() -> str:
    """The name of the processor."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]} ({platform.machine()})" if names else platform.processor() or platform.machine()


CHART = "![Time over size for χ², its gradient, the normal equations and a whole fit, of the three packages]"
CAPTION = (
    "*Time of one call over the size of the data, from the table below. A fit that missed the minimum is marked as "
    "failed.*"
)


def report(rows: list[list[str]], reading: dict[str, dict], growth: list[str]) -> str:
    """The page of the documentation."""
    head = ["size", "quantity", "homodyne_eqx", "homodyne", "xpcsjax", "faster by"]
    table = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
    found = ", ".join(f"{name} {version}" for name, version in versions().items())
    sizes = "; ".join(f"{name}: {s} sectors × {n}² frames" for name, (s, n) in SIZES.items())
    cost = [
        f"| {size} | {figures['read']['best']:.3g} s | "
        + " | ".join(
            f"{figures[q]['best']:.3g} s ({figures[q]['best'] / figures['read']['best']:.1f}×)" for q in QUANTITIES
        )
        + " |"
        for size, figures in reading.items()
    ]
    return "\n".join(
        [
            "# Benchmarks",
            "",
            "Times and memory of χ², its gradient, the normal equations and whole fits, for this package and the two",
            "published packages. Made by `python benchmarks/bench_engine.py` (also `make bench`): one run, in float64,",
            "in which each package has a process of its own.",
            "",
            f"{CHART}({PICTURE})",
            "",
            CAPTION,
            "",
            f"Machine: {processor()}, {os.cpu_count()} cores.",
            f"{found}; {', '.join(PEERS)}. Load average at the end: {', '.join(f'{x:.1f}' for x in os.getloadavg())}.",
            f"Sizes: {sizes}. Contrast and offset are free in every sector. Fits start 30 % off.",
            "",
            "**How to read the table.**",
            "",
            f"- *Times.* For χ², gradient and normal equations: the best call after the first one, in {ROUNDS} rounds",
            "  some seconds apart, in which the packages take turns. For fits: the first call, with compilation",
            "  (`fit`), and the second call (`fit again`).",
            "- *GB* is the peak memory of the process, data included.",
            "- *χ²* counts every pair of frames once. One function computes it for all packages, from the parameters",
            "  that they returned.",
            "- *`normal`* is the matrix and the vector of the normal equations over all parameters for homodyne_eqx.",
            "  For the others it is the matrix of the seven physical parameters, from a dense Jacobian.",
            f"- *failed*: χ² ends more than {100 * FAILED:.0f} % above the lowest χ² of all packages. Such a fit has",
            "  no ratio.",
            "- *faster by*: the time of homodyne and that of xpcsjax, each divided by the time of homodyne_eqx.",
            "- A dash: not measured.",
            "",
            *table,
            "",
            "## How cost grows",
            "",
            "Time of each quantity. In brackets: this time divided by the time to read the packed data once.",
            "",
            "| size | reading the data | χ² | value and gradient | normal equations |",
            "| --- | --- | --- | --- | --- |",
            *cost,
            "",
            "In the next table one size grows at a time, from 8 sectors × 1000² frames with 23 parameters. Sectors",
            "grow at 500 frames. Further parameters are further knots of a spline as the rate of diffusion.",
            "",
            *growth,
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=["a", "b", "c", "d"])
    parser.add_argument("--peer-fits", nargs="*", choices=SIZES, default=["a", "b"])
    parser.add_argument("--no-fits", action="store_true")
    parser.add_argument("--peers", default="build/peers", help="folder of the environment of the published packages")
    parser.add_argument("--output", type=Path, default=HERE.parent / "docs" / "benchmarks.md")
    options = parser.parse_args()
    peers = peer_python(options.peers)
    pythons = {"ours": sys.executable, "homodyne": peers, "xpcsjax": peers}
    rows, reading = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for size in options.sizes:
            case = write_case(Path(folder), size)
            taking_part = {"ours": sys.executable} if size == "d" else pythons
            results = {name: {} for name in pythons} | reductions(taking_part, case)
            reading[size] = results["ours"]
            for name in [] if options.no_fits else taking_part:
                if name == "ours" or size in options.peer_fits:
                    results[name] = {**results[name], **Side(pythons[name], name, case, ["fit"]).end()}
            new = rows_of(size, results, case)
            rows += new
            print("\n".join(" | ".join(row) for row in new), flush=True)
            case.unlink()
    options.output.write_text(report(rows, reading, growth_table()), encoding="utf-8")
    print(f"Written to {options.output} and {draw(options.output)}.")


if __name__ == "__main__":
    main()
