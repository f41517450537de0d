"""The measured ageing map, where it is: beside its authors' own fits. And the example of the quickstart."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import homodyne_eqx as hx

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("HOMODYNE_EQX_AGEING_MAP", ROOT.parent / "shared" / "data" / "ageing"))

measured = pytest.mark.skipif(not (FOLDER / "c2_ageing_350x350.npy").is_file(), reason="the measured map is not there")


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("ageing_map", ROOT / "examples" / "ageing_map.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def data(example):
    return example.load_map(FOLDER)


@measured
@pytest.mark.x64
def test_the_rate_falls_with_age_as_the_authors_found(example, data):
    result = example.fitted(data)
    assert result.converged, result.message
    assert float(data.sigma[0]) == pytest.approx(0.071, abs=0.001)
    assert result.reduced_chi2 == pytest.approx(1.01, abs=0.02)
    alpha = result.parameters["alpha"]
    assert alpha.value + 3 * alpha.uncertainty < 0
    assert result.parameters["D_offset"].at_bound
    # Their Γ in windows of age, as they state it: half the transport coefficient, with q = 1.
    age = np.array([35.0, 265.0])
    rate, _ = example.rate_with_band(result, age)
    np.testing.assert_allclose(rate, [0.047, 0.018], rtol=0.15)
    published = example.published_rates(FOLDER)
    ratio = published["rate"] / example.rate_with_band(result, published["age"])[0]
    assert 0.9 < np.median(ratio) < 1.1
    assert np.all((ratio > 0.75) & (ratio < 1.25))


@measured
@pytest.mark.x64
def test_without_its_bound_the_offset_runs_to_the_end_of_a_valley_that_is_named_soon(data):
    g1 = hx.Diffusion(hx.PowerLaw(0.1, -0.2, 0.0), accumulation=hx.Exact())
    start = hx.TwoTimeModel(g1, hx.ContrastOffset(contrast=np.array([0.06]), offset=np.array([1.03])))
    result = hx.fit(start, data)
    assert result.ended == hx.Ended.UNDETERMINED
    assert len(result.history) <= 30
    assert "D0, alpha, D_offset" in result.message
    assert "Fix D_offset = 0" in result.message
    obeyed = hx.fit(start, data, fixed=["D_offset"])
    assert obeyed.converged
    assert obeyed.parameters["alpha"].value == pytest.approx(-0.49, abs=0.02)


@measured
@pytest.mark.x64
def test_the_decay_is_stretched_as_the_authors_found(example, data):
    """They state β 0.0766(77), γ 0.62(7), g∞ 1.0262(7) averaged over age."""
    from homodyne_eqx.physics.kernels import Stretched

    simple, stretched = example.fitted(data), example.fitted(data, Stretched(0.8))
    assert simple.chi2 - stretched.chi2 > 15
    for name, value, error in (
        ("diffusion.kernel.exponent", 0.62, 0.07),
        ("contrast[0]", 0.0766, 0.0077),
        ("offset[0]", 1.0262, 0.0007),
    ):
        found = stretched.parameters[name]
        assert abs(found.value - value) < 2 * np.hypot(error, found.uncertainty)
    assert stretched.parameters["contrast[0]"].value > 1.2 * simple.parameters["contrast[0]"].value


@measured
@pytest.mark.x64
def test_the_figure_comes_out(example, data, tmp_path):
    from homodyne_eqx.physics.kernels import Stretched

    path = tmp_path / "ageing.png"
    example.draw(FOLDER, data, example.fitted(data), example.fitted(data, Stretched(0.8)), path)
    assert path.stat().st_size > 20_000


def test_the_band_of_the_rate_is_that_of_sampled_parameters(example):
    """1σ by linear propagation against parameters drawn from the covariance."""
    from types import SimpleNamespace

    covariance = np.array([[0.01**2, -0.5 * 0.01 * 0.01], [-0.5 * 0.01 * 0.01, 0.01**2]])
    parameters = {name: SimpleNamespace(value=v) for name, v in (("D0", 0.5), ("alpha", -0.4), ("D_offset", 0.0))}
    result = SimpleNamespace(parameters=parameters, free_names=("D0", "alpha"), covariance=covariance)
    age = np.array([2.0, 30.0, 200.0])
    rate, sigma = example.rate_with_band(result, age)
    drawn = np.random.default_rng(0).multivariate_normal([0.5, -0.4], covariance, 20_000)
    sampled = drawn[:, :1] * age ** drawn[:, 1:] / 2
    np.testing.assert_allclose(rate, 0.5 * age**-0.4 / 2)
    np.testing.assert_allclose(sigma, sampled.std(axis=0), rtol=0.03)


@pytest.mark.slow
def test_the_quickstart_runs(tmp_path):
    script = ROOT / "examples" / "quickstart.py"
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "converged" in done.stdout
    assert "NOT" not in done.stdout
