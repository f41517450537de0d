"""Many data sets at once against each by itself."""

from typing import final

import jax.numpy as jnp
import numpy as np
import pytest

import homodyne_eqx as hx

N_T = 24
PHI = [0.0, 60.0, 120.0]


def geometry(q=0.01, dt=0.1):
    return hx.Geometry(q=np.full(3, q), t=dt * (0.5 + np.arange(N_T)), phi=PHI, gap=2e6)


def model(D=2000.0, shear=1e-3):
    term = hx.Diffusion(D) * hx.Shear(shear, phi0=20.0, kernel=hx.SincSquared())
    return hx.TwoTimeModel(term, hx.ContrastOffset(np.full(3, 0.3), np.full(3, 1.0)))


def data_set(k, where=None, sigma=0.01):
    generator = np.random.default_rng(k)
    where = geometry() if where is None else where
    truth = model(2000.0 * generator.uniform(0.7, 1.4), 1e-3 * generator.uniform(0.7, 1.4))
    noise = 0.01 * generator.standard_normal((3, N_T, N_T))
    return hx.TwoTimeData(np.asarray(truth(where), float) + (noise + noise.swapaxes(1, 2)) / 2**0.5, where, sigma=sigma)


@pytest.fixture(scope="module")
def series():
    return [data_set(k) for k in range(4)]


def same(found, alone):
    assert found.converged
    assert found.chi2 == pytest.approx(alone.chi2, rel=1e-6)
    for name, parameter in alone.parameters.items():
        assert found.parameters[name].value == pytest.approx(
            parameter.value, rel=1e-4, abs=1e-3 * parameter.white_noise_uncertainty
        )
        assert found.parameters[name].white_noise_uncertainty == pytest.approx(
            parameter.white_noise_uncertainty, rel=1e-3
        )


@pytest.mark.parametrize("packed", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_each_result_is_that_of_a_fit_by_itself(series, packed):
    given = [hx.pack(each) for each in series] if packed else series
    for found, each in zip(hx.fit_many(model(), given), given, strict=True):
        same(found, hx.fit(model(), each, estimate=False))
        assert found.history[-1].chi2 == found.chi2


@pytest.mark.slow
def test_geometry_masks_and_weights_may_differ():
    generator = np.random.default_rng(9)
    sigma = 0.01 * (1 + generator.random((3, N_T, N_T)))
    given = [
        data_set(k, geometry(q, dt), sigma) for k, (q, dt) in enumerate([(0.01, 0.1), (0.012, 0.08), (0.009, 0.11)])
    ]
    given[1] = given[1].excluding(frames=[3, 7])
    for found, each in zip(hx.fit_many(model(), given), given, strict=True):
        same(found, hx.fit(model(), each, estimate=False))


@pytest.mark.slow
def test_bounds_and_fixed_parameters_hold_for_each(series):
    options = {"fixed": ["phi0"], "bounds": {"diffusion.rate": (1900.0, 2100.0)}}
    for found, each in zip(hx.fit_many(model(), series, **options), series, strict=True):
        alone = hx.fit(model(), each, estimate=False, **options)
        assert found.chi2 == pytest.approx(alone.chi2, rel=1e-6)
        assert not found.parameters["phi0"].free
        assert found.parameters["diffusion.rate"].at_bound == alone.parameters["diffusion.rate"].at_bound
        assert 1900.0 <= found.parameters["diffusion.rate"].value <= 2100.0
    assert any(each.parameters["diffusion.rate"].at_bound for each in hx.fit_many(model(), series, **options))


@pytest.mark.x64  # q² is no number of double precision
def test_one_without_a_finite_chi2_does_not_harm_the_others(series):
    spoilt = hx.TwoTimeData(series[1].c2, geometry(q=1e160), sigma=0.01)
    good = [hx.fit(model(), each, estimate=False) for each in series]
    mixed = hx.fit_many(model(), [series[0], spoilt, *series[2:]])
    assert [str(each.ended) for each in mixed] == ["converged", "not finite", "converged", "converged"]
    for k in (0, 2, 3):
        assert mixed[k].chi2 == pytest.approx(good[k].chi2, rel=1e-6)


def test_few_steps_are_no_convergence(series):
    far = model(200.0, 1e-4)
    assert {str(each.ended) for each in hx.fit_many(far, series, max_steps=2)} == {"step limit"}


def test_one_compilation_serves_all_data_of_a_shape():
    traced = []

    @final
    class Counting(hx.AbstractRate):
        value: jnp.ndarray = hx.parameter("Å²/s", (0.0, jnp.inf))

        def __call__(self, t):
            traced.append(1)
            return self.value + 0 * t

    start = hx.TwoTimeModel(hx.Diffusion(Counting(2000.0)), hx.ContrastOffset(np.full(3, 0.3), np.full(3, 1.0)))
    hx.fit_many(start, [data_set(0), data_set(1)])
    first = len(traced)
    hx.fit_many(start, [data_set(2), data_set(3)])
    assert first > 0
    assert len(traced) == first


def test_data_of_different_shapes_are_refused_by_number(series):
    shorter = series[2].select(frames=(0, 20))
    with pytest.raises(ValueError, match="Data set 2 has 3 sectors of 20 frames, data set 0 3 of 24"):
        hx.fit_many(model(), [series[0], series[1], shorter])
    with pytest.raises(ValueError, match="data is empty"):
        hx.fit_many(model(), [])
