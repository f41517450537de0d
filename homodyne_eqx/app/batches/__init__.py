"""Many files, each fitted by itself."""

from .calling import batch as batch
