"""The noise of a fit from residuals, weights and pulls of sectors, on given numbers."""

import numpy as np
import pytest

from homodyne_eqx.engine import Cauchy, Squares
from homodyne_eqx.engine.unfolding import FoldedMap
from homodyne_eqx.fit.solve.quadratic import Quadratic
from homodyne_eqx.fit.uncertainty.noise_of_fit import NoiseOfFit
from homodyne_eqx.fit.uncertainty.sector_of_fit import residual_and_weights
from homodyne_eqx.noise.sector_noise import SectorNoise
from homodyne_eqx.noise.signs import Signs
from tests.holding import holding


@pytest.mark.x64
def test_the_residual_is_data_less_model_and_a_robust_loss_lowers_the_weight_of_what_is_far():
    M = np.array([[1.0, 0.5, 0.2], [0.5, 1.0, 0.5], [0.2, 0.5, 1.0]])
    g2 = 1.1 + 0.4 * M
    values = np.array([[0.0, 0.0, 0.0], [1.33, 0.0, 0.0], [0.0, 1.2, 0.0]])
    weights = np.array([[0.0, 0.0, 0.0], [4e4, 0.0, 0.0], [0.0, 1e4, 0.0]])
    expected = np.array([[0.0, 0.0, 0.0], [0.03, 0.0, 0.0], [0.0, -0.1, 0.0]])
    residual, plain = residual_and_weights(g2, FoldedMap(values, weights), Squares())
    np.testing.assert_allclose(residual, expected, atol=1e-12)
    np.testing.assert_array_equal(plain, weights)
    residual, robust = residual_and_weights(g2, FoldedMap(values, weights), Cauchy(2.0))
    np.testing.assert_allclose(residual, expected, atol=1e-12)
    np.testing.assert_allclose(robust, weights / (1 + weights * expected**2 / 4), rtol=1e-6)


def sector(pulls, n_pairs=1000, form=(2.0, 4.0), found=0.1, block_size=50):
    signs = [Signs(np.asarray(x), *[np.zeros(1)] * 5) for x in (found, form)]
    return holding(
        SectorNoise, pulls=pulls, n_pairs=n_pairs, found=signs[0], drawn=signs[1], block_size=block_size,
        speckles=float(np.mean(form)) * block_size / found, active=np.arange(len(pulls)),
    )  # fmt: skip


def test_pulls_of_sectors_add_over_their_speckles_and_priors_add_theirs():
    rng = np.random.default_rng(0)
    pulls = [x @ x.T for x in rng.standard_normal((2, 4, 9))]  # two parameters, then two of weighted ones
    prior = np.diag([0.0, 3.0])
    matrix = np.array([[50.0, 4.0], [4.0, 20.0]])
    noise = holding(
        NoiseOfFit,
        sectors=(sector(pulls[0]), sector(pulls[1], form=(6.0,))),
        at_bound=np.zeros(2, bool),
        normal=Quadratic(matrix, np.zeros(2), 1.0),
        prior_information=prior,
    )
    np.testing.assert_allclose(noise.speckles, [3 * 50 / 0.1, 6 * 50 / 0.1])
    expected = pulls[0][:2, :2] / 1500 + pulls[1][:2, :2] / 3000 + prior
    np.testing.assert_allclose(noise.variance_of_pulls, expected)
    inverse = np.linalg.inv(matrix)
    np.testing.assert_allclose(noise.covariance, inverse @ expected @ inverse)
    np.testing.assert_allclose(noise.white_noise_covariance, inverse)
    assert noise.uncertainty(1) == pytest.approx(np.sqrt(noise.covariance[1, 1]))
    slope = np.array([2.0, -1.0])
    assert noise.variance(slope) == pytest.approx(slope @ noise.covariance @ slope)


def test_sectors_of_few_pairs_take_the_speckles_of_all_together():
    """Fewer than ten pairs for each parameter and one."""
    for n_pairs, pooled in ((30, False), (29, True)):
        few = sector(np.eye(2), n_pairs=n_pairs, form=(1.0,))
        noise = holding(NoiseOfFit, sectors=(few, sector(np.eye(2), form=(3.0,), found=0.2)))
        of_both = (1.0 + 3.0) * 50 / (0.1 + 0.2)
        np.testing.assert_allclose(noise.speckles, [of_both if pooled else 500.0, 750.0])
