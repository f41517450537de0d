"""Data of scattered pairs and one-time data: what is kept, excluded, counted, refused and selected."""

import copy
import pickle

import numpy as np
import pytest

import homodyne_eqx as hx

T = 0.5 * np.arange(6)
Q = np.array([0.003, 0.005])


def geometry(**changed):
    return hx.Geometry(**{"q": Q, "t": T, "phi": np.array([10.0, 50.0]), **changed})


def pairs(value=((1.2, 1.1, 1.05), (1.3, 1.2, 1.1)), **changed):
    given = {"i": [1, 2, 5], "j": [0, 0, 1], "sector": np.array([[0], [1]]), "sigma": 0.01, **changed}
    return hx.PairData(np.array(value), geometry(), **given)


def one_time(**changed):
    given = {"tau": [0.1, 1.0, 10.0], "g2": np.array([[1.2, 1.1, 1.0], [1.3, 1.1, 1.0]]), "q": Q, "sigma": 0.01}
    return hx.OneTimeData(**{**given, **changed})


def test_values_become_one_axis_with_their_frames_sectors_and_noise():
    data = pairs(sigma=[0.01, 0.02])
    np.testing.assert_array_equal(data.value, [1.2, 1.1, 1.05, 1.3, 1.2, 1.1])
    np.testing.assert_array_equal(data.sector, [0, 0, 0, 1, 1, 1])
    np.testing.assert_array_equal(data.sigma, [0.01, 0.01, 0.01, 0.02, 0.02, 0.02])
    np.testing.assert_allclose(data.lag, [0.5, 1.0, 2.0] * 2)
    np.testing.assert_allclose(data.age, [0.25, 0.5, 1.5] * 2)
    assert data.n_values == 6
    assert data.n_sector == 2
    assert data.pairs is data


def test_a_value_may_be_a_mean_over_pairs():
    i, j = np.array([[1, 2, 3], [5, 5, 5]]), np.array([[0, 1, 2], [0, 1, 2]])
    data = hx.PairData([1.2, 1.1], geometry(), i, j, [0, 1], sigma=0.01)
    np.testing.assert_allclose(data.lag, [0.5, 2.0])
    np.testing.assert_allclose(data.age, [0.75, 1.5])


def test_what_does_not_count_is_excluded_and_counted_by_its_first_cause():
    value = np.array([[1.2, np.nan, 1.05], [1.3, np.inf, 1e16]])
    mask = np.array([[True, True, False], [False, False, False]])
    data = hx.PairData(
        np.hstack([value, [[1.0], [1.0]]]),
        geometry(),
        [1, 2, 3, 4],
        [1, 0, 0, 0],
        [[0], [1]],
        sigma=0.01,
        mask=np.hstack([mask, [[True], [False]]]),
    )
    excluded = data.excluded
    assert (excluded.same_frame, excluded.not_finite, excluded.masked, excluded.total) == (2, 3, 1, 8)
    assert excluded.used == 2 == np.count_nonzero(~data.left_out)
    assert "2 of a frame with itself, 3 not finite, 1 masked of 8 values" in repr(data)


@pytest.mark.parametrize("sigma", [0.0, -0.01, np.nan, np.inf])
def test_a_sigma_that_is_no_size_is_refused_where_a_value_counts(sigma):
    of_each = np.full((2, 3), 0.01)
    of_each[1, 1] = sigma
    with pytest.raises(hx.errors.WrongSigmaOfValue, match="value 4, in sector 1") as caught:
        pairs(sigma=of_each)
    assert caught.value.count == 1
    masked = np.zeros((2, 3), bool)
    masked[1, 1] = True
    assert pairs(sigma=of_each, mask=masked).excluded.masked == 1


def test_sigma_has_no_default():
    for make in (pairs, one_time):
        with pytest.raises(hx.errors.MissingSigma, match="deviation of a value, is missing") as caught:
            make(sigma=None)
        assert [remedy.value for remedy in caught.value.remedies] == ["VALUE"]


def test_a_sector_without_values_is_refused():
    with pytest.raises(hx.errors.NoValueLeft, match="sector 1"):
        pairs(value=[[1.2, 1.1, 1.05], [np.nan] * 3])


@pytest.mark.parametrize(
    ("changed", "error", "match"),
    [
        ({"i": [1, 2, 6]}, ValueError, "i holds 6; expected numbers of frames of the geometry, from 0 to 5"),
        ({"j": [-1, 0, 0]}, ValueError, "j holds -1"),
        ({"i": [1.0, 2.0, 3.0]}, TypeError, "whole numbers"),
        ({"sector": [[0], [2]]}, ValueError, "sector holds 2"),
        ({"i": [1, 2]}, hx.errors.WrongShape, "expected"),
        ({"sigma": np.ones(5)}, hx.errors.WrongShape, "sigma"),
        ({"mask": [True, False, True]}, hx.errors.WrongShape, "mask"),
        ({"mask": np.ones((2, 3))}, TypeError, "booleans"),
        ({"covariances": [np.eye(3), np.eye(2)], "sigma": None}, hx.errors.WrongShape, "covariances"),
    ],
)
def test_what_does_not_fit_is_refused(changed, error, match):
    with pytest.raises(error, match=match):
        pairs(**changed)


def test_covariances_state_sigma():
    first, second = np.diag([1.0, 4.0, 9.0]) * 1e-4, np.diag([4.0, 4.0, 1.0]) * 1e-4
    data = pairs(covariances=[first, second], sigma=None)
    np.testing.assert_allclose(data.sigma, [0.01, 0.02, 0.03, 0.02, 0.02, 0.01])


def test_a_selection_numbers_the_sectors_anew():
    data = pairs(sigma=[0.01, 0.02]).select(q=(0.004, 0.006))
    np.testing.assert_array_equal(data.value, [1.3, 1.2, 1.1])
    np.testing.assert_array_equal(data.sector, [0, 0, 0])
    np.testing.assert_array_equal(data.sigma, [0.02, 0.02, 0.02])
    assert data.geometry.n_sector == 1
    assert float(data.geometry.q[0]) == pytest.approx(0.005)
    turned = pairs(covariances=[np.eye(3), 4 * np.eye(3)], sigma=None).select(sectors=[1, 0])
    np.testing.assert_allclose(turned.sigma[turned.sector == 0], 2.0)
    np.testing.assert_allclose(turned.value[turned.sector == 0], [1.3, 1.2, 1.1])


def test_one_time_data_are_pairs_with_a_frame_of_no_known_age():
    data = one_time(sigma=[0.01, 0.02], phi=[10.0, 50.0])
    assert data.pairs.lags_only
    assert data.pairs.age is None
    np.testing.assert_allclose(data.pairs.lag, [0.1, 1.0, 10.0] * 2)
    np.testing.assert_array_equal(data.pairs.sector, [0, 0, 0, 1, 1, 1])
    np.testing.assert_array_equal(data.pairs.sigma, [0.01] * 3 + [0.02] * 3)
    np.testing.assert_allclose(data.geometry.q, Q)
    np.testing.assert_allclose(data.geometry.phi, [10.0, 50.0])
    np.testing.assert_allclose(data.select(sectors=[1]).g2, [[1.3, 1.1, 1.0]])
    assert float(data.select(phi=(40, 60)).pairs.sigma[0]) == 0.02


def test_lag_zero_is_excluded():
    data = one_time(tau=[0.0, 1.0, 10.0])
    assert data.excluded.same_frame == 2
    assert data.excluded.used == 4
    np.testing.assert_allclose(data.pairs.lag[~data.pairs.left_out], [1.0, 10.0] * 2)


def test_one_sector_may_be_given_as_one_row():
    data = one_time(g2=[1.2, 1.1, 1.0], q=0.003, sigma=[0.01, 0.02, 0.03], mask=[False, True, False])
    assert data.n_sector == 1
    assert data.excluded.masked == 1
    np.testing.assert_array_equal(data.pairs.sigma, [0.01, 0.02, 0.03])


@pytest.mark.parametrize(
    ("changed", "error", "match"),
    [
        ({"tau": [0.1, 0.1, 1.0]}, ValueError, r"tau\[1\] is 0.1 s; .* increase"),
        ({"tau": [-0.1, 0.1, 1.0]}, ValueError, r"tau\[0\] is -0.1"),
        ({"tau": [0.1, np.nan, 1.0]}, ValueError, "finite"),
        ({"g2": np.ones((3, 2))}, hx.errors.WrongShape, "Pass its transpose"),
        ({"q": [0.003, 0.004, 0.005]}, hx.errors.WrongShape, "one value, or one for each of 2 sectors"),
        ({"phi": [1.0, 2.0, 3.0]}, hx.errors.WrongShape, "one value, or one for each"),
        ({"sigma": np.full((3, 2), 0.1)}, hx.errors.WrongShape, "sigma"),
    ],
)
def test_one_time_data_that_do_not_fit_are_refused(changed, error, match):
    with pytest.raises(error, match=match):
        one_time(**changed)


def test_they_are_copied_and_pickled():
    for data in (pairs(), one_time(phi=[1.0, 2.0]), pairs(covariances=[np.eye(3), np.eye(3)], sigma=None)):
        for other in (copy.deepcopy(data), pickle.loads(pickle.dumps(data))):
            assert repr(other) == repr(data)
            np.testing.assert_array_equal(other.pairs.value, data.pairs.value)
            assert not other.pairs.value.flags.writeable


def test_maps_over_age_and_lag_with_lags_beyond_the_last_frame():
    value = np.full((2, 3, 3), 1.1)
    value[:, 2, 1:] = np.nan  # frames 4 + 2 and 4 + 4 of 6
    data = hx.PairData.over_age_and_lag(value, geometry(), [0, 1, 4], [1, 2, 4], sigma=0.01)
    kept = ~data.left_out
    np.testing.assert_allclose(data.lag[kept][:7], 0.5 * np.array([1, 2, 4, 1, 2, 4, 1]))
    np.testing.assert_array_equal(data.j[kept][:7, 0], [0, 0, 0, 1, 1, 1, 4])
    assert data.excluded.used == 14
    with pytest.raises(ValueError, match="i holds 6; expected numbers of frames"):
        hx.PairData.over_age_and_lag(np.ones((2, 3, 3)), geometry(), [0, 1, 4], [1, 2, 4], sigma=0.01)
    with pytest.raises(hx.errors.WrongShape, match="a sector, an age and a lag"):
        hx.PairData.over_age_and_lag(np.ones((3, 3)), geometry(), [0, 1, 4], [1, 2, 4], sigma=0.01)
