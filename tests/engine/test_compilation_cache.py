"""Compiled programs on disk: another process finds them there."""

import os
import subprocess
import sys

_FIRST_USE = """
import sys, jax, numpy as np, homodyne_eqx as hx
events = []
jax.monitoring.register_event_listener(lambda event, **_: events.append(event))
assert str(hx.enable_compilation_cache(sys.argv[1])) == sys.argv[1]
geometry = hx.Geometry(q=0.005, t=0.1 * np.arange(4.0))
model = hx.static_diffusion(D0=1e3, alpha=0.0, D_offset=0.0, contrast=0.3, offset=1.0)
jax.block_until_ready(model(geometry))
print(sum(event == "/jax/compilation_cache/cache_misses" for event in events))
"""


def test_the_second_process_takes_from_disk_what_the_first_has_compiled(tmp_path):
    folder = tmp_path / "programs"
    environment = {k: v for k, v in os.environ.items() if not k.endswith(("_CACHE", "_CACHE_DIR"))}
    arguments = [sys.executable, "-c", _FIRST_USE, str(folder)]
    compiled = [
        int(subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True).stdout)
        for _ in range(2)
    ]
    assert compiled[0] > 0
    assert compiled[1] == 0
    assert any(folder.iterdir())
