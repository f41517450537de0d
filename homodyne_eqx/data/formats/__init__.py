"""The readers, one for each file layout. A new layout is one new file here and one line in `READERS`."""

from . import fit_result, npz_cache
from .aps_u import reader as aps_u
from .reader_options import FIRST_FRAME as FIRST_FRAME, ReaderOption as ReaderOption, each_once
from .recording import Reader as Reader, Recording as Recording

READERS: tuple[Reader, ...] = (
    aps_u.READER,
    npz_cache.READER,
    fit_result.READER,
)


def all_reader_options() -> tuple[ReaderOption, ...]:
    """The options of all readers, each once."""
    return each_once(option for reader in READERS for option in reader.options)
