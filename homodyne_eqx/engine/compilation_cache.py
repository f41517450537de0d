"""Compiled programs kept on disk, so that another process need not compile them again."""

import os
from pathlib import Path

import jax

CACHE_VARIABLE = "HOMODYNE_EQX_CACHE"


def enable_compilation_cache(folder: str | Path | None = None) -> Path | None:
    """Keep compiled programs on disk from now on, and take them from there.

    A first fit is mostly compilation. With the cache, a second process that fits data of a known shape with a known
    model starts at once. The programs of one machine do not suit another kind of processor; JAX notices that.

    **Arguments:** `folder`: where they are kept; unless given, the one that the environment variable
    `JAX_COMPILATION_CACHE_DIR` or `HOMODYNE_EQX_CACHE` names ("off" for nowhere), else `homodyne_eqx` in the user's
    cache folder. It grows by some MB for each shape of data and may be deleted at any time.

    **Returns:** the folder, or `None` where nothing is kept.
    """
    chosen = cache_folder() if folder is None else Path(folder)
    if chosen is not None:
        jax.config.update("jax_compilation_cache_dir", str(chosen))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    return chosen


def cache_folder() -> Path | None:
    """The default folder of compiled programs, `None` for no cache."""
    given = os.environ.get("JAX_COMPILATION_CACHE_DIR") or os.environ.get(CACHE_VARIABLE)
    if given:
        return None if given == "off" else Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(base) / "homodyne_eqx"
