from .reader import READER as READER
from .writer import save as save, save_aps_u as save_aps_u
