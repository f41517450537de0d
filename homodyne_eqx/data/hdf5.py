"""The optional dependency h5py, loaded when a file is opened."""

from os import PathLike
from types import ModuleType

_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def require_h5py() -> ModuleType:
    """The module h5py. **Raises:** `ImportError` that says how to install it, if it is not installed."""
    try:
        import h5py
    except ImportError as error:
        raise ImportError("HDF5 files need h5py. Install it with: pip install 'homodyne-eqx[files]'") from error
    return h5py


def is_hdf5(path: str | PathLike[str]) -> bool:
    """Whether the file starts with the HDF5 signature."""
    with open(path, "rb") as file:
        return file.read(len(_SIGNATURE)) == _SIGNATURE
