"""Whether data sets agree: the statistic has the distribution of χ² for draws of the noise itself."""

from types import SimpleNamespace

import numpy as np
import pytest

from homodyne_eqx.fit.solve.quadratic import Quadratic
from homodyne_eqx.joint.agreement import agreement
from homodyne_eqx.joint.joint_noise import JointNoise

PLACES = ((0, 1, 2), (0, 1, 3))
SHARED = np.array([True, True, False, False])
NAMES, UNITS = ["a", "b", "x", "y"], ["", "", "", ""]


def two_sets(rng, correlated):
    """Normal equations of two data sets in three parameters each, and the covariance of their pulls."""
    jacobians = [rng.normal(size=(40, 3)) for _ in PLACES]
    noises = [np.eye(40) + correlated * np.exp(-np.abs(np.subtract.outer(np.arange(40), np.arange(40))) / 4)] * 2
    normals = [J.T @ J for J in jacobians]
    pulls = [J.T @ C @ J for J, C in zip(jacobians, noises, strict=True)]
    whole, information = np.zeros((4, 4)), np.diag([0.0, 3.0, 0.0, 0.0])
    for places, normal in zip(PLACES, normals, strict=True):
        whole[np.ix_(places, places)] += normal
    each = tuple(
        SimpleNamespace(variance_of_pulls=V, normal=Quadratic(N, np.zeros(3), 1.0), sectors=(1,))
        for N, V in zip(normals, pulls, strict=True)
    )
    noise = object.__new__(JointNoise)
    vars(noise).update(
        each=each,
        places=PLACES,
        at_bound=np.zeros(4, bool),
        normal=Quadratic(whole + information, np.zeros(4), 1.0),
        prior_information=information,
    )
    return noise, normals, pulls, information


@pytest.mark.parametrize("correlated", [0.0, 3.0])
def test_chi2_has_its_mean_and_its_tail_on_draws(correlated):
    rng = np.random.default_rng(4)
    noise, normals, pulls, information = two_sets(rng, correlated)
    whole = noise.normal.matrix
    chi2, limit, n = [], None, 3000
    for _ in range(n):
        prior = np.zeros(4)
        prior[1] = rng.normal() * np.sqrt(information[1, 1])
        drawn = [rng.multivariate_normal(np.zeros(3), V) for V in pulls]
        total = prior.copy()
        for places, v in zip(PLACES, drawn, strict=True):
            total[list(places)] += v
        together = np.linalg.solve(whole, total)
        own = np.full(4, np.nan)
        at = list(PLACES[0])
        own[at] = np.linalg.solve(normals[0] + information[np.ix_(at, at)], drawn[0] + prior[at])
        found = agreement("first", 0, noise, own, together, NAMES, UNITS, SHARED)
        assert found.degrees == 2
        chi2.append(found.chi2)
        limit = found.limit
    assert np.mean(chi2) == pytest.approx(2, rel=5 / np.sqrt(n))
    assert np.var(chi2) == pytest.approx(4, rel=0.25)
    assert np.count_nonzero(np.array(chi2) > limit) <= 2


def test_a_shift_is_found_and_named():
    noise, *_ = two_sets(np.random.default_rng(1), 1.0)
    own = np.array([0.0, 9.0, 0.0, np.nan])
    found = agreement("first", 0, noise, own, np.zeros(4), NAMES, UNITS, SHARED)
    assert not found.agrees
    assert found.parameter == "b"
    assert "alone, first has b = 9.0" in str(found)


def test_what_a_data_set_does_not_determine_is_not_compared():
    noise, *_ = two_sets(np.random.default_rng(1), 1.0)
    found = agreement("first", 0, noise, np.full(4, np.nan), np.zeros(4), NAMES, UNITS, SHARED)
    assert found.agrees
    assert "determines none" in str(found)


def test_the_variance_of_a_difference_is_that_of_its_own_and_of_the_other_pulls():
    """The agreement of three unlike sets that share one parameter, worked out by hand."""
    normals, pulls = (10.0, 40.0, 90.0), (30.0, 50.0, 400.0)
    each = tuple(
        SimpleNamespace(
            variance_of_pulls=np.array([[V]]), normal=Quadratic(np.array([[N]]), np.zeros(1), 1.0), sectors=(1,)
        )
        for N, V in zip(normals, pulls, strict=True)
    )
    noise = object.__new__(JointNoise)
    vars(noise).update(
        each=each, places=((0,),) * 3, at_bound=np.zeros(1, bool), prior_information=np.zeros((1, 1)),
        normal=Quadratic(np.array([[sum(normals)]]), np.zeros(1), 1.0),
    )  # fmt: skip
    for k in range(3):
        own, whole = 1 / normals[k], 1 / sum(normals)
        variance = pulls[k] * (own - whole) ** 2 + sum(V * whole**2 for m, V in enumerate(pulls) if m != k)
        found = agreement("a", k, noise, np.array([3.0]), np.array([3.5]), ["x"], ["s"], np.ones(1, bool))
        assert found.chi2 == pytest.approx(0.5**2 / variance)
        assert found.uncertainty == pytest.approx(np.sqrt(pulls[k]) * own)
        assert found.distance == pytest.approx(0.5 / np.sqrt(variance))
        assert (found.degrees, found.alone, found.together) == (1, 3.0, 3.5)
