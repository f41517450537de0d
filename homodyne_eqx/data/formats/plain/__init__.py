"""Readers of plain arrays: `.npz`, `.npy` and `.mat`."""

from .mat import READER as MAT_READER
from .npy import READER as NPY_READER
from .npz import READER as NPZ_READER

READERS = (NPZ_READER, NPY_READER, MAT_READER)
