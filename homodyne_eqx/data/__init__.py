"""Two-time data: the container, the readers of beamline files, and the writer."""

from . import errors as errors
from .bad_frames import BadFrame as BadFrame, suspicious_frames as suspicious_frames
from .block_average import block_averaged as block_averaged
from .exclusion import Excluded as Excluded
from .formats.aps_u.writer import save as save, save_aps_u as save_aps_u
from .loading import load as load
from .one_time_data import OneTimeData as OneTimeData
from .outlier_pixels import Outliers as Outliers, outlier_pixels as outlier_pixels
from .pair_data import ExcludedValues as ExcludedValues, PairData as PairData
from .provenance import Provenance as Provenance, file_sha256 as file_sha256
from .two_time import TwoTimeData as TwoTimeData
from .whole_file import whole_file as whole_file
