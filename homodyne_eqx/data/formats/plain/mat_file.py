"""Variables of a `.mat` file of versions 5 to 7: arrays of numbers, packed or not.

The format, as MathWorks publishes it: a header of 128 bytes, then elements of a tag (type, size) and content. An array
is an element of elements: flags, dimensions, name, values; it may lie packed in another one. Sizes are checked against
what is there before they are believed.
"""

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, final

import numpy as np

from ...errors import InvalidFile
from ...memory import check_memory

_HEADER = 128
_MATRIX, _PACKED = 14, 15
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
_COMPLEX = 0x0800
_LONGEST_HEAD = 4096
_MOST_DIMENSIONS = 8


@final
@dataclass(frozen=True)
class MatVariable:
    """A variable, its values not read yet.

    - `name`, `shape`; `dtype`: of its class, `None` for what holds no real numbers;
    - `start`, `size`: where its element lies in the file, and how long it is; `packed`: whether it is compressed.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str | None
    start: int
    size: int
    packed: bool


def mat_variables(path: Path) -> dict[str, MatVariable]:
    """Name → variable. **Raises:** `InvalidFile` for a file that is cut short or damaged."""
    found = {}
    with path.open("rb") as file:
        order = _order(path, file.read(_HEADER))
        end, start = path.stat().st_size, _HEADER
        while start < end:
            file.seek(start)
            kind, size, head = _tag(path, file.read(8), order)
            if head != 8 or start + 8 + size > end:
                _refuse(path, f"an element at byte {start} should have {size} bytes")
            if kind in (_MATRIX, _PACKED):
                variable = _variable(path, file.read(min(size, _LONGEST_HEAD)), order, kind == _PACKED, start + 8, size)
                found[variable.name] = variable
            start += 8 + size
    return found


def read_mat(path: Path, variable: MatVariable) -> np.ndarray:
    """The values of a variable. **Raises:** `InvalidFile` for what holds no real numbers or is damaged; `TooLarge`."""
    if variable.dtype is None:
        raise InvalidFile(
            str(path), f"{variable.name} holds no real numbers (a cell, a struct, text, …). Save it as a matrix."
        )
    width = np.dtype(variable.dtype).itemsize
    check_memory(path, variable.name, variable.shape, 3 * width)
    with path.open("rb") as file:
        order = _order(path, file.read(_HEADER))
        file.seek(variable.start)
        content = file.read(variable.size)
    if variable.packed:
        content = _unpacked(path, content, _LONGEST_HEAD + 8 * math.prod(variable.shape), whole=True)[8:]
    elements = _elements(path, content, order)
    for _ in range(3):
        next(elements, None)
    kind, values = next(elements, (0, b""))
    if kind not in _TYPES:
        _refuse(path, f"{variable.name} has values of the type {kind}")
    stored = np.dtype(order + _TYPES[kind])
    n = math.prod(variable.shape)
    if len(values) != n * stored.itemsize:
        _refuse(path, f"{variable.name} should have {n} values")
    return np.frombuffer(values, stored).astype(variable.dtype).reshape(variable.shape, order="F")


def _variable(path: Path, content: bytes, order: str, packed: bool, start: int, size: int) -> MatVariable:
    """The array that the first bytes of an element describe."""
    if packed:
        content = _unpacked(path, content, _LONGEST_HEAD)
        kind, _, _ = _tag(path, content[:8], order)
        if kind != _MATRIX:
            _refuse(path, f"an element at byte {start} holds no array")
        content = content[8:]
    elements = _elements(path, content, order)
    parts = [next(elements, (0, b"")) for _ in range(3)]
    (_, flags), (_, dimensions), (_, name) = parts
    if len(flags) != 8 or not 8 <= len(dimensions) <= 4 * _MOST_DIMENSIONS or len(dimensions) % 4:
        _refuse(path, f"the array at byte {start} has an unknown type")
    shape = tuple(np.frombuffer(dimensions, order + "i4").tolist())
    if min(shape) < 0:
        _refuse(path, f"the array at byte {start} has the shape {shape}")
    word = int(np.frombuffer(flags, order + "u4")[0])
    dtype = None if word & _COMPLEX else _CLASSES.get(word & 0xFF)
    return MatVariable(name.decode("latin1"), shape, dtype, start, size, packed)


def _elements(path: Path, content: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Type and content of the elements in an array, one after the other; the last one may be cut short."""
    at = 0
    while at + 8 <= len(content):
        kind, size, head = _tag(path, content[at : at + 8], order)
        start = at + head
        yield kind, content[start : start + size]
        at += 8 if head == 4 else 8 + size + (-size) % 8


def _tag(path: Path, tag: bytes, order: str) -> tuple[int, int, int]:
    """Type of an element, size of its content, and where that starts: after 8 bytes, or after 4 if it is short."""
    if len(tag) < 8:
        _refuse(path, "it ends within an element")
    first, second = np.frombuffer(tag, order + "u4").tolist()
    if first >> 16:
        return first & 0xFFFF, min(first >> 16, 4), 4
    return first, second, 8


def _order(path: Path, header: bytes) -> str:
    """The order of bytes, as NumPy writes it."""
    order = {b"IM": "<", b"MI": ">"}.get(header[126:128])
    if order is None:
        _refuse(path, "its header states no byte order")
    return order


def _unpacked(path: Path, content: bytes, most: int, whole: bool = False) -> bytes:
    """At most so many bytes of what was packed; `whole`: all of it, which ends with a checksum that is verified."""
    packed = zlib.decompressobj()
    try:
        unpacked = packed.decompress(content, most)
    except zlib.error as error:
        _refuse(path, f"a packed array cannot be unpacked ({error})")
    if whole and not packed.eof:
        _refuse(path, "a packed array does not end where it should")
    return unpacked


def _refuse(path: Path, what: str) -> NoReturn:
    raise InvalidFile(str(path), f"it is cut short or damaged: {what}. Copy it again, or save it again.")
