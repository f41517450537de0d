"""Data sets with fewer values than parameters each, which together determine all of them."""

import numpy as np
import pytest
from scipy.optimize import least_squares

import homodyne_eqx as hx

TAU = np.array([0.02, 0.3, 4.0])
RATE, SIGMA = 2e4, 0.004
QS = (0.003, 0.005, 0.008, 0.012)


def curve(k):
    g2 = 1 + 0.25 * np.exp(-2 * RATE * QS[k] ** 2 * TAU)
    noise = SIGMA * np.random.default_rng(k).standard_normal(TAU.size)
    return hx.OneTimeData(TAU, (g2 + noise)[None], q=np.array([QS[k]]), sigma=SIGMA)


def model():
    return hx.TwoTimeModel(hx.Diffusion(hx.StokesEinstein(1.5e4)), hx.ContrastOffset(0.2, 1.0))


def dense_fit(sets):
    """D, and each contrast and offset, by SciPy."""

    def residual(x):
        found = []
        for k, data in enumerate(sets):
            g2 = x[1 + 2 * k] * np.exp(-2 * 1e4 * x[0] * QS[k] ** 2 * TAU) + x[2 + 2 * k]
            found.append((g2 - np.asarray(data.g2[0], float)) / SIGMA)
        return np.concatenate(found)

    found = least_squares(residual, [1.5, *[0.2, 1.0] * len(sets)], jac="3-point", xtol=1e-14, ftol=1e-14)
    return found.x[0] * 1e4, np.sqrt(np.linalg.inv(found.jac.T @ found.jac)[0, 0]) * 1e4, 2 * found.cost


@pytest.fixture(scope="module")
def sets():
    return [curve(k) for k in range(4)]


@pytest.fixture(scope="module")
def result(sets):
    return hx.fit(model(), sets)


@pytest.mark.x64
def test_they_are_fitted_together(sets, result):
    value, sigma, chi2 = dense_fit(sets)
    assert result.converged
    assert result.degrees_of_freedom == 12 - 9
    assert result.chi2 == pytest.approx(chi2, rel=1e-6)
    found = result.parameters["diffusion.rate.diffusion"]
    assert found.value == pytest.approx(value, rel=1e-4)
    assert found.uncertainty == pytest.approx(sigma, rel=1e-3)


def test_each_counts_as_many_degrees_of_freedom_as_it_has_left(result):
    assert all(each is None for each in result.alone.values())
    for each in result.results.values():
        assert each.degrees_of_freedom == 1
        assert np.isfinite(each.reduced_chi2)
    assert "3 pairs of frames cannot determine 3 parameters" in str(result)
    assert result.verdict.adequate
    assert np.isfinite(result.verdict.expected_reduced_chi2)


def test_one_that_is_rich_is_joined_by_one_that_is_poor(sets):
    rich = hx.OneTimeData(
        np.geomspace(0.01, 5, 20),
        1 + 0.25 * np.exp(-2 * RATE * 0.004**2 * np.geomspace(0.01, 5, 20))[None],
        q=np.array([0.004]),
        sigma=SIGMA,
    )
    found = hx.fit(model(), {"rich": rich, "poor": sets[1]})
    assert found.converged
    assert found.alone["rich"].converged
    assert found["rich"].degrees_of_freedom == 17
    assert found["poor"].degrees_of_freedom == 1


def test_too_few_in_all_are_refused(sets):
    with pytest.raises(ValueError, match="6 pairs of frames cannot determine 6 parameters"):
        hx.fit([model(), model()], sets[:2], shared=[])


@pytest.mark.slow
def test_maps_of_three_frames():
    def maps(k):
        t = 0.1 * np.arange(3)
        tau = np.abs(t[:, None] - t)
        c2 = (1 + 0.3 * np.exp(-2 * 4e3 * QS[k + 1] ** 2 * tau))[None]
        noise = np.tril(np.random.default_rng(k).normal(scale=0.01, size=(3, 3)), -1)
        return hx.TwoTimeData(c2 + noise + noise.T, hx.Geometry(q=QS[k + 1], t=t), sigma=0.01)

    start = hx.TwoTimeModel(hx.Diffusion(hx.Constant(2e3)), hx.ContrastOffset(0.3, 1.0))
    found = hx.fit(start, [maps(k) for k in range(3)], bounds={"contrast": (0.0, 1.0)})
    assert found.ended.at_minimum
    assert found.degrees_of_freedom == 9 - 7
    assert str(found)
