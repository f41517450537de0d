"""The distribution of the noise in a map: near or far from the diagonal, and over the frames."""

from typing import NamedTuple, final

import numpy as np

from .weighted_step import WeightedStep


@final
class Signs(NamedTuple):
    """Sums over a residual map, or over drawn noise, without the part that a change of the parameters explains.

    - `form`: the sum of the whitened squares, to which every independent contribution adds the same;
    - `near`: the share of it near the diagonal, weighted with M; `plain`: Σ of the squares themselves, and `additive`:
      the share of it in a sum of one number for each of the two frames, as intensity that does not move leaves it;
    - `runs`: the mean of the whitened squares in each run of frames, (n,); `frames`: Σ w r² of each frame, (n_t,).
    """

    form: np.ndarray
    near: np.ndarray
    plain: np.ndarray
    additive: np.ndarray
    runs: np.ndarray
    frames: np.ndarray


def signs_of(values: np.ndarray, frames: np.ndarray, step: WeightedStep, counts: np.ndarray, M: np.ndarray) -> Signs:
    """**Arguments:** `values`: the map over the bins, 0 on its diagonal; `frames`: Σ w r² of each frame; `counts`: the
    pairs that carry data.
    """
    rest = step.left_over(values)
    squares = step.white.whitened(rest) ** 2
    form = np.sum(squares) / 2
    return Signs(
        form=form,
        near=np.sum(squares * M) / 2 / max(form, 1e-300),
        plain=np.sum(counts * rest**2) / 2,
        additive=_additive_share(rest),
        runs=np.mean(squares, axis=1),
        frames=frames,
    )


def stacked(signs: list[Signs]) -> Signs:
    """Several as one, each field with a leading axis."""
    return Signs(*(np.stack(of_field) for of_field in zip(*signs, strict=True)))


def _additive_share(values: np.ndarray) -> np.floating:
    """The share of Σ values² that a_i + a_j accounts for, over the pairs of a map (n, n) with 0 on its diagonal."""
    n = len(values)
    rows = np.sum(values, axis=1)
    each = (rows - np.sum(rows) / (2 * max(n - 1, 1))) / max(n - 2, 1)
    return 2 * (each @ rows) / max(float(np.sum(values**2)), 1e-300)
