"""Bytes in a page: compressed, in base64, which a browser unpacks when they are needed."""

import base64
import gzip

import numpy as np

LEVELS = 4095
"""Steps between the least and the largest value of a packed map: finer than any screen, and than the noise of a map."""


def packed_text(text: str) -> str:
    """A text, for a `script` element of type text/plain."""
    return base64.b64encode(gzip.compress(text.encode("utf-8"), 9, mtime=0)).decode("ascii")


def packed_maps(maps: list[np.ndarray]) -> tuple[str, list[tuple[float, float]]]:
    """Symmetric maps, `(n, n)`, as the lower triangles of all, row by row, one after the other.

    A value is 0 for NaN, else 1 + its step of `LEVELS` from the least to the largest of its map, as little-endian
    16 bits.

    **Returns:** the bytes, and from where to where the steps of each map go.
    """
    steps, ranges = [], []
    for values in maps:
        rows, columns = np.tril_indices(len(values))
        both = np.stack([values[rows, columns], values[columns, rows]])
        known = np.isfinite(both)
        count = np.count_nonzero(known, axis=0)
        mean = np.sum(np.where(known, both, 0), axis=0, dtype=float) / np.maximum(count, 1)
        inside = mean[count > 0]
        low, high = (float(inside.min()), float(inside.max())) if inside.size else (0.0, 1.0)
        scaled = np.rint((mean - low) / ((high - low) or 1.0) * LEVELS)
        steps.append(np.where(count > 0, scaled + 1, 0).astype("<u2"))
        ranges.append((low, high))
    data = np.concatenate(steps).tobytes()
    return base64.b64encode(gzip.compress(data, 6, mtime=0)).decode("ascii"), ranges
