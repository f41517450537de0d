"""Averages over runs of frames against sums over their members."""

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

from homodyne_eqx.noise.binning import FrameBins


@settings(deadline=None)
@given(n_t=st.integers(3, 20), most=st.integers(2, 8), left_out=st.integers(0, 3), seed=st.integers(0, 99))
def test_means_over_runs(n_t, most, left_out, seed):
    generator = np.random.default_rng(seed)
    present = generator.random((n_t, n_t)) < 0.8
    present |= present.T
    excluded = generator.choice(n_t, min(left_out, n_t - 2), replace=False)
    present[excluded] = False
    present[:, excluded] = False
    bins = FrameBins(present, most)
    frames = np.flatnonzero(np.any(present, axis=1))
    np.testing.assert_array_equal(bins.frames, frames)
    assert bins.n <= most
    values = np.where(present, generator.standard_normal((n_t, n_t)), 0)
    runs = [frames[k * bins.width : (k + 1) * bins.width] for k in range(bins.n)]
    assert [len(run) for run in runs] == bins.length.tolist()
    counts = np.array([[np.sum(present[np.ix_(a, b)]) for b in runs] for a in runs])
    sums = np.array([[np.sum(values[np.ix_(a, b)]) for b in runs] for a in runs])
    np.testing.assert_array_equal(bins.counts, counts)
    np.testing.assert_allclose(bins.of_map(values), sums / np.maximum(counts, 1), atol=1e-12)
    np.testing.assert_allclose(
        bins.of_every_pair(values), [[np.mean(values[np.ix_(a, b)]) for b in runs] for a in runs]
    )
    each = generator.standard_normal((n_t, 2))
    np.testing.assert_allclose(bins.of_frames(each), [np.mean(each[run], axis=0) for run in runs])
