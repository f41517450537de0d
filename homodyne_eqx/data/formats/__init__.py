"""Readers, one a file layout. A further layout is a new file here and one line in `READERS`."""

from . import npz_cache
from .aps_u import reader as aps_u
from .recording import Reader as Reader, Recording as Recording

READERS: tuple[Reader, ...] = (
    aps_u.READER,
    npz_cache.READER,
)
