"""Preparation of two-time data before a fit: the average of repeats, and bins of frames."""

from .average import average as average
from .frame_bins import binned as binned
