"""The code of the page on embedding, run from top to bottom: each example finds the values of its simulation."""

import re
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.pages import DOCS, blocks

pytestmark = [pytest.mark.x64, pytest.mark.slow, pytest.mark.standard_promotion]


def ageing_map() -> np.ndarray:
    """A map of 350 frames whose rate J falls as the power -0.5 of the age, with the noise of the measured one."""
    t = np.arange(350) + 0.5
    total = 1.2 * np.sqrt(t)  # the integral of J = 0.6 / sqrt(t)
    noise = np.tril(0.07 * np.random.default_rng(5).standard_normal((350, 350)))
    return 1.026 + 0.06 * np.exp(-np.abs(np.subtract.outer(total, total))) + noise + np.tril(noise, -1).T


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    pytest.importorskip("numpyro")
    folder, namespace = tmp_path_factory.mktemp("page"), {}
    np.save(folder / "c2_ageing_350x350.npy", ageing_map())
    with pytest.MonkeyPatch.context() as patch, jax.numpy_dtype_promotion("standard"):
        patch.chdir(folder)
        with jax.numpy_rank_promotion("allow"):
            for code in blocks("embedding.md", "python"):
                # The suite has set the precision.
                exec(compile(re.sub(r"^jax\.config.*\n", "", code, flags=re.M), "embedding.md", "exec"), namespace)
    return SimpleNamespace(**namespace)


def test_the_posterior_knows_the_product_of_radius_and_viscosity_but_neither(page):
    posterior = {name: np.asarray(values) for name, values in page.posterior.items()}
    radius, product = posterior["radius"], posterior["radius"] * posterior["viscosity"]
    assert np.std(np.log(product)) < 0.5 * np.std(np.log(radius))
    assert np.std(np.log(radius)) == pytest.approx(0.1, rel=0.4)  # the prior of the viscosity
    assert np.mean(product) == pytest.approx(96.0, abs=4 * np.std(product))
    assert np.mean(posterior["noise"]) == pytest.approx(1, abs=0.1)


def test_the_network_learns_the_rates_of_its_samples(page):
    learned = np.asarray(jax.vmap(page.training.rates)(page.conditions))
    np.testing.assert_allclose(learned[:, 0], page.true_J, rtol=0.1)
    np.testing.assert_allclose(learned[:, 1], 4.0e-4, rtol=0.1)
    assert float(page.loss) == pytest.approx(1, abs=0.15)


def test_a_spline_and_a_network_find_the_same_rate(page):
    assert page.by_spline.converged
    age = jnp.array([30.0, 80.0, 200.0])
    for result in (page.by_spline, page.by_network):
        np.testing.assert_allclose(result.model.g1.rate(age), 0.6 / np.sqrt(age), rtol=0.25)
    assert page.by_network.chi2 == pytest.approx(page.by_spline.chi2, rel=1e-3)


def test_the_page_names_the_files_that_it_needs():
    text = (DOCS / "examples.md").read_text(encoding="utf-8")
    for code in blocks("embedding.md", "python"):
        for name in re.findall(r'np\.load\("([^"]+)"\)', code):
            assert f"| `{name}` |" in text
