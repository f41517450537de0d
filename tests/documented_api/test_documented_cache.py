"""The meshgrid cache and the diagnostics of the documented API."""

import json
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from homodyne_eqx import documented_api as jb
from homodyne_eqx.documented_api import diagnostics, meshgrid_cache

KEYS = {"hits", "misses", "evictions", "skipped_large", "skipped_traced", "hit_rate", "cache_size"}


@pytest.fixture(autouse=True)
def _empty_cache():
    jb.clear_meshgrid_cache()
    jb.reset_cache_stats()
    yield
    jb.clear_meshgrid_cache()
    jb.reset_cache_stats()


def counts(*names):
    stats = jb.get_cache_stats()
    return tuple(stats[name] for name in names)


def test_keys_and_an_empty_cache():
    stats = jb.get_cache_stats()
    assert set(stats) >= KEYS
    assert not any(stats[key] for key in KEYS)


def test_hits_and_misses():
    t = np.linspace(0, 1, 7, dtype=jnp.result_type(float))
    first, again = jb.get_cached_meshgrid(t, t), jb.get_cached_meshgrid(t.copy(), jnp.asarray(t))
    for a, b, c in zip(first, again, np.meshgrid(t, t, indexing="ij"), strict=True):
        assert a is b
        np.testing.assert_allclose(a, c, rtol=1e-6)
    assert counts("hits", "misses", "hit_rate", "cache_size") == (1, 1, 0.5, 1)
    jb.clear_meshgrid_cache()
    assert counts("hits", "misses", "cache_size") == (1, 1, 0)


def test_content_tells_grids_apart():
    even = jnp.linspace(0, 1, 9)
    for other in (even**2, even.at[4].add(0.01)):
        np.testing.assert_array_equal(jb.get_cached_meshgrid(even, even)[0][:, 0], even)
        np.testing.assert_array_equal(jb.get_cached_meshgrid(other, other)[0][:, 0], other)
    np.testing.assert_array_equal(jb.get_cached_meshgrid(even, other)[1][0], other)


def test_the_least_recently_used_goes_first():
    axes = [np.arange(4) + k for k in range(65)]
    for t in axes[:64]:
        jb.get_cached_meshgrid(t, t)
    jb.get_cached_meshgrid(axes[0], axes[0])
    jb.get_cached_meshgrid(axes[64], axes[64])
    assert counts("evictions", "cache_size") == (1, 64)
    jb.get_cached_meshgrid(axes[0], axes[0])
    assert counts("hits", "misses") == (2, 65)
    jb.get_cached_meshgrid(axes[1], axes[1])
    assert counts("hits", "misses") == (2, 66)


def test_bytes_are_bounded(monkeypatch):
    t = np.arange(10.0)
    monkeypatch.setattr(meshgrid_cache, "_MOST_BYTES", 2.5 * 2 * jnp.asarray(np.meshgrid(t, t)[0]).nbytes)
    for k in range(4):
        jb.get_cached_meshgrid(t + k, t)
    assert counts("evictions", "cache_size") == (2, 2)


def test_a_large_array_is_meshed_and_not_kept():
    t = np.linspace(0, 1, 2001)
    grid1, grid2 = jb.get_cached_meshgrid(t, t[:3])
    assert grid1.shape == grid2.shape == (2001, 3)
    assert counts("skipped_large", "misses", "cache_size") == (1, 0, 0)


def test_traced_arrays_are_meshed_and_not_kept():
    grid1, _ = jax.jit(jb.get_cached_meshgrid)(np.arange(3.0), np.arange(4.0))
    assert grid1.shape == (3, 4)
    assert counts("skipped_traced", "cache_size") == (1, 0)


def test_inside_a_compiled_function_nothing_traced_is_kept():
    t = np.arange(3.0)
    np.testing.assert_array_equal(jax.jit(lambda: jb.get_cached_meshgrid(t, t)[0])()[:, 0], t)
    assert counts("skipped_traced", "misses", "cache_size") == (1, 0, 0)
    np.testing.assert_array_equal(jb.get_cached_meshgrid(t, t)[0][:, 0], t)
    assert counts("hits", "misses") == (0, 1)


def test_each_precision_has_its_grids():
    t = np.linspace(0, 1, 7)
    for precision in (True, False, True):
        with jax.enable_x64(precision):
            assert jb.get_cached_meshgrid(t, t)[0].dtype == jnp.result_type(float)
    assert counts("hits", "misses") == (1, 2)


def test_numbers_in_another_byte_order_and_what_are_none():
    t = np.arange(3.0)
    for form in (t.astype(">f8"), t.astype(np.longdouble)):
        np.testing.assert_array_equal(jb.get_cached_meshgrid(form, form)[0][:, 0], t)
    assert counts("hits", "misses") == (1, 1)
    for wrong in (jax.random.key(0), ["a", "b"]):
        with pytest.raises(TypeError, match=r"t2 is .*expected real numbers"):
            jb.get_cached_meshgrid(t, wrong)


def test_meshed_arrays_pass_and_other_ranks_do_not():
    grids = np.meshgrid(np.arange(3.0), np.arange(3.0), indexing="ij")
    for a, b in zip(jb.get_cached_meshgrid(*grids), grids, strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="expected two 1-D arrays"):
        jb.get_cached_meshgrid(np.arange(3.0), grids[1])


def test_threads_share_it():
    axes = [np.arange(5.0) + k for k in range(100)]
    wrong = []

    def work(seed):
        for k in np.random.default_rng(seed).integers(0, 100, 200):
            grid1, grid2 = jb.get_cached_meshgrid(axes[k], axes[k])
            if not (np.array_equal(grid1[:, 0], axes[k]) and np.array_equal(grid2[0], axes[k])):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    hits, misses, size = counts("hits", "misses", "cache_size")
    assert hits + misses == 800
    assert size <= 64


def test_diagnostics_serialise_and_are_true():
    validated, device, summary = jb.validate_backend(), jb.get_device_info(), jb.get_performance_summary()
    for report in (validated, device, summary):
        assert json.loads(json.dumps(report)) == report
    published = "jax_available numpy_gradients_available gradient_support hessian_support backend_type recommendations"
    assert set(validated) >= {*published.split(), "test_results"}
    assert set(device) >= {"available", "devices", "backend", "device_count", "recommendations"}
    assert set(summary) >= {"jax_available", "numpy_gradients_available", "backend_type", "recommendations"}
    assert jb.jax_available is True
    assert jb.numpy_gradients_available is False
    assert validated["gradient_support"] is True
    assert validated["hessian_support"] is True
    assert validated["test_results"]["forward_computation"] == "success"
    assert device["device_count"] == len(jax.devices()) == len(device["devices"])
    assert device["versions"]["jax"] == jax.__version__
    assert validated["precision"] == str(jnp.result_type(float))
    assert bool(validated["recommendations"]) == (validated["precision"] == "float32")


@pytest.mark.parametrize(
    ("name", "support"),
    [
        ("gradient_chi2", "gradient_support"),
        pytest.param("hessian_chi2", "hessian_support", marks=pytest.mark.slow),
        ("gradient_g2", "gradient_support"),
        ("hessian_g2", "hessian_support"),
    ],
)
def test_a_wrong_derivative_is_found(monkeypatch, name, support):
    right = getattr(diagnostics, name)
    monkeypatch.setattr(diagnostics, name, lambda *a, **k: 1.2 * right(*a, **k))
    found = jb.validate_backend()
    assert found[support] is False
    test = name.replace("_chi2", "") + "_computation"
    assert found["test_results"][test].startswith("failed: off by")


def test_a_wrong_value_beside_the_diagonal_is_found(monkeypatch):
    right = diagnostics.compute_g2_scaled
    monkeypatch.setattr(diagnostics, "compute_g2_scaled", lambda p, **k: right(p, **{**k, "L": 1.1 * k["L"]}))
    assert jb.validate_backend()["test_results"]["forward_computation"].startswith("failed: off by")


def test_a_failure_is_reported_not_raised(monkeypatch):
    def fails(*arguments, **named):
        raise RuntimeError("out of order")

    monkeypatch.setattr(diagnostics, "hessian_chi2", fails)
    found = jb.validate_backend()
    assert found["hessian_support"] is False
    assert found["test_results"]["hessian_computation"] == "error: out of order"
