"""Memory and time of the uncertainties of one sector of a long run, above what the fit itself has taken.

    python benchmarks/noise_memory.py                               # 1000, 2000 and 4000 frames
    python benchmarks/noise_memory.py --frames 8000

Each size is a process of its own. The map is that of 2000 simulated speckles. Prints a table of the memory of the
process before the uncertainties are asked for, of its peak, of the difference in bytes for each pixel of the map, and
of the processor time.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time

SPECKLES, RATE, CONTRAST = 2000, 0.01, 1.0


def work(n_t):
    """One size: megabytes before and at most, seconds of processor time, and the relative uncertainty of D."""
    import jax
    import numpy as np

    jax.config.update("jax_enable_x64", True)
    import homodyne_eqx as hx

    generator, memory = np.random.default_rng(0), np.exp(-RATE)
    field = generator.standard_normal((n_t, 2 * SPECKLES), np.float32)
    for k in range(1, n_t):
        field[k] = memory * field[k - 1] + np.sqrt(1 - memory**2) * field[k]
    intensity = field[:, :SPECKLES] ** 2 + field[:, SPECKLES:] ** 2
    del field
    intensity /= np.mean(intensity, axis=1, keepdims=True)
    c2 = (intensity @ intensity.T)[None] / np.float32(SPECKLES)
    del intensity
    geometry = hx.Geometry(q=0.01, t=np.arange(n_t), dt=1.0)
    packed = hx.pack(hx.TwoTimeData(c2, geometry, sigma=0.02))
    del c2
    start = hx.TwoTimeModel(hx.Diffusion(0.8 * RATE / 0.01**2), hx.ContrastOffset(CONTRAST, 1.0))
    result = hx.fit(start, packed)
    pages = int(open("/proc/self/statm").read().split()[1])  # noqa: SIM115
    before, begun = pages * os.sysconf("SC_PAGE_SIZE") / 1e6, time.process_time()
    (rate,) = (p for name, p in result.parameters.items() if name.startswith("diffusion"))
    found = hx.speckle_covariance(result, packed).uncertainties[rate.name] / rate.value
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return {"before": before, "most": most, "seconds": time.process_time() - begun, "uncertainty": float(found)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, nargs="+", default=[1000, 2000, 4000])
    parser.add_argument("--work", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        print(json.dumps(work(options.work)))
        return
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores\n")
    print("| frames | before, MB | at most, MB | bytes a pixel | processor time, s | relative uncertainty of D |")
    print("|---|---|---|---|---|---|")
    for n_t in options.frames:
        ended = subprocess.run(
            [sys.executable, __file__, "--work", str(n_t)], capture_output=True, text=True, check=True
        )
        one = json.loads(ended.stdout.splitlines()[-1])
        above = (one["most"] - one["before"]) * 1e6 / n_t**2
        print(
            f"| {n_t} | {one['before']:.0f} | {one['most']:.0f} | {above:.0f} | {one['seconds']:.1f} | "
            f"{one['uncertainty']:.2%} |"
        )


if __name__ == "__main__":
    main()
