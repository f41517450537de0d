"""The readers, one for each file layout. A new layout is one new file here and one line in `READERS`."""

from . import aps_legacy, chx, esrf_id02, fit_result, npz_cache, nxxpcs, plain
from .aps_u import multi_tau as aps_u_multi_tau, reader as aps_u
from .not_read import refuse_known_layout as refuse_known_layout
from .reader_options import FIRST_FRAME as FIRST_FRAME, ReaderOption as ReaderOption, each_once
from .recording import OneTimeRecording as OneTimeRecording, Reader as Reader, Recording as Recording

READERS: tuple[Reader, ...] = (
    aps_u.READER,
    npz_cache.READER,
    fit_result.READER,
    aps_legacy.READER,
    nxxpcs.READER,
    chx.READER,
    esrf_id02.READER,
    *plain.READERS,
    aps_u_multi_tau.READER,
)


def all_reader_options() -> tuple[ReaderOption, ...]:
    """The options of all readers, each once."""
    return each_once(option for reader in READERS for option in reader.options)
