"""Notes on values of maps and of pairs, and on masks, that look wrong."""

from collections.abc import Iterator

import numpy as np

_BASELINE, _SIZE = (0.3, 10.0), 1.8
_PIXELS_LOOKED_AT, _PIXELS_OF_A_MAP = 20_000, 1_000
_REPEATED, _TWICE, _FEWEST = 0.03, 2, 400
_MASKED = 0.75
_FEWEST_FRAMES, _FEWEST_PAIRS = 32, 4
_SIGNIFICANT, _HIGHER, _OF_SPREAD = 6.0, 3.0, 0.25


def doubts_on_maps(
    c2: np.ndarray, bad_frames: np.ndarray | None = None, mask: np.ndarray | None = None
) -> Iterator[str]:
    """A sentence where the values of maps in memory are not near 1, as they are where frames are not correlated, where
    many pixels hold one value, and where the first row looks like the last frame.

    **Arguments:** `bad_frames`, `mask`: as of `TwoTimeData`; with bad frames no equal pixels are looked for.
    """
    place = np.arange(0, c2.size, max(c2.size // _PIXELS_LOOKED_AT, 1))
    place = place[place % c2[0].size % (c2.shape[1] + 1) != 0]  # not on the diagonal
    masked = mask if mask is not None and mask.shape == c2.shape else None
    place = place if masked is None else place[~np.ravel(masked)[place]]
    looked_at = np.ravel(c2)[place]
    looked_at = looked_at[np.isfinite(looked_at)]
    not_near_one = list(doubts_on_size(looked_at, "the maps are", "c2")) or list(_doubts_on_single_maps(c2))
    yield from not_near_one
    if not not_near_one and looked_at.size and np.quantile(looked_at, 0.02) > _SIZE:
        yield (
            f"the smallest values of the maps are near {np.quantile(looked_at, 0.02):.3g}, and normalised ones fall to "
            "1: is the baseline 2, or was 1 added twice?"
        )
    if looked_at.size and np.all(looked_at == np.round(looked_at)) and np.ptp(looked_at) > 0:
        yield "all values of the maps are whole numbers, and correlations are not: were they rounded?"
    if looked_at.size > 1 and np.ptp(looked_at) == 0:
        yield f"all pixels of the maps hold {looked_at[0]:.6g}: was nothing measured?"
    if bad_frames is None:
        yield from _repeated(looked_at)
    maps = ((k, c2[k] if masked is None else np.where(masked[k], np.nan, c2[k])) for k in range(len(c2)))
    reversed_rows = [k for k, c2_k in maps if rows_look_reversed(c2_k)]
    if reversed_rows:
        listed = ", ".join(map(str, reversed_rows[:12])) + (" …" if len(reversed_rows) > 12 else "")
        yield (
            f"the maps of sectors {listed} are high along the other diagonal, from the last column of the first row to "
            "the first of the last: are their rows in reverse order? Then pass c2[:, ::-1]"
        )


def _doubts_on_single_maps(c2: np.ndarray) -> Iterator[str]:
    """The sentence of the first map that is not near 1."""
    for k, c2_k in enumerate(c2):
        some = np.ravel(c2_k)[1 :: max(c2_k.size // _PIXELS_OF_A_MAP, 1)]
        some = some[np.isfinite(some) & (some != 0)]
        for doubt in doubts_on_size(some, f"the map of sector {k} is", "c2"):
            yield doubt
            return


def doubts_on_size(values: np.ndarray, they: str, name: str) -> Iterator[str]:
    """A sentence where correlations, finite ones, are not near 1.

    **Arguments:** `they`: what they are called, "the maps are"; `name`: "c2" or "g2".
    """
    middle = float(np.median(values)) if values.size else 1.0
    low, high = _BASELINE
    if not low <= middle <= high:
        what = f"they look like {name} − 1: add 1" if abs(middle) < low else "divide them by their value at far lags"
        yield f"{they} {middle:.3g} in the median, and normalised ones are near 1; {what}"


def doubts_on_mask(mask: np.ndarray | None) -> Iterator[str]:
    """A sentence where a mask excludes most of the pixels."""
    if mask is None:
        return
    share = float(np.mean(np.ravel(mask)[:: max(mask.size // _PIXELS_LOOKED_AT, 1)]))
    share = 1 - (1 - share) ** 2 if mask.ndim == 1 else share
    if share > _MASKED:
        yield (
            f"the mask excludes {100 * share:.0f} % of what there is: True means excluded. If yours is True where a "
            "value counts, pass ~mask"
        )


def rows_look_reversed(c2_k: np.ndarray) -> bool:
    """Whether a map `(n_t, n_t)` has along its other diagonal, from corner to corner, the ridge that belongs to the
    diagonal.

    The pixels there are compared with those of the same lag at other ages, and these with others at ages further off,
    which shows by how much they differ without a ridge. Lags of a quarter of the frames or more; maps of 32 frames or
    more.
    """
    n = c2_k.shape[0]
    if n < _FEWEST_FRAMES:
        return False
    away = n // 16
    i = np.arange(3 * away, 6 * away)
    j = n - 1 - i
    rows, others = _ridge(c2_k, i, j, away), [_ridge(c2_k, i + d, j + d, away) for d in (-2 * away, 2 * away)]
    near, step = np.diagonal(c2_k, 1)[: 3 * away], max(n // 256, 1)
    values = c2_k[::step, ::step]
    near, values = near[np.isfinite(near)], values[np.isfinite(values)]
    if min(rows.size, near.size, *(each.size for each in others)) < _FEWEST_PAIRS:
        return False
    height, elsewhere = float(np.median(rows)), max(abs(float(np.median(each))) for each in others)
    low, middle, high = np.quantile(values, (0.01, 0.5, 0.99)).tolist()
    allowed = (
        _SIGNIFICANT * 1.4826 * float(np.median(np.abs(rows - height))) / np.sqrt(rows.size) + 1e-5,
        _HIGHER * elsewhere,
        2 * (float(np.median(near)) - middle),
        _OF_SPREAD * (high - low),
    )
    return bool(height > max(allowed))


def _ridge(c2_k: np.ndarray, i: np.ndarray, j: np.ndarray, away: int) -> np.ndarray:
    """The excess of pixels over the mean of those of the same lag that are `away` frames earlier and later."""
    ridge = c2_k[i, j] - (c2_k[i + away, j + away] + c2_k[i - away, j - away]) / 2.0
    return ridge[np.isfinite(ridge)]


def _repeated(looked_at: np.ndarray) -> Iterator[str]:
    """A sentence where many pixels hold one value among values that do not come again."""
    if looked_at.size < _FEWEST:
        return
    distinct, count = np.unique(looked_at, return_counts=True)
    most = int(np.argmax(count))
    others = np.delete(count, most)
    if others.size < _FEWEST // 4 or count[most] < _REPEATED * looked_at.size or np.quantile(others, 0.9) > _TWICE:
        return
    yield (
        f"{100 * count[most] / looked_at.size:.1f} % of the pixels hold exactly {distinct[most]:.6g}: if this value "
        "means that nothing was measured, mask them"
    )
