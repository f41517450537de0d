"""Paths of the APS-U NeXus-like two-time layout (8-ID-I and 8-ID-E), shared by its reader and its writer."""

MAPS = "xpcs/twotime/correlation_map"
PROCESSED_BINS = "xpcs/twotime/processed_bins"
CONFIG = "xpcs/twotime/config"
NORMALIZED_G2 = "xpcs/twotime/normalized_g2"
ROI_MAP = "xpcs/qmap/dynamic_roi_map"
INDEX_MAPPING = "xpcs/qmap/dynamic_index_mapping"
NUM_PTS = "xpcs/qmap/dynamic_num_pts"
Q_LIST = "xpcs/qmap/dynamic_v_list_dim0"
PHI_LIST = "xpcs/qmap/dynamic_v_list_dim1"
FRAME_TIME = "entry/instrument/detector_1/frame_time"

MULTI_TAU_G2 = "xpcs/multitau/normalized_g2"
MULTI_TAU_ERRORS = "xpcs/multitau/normalized_g2_err"
DELAYS = "xpcs/multitau/delay_list"
MULTI_TAU_CONFIG = "xpcs/multitau/config"

EXTRAS = "homodyne_eqx"
"""The group that this package adds for what the layout has no place for: gap (Å), sigma, mask; metadata as
attributes."""


def map_name(number: int) -> str:
    """Name of the map processed as the `number`-th, counted from 1."""
    return f"c2_{number:05d}"
