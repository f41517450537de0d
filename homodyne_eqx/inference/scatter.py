"""The scatter of values that were fitted several times."""

import numpy as np


def scatter_covariance(fitted: np.ndarray, left_out: np.ndarray) -> np.ndarray:
    """The covariance of a single fit, with the denominator n − 1, (n_free, n_free).

    **Arguments:** `fitted`: (n, n_free), n at least 2; `left_out`: parameters that get NaN, (n_free,).
    """
    off = fitted - np.mean(fitted, axis=0)
    out = off.T @ off / (len(fitted) - 1)
    out[left_out] = np.nan
    out[:, left_out] = np.nan
    return out


def nearest_turns(fitted: np.ndarray, reference: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """Angles moved by whole periods to within half a period of a reference, (n, n_free); other values as they are.

    **Arguments:** `fitted`: (n, n_free); `reference`: (n_free,); `periods`: (n_free,), infinite for what is no angle.
    """
    angles = np.isfinite(periods)
    turn = np.where(angles, periods, 1.0)
    turns = np.where(angles, np.round((fitted - reference) / turn), 0.0)
    return fitted - turns * turn
