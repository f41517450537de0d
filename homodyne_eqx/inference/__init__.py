"""How sure parameters are, from several fits: of repeated scans, of blocks of frames, of simulated maps."""

from .blocks_of_frames import blocks_of_frames as blocks_of_frames
from .bootstrap import Bootstrap as Bootstrap, bootstrap as bootstrap
from .rate_law import RateLaw as RateLaw, rate_law as rate_law
from .replicates import (
    Consistency as Consistency,
    Replicates as Replicates,
    from_replicates as from_replicates,
)
