"""Frames whose whole row of a two-time map holds one value: nothing was measured there."""

import numpy as np

_FEWEST = 4
_COLUMNS = 32
_MOST = 0.5


def flat_frames(c2: np.ndarray, excluded: np.ndarray) -> np.ndarray:
    """True at the frames whose row holds one value, `(n_t,)`: 0, as a file has it where the norm is 0, or another.

    The diagonal, pixels that are excluded and the columns of other such frames do not count; a row of fewer than 4
    other pixels is not judged. Where half of the rows or more hold a value other than 0, it is the map that is flat,
    and none of its frames.

    **Arguments:** `c2`: `(n_t, n_t)`; `excluded`: True where a pixel does not count, the diagonal included.
    """
    n = c2.shape[0]
    flat, zero = np.zeros((2, n), bool)
    judged = np.count_nonzero(np.count_nonzero(~excluded, axis=1) >= _FEWEST)
    while True:
        columns = np.flatnonzero(~flat)
        some = columns[np.unique(np.linspace(0, max(len(columns) - 1, 0), min(len(columns), _COLUMNS)).astype(int))]
        rows = np.flatnonzero(~flat & _one_value(c2[:, some], excluded[:, some], fewest=0)[0])
        found, value = _one_value(c2[np.ix_(rows, columns)], excluded[np.ix_(rows, columns)], _FEWEST)
        if not np.any(found):
            break
        flat[rows] |= found
        zero[rows] |= found & (value == 0)
    return flat if np.count_nonzero(flat & ~zero) < _MOST * judged else zero


def _one_value(c2: np.ndarray, excluded: np.ndarray, fewest: int) -> tuple[np.ndarray, np.ndarray]:
    """Whether the pixels of each row that count are equal and at least `fewest`, and their value."""
    low = np.min(np.where(excluded, np.inf, c2), axis=1, initial=np.inf)
    high = np.max(np.where(excluded, -np.inf, c2), axis=1, initial=-np.inf)
    return (low >= high) & (np.count_nonzero(~excluded, axis=1) >= fewest), low


def listed_frames(frames: np.ndarray) -> str:
    """Numbers of frames in words, runs together: `5, 61 to 64`; of more than 12 runs the first ones."""
    numbers = np.flatnonzero(frames)
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    said = [str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs[:12] if len(run)]
    return ", ".join(said) + (f" and {len(runs) - 12} more runs" if len(runs) > 12 else "")
