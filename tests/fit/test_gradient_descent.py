"""Fits by gradient descent: the same checks as those of `fit`, its minimum, and honest endings."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from root_rate import RootRate

import homodyne_eqx as hx
from homodyne_eqx.fit import gradient_descent

pytestmark = pytest.mark.standard_promotion  # as Optax needs

Q, SIGMA = 0.0054, 0.005


def geometry(n_t=12, phi=None):
    gap = None if phi is None else 2e6
    return hx.Geometry(q=Q, t=0.05 * np.arange(1, n_t + 1), phi=phi, gap=gap)


def start(J=4e4):
    return hx.TwoTimeModel(hx.Diffusion(hx.Constant(J)), hx.ContrastOffset(0.28, 1.01))


def simulated(n_t=12, J=3e4):
    """Diffusion, from its formula."""
    where = geometry(n_t)
    noise = np.tril(SIGMA * np.random.default_rng(0).standard_normal((n_t, n_t)), -1)
    lag = np.abs(np.subtract.outer(np.asarray(where.t), np.asarray(where.t)))
    g2 = 1 + 0.3 * np.exp(-(Q**2) * J * lag) + noise + noise.T
    return hx.TwoTimeData(g2[None], where, sigma=SIGMA)


def test_fewer_pairs_than_parameters_are_refused():
    power = hx.static_diffusion(D0=3e4, alpha=0.1, D_offset=1e3, contrast=0.3, offset=1.0)
    with pytest.raises(ValueError, match="3 pairs of frames cannot determine 5 parameters"):
        hx.descend(power, simulated(3), steps=2)


def test_a_start_without_a_finite_misfit_is_refused_by_name():
    power = hx.static_diffusion(D0=3e4, alpha=-300.0, D_offset=0.0, contrast=0.3, offset=1.0)
    with pytest.raises(ValueError, match=r"not finite at the start \(D0 = 30000, alpha = -300"):
        hx.descend(power, simulated(), steps=2, free=["D0"])


def test_a_start_without_a_finite_gradient_is_refused():
    """√x has a value at x = 0 and no slope."""
    rooted = hx.TwoTimeModel(hx.Diffusion(RootRate(0.0)), hx.ContrastOffset(0.28, 1.01))
    with pytest.raises(ValueError, match=r"not finite at the start \(diffusion.rate.x = 0"):
        hx.descend(rooted, simulated(), steps=2)


def test_options_that_mean_nothing_are_refused():
    with pytest.raises(ValueError, match="steps is 0"):
        hx.descend(start(), simulated(), steps=0)
    with pytest.raises(ValueError, match="L-BFGS"):
        hx.descend(start(), simulated(), tiles_a_step=1)
    with pytest.raises(ValueError, match="expected 1 to 1"):
        hx.descend(start(), simulated(), optax.adam(1e-2), tiles_a_step=2)
    with pytest.raises(ValueError, match="free names nothing"):
        hx.descend(start(), simulated(), free=["nothing"])


@pytest.mark.x64
@pytest.mark.slow
def test_it_arrives_where_the_fit_does_with_bounds_too():
    data = simulated()
    for bounds in ({}, {"g1.rate.value": (3.5e4, 5e4)}):
        plain, descended = hx.fit(start(), data, bounds=bounds), hx.descend(start(), data, steps=80, bounds=bounds)
        assert descended.ended is hx.Ended.CONVERGED, descended.message
        assert descended.chi2 == pytest.approx(plain.chi2, rel=1e-4)
        assert descended.degrees_of_freedom == plain.degrees_of_freedom == 12 * 11 // 2 - 3
        assert descended.parameters["g1.rate.value"].at_bound == plain.parameters["g1.rate.value"].at_bound
        assert set(descended.seconds) == {"total", "packing", "first_step"}


@pytest.mark.x64
@pytest.mark.slow
def test_an_angle_comes_back_next_to_its_start():
    """A step that is too long throws φ0 to 210°; half a turn is the same map."""
    where = geometry(phi=np.array([0.0, 50.0, 110.0]))
    g1 = hx.Diffusion(hx.Constant(1e4)) * hx.Shear(hx.Constant(2e-4), 40.0, hx.GapAverage())
    model = hx.TwoTimeModel(g1, hx.ContrastOffset(0.3, 1.0))
    data = hx.TwoTimeData(np.array(model(where)), where, sigma=SIGMA)
    turn = optax.GradientTransformation(lambda y: (), lambda slope, state, y=None: (slope * 0 + 170 / 40, state))
    result = hx.descend(model, data, turn, steps=1, tiles_a_step=1, free=["phi0"])
    assert result.history[-1].parameters[0] == pytest.approx(210.0)
    assert result.parameters["phi0"].value == pytest.approx(30.0)


@pytest.mark.slow
def test_ctrl_c_keeps_the_best_so_far():
    def stop(step):
        if step.number == 2:
            raise KeyboardInterrupt

    result = hx.descend(start(), simulated(), steps=50, callback=stop)
    assert result.ended is hx.Ended.INTERRUPTED
    assert result.chi2 < result.history[0].chi2
    assert len(result.history) == 4


def test_minibatches_count_all_pairs():
    data = hx.pack(simulated(), size=4)
    result = hx.descend(start(), data, optax.adam(1e-3), steps=3, tiles_a_step=2)
    assert result.ended is hx.Ended.STEP_LIMIT
    assert result.degrees_of_freedom == 12 * 11 // 2 - 3
    assert [step.number for step in result.history] == [0, 1, 2, 3]


def test_minibatches_count_a_prior_once():
    """χ² and prior of all batches of one tile add up to those of all tiles."""
    optimiser, packed = optax.sgd(0.0), hx.pack(simulated(), size=3)
    problem = hx.least_squares_problem(start(), packed, priors={"diffusion.rate": hx.Normal(1e4, 1e3)})
    carried = gradient_descent._Carried(problem.start, optimiser.init(problem.start))

    def value(data):
        of_batch = eqx.tree_at(lambda p: p.packed, problem, data)
        share = jnp.asarray(data.n_tiles / packed.n_tiles, problem.start.dtype)
        return float(gradient_descent._step(optimiser, carried, of_batch, share)[1])

    by_tile = [value(packed.subset(jnp.array([k]))) for k in range(packed.n_tiles)]
    chi2 = float(hx.chi_squared(start(), packed))
    assert value(packed) == pytest.approx(chi2 + 30.0**2, rel=1e-4)
    assert sum(by_tile) == pytest.approx(value(packed), rel=1e-4)
