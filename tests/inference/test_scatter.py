"""One covariance of several fits, and angles brought together."""

import numpy as np

from homodyne_eqx.inference.scatter import nearest_turns, scatter_covariance


def test_the_covariance_is_that_of_numpy_and_leaves_out():
    values = np.random.default_rng(0).normal(size=(6, 3))
    np.testing.assert_allclose(scatter_covariance(values, np.zeros(3, bool)), np.cov(values.T))
    found = scatter_covariance(values, np.array([False, True, False]))
    np.testing.assert_allclose(found[np.ix_([0, 2], [0, 2])], np.cov(values[:, [0, 2]].T))
    assert np.all(np.isnan(found[1]))
    assert np.all(np.isnan(found[:, 1]))


def test_angles_come_next_to_the_reference_and_others_stay():
    fitted = np.array([[89.0, 500.0], [-89.0, -500.0], [271.0, 3.0]])
    found = nearest_turns(fitted, np.array([89.0, 0.0]), np.array([180.0, np.inf]))
    np.testing.assert_allclose(found, [[89.0, 500.0], [91.0, -500.0], [91.0, 3.0]])
