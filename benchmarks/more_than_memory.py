"""Data in memory against data that are read from a file in every pass: memory, time of a pass and of a fit, the result.

    python benchmarks/more_than_memory.py                               # 8 sectors × 2000² frames, a quarter in memory
    python benchmarks/more_than_memory.py --sectors 23 --frames 1001 --share 0.1

Each side is a process of its own that loads the maps lazily from one file. Memory is the most that the process had
taken for itself (RssAnon of Linux, sampled) above what it had before it loaded the data. Prints a table.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path


def taken():
    return int(re.search(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1e3


def work(path, memory):
    """One side: what it takes, in the order of a script."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import equinox as eqx
    from engine_cases import START

    import homodyne_eqx as hx

    most, ended = [0.0], threading.Event()

    def watch():
        while not ended.wait(0.01):
            most[0] = max(most[0], taken())

    jax.block_until_ready(jax.numpy.ones(3) + 1)
    before = taken()
    threading.Thread(target=watch, daemon=True).start()
    begun = time.perf_counter()
    data = hx.load(path, lazy=True)
    packed = hx.pack(data, memory=memory)
    seconds = {"packing": time.perf_counter() - begun}
    n_sector = data.n_sector
    model = hx.laminar_flow(**START, contrast=n_sector * [0.3], offset=n_sector * [1.0], kernel=hx.SincSquared())
    model, packed = packed.beside((model, packed))
    for name, function in (("chi2", hx.chi_squared), ("normal equations", hx.normal_equations)):
        call, best = eqx.filter_jit(function), float("inf")
        jax.block_until_ready(call(model, packed))
        for _ in range(5):
            begun = time.perf_counter()
            jax.block_until_ready(call(model, packed))
            best = min(best, time.perf_counter() - begun)
        seconds[name] = best
    begun = time.perf_counter()
    result = hx.fit(model, packed)
    seconds["first fit"] = time.perf_counter() - begun
    ended.set()
    values = [(p.value, p.white_noise_uncertainty) for p in result.parameters.values()]
    print(json.dumps({"memory": most[0] - before, "seconds": seconds, "chi2": result.chi2, "values": values}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sectors", type=int, default=8)
    parser.add_argument("--frames", type=int, default=2000)
    parser.add_argument("--share", type=float, default=0.25, help="of the file, that its tiles may take in memory")
    parser.add_argument("--worker", nargs=2)
    options = parser.parse_args()
    if options.worker:
        return work(options.worker[0], float(options.worker[1]))
    import jax

    jax.config.update("jax_enable_x64", True)
    import numpy as np
    from engine_cases import DT, GAP, SIGMA, TRUTH, Q, sectors, with_noise

    import homodyne_eqx as hx

    phi, contrast, offset = sectors(options.sectors)
    geometry = hx.Geometry(q=Q, t=DT * np.arange(options.frames), phi=phi, gap=GAP)
    truth = hx.laminar_flow(**TRUTH, contrast=contrast, offset=offset, kernel=hx.SincSquared())
    maps = with_noise(np.array(truth(geometry), np.float32)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "maps.h5")
        hx.save(hx.TwoTimeData(maps, geometry, sigma=SIGMA), path)
        size = maps.nbytes
        del maps
        found = {}
        for label, memory in (("in memory", float("inf")), ("in a file", options.share * size)):
            line = [sys.executable, __file__, "--worker", path, str(memory)]
            found[label] = json.loads(subprocess.run(line, capture_output=True, text=True, check=True).stdout)
    maps, share = f"{options.sectors} sectors × {options.frames}² frames, {size / 1e6:.0f} MB", options.share * size
    print(f"{maps} of maps; tiles may take {share / 1e6:.0f} MB. {platform.machine()}, {os.cpu_count()} cores.\n")
    names = list(found["in memory"]["seconds"])
    print(f"| tiles | memory | {' | '.join(names)} | χ² |\n| --- | --- | {' | '.join(['---'] * len(names))} | --- |")
    for label, row in found.items():
        times = " | ".join(f"{row['seconds'][name]:.3f} s" for name in names)
        print(f"| {label} | {row['memory']:.0f} MB | {times} | {row['chi2']:.10g} |")
    (one, error), (other, _) = (np.array(row["values"]).T for row in found.values())
    print(
        f"\nLargest difference of a parameter: {np.nanmax(np.abs(one - other) / error):.1e} of its white-noise error."
    )


if __name__ == "__main__":
    main()
