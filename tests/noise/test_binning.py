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
    frames = np.flatnonzero(np.any(present, axis=1))
    bins = FrameBins(frames, n_t, most)
    assert bins.n <= most
    np.testing.assert_array_equal(bins.frames, frames)
    values = generator.standard_normal((n_t, n_t))
    runs = [frames[k * bins.width : (k + 1) * bins.width] for k in range(bins.n)]
    assert [len(run) for run in runs] == bins.length.tolist()
    sums = np.array([[np.sum(values[np.ix_(a, b)]) for b in runs] for a in runs])
    np.testing.assert_allclose(bins.sums(values), sums, atol=1e-12)
    np.testing.assert_array_equal(bins.pairs, [[len(a) * len(b) for b in runs] for a in runs])
    cut = n_t // 3
    upper, rows = values[:cut, : n_t - 1], np.arange(n_t)[:, None]
    expected = np.where((rows < cut) & (np.arange(n_t) < n_t - 1), values, 0)
    expected = np.array([[np.sum(expected[np.ix_(a, b)]) for b in runs] for a in runs])
    np.testing.assert_allclose(bins.sums(upper), expected, atol=1e-12)
    np.testing.assert_allclose(bins.sums(values[:cut]) + bins.sums(values[cut:], cut), sums, atol=1e-12)
    each = generator.standard_normal((n_t, 2))
    np.testing.assert_allclose(bins.of_frames(each), [np.mean(each[run], axis=0) for run in runs])
