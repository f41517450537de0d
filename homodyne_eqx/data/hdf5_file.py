"""An HDF5 file that is read with distrust: links, sizes, types and units are looked at before the values are."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, NoReturn, final

import numpy as np

from .errors import InvalidFile, OutsideTheFile
from .hdf5 import opened_for_reading, require_h5py
from .memory import check_memory
from .units import known_units, unit_factor

_LONGEST_LIST = 10_000_000
_LONGEST_TEXT = 1_000_000
_LINKS = 32


@final
@dataclass(frozen=True, eq=False)
class Hdf5File:
    """An open file. Names are paths from its root, without the first slash.

    - `path`: of the file; `file`: as h5py opened it;
    - `external`: whether parts that lie in other files are read.
    """

    path: str
    file: Any
    external: bool = False

    def has(self, name: str) -> bool:
        """Whether there is something of this name. **Raises:** `InvalidFile` for a link that leads nowhere."""
        return self._item(name) is not None

    def group(self, name: str) -> Any:
        """A group. **Raises:** `InvalidFile` where there is none of this name; `OutsideTheFile`."""
        item = self._item(name)
        if not isinstance(item, require_h5py().Group):
            self.refuse(f"/{name} is {'missing' if item is None else 'no group'}; expected a group. Write it again.")
        return item

    def names(self, name: str) -> list[str]:
        """Sorted names of what a group holds. **Raises:** as `group`."""
        return sorted(self.group(name))

    def dataset(self, name: str) -> Any:
        """A data set of real numbers, not read yet.

        **Raises:** `InvalidFile` where there is none of this name, where it holds no real numbers, was never written,
        is a virtual one whose source is missing, or is packed by a filter that is not installed; `OutsideTheFile`.
        """
        item = self._item(name)
        if not isinstance(item, require_h5py().Dataset):
            said = "missing" if item is None else "no data set"
            self.refuse(f"/{name} is {said}; expected a data set. Write the file again.")
        if item.dtype.kind not in "fiub" or item.dtype.itemsize > 8:
            self.refuse(f"/{name} holds {item.dtype}; expected real numbers. Correct it in the file.")
        if item.shape is None:
            self.refuse(f"/{name} holds nothing (a null data space); expected numbers. Correct it in the file.")
        self._check_where_it_lies(name, item)
        self._check_filters(name, item)
        return item

    def array(self, name: str, most: int = _LONGEST_LIST) -> np.ndarray:
        """All numbers of a data set, in its shape and dtype, booleans kept.

        **Raises:** as `dataset`; `InvalidFile` for more than `most` of them; `TooLarge`.
        """
        item = self.dataset(name)
        if item.size > most:
            self.refuse(f"/{name} has {item.size} values; expected at most {most}. Correct it in the file.")
        check_memory(self.path, f"/{name}", item.shape, item.dtype.itemsize)
        return np.asarray(item[()])

    def numbers(self, name: str, finite: bool = True, most: int = _LONGEST_LIST) -> np.ndarray:
        """The same as a list of float64, `(n,)`. **Raises:** also `InvalidFile` for what is not finite."""
        values = np.ravel(self.array(name, most))
        if values.dtype == bool:
            self.refuse(f"/{name} holds booleans; expected numbers. Correct it in the file.")
        values = values.astype(np.float64)
        if finite and not np.all(np.isfinite(values)):
            self.refuse(f"/{name} holds {values[~np.isfinite(values)][0]}; expected finite numbers. Correct it.")
        return values

    def whole_numbers(self, name: str, most: int = _LONGEST_LIST) -> np.ndarray:
        """The same as a list of int64. **Raises:** also `InvalidFile` for what is no whole number."""
        values = self.numbers(name, most=most)
        off = values[(values != np.round(values)) | (np.abs(values) > 2**53)]
        if off.size:
            self.refuse(f"/{name} holds {off[0]:g}; expected whole numbers. Correct it in the file.")
        return values.astype(np.int64)

    def number(self, name: str) -> float | None:
        """The only value of a data set, `None` where there is no data set. **Raises:** as `array`."""
        if not self.has(name):
            return None
        item = self.dataset(name)
        if item.size != 1 or item.dtype == bool:
            has = "is a boolean" if item.dtype == bool else f"has {item.size} values"
            self.refuse(f"/{name} {has}; expected one number. Correct it in the file.")
        return float(np.ravel(item[()])[0])

    def attribute(self, name: str, key: str) -> Any:
        """An attribute of an object as a str, a number or a list, `None` where there is none or it is empty. A list of
        one text is that text.

        **Raises:** `InvalidFile` for one of another type, or of more than a million characters or values.
        """
        h5py = require_h5py()
        item = self.file if not name else self._item(name)
        if item is None or key not in item.attrs:
            return None
        declared = item.attrs.get_id(key)
        if int(np.prod(declared.shape or (1,), dtype=float)) > _LONGEST_TEXT:
            self.refuse(f"the attribute {key} of /{name} is too long. Correct it in the file.")
        value = item.attrs[key]
        if isinstance(value, h5py.Empty):
            return None
        if isinstance(value, np.ndarray | np.generic):
            single = value.ndim == 0 or (value.size == 1 and value.dtype.kind not in "fiub")
            value = value.item() if single else value.tolist()
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if not isinstance(value, str | int | float | list):
            self.refuse(f"the attribute {key} of /{name} is a {type(value).__name__}; expected text or a number.")
        return value

    def one(self, name: str, key: str) -> Any:
        """The same for an attribute of one value: of a list of one, that value."""
        value = self.attribute(name, key)
        return value[0] if isinstance(value, list) and len(value) == 1 else value

    def factor(self, name: str, quantity: str) -> tuple[float, tuple[str, ...]]:
        """The factor that converts the values of a data set, from its attribute `unit` or `units`; a note unless 1.

        Without the attribute they are in the unit of this package.

        **Raises:** `InvalidFile` for a unit that is not known.
        """
        unit = self.unit(name)
        if unit is None:
            return 1.0, ()
        factor = unit_factor(unit, quantity)
        if factor is None:
            self.refuse(
                f"/{name} has the unit {unit[:60]!r}; expected one of {known_units(quantity)}. Correct the unit in the "
                "file."
            )
        return factor, () if factor == 1 else (f"/{name} converted from {unit}",)

    def unit(self, name: str) -> str | None:
        """The attribute `unit` or `units` of a data set, `None` without one.

        **Raises:** `InvalidFile` where both are there and differ.
        """
        stated = [str(self.attribute(name, key) or "").strip() for key in ("unit", "units")]
        if all(stated) and stated[0] != stated[1]:
            self.refuse(f"/{name} has the unit {stated[0][:60]!r} and the units {stated[1][:60]!r}. Leave one out.")
        return stated[0] or stated[1] or None

    def refuse(self, reason: str) -> NoReturn:
        """**Raises:** `InvalidFile` with this reason."""
        raise InvalidFile(self.path, reason)

    def _item(self, name: str, links: int = 0) -> Any:
        """The object at a path, its links followed one by one; `None` if there is none.

        **Raises:** `InvalidFile` for a link that leads nowhere or in a circle; `OutsideTheFile`.
        """
        h5py = require_h5py()
        here, walked = self.file, []
        for part in filter(None, name.split("/")):
            if not isinstance(here, h5py.Group):
                return None
            walked.append(part)
            link = here.get(part, getlink=True) if part in here or _linked(here, part) else None
            if link is None:
                return None
            if isinstance(link, h5py.ExternalLink):
                self._check_external("/".join(walked), link.filename)
            if isinstance(link, h5py.SoftLink):
                if links >= _LINKS:
                    self.refuse(f"/{'/'.join(walked)} is a link in a circle. Write the file again.")
                whole = link.path if link.path.startswith("/") else "/".join([*walked[:-1], link.path])
                here = self._item(whole, links + 1)
                if here is None:
                    self.refuse(f"/{'/'.join(walked)} is a link that leads nowhere. Write the file again.")
            else:
                here = here.get(part)
            if here is None:
                return None
        return here

    def _check_external(self, name: str, target: str) -> None:
        if not self.external:
            raise OutsideTheFile(self.path, name, target)
        if not (Path(self.path).parent / target).is_file():
            self.refuse(f"/{name} lies in {target!r}, which is not there. Copy that file as well.")

    def _check_where_it_lies(self, name: str, item: Any) -> None:
        for target, _, _ in item.external or ():
            self._check_external(name, target)
        if item.is_virtual:
            for source in item.virtual_sources():
                if source.file_name != ".":
                    self._check_external(name, source.file_name)
        elif item.size and not item.external and item.id.get_storage_size() == 0:
            self.refuse(f"/{name} was never written: the file declares {item.shape} and holds nothing. Write it again.")

    def _check_filters(self, name: str, item: Any) -> None:
        h5py = require_h5py()
        how = item.id.get_create_plist()
        for k in range(how.get_nfilters()):
            code, _, _, title = how.get_filter(k)
            if h5py.h5z.filter_avail(code):
                continue
            _load_plugins()
            if not h5py.h5z.filter_avail(code):
                said = title.decode("utf-8", "replace").split(";")[0] or "unnamed"
                self.refuse(
                    f"/{name} is packed by the HDF5 filter {code} ({said}), which is not installed. Install the usual "
                    "ones with: pip install hdf5plugin"
                )


@contextmanager
def hdf5_file(path: str | PathLike[str], external: bool | None = False) -> Iterator[Hdf5File]:
    """The file, open in the block. **Raises:** as `opened_for_reading`."""
    with opened_for_reading(path) as file:
        yield Hdf5File(str(path), file, bool(external))


def _linked(group: Any, part: str) -> bool:
    """Whether a group has a link of this name, also one that leads nowhere."""
    return group.id.links.exists(part.encode())


def _load_plugins() -> None:
    """The filters of the package hdf5plugin, where it is installed."""
    try:
        import hdf5plugin  # noqa: F401  # pyright: ignore[reportMissingImports]
    except ImportError:
        return
