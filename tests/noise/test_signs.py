"""Signs of a map: what is a sum over its two frames, what is left after the directions of the parameters."""

import numpy as np

from homodyne_eqx.noise.directions import Directions, without_diagonal
from homodyne_eqx.noise.signs import signs_of
from homodyne_eqx.noise.weighted_step import weighted_step
from homodyne_eqx.noise.whitening import whitening

N = 14
LAG = np.abs(np.subtract.outer(np.arange(N), np.arange(N)))
M = np.exp(-0.3 * LAG)
COUNTS = (LAG > 0).astype(float)


def symmetric(seed, n=1):
    maps = np.random.default_rng(seed).standard_normal((n, N, N))
    return without_diagonal(maps + np.swapaxes(maps, 1, 2))


def step(n_active):
    maps = np.concatenate([symmetric(0, n_active), symmetric(1, 5)])
    return weighted_step(Directions(np.arange(n_active), maps), whitening(M + 0.1 * np.eye(N)), M, 1.0, COUNTS), maps


def signs(values, of):
    return signs_of(values, np.zeros(N), of, COUNTS, M)


def test_a_sum_over_frames_is_recognised():
    none, _ = step(0)
    a = np.random.default_rng(2).standard_normal(N)
    np.testing.assert_allclose(signs(without_diagonal(np.add.outer(a, a)), none).additive, 1, rtol=1e-9)
    (values,) = symmetric(3)
    pairs = np.tril_indices(N, -1)
    design = np.zeros((len(pairs[0]), N))
    design[np.arange(len(pairs[0])), pairs[0]] += 1
    design[np.arange(len(pairs[0])), pairs[1]] += 1
    fitted = design @ np.linalg.lstsq(design, values[pairs], rcond=None)[0]
    np.testing.assert_allclose(signs(values, none).additive, np.sum(fitted**2) / np.sum(values[pairs] ** 2), rtol=1e-9)


def test_what_the_parameters_account_for_leaves_no_sign():
    along, maps = step(3)
    assert signs(maps[0] - 2 * maps[2], along).form < 1e-12
    (values,) = symmetric(4)
    alone, moved = signs(values, along), signs(values + 3 * maps[1], along)
    for name in ("form", "plain", "additive", "near", "runs"):
        np.testing.assert_allclose(getattr(moved, name), getattr(alone, name), rtol=1e-8, err_msg=name)
    assert alone.form < signs(values, step(0)[0]).form


def test_noise_near_the_diagonal_is_near():
    none, _ = step(0)
    (values,) = symmetric(5)
    near, far = (signs(values * chosen, none).near for chosen in (LAG < 3, LAG > 8))
    assert near > 2 * far
