"""A map of which one half is empty, completed, against the whole map."""

import numpy as np
import pytest

from homodyne_eqx.data.halves import completed


@pytest.mark.parametrize("n", [3, 256, 257, 700])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("empty", [0.0, np.nan])
def test_the_other_half_is_the_transpose(n, dtype, empty):
    half = np.random.default_rng(n).standard_normal((n, n)).astype(dtype)
    whole = np.where(np.tri(n, dtype=bool), half, half.T)
    lower = np.tri(n, k=-1, dtype=bool)
    for name, missing in (("lower", lower), ("upper", lower.T)):
        given = np.where(missing, dtype(empty), whole)
        before = given.copy()
        found = completed(given, name)
        np.testing.assert_array_equal(found, whole)
        assert found.dtype == dtype
        np.testing.assert_array_equal(given, before)
