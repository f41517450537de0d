"""Versions of this package and of the packages on which its numbers depend."""

import platform
from importlib import metadata

_DISTRIBUTIONS = ("homodyne_eqx", "jax", "jaxlib", "equinox", "optimistix", "optax", "numpy")


def versions() -> dict[str, str]:
    """Name → installed version, Python's included."""
    found = {"python": platform.python_version()}
    for name in _DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
