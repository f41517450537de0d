"""The time and the size of the figures and the report of a fit.

    python benchmarks/figures_and_report.py [--sectors 23] [--frames 400]

The data are simulated from the model that is fitted, with white noise of 0.01. Seconds are those of the processor in
this process, then of the clock.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

import homodyne_eqx as hx  # noqa: E402
from homodyne_eqx.app.figures import draw_figures  # noqa: E402
from homodyne_eqx.app.figures.panels import panels_of  # noqa: E402
from homodyne_eqx.app.html_report import write_report  # noqa: E402
from homodyne_eqx.versions import versions  # noqa: E402

SIGMA, DT = 0.01, 0.1


def fitted(n_sector: int, n_t: int):
    """A result of so many sectors and frames, float32."""
    geometry = hx.Geometry(
        q=np.full(n_sector, 0.0054), phi=np.linspace(0, 172, n_sector), gap=2e6, t=DT * np.arange(n_t), dt=DT
    )
    model = hx.laminar_flow(
        D0=1000.0, alpha=-0.5, D_offset=10.0, gamma_dot_t0=2e-4, beta=0.2, gamma_dot_t_offset=2e-5, phi0=5.0,
        contrast=np.full(n_sector, 0.3), offset=np.ones(n_sector), kernel=hx.GapAverage(),
    )  # fmt: skip
    rng = np.random.default_rng(0)
    c2 = np.asarray(model(geometry), np.float32)
    for values in c2:
        noise = np.tril(rng.normal(0, SIGMA, values.shape), -1)
        values += noise + noise.T
    return hx.fit(model, hx.TwoTimeData(c2, geometry, sigma=SIGMA), sample=False, scan=False)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sectors", type=int, default=23)
    options.add_argument("--frames", type=int, default=400)
    given = options.parse_args()
    print(f"{given.sectors} sectors × {given.frames}² frames, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(", ".join(f"{name} {version}" for name, version in versions().items()))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fitted(given.sectors, given.frames).save(folder / "out")
        result = hx.FitResult.load(folder / "out", to_view=True)
        print("| what | s, processor | s, clock | MB |\n|---|---|---|---|")

        def timed(what: str, action, size) -> object:
            processor, clock = time.process_time(), time.perf_counter()
            done = action()
            spent = time.process_time() - processor, time.perf_counter() - clock
            print(f"| {what} | {spent[0]:.2f} | {spent[1]:.2f} | {size(done)} |")
            return done

        panels = timed("maps read and averaged, cuts taken", lambda: panels_of(result), lambda _: "")
        timed(
            "figures",
            lambda: draw_figures(result, folder / "figures", panels=panels),
            lambda files: f"{sum(path.stat().st_size for path in files) / 1e6:.1f}",
        )
        timed(
            "report",
            lambda: write_report(result, folder / "report.html", panels=panels),
            lambda path: f"{path.stat().st_size / 1e6:.1f}",
        )


if __name__ == "__main__":
    main()
