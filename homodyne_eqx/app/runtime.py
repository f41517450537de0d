"""How the command line sets JAX: double precision, threads, and a cache of compiled programs."""

import os
from pathlib import Path

CACHE_VARIABLE = "HOMODYNE_EQX_CACHE"


def set_up_jax(threads: int | None = None, float64: bool = True) -> Path | None:
    """Turn float64 on, or off, limit the threads, and keep compiled programs between runs.

    Compiled programs go to `$HOMODYNE_EQX_CACHE`, `off` for nowhere, by default `homodyne_eqx` in the user's cache
    folder; `JAX_COMPILATION_CACHE_DIR`, JAX's own variable, goes before both.

    **Returns:** the folder, or `None` where nothing is kept. **Raises:** `ValueError` unless `threads` ≥ 1.
    """
    if threads is not None:
        if threads < 1:
            raise ValueError(f"--threads is {threads}; expected at least 1.")
        os.environ["NPROC"] = str(threads)  # read once, when JAX starts its thread pool
    import jax

    jax.config.update("jax_enable_x64", float64)
    folder = cache_folder()
    if folder is not None:
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    return folder


def cache_folder() -> Path | None:
    """Where compiled programs are kept, `None` for nowhere."""
    given = os.environ.get("JAX_COMPILATION_CACHE_DIR") or os.environ.get(CACHE_VARIABLE)
    if given:
        return None if given == "off" else Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(base) / "homodyne_eqx"
