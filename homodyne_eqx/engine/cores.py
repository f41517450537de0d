"""Every core of the processor as a device of JAX, over which the tiles of packed data can be spread."""

import os

import jax


def one_device_for_each_core() -> None:
    """Make each core that this process may use a CPU device of JAX, unless that is settled already.

    JAX counts its devices when it starts, so this has no effect after its first computation. A number that was set
    (`jax_num_cpu_devices`, the environment variable `JAX_NUM_CPU_DEVICES`, or
    `--xla_force_host_platform_device_count` in `XLA_FLAGS`) stays. What uses one device runs as it did before.
    """
    if jax.config.jax_num_cpu_devices > 0 or "xla_force_host_platform_device_count" in os.environ.get("XLA_FLAGS", ""):  # pyright: ignore[reportAttributeAccessIssue]
        return
    use_cpu_devices(n_cores())


def use_cpu_devices(number: int) -> None:
    """Have JAX start with so many CPU devices; without effect where it has started."""
    try:
        jax.config.update("jax_num_cpu_devices", number)
    except RuntimeError:
        return


def n_cores() -> int:
    """The number of cores that this process may use: at most as many as JAX has threads, which `NPROC` limits."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = os.environ.get("NPROC", "")
    return min(allowed, int(threads)) if threads.isdigit() and int(threads) > 0 else allowed
