"""Readers, one a file layout. A further layout is a new file here and one line in `READERS`."""

from . import aps_u, npz_cache
from .recording import Reader as Reader, Recording as Recording

READERS: tuple[Reader, ...] = (
    aps_u.READER,
    npz_cache.READER,
)
