"""The settings of JAX on the command line: double precision, threads, and a cache of compiled programs."""

import logging
import os
import warnings
from pathlib import Path

import jax

from ..engine.compilation_cache import enable_compilation_cache
from ..engine.cores import n_cores, use_cpu_devices


def set_up_jax(threads: int | None = None, float64: bool = True, quiet: bool = False) -> Path | None:
    """Turn float64 on, or off, limit the threads, and keep compiled programs between runs. `quiet`: libraries warn of
    nothing from here on.

    **Returns:** the folder of these, or `None` where nothing is kept. **Raises:** `ValueError` unless `threads` ≥ 1.
    """
    if quiet:
        warnings.simplefilter("ignore")
        logging.getLogger("jax").setLevel(logging.ERROR)
    if threads is not None:
        if threads < 1:
            raise ValueError(f"--threads is {threads}; expected at least 1.")
        os.environ["NPROC"] = str(threads)  # read once, when JAX starts its thread pool
    jax.config.update("jax_enable_x64", float64)
    if threads is not None:
        use_cpu_devices(n_cores())  # which is at most `NPROC`
    return enable_compilation_cache()
