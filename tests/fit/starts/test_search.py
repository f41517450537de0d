"""Starts found in the data: χ² on few frames against dense maps, where it is looked for, and what is found."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx
from homodyne_eqx.fit.free_parameters import choose_free
from homodyne_eqx.fit.starts.candidates import candidates
from homodyne_eqx.fit.starts.every_nth_frame import of_frames
from homodyne_eqx.fit.starts.search import search, spread_evenly
from homodyne_eqx.fit.starts.search_space import search_space

GEOMETRY = hx.Geometry(q=np.full(4, 0.01), t=0.05 + 0.1 * np.arange(60), phi=[0.0, 45.0, 90.0, 135.0], gap=2e6)
TRUTH = {"D0": 2000.0, "alpha": 0.0, "D_offset": 0.0, "gamma_dot_t0": 4e-4, "beta": 0.0, "gamma_dot_t_offset": 0.0}
FIXED = ("alpha", "beta", "D_offset", "gamma_dot_t_offset")
SIGMA = 0.01


def flowing(**changed):
    values = {**TRUTH, "phi0": 20.0, **changed}
    return hx.laminar_flow(kernel=hx.SincSquared(), **values, contrast=np.full(4, 0.3), offset=np.full(4, 1.0))


def data_of(model, seed=0):
    noise = SIGMA * np.random.default_rng(seed).standard_normal((4, 60, 60))
    return hx.TwoTimeData(
        np.asarray(model(GEOMETRY), float) + (noise + noise.swapaxes(1, 2)) / 2**0.5, GEOMETRY, sigma=SIGMA
    )


DATA = data_of(flowing())


def test_some_frames_of_packed_data_are_those_of_the_maps():
    kept = np.array([0, 1, 3, 9, 10, 40, 59])
    some = of_frames(hx.pack(DATA, size=13), kept)
    at = np.ix_(range(4), kept, kept)
    expected = hx.pack(hx.TwoTimeData(DATA.c2[at], GEOMETRY.with_times(GEOMETRY.t[kept]), sigma=SIGMA))
    assert int(some.n_pairs) == 4 * 7 * 6 // 2
    model = flowing(D0=500.0)
    assert float(hx.chi_squared(model, some)) == pytest.approx(float(hx.chi_squared(model, expected)), rel=1e-5)


def test_chi2_of_candidates_is_that_of_the_dense_map_with_its_best_scaling():
    free = choose_free(flowing(), None, FIXED, None)
    few = candidates(flowing(), free, hx.pack(DATA))
    tried = np.tile(free.array("value"), (3, 1))
    tried[:, 0] *= [1.0, 0.2, 4.0]
    chi2, level = few.chi2_and_level(tried)
    geometry = few.packed.geometry
    frames = np.searchsorted(np.asarray(GEOMETRY.t), np.asarray(geometry.t))
    i, j = np.tril_indices(len(frames), -1)
    for k in range(3):
        g2 = np.asarray(flowing(D0=tried[k, 0])(geometry), float)
        expected, M = 0.0, []
        for sector in range(4):
            y = (DATA.c2[sector] + DATA.c2[sector].T)[np.ix_(frames, frames)][i, j] / 2
            M.append((g2[sector][i, j] - 1) / 0.3)
            basis = np.stack([M[-1], np.ones_like(y)], axis=1)
            left = y - basis @ np.linalg.lstsq(basis, y, rcond=None)[0]
            expected += np.sum(left**2) / SIGMA**2
        assert chi2[k] == pytest.approx(expected, rel=2e-2)
        assert level[k] == pytest.approx(np.mean(M), rel=1e-3)


def test_data_of_single_precision_are_compared_with_a_model_of_double():
    free = choose_free(flowing(), None, FIXED, None)
    single = candidates(flowing(), free, hx.pack(DATA, dtype="float32"))
    double = candidates(flowing(), free, hx.pack(DATA))
    tried = free.array("value")[None, :]
    assert single.chi2_and_level(tried)[0] == pytest.approx(double.chi2_and_level(tried)[0], rel=2e-2)


def test_few_frames_hold_lags_of_one_frame_and_of_the_whole_run():
    long = hx.Geometry(q=0.01, t=0.1 * np.arange(500))
    model = hx.TwoTimeModel(hx.Diffusion(2000.0), hx.ContrastOffset([0.3], [1.0]))
    data = hx.TwoTimeData(np.asarray(model(long), float), long, sigma=SIGMA)
    few = candidates(model, choose_free(model, None, (), None), hx.pack(data)).packed
    lags = np.unique(np.round(np.subtract.outer(few.geometry.t, few.geometry.t) / 0.1).astype(int))
    assert {1, 2} <= set(lags.tolist())
    assert np.max(lags) > 450
    assert few.geometry.n_t <= 56


def test_the_space_is_where_the_maps_depend_on_the_parameters():
    """A rate from the slowest that moves a map to the fastest that leaves anything; a direction over its period."""
    model = flowing(D0=3e-2, phi0=70.0)
    free = choose_free(model, None, FIXED, None)
    few = candidates(model, free, hx.pack(DATA))
    space = search_space(free, lambda parameters: few.chi2_and_level(parameters)[1])
    corners = space.parameters(np.stack([np.zeros(3), np.ones(3)]))
    low, high = corners[:, 0]
    # M at 60 frames is 1 − 2 q² D t ≈ 0.9 or more at the low end, and e^−3 or less after one frame at the high end.
    assert low < 0.05 / (1e-4 * 6.0)
    assert high > 3 / (1e-4 * 0.1) / 2
    assert low < 2000 < high
    assert corners[1, 2] - corners[0, 2] == pytest.approx(180, abs=1e-3)
    assert np.all(corners[0, 3:] == free.array("value")[3:])


def test_between_bounds_that_are_decades_apart_the_logarithm_is_searched_evenly():
    free = choose_free(flowing(), None, FIXED, {"D0": (1.0, 1e6)})
    space = search_space(free, lambda parameters: np.ones(len(parameters)))
    column = next(k for k, each in enumerate(space.coordinates) if each.columns.tolist() == [0])
    u = np.full((5, len(space.coordinates)), 0.5)
    u[:, column] = np.linspace(0, 1, 5)
    np.testing.assert_allclose(space.parameters(u)[:, 0], np.geomspace(1.0, 1e6, 5), rtol=5e-3)


def test_what_a_map_does_not_depend_on_stays_where_it_is():
    model = hx.TwoTimeModel(
        hx.Diffusion(2000.0) * hx.Shear(1e-9, phi0=0.0, kernel=hx.SincSquared()), hx.ContrastOffset(0.3, 1.0)
    )
    across = hx.Geometry(q=[0.01], t=0.1 * np.arange(30), phi=[90.0], gap=2e6)
    free = choose_free(model, None, ("phi0",), None)
    few = candidates(model, free, hx.pack(hx.TwoTimeData(np.asarray(model(across), float), across, sigma=0.01)))
    space = search_space(free, lambda parameters: few.chi2_and_level(parameters)[1])
    assert [coordinate.columns.tolist() for coordinate in space.coordinates] == [[0]]


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_start_that_is_off_by_thousands_leads_to_the_truth(seed):
    generator = np.random.default_rng(seed)
    expected = 2000.0 * 4 ** generator.uniform(-1, 1)
    truth = flowing(D0=expected, phi0=generator.uniform(-90, 90))
    data, start = data_of(truth, seed), flowing(D0=2.0, gamma_dot_t0=0.5, phi0=0.0)
    found = hx.estimate(start, data, fixed=FIXED)
    assert float(hx.chi_squared(found, hx.pack(data))) < 1.5 * 4 * 60 * 59 / 2
    fitted = hx.fit(found, data, fixed=FIXED, estimate=False)
    assert fitted.converged
    assert abs(fitted.parameters["D0"].value - expected) < 5 * fitted.parameters["D0"].uncertainty


@pytest.mark.slow
def test_any_model_is_searched():
    """One with two rates, a fraction, and a rate of a kind that the package does not know."""

    class Doubling(hx.AbstractRate):
        early: jnp.ndarray = hx.parameter("Å²/s", (0.0, jnp.inf))

        def __call__(self, t):
            return self.early * (1 + t / 3)

    term = hx.Populations((hx.Diffusion(Doubling(2e4)), hx.Diffusion(300.0)), [0.4])
    geometry = hx.Geometry(q=[0.01, 0.014], t=0.1 * np.arange(60))
    truth = hx.TwoTimeModel(term, hx.ContrastOffset([0.3, 0.3], [1.0, 1.0]))
    c2 = np.asarray(truth(geometry), float) + 1e-3 * np.random.default_rng(2).standard_normal((2, 60, 60))
    data = hx.TwoTimeData(c2, geometry, sigma=1e-3)
    moving, rest = eqx.partition(truth.g1, eqx.is_inexact_array)
    values, tree = jax.tree.flatten(moving)
    far = [x * f for x, f in zip(values, (1e-3, 30.0, 0.5), strict=True)]
    start = eqx.tree_at(lambda m: m.g1, truth, eqx.combine(jax.tree.unflatten(tree, far), rest))
    result = hx.fit(start, data)
    assert result.reduced_chi2 < 1.3
    assert result.minima[0].chi2 == result.chi2


@pytest.mark.slow
def test_the_search_is_reproducible():
    free = choose_free(flowing(D0=2.0), None, FIXED, None)
    few = candidates(flowing(D0=2.0), free, hx.pack(DATA))
    first, second = search(few, free), search(few, free)
    np.testing.assert_array_equal(first[0], second[0])
    assert first[1] == second[1]


def test_points_are_spread_evenly():
    u = spread_evenly(64, 3, seed=1)
    assert u.shape == (64, 3)
    for of_axis in u.T:
        assert np.all(np.bincount((of_axis * 16).astype(int), minlength=16) == 4)


def test_a_search_without_coordinates_returns_the_start():
    model = hx.TwoTimeModel(hx.Diffusion(2000.0), hx.ContrastOffset([0.3] * 4, [1.0] * 4))
    free = choose_free(model, ["contrast", "offset"], (), None)
    few = candidates(model, free, hx.pack(DATA))
    parameters, chi2 = search(few, free)
    np.testing.assert_array_equal(parameters, free.array("value"))
    assert chi2 == pytest.approx(few.chi2_and_level(free.array("value")[None, :])[0][0])
    assert chi2 > 0
