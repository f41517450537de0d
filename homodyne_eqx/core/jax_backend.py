"""The documented functional API at its documented path: `homodyne_eqx.documented_api` under another name."""

from ..documented_api import *  # noqa: F403
from ..documented_api import _MESHGRID_CACHE_MAX_SIZE as _MESHGRID_CACHE_MAX_SIZE, __all__ as __all__
